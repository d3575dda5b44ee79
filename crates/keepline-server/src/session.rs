//! A session for an application of one's own: what comes, what goes, and how it ends.

use std::fmt;

use axum::response::Response;
use keepline_core::{CloseCode, MAX_CLOSE_REASON, Payload, SendError};

use crate::sessions::{Desk, open};
use crate::upgrade::Upgrade;

/// The server's end of one session of `keepline.v1`, in the hands of its application.
///
/// It outlives connections: when the client's line breaks, [`Session::recv`] just takes longer.
/// What is sent is delivered exactly once and in order. Dropping it ends the session with 1000.
///
/// ```
/// use axum::{Router, response::Response, routing::get};
/// use keepline_server::{Options, Server, Session, Upgrade};
///
/// async fn shout(upgrade: Upgrade) -> Response {
///     upgrade.session("shout", |mut session: Session| async move {
///         while let Some(message) = session.recv().await {
///             if session.send(message).await.is_err() {
///                 break;
///             }
///         }
///     })
/// }
///
/// let server = Server::new(Options::default())?;
/// let app: Router = Router::new().route("/shout", get(shout)).with_state(server.clone());
/// # Ok::<(), keepline_server::OptionsError>(())
/// ```
#[derive(Debug)]
pub struct Session {
    desk: Desk,
}

impl Session {
    /// The next message of the client; `None` when the session is over: the client has ended it,
    /// did not come back in time, or the server stops.
    ///
    /// A message counts as delivered from now on. Cancelling loses nothing.
    pub async fn recv(&mut self) -> Option<Payload> {
        self.desk.next().await
    }

    /// Sends a message; waits while the outbox is full. The order of the calls is the order in
    /// which they arrive. Cancelling sends either all of it or nothing.
    ///
    /// # Errors
    /// When it is larger than the client or this server takes, or the session is over.
    pub async fn send(&mut self, message: Payload) -> Result<(), SendError> {
        self.desk.hand_over(message).await
    }

    /// Who the client is, as [`Server::verifying`](crate::Server::verifying) has found; `None` for
    /// an anonymous one, and when the session is over.
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        self.desk.subject()
    }

    /// Ends the session with a code and a reason, which the client is told. What its application
    /// has not taken by then is undeliverable. [`Session::recv`] then gives `None`.
    ///
    /// # Errors
    /// When `keepline.v1` has no such end; the session goes on.
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), EndError> {
        match (code.is_sendable(), reason.len()) {
            (true, 0..=MAX_CLOSE_REASON) => {
                self.desk.end(code, reason);
                Ok(())
            }
            (true, bytes) => Err(EndError::ReasonTooLong { bytes }),
            (false, _) => Err(EndError::Code(code)),
        }
    }
}

/// Why a session could not be ended so (docs/protocol.md §4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndError {
    /// The code is neither 1000 nor from 3000 to 4999.
    Code(CloseCode),
    /// The reason has more than 123 bytes.
    ReasonTooLong {
        /// Its length in bytes of UTF-8.
        bytes: usize,
    },
}

impl fmt::Display for EndError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "{code} is neither 1000 nor from 3000 to 4999"),
            Self::ReasonTooLong { bytes } => {
                write!(f, "a reason of {bytes} bytes is over the {MAX_CLOSE_REASON} allowed")
            }
        }
    }
}

impl std::error::Error for EndError {}

impl Upgrade {
    /// Opens a connection of the sessions of `scope`, for a client that offers `keepline.v1` or
    /// `keepline.v1.json`; any other is closed with 4400.
    ///
    /// `application` is started once for each session, not for each connection. A session belongs
    /// to its scope: a client cannot carry one from one scope to another. Let the scope name what
    /// the address means, with its parameters, such as `"chat/lobby"`.
    pub fn session<T, F>(self, scope: impl Into<String>, application: T) -> Response
    where
        T: FnOnce(Session) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        open(self, scope.into(), |desk| application(Session { desk }))
    }
}
