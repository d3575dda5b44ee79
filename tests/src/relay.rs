//! A relay before a server that reads along: when each WebSocket message came, and how large it is.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::http::HeaderValue;
use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use futures_util::{StreamExt, TryStreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::{accept_hdr_async, connect_async};

/// A relay on a free port of the loopback. Dropping it stops it, and closes whatever is open.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    heard: Heard,
    answered: Heard,
    serving: AbortHandle,
}

/// When one side has said something, and how many bytes, by the order in which it came.
type Heard = Arc<Mutex<Vec<(Instant, usize)>>>;

impl Relay {
    /// Starts a relay to the socket at `target`, which is to be asked for `subprotocol` if there is
    /// one.
    ///
    /// # Errors
    ///
    /// When no port is free.
    pub async fn start(target: String, subprotocol: Option<&'static str>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (heard, answered) = (Heard::default(), Heard::default());
        let notes = [Arc::clone(&heard), Arc::clone(&answered)];
        let serving = tokio::spawn(serve(listener, target, subprotocol, notes)).abort_handle();
        Ok(Self { port, heard, answered, serving })
    }

    /// Its address for a socket.
    #[must_use]
    pub fn ws(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port)
    }

    /// The size of each message that came from a client by now, in bytes.
    #[must_use]
    pub fn sizes(&self) -> Vec<usize> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().map(|(_, size)| *size).collect()
    }

    /// The size of each message that came from the server by now, in bytes.
    #[must_use]
    pub fn sizes_of_answers(&self) -> Vec<usize> {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.iter().map(|(_, size)| *size).collect()
    }

    /// When each message came from a client by now.
    #[must_use]
    pub fn times(&self) -> Vec<Instant> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().map(|(at, _)| *at).collect()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Accepts connections for ever. They are tasks of this one, and end with it.
async fn serve(
    listener: TcpListener,
    target: String,
    subprotocol: Option<&'static str>,
    notes: [Heard; 2],
) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(carry(client, target.clone(), subprotocol, notes.clone()));
    }
}

#[expect(clippy::result_large_err, reason = "tungstenite wants a refusal by value; none is made")]
async fn carry(
    client: TcpStream,
    target: String,
    subprotocol: Option<&'static str>,
    [heard, answered]: [Heard; 2],
) -> anyhow::Result<()> {
    let subprotocol =
        subprotocol.map(|name| (SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name)));
    let mut request = target.into_client_request()?;
    request.headers_mut().extend(subprotocol.clone());
    let (server, _) = connect_async(request).await.context("the server is not there")?;
    let select = |_: &Request, mut response: Response| {
        response.headers_mut().extend(subprotocol);
        Ok(response)
    };
    let client = accept_hdr_async(client, select).await?;
    let ((to_client, from_client), (to_server, from_server)) = (client.split(), server.split());
    let from_client = from_client.inspect_ok(|message| note(message, &heard));
    let from_server = from_server.inspect_ok(|message| note(message, &answered));
    tokio::select! {
        over = from_client.forward(to_server) => over?,
        over = from_server.forward(to_client) => over?,
    }
    Ok(())
}

/// Pings and pongs are the browser's own.
fn note(message: &Message, heard: &Heard) {
    if message.is_text() || message.is_binary() {
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push((Instant::now(), message.len()));
    }
}
