//! Messages as the core sees them: opaque payloads under rising numbers.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// What one WebSocket message carries. The core never looks inside.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Payload {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
}

impl Payload {
    /// Its size in bytes (of UTF-8, for a text).
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// Whether it carries nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A message that its driver keeps, so that it is not copied into the core's memory and back: all
/// that a plain line must know of a message is how large it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// The driver's own name for it, which the core hands back.
    pub handle: u32,
    /// Its size in bytes.
    pub bytes: usize,
}

/// What a plain line hands over.
#[derive(Debug)]
pub(crate) enum Freight {
    Here(Payload),
    Held(Held),
}

impl Freight {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Here(payload) => payload.len(),
            Self::Held(held) => held.bytes,
        }
    }
}

/// The number of an accepted message: rising by one with every send, from 1, never used twice
/// by one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

impl MessageId {
    pub(crate) const FIRST: Self = Self(1);
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An unbroken run of message ids, never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageIds {
    /// The first of them.
    pub first: MessageId,
    /// The last of them, not below the first.
    pub last: MessageId,
}

impl MessageIds {
    /// How many they are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.last.0 - self.first.0 + 1
    }

    /// Whether `id` is one of them.
    #[must_use]
    pub const fn contains(&self, id: MessageId) -> bool {
        self.first.0 <= id.0 && id.0 <= self.last.0
    }
}

impl fmt::Display for MessageIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count() {
            1 => write!(f, "message {}", self.first),
            _ => write!(f, "messages {} to {}", self.first, self.last),
        }
    }
}

/// Why a message certainly was not taken by the far end, and never will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loss {
    /// The line ended before it was given to a connection.
    NeverSent,
    /// The session ended before the far end's application took it.
    NotTaken,
    /// It is larger than the far end takes, which was known only later.
    TooLarge,
    /// It made room for newer ones before a connection was given it
    /// ([`WhenFull::DropOldest`](crate::WhenFull)).
    Dropped,
    /// A newer one under the same key took its place before a connection was given it
    /// ([`SendOptions::key`](crate::SendOptions)).
    Replaced,
    /// No connection was given it in time ([`SendOptions::expires`](crate::SendOptions)).
    Expired,
    /// The application took it back before a connection was given it.
    Cancelled,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeverSent => "never sent",
            Self::NotTaken => "not taken before the session ended",
            Self::TooLarge => "too large for the far end",
            Self::Dropped => "dropped from a full outbox",
            Self::Replaced => "replaced by a newer one",
            Self::Expired => "waited for too long",
            Self::Cancelled => "cancelled",
        })
    }
}

/// Why nobody can say whether a message was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// Plain mode: it was handed to a connection that was lost.
    LineLost,
    /// The far end has lost the session, and remembers nothing of it.
    SessionLost,
    /// The line ended before the far end had said so.
    Ended,
    /// Plain mode: it was handed to a connection that may still stand, but among so many others
    /// that were not, that the account of it is kept no longer.
    Forgotten,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineLost => "the connection was lost",
            Self::SessionLost => "the far end has lost the session",
            Self::Ended => "the line ended before an answer came",
            Self::Forgotten => "it is too long ago",
        })
    }
}
