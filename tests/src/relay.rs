//! A relay before a server that reads along: how large each WebSocket message of a client is.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::http::HeaderValue;
use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use futures_util::{StreamExt, TryStreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::{accept_hdr_async, connect_async};

/// A relay on a free port of the loopback. Dropping it stops it, and closes whatever is open.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    sizes: Sizes,
    serving: AbortHandle,
}

/// The sizes of what clients have said, in bytes, by the order in which it came.
type Sizes = Arc<Mutex<Vec<usize>>>;

impl Relay {
    /// Starts a relay to the socket at `target`, which is to be asked for `subprotocol`.
    ///
    /// # Errors
    ///
    /// When no port is free.
    pub async fn start(target: String, subprotocol: &'static str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let sizes = Sizes::default();
        let serving = serve(listener, target, subprotocol, Arc::clone(&sizes));
        Ok(Self { port, sizes, serving: tokio::spawn(serving).abort_handle() })
    }

    /// Its address for a socket.
    #[must_use]
    pub fn ws(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port)
    }

    /// The size of each message that came from a client by now, in bytes.
    #[must_use]
    pub fn sizes(&self) -> Vec<usize> {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Accepts connections for ever. They are tasks of this one, and end with it.
async fn serve(listener: TcpListener, target: String, subprotocol: &'static str, sizes: Sizes) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(carry(client, target.clone(), subprotocol, Arc::clone(&sizes)));
    }
}

#[expect(clippy::result_large_err, reason = "tungstenite wants a refusal by value; none is made")]
async fn carry(
    client: TcpStream,
    target: String,
    subprotocol: &'static str,
    sizes: Sizes,
) -> anyhow::Result<()> {
    let subprotocol = HeaderValue::from_static(subprotocol);
    let mut request = target.into_client_request()?;
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, subprotocol.clone());
    let (server, _) = connect_async(request).await.context("the server is not there")?;
    let select = |_: &Request, mut response: Response| {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, subprotocol);
        Ok(response)
    };
    let client = accept_hdr_async(client, select).await?;
    let ((to_client, from_client), (to_server, from_server)) = (client.split(), server.split());
    let seen = from_client.inspect_ok(|message| {
        sizes.lock().unwrap_or_else(PoisonError::into_inner).push(message.len());
    });
    tokio::select! {
        over = seen.forward(to_server) => over?,
        over = from_server.forward(to_client) => over?,
    }
    Ok(())
}
