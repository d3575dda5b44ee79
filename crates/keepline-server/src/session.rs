//! A session for an application of one's own: what comes, what goes, and how it ends.

use std::fmt;
use std::time::Duration;

use axum::response::Response;
use keepline_core::{CloseCode, MAX_CLOSE_REASON, MessageId, Payload, SendError};
use tokio::time::timeout;

use crate::sessions::{Desk, Lost, open};
use crate::upgrade::Upgrade;

/// The server's end of one session of `keepline.v1`, in the hands of its application.
///
/// It outlives connections: when the client's line breaks, [`Session::recv`] just takes longer.
/// What is sent is delivered exactly once and in order, as long as the session lives; what its end
/// overtakes is [told](Session::lost).
///
/// Dropping it ends the session with 1000 at once, and the client discards what it has not taken by
/// then. An application that has said its last word waits for it by [`Session::finish`]. One that
/// panics while it holds its session ends it with 4011, and nothing else.
///
/// An application runs in the task of its session's connection, while there is one, so that a
/// message comes and is answered in one go. So it must not block: what computes for long, before
/// the session's end or after it, belongs on a thread of its own
/// ([`tokio::task::spawn_blocking`]), lest the connection be silent meanwhile; and who blocks until
/// the session has something to tell waits in vain, until there is another connection. Who takes or
/// sends many messages without ever waiting gives way to the connection every few milliseconds.
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
    /// which they arrive. Cancelling sends either all of it or nothing. Ids rise by one, from 1.
    ///
    /// # Errors
    /// When it is larger than the client or this server takes, or the session is over.
    pub async fn send(&mut self, message: Payload) -> Result<MessageId, SendError> {
        self.desk.hand_over(message).await
    }

    /// Who the client is, as [`Server::verifying`](crate::Server::verifying) has found; `None` for
    /// an anonymous one, and when the session is over.
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        self.desk.subject()
    }

    /// Ends the session now, with a code and a reason, which the client is told. What either
    /// application has not taken by then is undeliverable. [`Session::recv`] gives `None` from now
    /// on.
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

    /// Ends the session with 1000 once the client has taken all that it was sent, or when `within`
    /// is over; the client may be away and come back meanwhile. What it sends meanwhile is not
    /// taken. Returns what was lost all the same, as [`Session::lost`] does, once that is known: at
    /// most 5 s later.
    pub async fn finish(mut self, within: Duration) -> Vec<Lost> {
        let _all_is_taken = timeout(within, self.desk.settled()).await;
        self.desk.end(CloseCode::NORMAL, "");
        self.desk.over().await;
        self.lost()
    }

    /// What the client has not taken of what it was sent, or may not have, and that was not told
    /// before; of an application that never asks, the last 1,024 runs. While a session lives these
    /// are messages that a client no longer takes for their size; of the others it is known when it
    /// is [over](Session::over).
    pub fn lost(&mut self) -> Vec<Lost> {
        self.desk.lost()
    }

    /// Waits until the session is over: after [`Session::close`] that is when the client has
    /// answered, or did not in time.
    pub async fn over(&mut self) {
        self.desk.over().await;
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
