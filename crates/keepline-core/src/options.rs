//! On which terms a message waits, as long as no connection was given it.

use alloc::boxed::Box;
use core::time::Duration;

/// The terms of one message; see [`Client::send_with`](crate::Client::send_with).
///
/// They hold while the message waits. Once it was put into a frame or handed to a socket, nothing
/// takes it back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    /// What is to happen when the outbox is full. Default: the message is refused.
    pub when_full: WhenFull,
    /// The message replaces the one that still waits under the same key, which ends as
    /// [`Loss::Replaced`](crate::Loss). It takes its own place in the order of sends, not that of
    /// the one it replaces. Default: no key.
    pub key: Option<Key>,
    /// If it still waits after so long, it ends as [`Loss::Expired`](crate::Loss). Default: it
    /// waits as long as the line lasts.
    pub expires: Option<Duration>,
}

/// What a message does that finds the outbox full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// It is refused.
    #[default]
    Reject,
    /// The oldest messages that wait on these same terms make room, and end as
    /// [`Loss::Dropped`](crate::Loss). If they are not enough, none is dropped and the message is
    /// refused: what was sent on other terms never makes room.
    DropOldest,
}

/// What messages have in common of which only the latest counts: chosen by the application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A number, such as the id of a thing.
    Number(u64),
    /// A name, such as `cursor`. While its message waits, its bytes count for the outbox.
    Name(Box<str>),
}

impl Key {
    /// What it takes of a queue's bytes.
    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::Number(_) => 0,
            Self::Name(name) => name.len(),
        }
    }
}

impl From<u64> for Key {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Key {
    fn from(name: &str) -> Self {
        Self::Name(name.into())
    }
}
