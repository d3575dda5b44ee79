//! Peers that misbehave, over plain TCP.

use std::io::{ErrorKind, Read};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// What a peer does to each connection.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// It accepts TCP, and never answers the handshake.
    NeverAnswers,
    /// It closes with 1011 as soon as the handshake is done.
    ClosesAtOnce,
    /// It says nothing after the handshake.
    GoesSilent,
    /// It says a word after the handshake, and closes with 1012.
    SaysAWordAndGoes,
    /// It answers the closing handshake, and tells with which code each of its connections ended.
    TellsHowItEnds,
    /// It drops the TCP connection after the handshake, without a close frame.
    Drops,
}

/// A peer that misbehaves on a free port of the loopback; dropping it stops it.
#[derive(Debug)]
pub struct BadPeer {
    port: u16,
    seen: Arc<Mutex<Seen>>,
    listening: AbortHandle,
}

impl BadPeer {
    /// Starts a peer of this manner.
    ///
    /// # Errors
    ///
    /// When no port is free.
    pub async fn start(manner: Manner) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let seen = Arc::<Mutex<Seen>>::default();
        let listening = tokio::spawn(misbehave(manner, listener, Arc::clone(&seen))).abort_handle();
        Ok(Self { port, seen, listening })
    }

    /// Its address for a socket.
    #[must_use]
    pub fn ws(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port)
    }

    /// How many connections it has accepted.
    #[must_use]
    pub fn accepted(&self) -> usize {
        lock(&self.seen).accepted
    }

    /// How many connections are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        let mut seen = lock(&self.seen);
        seen.forget_ended();
        seen.open.len()
    }

    /// The codes with which connections were closed, in order.
    #[must_use]
    pub fn ends(&self) -> Vec<u16> {
        lock(&self.seen).ends.clone()
    }

    /// The most connections that were ever open at once.
    #[must_use]
    pub fn most_open(&self) -> usize {
        lock(&self.seen).most_open
    }
}

impl Drop for BadPeer {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

#[derive(Debug, Default)]
struct Seen {
    accepted: usize,
    most_open: usize,
    open: Vec<std::net::TcpStream>,
    ends: Vec<u16>,
}

impl Seen {
    fn hold(&mut self, connection: std::net::TcpStream) {
        self.forget_ended();
        self.open.push(connection);
        self.most_open = self.most_open.max(self.open.len());
    }

    fn forget_ended(&mut self) {
        self.open.retain_mut(|connection| !has_ended(connection));
    }
}

/// Reads what has arrived by now, straight from the system: a FIN that came before another
/// connection's SYN is then always seen before that connection is counted.
fn has_ended(connection: &mut std::net::TcpStream) -> bool {
    let mut arrived = [0; 1024];
    loop {
        match connection.read(&mut arrived) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != ErrorKind::WouldBlock,
        }
    }
}

async fn misbehave(manner: Manner, listener: TcpListener, seen: Arc<Mutex<Seen>>) {
    while let Ok((connection, _)) = listener.accept().await {
        lock(&seen).accepted += 1;
        if let Some(held) = receive(manner, connection, &seen).await {
            lock(&seen).hold(held);
        }
    }
}

/// Does to a connection what the peer does; what it keeps open is returned.
async fn receive(
    manner: Manner,
    connection: TcpStream,
    seen: &Arc<Mutex<Seen>>,
) -> Option<std::net::TcpStream> {
    match manner {
        Manner::NeverAnswers => connection.into_std().ok(),
        Manner::GoesSilent => greet(connection).await?.into_inner().into_std().ok(),
        Manner::Drops => {
            greet(connection).await?;
            None
        }
        Manner::TellsHowItEnds => {
            tokio::spawn(tell_how_it_ends(greet(connection).await?, Arc::clone(seen)));
            None
        }
        Manner::SaysAWordAndGoes => {
            tokio::spawn(say_a_word_and_go(greet(connection).await?));
            None
        }
        Manner::ClosesAtOnce => {
            let reason = CloseFrame { code: CloseCode::Error, reason: "not today".into() };
            // The page may be gone already, and then it has nothing to be told.
            let _ = greet(connection).await?.close(Some(reason)).await;
            None
        }
    }
}

async fn tell_how_it_ends(mut connection: WebSocketStream<TcpStream>, seen: Arc<Mutex<Seen>>) {
    while let Some(Ok(message)) = connection.next().await {
        if let Message::Close(Some(reason)) = message {
            lock(&seen).ends.push(reason.code.into());
        }
    }
}

/// The page may be gone at any time, and then it has nothing to be told.
async fn say_a_word_and_go(mut connection: WebSocketStream<TcpStream>) {
    let reason = CloseFrame { code: CloseCode::Restart, reason: "see you".into() };
    if connection.send("a word".into()).await.is_ok()
        && connection.close(Some(reason)).await.is_ok()
    {
        while let Some(Ok(_)) = connection.next().await {}
    }
}

async fn greet(connection: TcpStream) -> Option<WebSocketStream<TcpStream>> {
    tokio_tungstenite::accept_async(connection).await.ok()
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
