//! A connection through the proxy, from its client's to its server's end.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::pipe::{self, calm};
use super::{Weather, socket};

/// How long the sides of an ended connection may take to say goodbye.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How a connection stops to be passed on, from bad to worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// It looks alive to both sides, and nothing passes.
    Swallowed,
    /// Both sides are told that the other has ended it.
    Ended,
    /// Both sides are told that the other knows nothing of it.
    Reset,
}

/// A connection that was accepted; [`Self::live`] is its life.
pub(super) struct Connection {
    client: TcpStream,
    /// None until it is dialled.
    server: Option<TcpStream>,
    target: SocketAddr,
    weather: watch::Receiver<Weather>,
    fate: watch::Receiver<Option<Fate>>,
}

impl Connection {
    pub(super) fn new(
        client: TcpStream,
        target: SocketAddr,
        weather: watch::Receiver<Weather>,
        fate: watch::Receiver<Option<Fate>>,
    ) -> Self {
        Self { client, server: None, target, weather, fate }
    }

    /// Passes the connection on until both sides have ended it, or until it meets its fate.
    pub(super) async fn live(mut self) {
        let mut told = self.fate.clone();
        let mut met = tokio::select! {
            // A fate that is known at birth comes before any byte.
            biased;
            fate = worse_than(None, &mut told) => fate,
            passed = self.pass() => passed.map_or(Fate::Reset, |()| Fate::Ended),
        };
        if met == Fate::Swallowed {
            met = tokio::select! {
                () = self.drain() => Fate::Ended,
                fate = worse_than(Some(met), &mut told) => fate,
            };
        }
        self.meet(met).await;
    }

    async fn pass(&mut self) -> io::Result<()> {
        calm(&mut self.weather).await;
        let (client_reads, client_writes) = self.client.split();
        let server = self.server.insert(socket()?.connect(self.target).await?);
        let (server_reads, server_writes) = server.split();
        tokio::try_join!(
            pipe::pass(client_reads, server_writes, &self.weather),
            pipe::pass(server_reads, client_writes, &self.weather),
        )?;
        Ok(())
    }

    async fn meet(&mut self, fate: Fate) {
        match fate {
            Fate::Swallowed => self.drain().await,
            Fate::Ended => self.end().await,
            Fate::Reset => self.reset(),
        }
    }

    async fn end(&mut self) {
        for side in self.sides() {
            // A side that is gone already needs no goodbye.
            let _ = side.shutdown().await;
        }
        // Unread bytes would turn the end into a reset.
        let _ = timeout(LAST_WORDS, self.drain()).await;
    }

    fn reset(&mut self) {
        for side in self.sides() {
            // A side that is gone already needs no reset.
            let _ = side.set_zero_linger();
        }
    }

    /// Reads what either side says until both have ended, and throws it away.
    async fn drain(&mut self) {
        let server = async {
            if let Some(server) = &mut self.server {
                pipe::drain(server).await;
            }
        };
        tokio::join!(pipe::drain(&mut self.client), server);
    }

    fn sides(&mut self) -> impl Iterator<Item = &mut TcpStream> {
        std::iter::once(&mut self.client).chain(&mut self.server)
    }
}

/// Waits until the connection is told a fate that is worse than the one it has met.
async fn worse_than(met: Option<Fate>, told: &mut watch::Receiver<Option<Fate>>) -> Fate {
    loop {
        let fate = *told.borrow_and_update();
        if let Some(fate) = fate
            && Some(fate) > met
        {
            return fate;
        }
        if told.changed().await.is_err() {
            // Without a proxy there is no connection.
            return Fate::Reset;
        }
    }
}
