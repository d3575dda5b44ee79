//! The records of `keepline.v1`, as values.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use crate::{CloseCode, Payload};

/// The largest number of the protocol: 2⁵³ − 1, so that JavaScript can count along.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;

/// The version that a `hello` names.
pub const VERSION: u64 = 1;

/// One record of a frame (docs/protocol.md §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Names the session, and where the client stands.
    Hello(Hello),
    /// Accepts it, and says where the server stands.
    Greeting(Greeting),
    /// What was taken, and how much more may be sent.
    Ack(Ack),
    /// A message under its number.
    Message(u64, Payload),
    /// Asks for a pong with this token.
    Ping(u64),
    /// Answers the ping with this token.
    Pong(u64),
    /// Ends the session.
    End(Finale),
    /// This connection will close; whether and when to come back.
    Bye(Bye),
    /// This server is going away.
    GoAway(GoAway),
    /// New credentials.
    Renew(Credentials),
    /// The new credentials were accepted, and hold for so long; `None` for ever.
    Renewed(Option<Duration>),
}

/// The id of a session: 128 random bits that the client drew. It is a secret, so it is not shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub [u8; 16]);

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

/// Tells one copy of a client's memory from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instance(pub [u8; 8]);

/// 64 random bits, drawn whenever a server creates the state of a session; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch([u8; 8]);

impl Epoch {
    /// Stands in a greeting that is refused for having none.
    pub(super) const REFUSED: Self = Self([0; 8]);

    /// The epoch with these bits; `None` if they are all zero.
    #[must_use]
    pub const fn new(bits: [u8; 8]) -> Option<Self> {
        match u64::from_be_bytes(bits) {
            0 => None,
            _ => Some(Self(bits)),
        }
    }

    /// Its bits.
    #[must_use]
    pub const fn bits(self) -> [u8; 8] {
        self.0
    }
}

/// What a server may ask for to know who is there. It is a secret, so it is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(pub String);

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// How much a receiver lets a sender have in flight, and how large a message it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The largest message, in bytes. Default: 256 KiB.
    pub message_bytes: u64,
    /// The most messages in flight. Default: 4,096.
    pub messages: u64,
    /// The most bytes in flight. Default: 1 MiB. Not below `message_bytes`.
    pub bytes: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self { message_bytes: 256 * 1024, messages: 4_096, bytes: 1024 * 1024 }
    }
}

/// The first record of a connection, from the client (§4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Which session.
    pub session: SessionId,
    /// Which copy of the client.
    pub instance: Instance,
    /// Rises with every hello of the session, from 1.
    pub attempt: u64,
    /// The epoch that the client knows.
    pub epoch: Option<Epoch>,
    /// Up to where the client has every message of that epoch.
    pub received: u64,
    /// What the client lets the server have in flight when an epoch begins.
    pub window: Window,
    /// Who the client says it is.
    pub credentials: Option<Credentials>,
}

/// The server's answer to a hello (§4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The session's epoch.
    pub epoch: Epoch,
    /// Up to where the server has every message of this epoch.
    pub received: u64,
    /// What the server lets the client have in flight when an epoch begins.
    pub window: Window,
    /// The server pings after so long in which it sent nothing.
    pub ping: Duration,
    /// The client gives the connection up after so long without a frame.
    pub silence: Duration,
    /// How wide to spread the first retry if the connection is lost without a word.
    pub spread: Duration,
    /// At most how long a detached session is kept.
    pub hold: Duration,
    /// How long the credentials hold; `None` for ever.
    pub expires: Option<Duration>,
    /// What became of the epoch that the hello named, if it is another and still remembered.
    pub previous: Option<Previous>,
}

/// The last positions of an epoch that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Up to where the server had taken the client's messages.
    pub taken: u64,
    /// The last number that the server had given to a message.
    pub sent: u64,
}

/// How far a receiver is, and how far the sender may go (§4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// Up to where the application has taken the messages.
    pub taken: u64,
    /// How far the sender may go.
    pub credit: Credit,
}

/// How far a sender may go: levels of an epoch that never go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// The highest number.
    pub number: u64,
    /// The highest sum of sizes, from message 1 on.
    pub bytes: u64,
}

/// The last word of a side on a session (§9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finale {
    /// Up to where this side has taken the other's messages, and ever will.
    pub taken: u64,
    /// 1000, or 3000 to 4999 with a meaning of the application's own.
    pub code: CloseCode,
    /// Why, in at most 123 bytes.
    pub reason: String,
}

/// The announcement of a close (§9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bye {
    /// Why, as a close code.
    pub code: CloseCode,
    /// When to come back; `None` if not at all.
    pub again: Option<Return>,
    /// Why, in at most 123 bytes.
    pub reason: String,
}

/// When to come back: at a random time in `[after, after + spread]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Return {
    /// Not before so long.
    pub after: Duration,
    /// How wide the crowd is spread after that.
    pub spread: Duration,
}

/// The announcement that a server stops (§9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoAway {
    /// Whether another connection can reach the session's state.
    pub reachable: bool,
    /// How long the server still waits.
    pub within: Duration,
}
