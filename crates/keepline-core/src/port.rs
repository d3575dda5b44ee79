//! What passes between a core and its driver: inputs in, outputs out.

use alloc::string::String;
use core::time::Duration;

use crate::wire::{Instance, SessionId};
use crate::{
    CloseCode, Closed, Diagnosis, Doubt, Held, Loss, MessageIds, NotProvided, Notice, Payload,
    Provision, Status, Verdict,
};

/// The number of one connection: every attempt has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// What happened in the world. A socket event without the id of its connection does not exist;
/// what the page notices has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The handshake is done; the subprotocol that the server chose, or empty; and, fresh for
    /// each connection, what a session may need that nobody can guess.
    Opened(ConnId, String, Draw),
    /// The socket could not even be made.
    OpenFailed(ConnId, OpenFailure),
    /// A message arrived.
    Received(ConnId, Payload),
    /// A message arrived that answers the heartbeat's probe
    /// ([`Probe::is_answered_by`](crate::Probe::is_answered_by)).
    Answered(ConnId, Payload),
    /// A message of at least this many bytes arrived, over
    /// [`Limits::message_bytes`](crate::Limits::message_bytes), and was not even copied.
    TooLarge(ConnId, usize),
    /// The far end is closing: the socket takes nothing more, and its `Closed` is to come.
    PeerClosing(ConnId),
    /// The connection is over. Told once for each connection, whichever of the browser's signs
    /// came first. With it the application's own judgement, which overrides
    /// [`CloseCode::verdict`].
    Closed(ConnId, Closed, Option<Verdict>),
    /// How many bytes the socket holds that the network has not taken yet. To be told before
    /// each [`Client::handle_timeout`](crate::Client::handle_timeout), for a network that takes
    /// more is a sign of life, and in answer to [`Output::Measure`].
    Buffered(ConnId, u64),
    /// What the provider gave for this connection's attempt, or for the renewal that
    /// [`Output::Renew`] asked for on it. To be told before the socket is opened.
    Provided(ConnId, Result<Provision, NotProvided>),
    /// What was found out about this connection's failed handshake, in answer to
    /// [`Output::Diagnose`]; and the application's own judgement, which overrides
    /// [`Diagnosis::verdict`].
    Diagnosed(ConnId, Diagnosis, Option<Verdict>),
    /// The page has noticed something, or the machine; no connection has.
    Noticed(Notice),
}

impl Input {
    /// What has arrived, if this is news of that.
    #[must_use]
    pub const fn payload(&self) -> Option<&Payload> {
        match self {
            Self::Received(_, payload) | Self::Answered(_, payload) => Some(payload),
            Self::Opened(..)
            | Self::OpenFailed(..)
            | Self::TooLarge(..)
            | Self::PeerClosing(_)
            | Self::Closed(..)
            | Self::Buffered(..)
            | Self::Provided(..)
            | Self::Diagnosed(..)
            | Self::Noticed(_) => None,
        }
    }

    pub(crate) const fn conn(&self) -> Option<ConnId> {
        match self {
            Self::Opened(conn, _, _)
            | Self::OpenFailed(conn, _)
            | Self::Received(conn, _)
            | Self::Answered(conn, _)
            | Self::TooLarge(conn, _)
            | Self::PeerClosing(conn)
            | Self::Closed(conn, _, _)
            | Self::Buffered(conn, _)
            | Self::Provided(conn, _)
            | Self::Diagnosed(conn, ..) => Some(*conn),
            Self::Noticed(_) => None,
        }
    }
}

/// Random bits from a cryptographic source, such as `crypto.getRandomValues`. The core cannot draw
/// them itself: its seed is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The id of a session, should a new one begin.
    pub session: SessionId,
    /// Tells this client from a copy of its memory; only the first one drawn is used.
    pub instance: Instance,
}

/// Why a socket could not be made, in the environment's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenFailure {
    /// It never will be: a malformed URL, a forbidden port, a URL that the page's
    /// Content-Security-Policy or mixed-content rule blocks. The line ends.
    Refused(String),
    /// It may be later. The line is tried again.
    Unavailable(String),
}

/// What the driver is to do, in order. Its `Debug` form tells the size of what is transmitted and
/// nothing else of it, for a session's credentials are in there.
#[derive(Clone, PartialEq, Eq)]
pub enum Output {
    /// Open a socket, and tag its events with this id. If there is a provider, ask it first where
    /// to, unless it is being asked already, and tell the core by [`Input::Provided`].
    Open(ConnId),
    /// Ask the provider for new credentials, unless it is being asked already, and tell the core
    /// by [`Input::Provided`].
    Renew(ConnId),
    /// Find out why this connection's handshake has failed, and tell the core by
    /// [`Input::Diagnosed`], within a bounded time. A newer request replaces an older one.
    Diagnose(ConnId),
    /// Hand this message to the socket.
    Transmit(ConnId, Payload),
    /// Hand to the socket what was kept for it ([`Client::send_held`](crate::Client::send_held)).
    HandOver(ConnId, Held),
    /// Tell how much this socket holds, by [`Input::Buffered`].
    Measure(ConnId),
    /// Start the closing handshake, and go on listening.
    Close(ConnId, CloseCode, String),
    /// Stop listening, close the socket if it can be, and forget it.
    Abandon(ConnId),
    /// Give the application this message, which arrived. In session mode, call
    /// [`Client::took`](crate::Client::took) when it has taken it.
    Deliver(Payload),
    /// Forget what was delivered and not taken: the session ended without it.
    Discard,
    /// Call [`Client::flush`](crate::Client::flush) when the present turn of the event loop is
    /// over, so that all that is sent in it leaves together.
    Flush,
    /// Tell those who wait for room in the outbox to look again: messages have left it, of which
    /// no event tells.
    Room,
    /// Tell the application that a message of at least this size was over the limit.
    Refuse {
        /// Its size in bytes, or less.
        size: usize,
    },
    /// Tell the application what happened.
    Event(Event),
}

impl core::fmt::Debug for Output {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Open(conn) => f.debug_tuple("Open").field(conn).finish(),
            Self::Renew(conn) => f.debug_tuple("Renew").field(conn).finish(),
            Self::Diagnose(conn) => f.debug_tuple("Diagnose").field(conn).finish(),
            Self::Transmit(conn, payload) => {
                f.debug_tuple("Transmit").field(conn).field(&payload.len()).finish()
            }
            Self::HandOver(conn, held) => {
                f.debug_tuple("HandOver").field(conn).field(held).finish()
            }
            Self::Close(conn, code, reason) => {
                f.debug_tuple("Close").field(conn).field(code).field(reason).finish()
            }
            Self::Abandon(conn) => f.debug_tuple("Abandon").field(conn).finish(),
            Self::Deliver(payload) => f.debug_tuple("Deliver").field(payload).finish(),
            Self::Discard => f.write_str("Discard"),
            Self::Flush => f.write_str("Flush"),
            Self::Measure(conn) => f.debug_tuple("Measure").field(conn).finish(),
            Self::Room => f.write_str("Room"),
            Self::Refuse { size } => f.debug_struct("Refuse").field("size", size).finish(),
            Self::Event(event) => f.debug_tuple("Event").field(event).finish(),
        }
    }
}

/// What the application is told, besides its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The line stands differently.
    Status(Status),
    /// A heartbeat probe was answered after this long.
    RoundTrip(Duration),
    /// The far end's application has taken these messages. Session mode only.
    Delivered(MessageIds),
    /// These messages were not taken by the far end, and never will be.
    Undeliverable(MessageIds, Loss),
    /// Each of these messages may have been taken or not.
    Unknown(MessageIds, Doubt),
    /// The far end has lost the session, and a new one has begun. How many of its messages are
    /// missing; `None` if nobody knows. Session mode only.
    Restarted {
        /// The far end's messages that never came.
        missed: Option<u64>,
    },
}

impl core::fmt::Display for Event {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            Self::RoundTrip(took) => write!(f, "round trip of {} ms", took.as_millis()),
            Self::Delivered(ids) => write!(f, "{ids} delivered"),
            Self::Undeliverable(ids, why) => write!(f, "{ids} not delivered: {why}"),
            Self::Unknown(ids, why) => write!(f, "{ids} may be lost: {why}"),
            Self::Restarted { missed: Some(0) } => f.write_str("a new session"),
            Self::Restarted { missed: Some(missed) } => {
                write!(f, "a new session; {missed} messages missed")
            }
            Self::Restarted { missed: None } => {
                f.write_str("a new session; nobody knows what was missed")
            }
        }
    }
}
