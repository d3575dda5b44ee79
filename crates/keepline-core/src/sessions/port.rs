//! What passes between a server's sessions and their driver.

use alloc::string::String;
use core::time::Duration;

use crate::wire::Credentials;
use crate::{CloseCode, ConnId, Doubt, Loss, MessageIds, Payload};

/// The number of one session's state: a session that had to begin anew has another one, so what an
/// application still does for the former is harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(pub u64);

/// Who a client is, as a verifier says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The stable name of the identity, never a token; `None` for somebody anonymous.
    pub subject: Option<String>,
    /// How long the credentials hold; `None` for ever.
    pub expires: Option<Duration>,
}

/// The credentials are refused. The reason is told to the client (at most 123 bytes of it), and
/// must not repeat them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub reason: String,
}

/// What a driver is to do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerOutput {
    /// Ask who is there, and answer with [`Sessions::verified`](super::Sessions::verified).
    Verify(ConnId, Option<Credentials>),
    /// There is something to send: call [`Sessions::poll_frame`](super::Sessions::poll_frame) when
    /// the connection takes it.
    Wake(ConnId),
    /// Send what [`Sessions::poll_frame`](super::Sessions::poll_frame) still has, then close.
    Close(ConnId, CloseCode, String),
    /// A new session has begun on this connection: an application is to be started for it.
    Begin(SessionKey, ConnId),
    /// Give the session's application this message; call [`Sessions::took`](super::Sessions::took)
    /// when it has taken it, before anything else is asked of the sessions: what was not told
    /// before [`SessionEvent::Over`] counts as not taken, and must not be taken any more.
    Deliver(SessionKey, Payload),
    /// Tell the session's application what happened.
    Event(SessionKey, SessionEvent),
}

/// What an application is told of its session, besides messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// A connection is there.
    Attached,
    /// The connection is gone; the session waits for another.
    Detached,
    /// The client's application has taken these messages.
    Delivered(MessageIds),
    /// These messages were not taken, and never will be.
    Undeliverable(MessageIds, Loss),
    /// Each of these messages may have been taken or not.
    Unknown(MessageIds, Doubt),
    /// The server goes away, and the session ends soon: what is to be said is to be said now.
    Draining,
    /// The session is over; nothing comes after this.
    Over(Over),
}

/// Why a session is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// The client ended it.
    Client {
        /// 1000, or a code of the application's own.
        code: CloseCode,
        /// Why, in its own words.
        reason: String,
    },
    /// The server's application ended it.
    Server {
        /// 1000, or a code of the application's own.
        code: CloseCode,
        /// Why, in its own words.
        reason: String,
    },
    /// No connection came back in time.
    Expired,
    /// There was no room for it any more.
    Evicted,
    /// The client knows nothing of it any more, and began another under the same id.
    Replaced,
}
