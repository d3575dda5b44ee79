//! What the page tells the driver: the SDK's own words, in a form that can travel.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::request::Payload;

/// One thing that a line reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// Where the line stands.
    Status(Status),
    /// A message arrived.
    Message(Payload),
    /// A message arrived that is none: with the error and what arrived.
    Undecodable {
        /// Why it could not be decoded.
        error: String,
        /// What arrived.
        payload: String,
    },
    /// A message was received and could not be delivered for another reason.
    Lost(Failure),
    /// A heartbeat probe was answered.
    RoundTrip,
    /// These messages were given to a connection that was lost.
    Unknown {
        /// The first id.
        first: u64,
        /// The last id.
        last: u64,
    },
    /// These messages were not taken, and never will be.
    Undeliverable {
        /// The first id.
        first: u64,
        /// The last id.
        last: u64,
    },
    /// These messages were taken.
    Delivered {
        /// The first id.
        first: u64,
        /// The last id.
        last: u64,
    },
    /// A new session has begun.
    Restarted {
        /// How many messages were missed, if anybody knows.
        missed: Option<u64>,
    },
    /// The provider was asked, for this reason.
    Asked(String),
    /// The stream of messages has ended.
    Over,
}

impl Entry {
    /// The status that it reports, if that is what it is.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        if let Self::Status(status) = self { Some(status) } else { None }
    }
}

/// Where a line stands: `keepline::Status`, without instants of the page's clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Status {
    /// Not yet connecting.
    Idle,
    /// A handshake is under way.
    Connecting {
        /// The number of the attempt.
        attempt: u32,
    },
    /// The line is open.
    Online {
        /// The subprotocol.
        protocol: String,
    },
    /// The line is down for a while.
    Waiting {
        /// Why.
        why: Down,
        /// The number of the attempt to come.
        attempt: u32,
        /// The time until then.
        retry_in_ms: u64,
    },
    /// The closing handshake is under way.
    Closing,
    /// The line is down for good.
    Ended(End),
}

/// Why a line is down for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Down {
    /// The handshake took too long.
    TimedOut,
    /// The socket could not be opened.
    Failed(String),
    /// The connection closed.
    Closed(Closed),
    /// A probe was not answered.
    Silent,
    /// There were too many attempts in the last minute.
    Paced,
    /// No attempt has ever opened.
    PerhapsNotKeepline(Closed),
    /// The far end has broken the session protocol.
    Broken {
        /// The code that the connection was closed with.
        code: u16,
    },
    /// The server announced that it would close.
    Bye {
        /// Why, as a close code.
        code: u16,
    },
    /// The server has gone away, and the session with it.
    GoneAway,
    /// The provider had no endpoint.
    NotProvided(String),
    /// The provider has not answered in time.
    ProviderSilent,
    /// This was found out about a failed handshake, in words.
    Diagnosed(String),
    /// There seems to be no network.
    Offline,
    /// The page stood still, or was left.
    Suspended,
    /// The page slept.
    Slept,
}

/// Why a line is down for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// The page closed it.
    Application,
    /// The far end closed it.
    Closed(Closed),
    /// The browser refuses to open such a socket.
    Refused(String),
    /// The server does not speak `keepline.v1`.
    NotKeepline,
    /// The far end has broken the session protocol.
    Broken {
        /// The code that the connection was closed with.
        code: u16,
    },
    /// The server said not to come back.
    Bye {
        /// Why, as a close code.
        code: u16,
    },
    /// The far end has ended the session.
    Session {
        /// With which code.
        code: u16,
        /// And which reason.
        reason: String,
    },
    /// The provider said to stop.
    NotProvided(String),
    /// The provider gave an endpoint that cannot be used.
    BadEndpoint(String),
    /// This was found out about a failed handshake, in words.
    Diagnosed(String),
}

/// How a connection closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// The close code.
    pub code: u16,
    /// The far end's reason.
    pub reason: String,
    /// Whether the closing handshake was completed.
    pub clean: bool,
}

/// How much a page weighs, as far as its module knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weight {
    /// How many cycles are done.
    pub cycles: u64,
    /// The size of its memory.
    pub memory_bytes: u64,
    /// The JavaScript values that it holds: each socket, each listener, each timer's function.
    pub references: u32,
}

/// An error of the SDK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its type's own form: the variant with its fields.
    pub kind: String,
    /// Its sentence for people.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.kind)
    }
}

impl std::error::Error for Failure {}
