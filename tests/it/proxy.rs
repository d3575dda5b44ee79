//! The faults that other stories rely on are what they say, as plain TCP sees them.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use e2e::proxy::{Counts, Door, Fault, Mix, Proxy, Schedule, Stall, Storm};
use e2e::wait::{PATIENCE, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, timeout};

/// Long enough for any byte that was not stopped.
const A_WHILE: Duration = Duration::from_millis(300);

/// A server that says what it hears, and never closes first; dropping it stops it.
struct Echo {
    port: u16,
    open: Arc<AtomicUsize>,
    listening: AbortHandle,
}

impl Echo {
    async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let open = Arc::<AtomicUsize>::default();
        let listening = tokio::spawn(listen(listener, Arc::clone(&open))).abort_handle();
        Ok(Self { port, open, listening })
    }

    async fn has_open(&self, connections: usize) -> anyhow::Result<()> {
        until(&format!("{connections} connections of the server"), PATIENCE, async || {
            Ok((self.open.load(Ordering::Relaxed) == connections).then_some(()))
        })
        .await
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, open: Arc<AtomicUsize>) {
    let mut connections = JoinSet::new();
    while let Ok((mut connection, _)) = listener.accept().await {
        let open = Arc::clone(&open);
        connections.spawn(async move {
            open.fetch_add(1, Ordering::Relaxed);
            let (mut from, mut to) = connection.split();
            // However it ends is how it was meant to end.
            let _ = tokio::io::copy(&mut from, &mut to).await;
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

async fn start() -> anyhow::Result<(Echo, Proxy)> {
    let echo = Echo::start().await?;
    let proxy = Proxy::start(echo.port).await?;
    Ok((echo, proxy))
}

/// A connection that has gone all the way to the server.
async fn connect(proxy: &Proxy) -> anyhow::Result<TcpStream> {
    let mut client = dial(proxy).await?;
    client.write_all(b"hello").await?;
    hears(&mut client, b"hello").await?;
    Ok(client)
}

async fn dial(proxy: &Proxy) -> io::Result<TcpStream> {
    in_time(TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))).await
}

async fn hears(client: &mut TcpStream, words: &[u8]) -> anyhow::Result<()> {
    let mut heard = vec![0; words.len()];
    in_time(client.read_exact(&mut heard)).await?;
    assert_eq!(heard, words);
    Ok(())
}

async fn hears_nothing(client: &mut TcpStream) {
    let heard = timeout(A_WHILE, client.read(&mut [0; 64])).await;
    assert!(heard.is_err(), "heard {heard:?}");
}

async fn is_reset(client: &mut TcpStream) {
    let end = in_time(client.read(&mut [0; 64])).await;
    assert!(matches!(&end, Err(why) if why.kind() == ErrorKind::ConnectionReset), "{end:?}");
}

async fn in_time<T>(act: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(PATIENCE, act).await?
}

/// New connections belong to the weather in which they are accepted.
async fn has_accepted(proxy: &Proxy, connections: usize) -> anyhow::Result<()> {
    until(&format!("{connections} accepted connections"), PATIENCE, async || {
        Ok((proxy.counts().accepted == connections).then_some(()))
    })
    .await
}

async fn has_open(proxy: &Proxy, connections: usize) -> anyhow::Result<()> {
    until(&format!("{connections} connections of the proxy"), PATIENCE, async || {
        Ok((proxy.open() == connections).then_some(()))
    })
    .await
}

#[tokio::test]
async fn bytes_and_the_end_pass_unchanged() -> anyhow::Result<()> {
    let (echo, proxy) = start().await?;
    let mut client = connect(&proxy).await?;
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();

    let (mut from, mut to) = client.split();
    let say = async {
        to.write_all(&bytes).await?;
        to.shutdown().await
    };
    let mut heard = Vec::new();
    in_time(async { tokio::try_join!(say, from.read_to_end(&mut heard)) }).await?;

    assert!(heard == bytes, "{} other bytes came back", heard.len());
    has_open(&proxy, 0).await?;
    echo.has_open(0).await
}

#[tokio::test]
async fn a_cut_is_a_reset_on_both_sides_and_the_next_connection_is_well() -> anyhow::Result<()> {
    let (echo, proxy) = start().await?;
    let mut clients = [connect(&proxy).await?, connect(&proxy).await?];
    assert_eq!(proxy.open(), 2);

    proxy.cut();

    for client in &mut clients {
        is_reset(client).await;
    }
    echo.has_open(0).await?;
    has_open(&proxy, 0).await?;
    connect(&proxy).await?;
    assert_eq!(proxy.counts(), Counts { accepted: 3, cut: 2, ..Counts::default() });
    Ok(())
}

#[tokio::test]
async fn an_end_is_no_reset() -> anyhow::Result<()> {
    let (echo, proxy) = start().await?;
    let mut client = connect(&proxy).await?;

    proxy.end();

    assert_eq!(in_time(client.read(&mut [0; 64])).await?, 0);
    drop(client);
    echo.has_open(0).await?;
    has_open(&proxy, 0).await?;
    assert_eq!(proxy.counts(), Counts { accepted: 1, ended: 1, ..Counts::default() });
    Ok(())
}

#[tokio::test]
async fn what_is_held_arrives_when_the_stall_is_over() -> anyhow::Result<()> {
    let (_echo, proxy) = start().await?;
    let mut client = connect(&proxy).await?;

    proxy.stall(Stall::Hold);
    client.write_all(b"anybody?").await?;
    let mut newcomer = dial(&proxy).await?;
    newcomer.write_all(b"me too").await?;
    hears_nothing(&mut client).await;
    hears_nothing(&mut newcomer).await;

    proxy.resume();
    hears(&mut client, b"anybody?").await?;
    hears(&mut newcomer, b"me too").await
}

#[tokio::test]
async fn what_is_swallowed_never_arrives_and_its_connection_never_recovers() -> anyhow::Result<()> {
    let (echo, proxy) = start().await?;
    let mut client = connect(&proxy).await?;

    proxy.stall(Stall::Swallow);
    client.write_all(b"anybody?").await?;
    let mut newcomer = dial(&proxy).await?;
    has_accepted(&proxy, 2).await?;
    proxy.resume();
    client.write_all(b"still there?").await?;
    newcomer.write_all(b"me too").await?;

    hears_nothing(&mut client).await;
    hears_nothing(&mut newcomer).await;
    connect(&proxy).await?;
    assert_eq!(proxy.counts(), Counts { accepted: 3, swallowed: 2, ..Counts::default() });
    drop(client);
    echo.has_open(1).await
}

#[tokio::test]
async fn a_dead_connection_can_still_be_cut() -> anyhow::Result<()> {
    let (echo, proxy) = start().await?;
    let mut client = connect(&proxy).await?;
    proxy.stall(Stall::Swallow);

    proxy.cut();

    is_reset(&mut client).await;
    echo.has_open(0).await
}

#[tokio::test]
async fn a_slow_line_is_as_slow_as_asked() -> anyhow::Result<()> {
    const RATE: u32 = 100_000;
    let (_echo, proxy) = start().await?;
    let mut client = connect(&proxy).await?;
    proxy.throttle(Some(RATE));

    let (began, words) = (Instant::now(), vec![b'.'; 120_000]);
    client.write_all(&words).await?;
    hears(&mut client, &words).await?;

    let rate = words.len() as f64 / began.elapsed().as_secs_f64();
    let asked = f64::from(RATE);
    assert!((0.6 * asked..1.4 * asked).contains(&rate), "{rate:.0} bytes a second");
    Ok(())
}

#[tokio::test]
async fn latency_is_felt_each_way() -> anyhow::Result<()> {
    let (_echo, proxy) = start().await?;
    let mut client = connect(&proxy).await?;
    let latency = Duration::from_millis(150);
    proxy.delay(latency);

    let began = Instant::now();
    client.write_all(b"how far is it?").await?;
    hears(&mut client, b"how far is it?").await?;

    let round_trip = began.elapsed();
    assert!((2 * latency..4 * latency).contains(&round_trip), "{round_trip:?}");
    Ok(())
}

#[tokio::test]
async fn a_door_that_refuses_or_hangs_is_felt_by_newcomers_only() -> anyhow::Result<()> {
    let (_echo, proxy) = start().await?;
    let mut client = connect(&proxy).await?;

    proxy.door(Door::Refuses);
    is_reset(&mut dial(&proxy).await?).await;
    proxy.door(Door::Hangs);
    let mut hanging = dial(&proxy).await?;
    hanging.write_all(b"anybody?").await?;
    hears_nothing(&mut hanging).await;
    proxy.door(Door::Open);
    hears_nothing(&mut hanging).await;

    client.write_all(b"and me?").await?;
    hears(&mut client, b"and me?").await?;
    connect(&proxy).await?;
    let counts = Counts { accepted: 4, refused: 1, swallowed: 1, ..Counts::default() };
    assert_eq!(proxy.counts(), counts);
    Ok(())
}

#[tokio::test]
async fn nothing_is_open_once_the_proxy_is_gone() -> anyhow::Result<()> {
    let (echo, proxy) = start().await?;
    let port = proxy.port();
    let mut client = connect(&proxy).await?;
    proxy.stall(Stall::Swallow);
    let mut hanging = dial(&proxy).await?;
    has_accepted(&proxy, 2).await?;

    drop(proxy);

    for client in [&mut client, &mut hanging] {
        assert_eq!(in_time(client.read(&mut [0; 64])).await?, 0);
    }
    echo.has_open(0).await?;
    let refused = in_time(TcpStream::connect((Ipv4Addr::LOCALHOST, port))).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    Ok(())
}

#[tokio::test]
async fn a_storm_is_that_of_its_seed() -> anyhow::Result<()> {
    let gusts = |seed| anyhow::Ok(Schedule::new(seed, Mix::default())?.take(500));
    assert!(gusts(7)?.eq(gusts(7)?));
    assert!(!gusts(7)?.eq(gusts(8)?));
    let [wells, lasting] = [200..=800, 300..=3_300];
    for gust in gusts(7)? {
        assert!(wells.contains(&gust.after.as_millis()), "{gust:?}");
        if let Fault::BlackHole(time) | Fault::Stall(time) = gust.fault {
            assert!(lasting.contains(&time.as_millis()), "{gust:?}");
        }
    }
    assert!(Schedule::new(7, Mix { resets: 0, ends: 0, black_holes: 0, stalls: 0 }).is_err());
    Ok(())
}

#[tokio::test]
async fn a_storm_is_counted_and_leaves_the_network_well() -> anyhow::Result<()> {
    let (_echo, proxy) = start().await?;
    let mix = Mix { resets: 1, ends: 1, black_holes: 1, stalls: 0 };
    let storm = Storm::start(&proxy, 3, mix)?;

    // Connections come and go all the time, and the storm takes what it finds.
    let black_hole = until("a black hole", PATIENCE, async || {
        drop(dial(&proxy).await?);
        Ok((storm.faults().black_holes == 1).then_some(storm.faults()))
    });
    let seen = black_hole.await?;
    let faults = storm.stop().await;

    assert_eq!(faults.stalls, 0);
    assert!(faults.total() >= seen.total());
    connect(&proxy).await?;
    Ok(())
}
