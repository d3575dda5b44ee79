//! A far end that does what the path of the address says, and no library would.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::ensure;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// By then a page has heard that its socket is open.
const HEARS_OF_OPEN: Duration = Duration::from_millis(100);
/// Longer than any story.
const DEAF_FOR: Duration = Duration::from_secs(600);

/// Such a far end, on a free port of the loopback; dropping it stops it and closes all.
///
/// | path | what it does |
/// | --- | --- |
/// | `/hang` | never answers the handshake |
/// | `/status/503` | answers the handshake with that status |
/// | `/close/4000` | opens, and says a close frame with that code, whatever it is |
/// | `/linger/1012` | the same, and never ends the TCP connection |
/// | `/end` | opens, and ends the TCP connection without a close frame |
/// | `/reset` | opens, and resets the TCP connection |
/// | `/deaf` | opens, and never reads nor says anything |
/// | `/polite` | opens, answers a close frame with its own code, and ends the connection |
#[derive(Debug)]
pub struct RawPeer {
    port: u16,
    accepted: Arc<AtomicUsize>,
    listening: AbortHandle,
}

impl RawPeer {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// When no port is free.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let accepted = Arc::<AtomicUsize>::default();
        let listening = tokio::spawn(listen(listener, Arc::clone(&accepted))).abort_handle();
        Ok(Self { port, accepted, listening })
    }

    /// How many connections it has accepted.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// The address of `path` for a socket.
    #[must_use]
    pub fn ws(&self, path: &str) -> String {
        format!("ws://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for RawPeer {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, accepted: Arc<AtomicUsize>) {
    let mut connections = JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        accepted.fetch_add(1, Ordering::Relaxed);
        connections.spawn(serve(connection));
    }
}

async fn serve(mut connection: TcpStream) -> anyhow::Result<()> {
    let request = read_request(&mut connection).await?;
    let path = request.split(' ').nth(1).unwrap_or_default();
    let mut words = path.split('/').skip(1);
    let (act, number) = (words.next().unwrap_or_default(), words.next());
    let number: u16 = number.map_or(Ok(0), str::parse)?;
    match act {
        "hang" => return rest(connection).await,
        "status" => return refuse(connection, number).await,
        _ => accept(&mut connection, &request).await?,
    }
    match act {
        "close" => {
            say_close(&mut connection, number).await?;
            // Once the page has answered, it is for the server to end the connection.
            let answered = connection.read(&mut [0; 64]).await?;
            ensure!(answered > 0, "the page has ended it");
        }
        "linger" => {
            say_close(&mut connection, number).await?;
            sleep(DEAF_FOR).await;
        }
        "end" => sleep(HEARS_OF_OPEN).await,
        "reset" => {
            sleep(HEARS_OF_OPEN).await;
            connection.set_zero_linger()?;
        }
        "deaf" => sleep(DEAF_FOR).await,
        _ => answer_close(connection).await?,
    }
    Ok(())
}

async fn read_request(connection: &mut TcpStream) -> anyhow::Result<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(connection.read_u8().await?);
    }
    Ok(String::from_utf8(request)?)
}

async fn refuse(mut connection: TcpStream, status: u16) -> anyhow::Result<()> {
    let answer = format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    connection.write_all(answer.as_bytes()).await?;
    rest(connection).await
}

async fn accept(connection: &mut TcpStream, request: &str) -> anyhow::Result<()> {
    let key = request.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim())
    });
    let key = derive_accept_key(key.unwrap_or_default().as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {key}\r\n\r\n"
    );
    Ok(connection.write_all(answer.as_bytes()).await?)
}

/// Reads until the page has ended the connection.
async fn rest(mut connection: TcpStream) -> anyhow::Result<()> {
    let mut heard = [0; 4096];
    while connection.read(&mut heard).await? > 0 {}
    Ok(())
}

async fn say_close(connection: &mut TcpStream, code: u16) -> anyhow::Result<()> {
    let [high, low] = code.to_be_bytes();
    Ok(connection.write_all(&[0x88, 2, high, low]).await?)
}

/// Answers the page's close frame with its own code, and passes over all short frames before it.
async fn answer_close(mut connection: TcpStream) -> anyhow::Result<()> {
    loop {
        let [kind, length] = [connection.read_u8().await?, connection.read_u8().await?];
        let mut masked = vec![0; 4 + usize::from(length & 0x7f)];
        connection.read_exact(&mut masked).await?;
        let (mask, payload) = masked.split_at_mut(4);
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        if kind == 0x88 {
            let code = &payload[..payload.len().min(2)];
            connection.write_all(&[0x88, code.len() as u8]).await?;
            connection.write_all(code).await?;
            return Ok(());
        }
    }
}
