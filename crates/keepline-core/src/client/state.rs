//! The state of a line: an enum that owns what only that state has.

use alloc::boxed::Box;
use core::mem::{Discriminant, discriminant};

use super::Phase;
use super::connection::{Asked, Connection, Dial};
use crate::{CloseCode, Down, End, Instant};

// The tag is a byte of its own, not hidden in what `Waiting` holds: it is looked at everywhere.
#[repr(u8)]
#[derive(Debug)]
pub(super) enum State {
    Idle,
    Connecting(Dial),
    /// A session's hello is said; its greeting has not come.
    Greeting(Asked),
    Online(Box<Connection>),
    /// The far end is closing: the connection takes no more, but the line still reads as online
    /// until its `Closed` says what this means.
    Leaving(Box<Connection>),
    Waiting {
        why: Down,
        retry_at: Instant,
        /// Whoever wakes does not try before: the server has asked for that, or the pace.
        not_before: Instant,
    },
    /// The application asked to close.
    Closing {
        connection: Box<Connection>,
        /// The code that the far end answers with if it has read everything before it; `None` if
        /// the far end began to close first.
        asked: Option<CloseCode>,
    },
    Ended(End),
}

/// What follows a state.
pub(super) enum Next {
    State(State),
    /// [`State::Leaving`], with the same connection.
    Leaving,
    /// [`State::Closing`], with the same connection.
    Closing(Option<CloseCode>),
}

impl State {
    pub(super) const fn is_over(&self) -> bool {
        matches!(self, Self::Closing { .. } | Self::Ended(_))
    }

    pub(super) const fn phase(&self) -> Phase {
        match self {
            Self::Idle => Phase::Idle,
            Self::Connecting(_) => Phase::Connecting,
            Self::Greeting(_) => Phase::Greeting,
            Self::Online(_) => Phase::Online,
            Self::Leaving(_) => Phase::Leaving,
            Self::Waiting { .. } => Phase::Waiting,
            Self::Closing { .. } => Phase::Closing,
            Self::Ended(_) => Phase::Ended,
        }
    }

    /// What has no connection to go on with stays as it is.
    pub(super) fn followed_by(self, next: Next) -> Self {
        match (self, next) {
            (_, Next::State(next)) => next,
            (Self::Online(connection), Next::Leaving) => Self::Leaving(connection),
            (Self::Online(connection) | Self::Leaving(connection), Next::Closing(asked)) => {
                Self::Closing { connection, asked }
            }
            (present, Next::Leaving | Next::Closing(_)) => present,
        }
    }

    pub(super) fn standing(&self, attempt: u32) -> Standing {
        match self {
            Self::Idle => Standing::Idle,
            Self::Connecting(_) | Self::Greeting(_) => Standing::Connecting(attempt),
            Self::Online(_) | Self::Leaving(_) => Standing::Online,
            Self::Waiting { why, retry_at, .. } => {
                Standing::Waiting(discriminant(why), attempt, *retry_at)
            }
            Self::Closing { .. } => Standing::Closing,
            Self::Ended(_) => Standing::Ended,
        }
    }
}

/// What tells one status from the one that follows it: a line that goes on waiting for the same
/// kind of reason waits for the same one.
#[derive(PartialEq, Eq)]
pub(super) enum Standing {
    Idle,
    Connecting(u32),
    Online,
    Waiting(Discriminant<Down>, u32, Instant),
    Closing,
    Ended,
}
