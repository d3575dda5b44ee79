//! A TCP proxy in front of a server that does on command what networks do by themselves.

mod connection;
mod pipe;
mod storm;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet, yield_now};

use self::connection::{Connection, Fate};
pub use self::storm::{Fault, Faults, Gust, Mix, Schedule, Storm};

/// What the system may keep of a connection's bytes on either side. It is small, so that a stall
/// or a slow line is felt by the sender soon.
const SYSTEM_BUFFER: u32 = 64 * 1024;
const BACKLOG: u32 = 1024;

/// What a stalled network does with bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stall {
    /// They wait, and go on when the stall ends. New connections wait likewise.
    Hold,
    /// They are thrown away, with the ends of connections: whatever was connected meanwhile is
    /// dead for ever, without a sign.
    Swallow,
}

/// What becomes of new connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Door {
    /// They are passed on.
    #[default]
    Open,
    /// They are reset as soon as they are accepted.
    Refuses,
    /// They are accepted, and nothing ever answers them.
    Hangs,
}

/// What has passed through a proxy, as connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accepted, whatever became of them.
    pub accepted: usize,
    /// Reset because the door refused them.
    pub refused: usize,
    /// Ordered to be reset while they were open.
    pub cut: usize,
    /// Ordered to be ended with FIN while they were open.
    pub ended: usize,
    /// Made dead without a sign, by a stall or by a door that hangs.
    pub swallowed: usize,
}

/// A proxy on a free port of the loopback. Dropping it stops it, and closes whatever is open.
///
/// What it does is felt by each connection on its own, and by both sides of it alike. Of a
/// connection it keeps at most 1 MiB each way, beside what the system does.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    network: Arc<Network>,
    serving: AbortHandle,
}

impl Proxy {
    /// Starts a proxy that passes everything on to `target` of the loopback.
    ///
    /// # Errors
    ///
    /// When no port is free.
    pub async fn start(target: u16) -> anyhow::Result<Self> {
        let socket = socket()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let listener = socket.listen(BACKLOG)?;
        let port = listener.local_addr()?.port();
        let target = (Ipv4Addr::LOCALHOST, target).into();
        let network = Arc::new(Network::new(target));
        let serving = tokio::spawn(serve(listener, Arc::clone(&network))).abort_handle();
        Ok(Self { port, network, serving })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of `path` for a page.
    #[must_use]
    pub fn http(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The address of `path` for a socket.
    #[must_use]
    pub fn ws(&self, path: &str) -> String {
        format!("ws://127.0.0.1:{}{path}", self.port)
    }

    /// Cuts all present connections with RST, those that are stalled too.
    pub fn cut(&self) {
        self.network.cut();
    }

    /// Ends all present connections with FIN. Bytes that are still on their way are lost.
    pub fn end(&self) {
        self.network.end();
    }

    /// Stalls present connections, and those that come, until [`Self::resume`].
    pub fn stall(&self, stall: Stall) {
        self.network.stall(stall);
    }

    /// Ends a stall.
    pub fn resume(&self) {
        self.network.resume();
    }

    /// Lets bytes arrive this much later from now on, each way.
    pub fn delay(&self, latency: Duration) {
        self.network.weather.send_modify(|weather| weather.latency = latency);
    }

    /// Lets at most this many bytes a second pass on each connection each way, at least one;
    /// or as many as come.
    pub fn throttle(&self, bytes_per_second: Option<u32>) {
        let rate = bytes_per_second.map(|rate| rate.max(1));
        self.network.weather.send_modify(|weather| weather.rate = rate);
    }

    /// Decides what becomes of new connections.
    pub fn door(&self, door: Door) {
        self.network.weather.send_modify(|weather| weather.door = door);
    }

    /// What has passed through it by now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.network.lines().counts
    }

    /// How many connections are open now: those that at least one side has not ended, dead or not.
    #[must_use]
    pub fn open(&self) -> usize {
        self.network.lines().open.iter().filter(|line| !line.is_closed()).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What a proxy does to bytes and to new connections at present.
#[derive(Clone, Copy, Debug, Default)]
struct Weather {
    stall: Option<Stall>,
    latency: Duration,
    /// Bytes a second.
    rate: Option<u32>,
    door: Door,
}

/// What proxy, storm and connections share.
#[derive(Debug)]
struct Network {
    target: SocketAddr,
    weather: watch::Sender<Weather>,
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    counts: Counts,
    /// Tells a connection its fate, of which there is none while it is passed on.
    open: Vec<watch::Sender<Option<Fate>>>,
}

impl Network {
    fn new(target: SocketAddr) -> Self {
        Self { target, weather: watch::Sender::default(), lines: Mutex::default() }
    }

    fn cut(&self) {
        let mut lines = self.lines();
        lines.counts.cut += lines.meet(Fate::Reset);
    }

    fn end(&self) {
        let mut lines = self.lines();
        lines.counts.ended += lines.meet(Fate::Ended);
    }

    fn stall(&self, stall: Stall) {
        // New connections are admitted under the same lock: they belong before the stall or in it.
        let mut lines = self.lines();
        self.weather.send_modify(|weather| weather.stall = Some(stall));
        match stall {
            Stall::Hold => {}
            Stall::Swallow => lines.counts.swallowed += lines.meet(Fate::Swallowed),
        }
    }

    fn resume(&self) {
        self.weather.send_modify(|weather| weather.stall = None);
    }

    /// A connection on its way to the target, or to the fate of all that come now.
    fn admit(&self, client: TcpStream) -> Connection {
        let mut lines = self.lines();
        let fate = self.weather.borrow().fate_of_newcomers();
        lines.counts.accepted += 1;
        match fate {
            None | Some(Fate::Ended) => {}
            Some(Fate::Swallowed) => lines.counts.swallowed += 1,
            Some(Fate::Reset) => lines.counts.refused += 1,
        }
        let (line, fate) = watch::channel(fate);
        lines.open.retain(|line| !line.is_closed());
        lines.open.push(line);
        Connection::new(client, self.target, self.weather.subscribe(), fate)
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    /// Lets all open connections meet their fate, unless they have met a worse one, and returns
    /// how many do.
    fn meet(&self, fate: Fate) -> usize {
        let worsen = |met: &mut Option<Fate>| {
            let worse = *met < Some(fate);
            if worse {
                *met = Some(fate);
            }
            worse
        };
        let open = self.open.iter().filter(|line| !line.is_closed());
        open.filter(|line| line.send_if_modified(worsen)).count()
    }
}

impl Weather {
    fn fate_of_newcomers(&self) -> Option<Fate> {
        match (self.door, self.stall) {
            (Door::Refuses, _) => Some(Fate::Reset),
            (Door::Hangs, _) | (Door::Open, Some(Stall::Swallow)) => Some(Fate::Swallowed),
            (Door::Open, Some(Stall::Hold) | None) => None,
        }
    }
}

/// Accepts connections for ever. They are tasks of this one, and end with it.
async fn serve(listener: TcpListener, network: Arc<Network>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((client, _)) = listener.accept() => {
                connections.spawn(network.admit(client).live());
            }
            Some(_) = connections.join_next() => {}
            // A client that is gone before it was accepted is no reason to stop.
            else => yield_now().await,
        }
    }
}

fn socket() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(SYSTEM_BUFFER)?;
    socket.set_send_buffer_size(SYSTEM_BUFFER)?;
    socket.set_nodelay(true)?;
    Ok(socket)
}
