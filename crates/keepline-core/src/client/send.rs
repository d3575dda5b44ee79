//! What a client accepts to send, and what it refuses.

use core::fmt;

use super::connection::Connection;
use super::{Client, Mode, State};
use crate::{MessageId, Payload, Queued};

/// Why a message was not accepted. Nothing of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// It is over [`Limits::message_bytes`](crate::Limits::message_bytes).
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The outbox is full: the line has been down for long, or the application sends too much.
    Full {
        /// What already waits.
        queued: Queued,
    },
    /// The line was closed, or ended.
    Ended,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { size, limit } => {
                write!(f, "the message has {size} bytes, over the limit of {limit}")
            }
            Self::Full { queued } => {
                let Queued { messages, bytes } = queued;
                write!(f, "the outbox is full: {messages} messages, {bytes} bytes")
            }
            Self::Ended => f.write_str("the line has ended"),
        }
    }
}

impl core::error::Error for SendError {}

impl Client {
    /// Accepts a message, in order. Drain [`Client::poll_output`] afterwards.
    ///
    /// A plain line hands it to the socket at once when the line is open, else queues it until it
    /// is; it is handed to a socket at most once. The bound of the outbox holds while the line is
    /// down: an open line hands everything to the socket, whose own buffer has no bound that the
    /// core knows.
    ///
    /// A session keeps it until its fate is known; the bound of the outbox always holds.
    ///
    /// # Errors
    /// When it is too large, the outbox is full, or the line was closed or ended.
    pub fn send(&mut self, payload: Payload) -> Result<MessageId, SendError> {
        let (size, limit) = (payload.len(), self.largest_message());
        if size > limit {
            return Err(SendError::TooLarge { size, limit });
        }
        match (&self.state, &mut self.mode) {
            (State::Closing { .. } | State::Ended(_), _) => Err(SendError::Ended),
            (_, Mode::Session(session)) if session.is_finishing() => Err(SendError::Ended),
            (State::Online(Connection { id, .. }), Mode::Plain(outbox)) => {
                let (conn, id) = (*id, outbox.number());
                self.transmit(conn, payload);
                Ok(id)
            }
            (
                State::Idle
                | State::Connecting(_)
                | State::Greeting(_)
                | State::Online(_)
                | State::Leaving(_)
                | State::Waiting { .. },
                _,
            ) => self.enqueue(payload),
        }
    }

    fn enqueue(&mut self, payload: Payload) -> Result<MessageId, SendError> {
        let queued = self.queued();
        if !queued.leave_room_for(payload.len(), &self.config.limits) {
            return Err(SendError::Full { queued });
        }
        let id = match &mut self.mode {
            Mode::Plain(outbox) => outbox.push(payload),
            Mode::Session(session) => session.delivery.outgoing.push(payload),
        };
        self.ask_for_flush();
        Ok(id)
    }

    /// How much is held: on a plain line what waits for a connection, in a session also what the
    /// far end has not taken yet.
    #[must_use]
    pub fn queued(&self) -> Queued {
        match &self.mode {
            Mode::Plain(outbox) => outbox.queued(),
            Mode::Session(session) => session.delivery.outgoing.queued(),
        }
    }

    /// Whether the outbox would take a message of this size now, or says by another error that
    /// waiting for room is pointless.
    #[must_use]
    pub fn has_room_for(&self, bytes: usize) -> bool {
        match (&self.state, &self.mode) {
            (State::Closing { .. } | State::Ended(_), _) | (State::Online(_), Mode::Plain(_)) => {
                true
            }
            (
                State::Idle
                | State::Connecting(_)
                | State::Greeting(_)
                | State::Online(_)
                | State::Leaving(_)
                | State::Waiting { .. },
                _,
            ) => self.queued().leave_room_for(bytes, &self.config.limits),
        }
    }

    /// The largest message that [`Client::send`] takes, in bytes. In a session the far end may
    /// lower it.
    #[must_use]
    pub fn largest_message(&self) -> usize {
        let own = self.config.limits.message_bytes;
        match &self.mode {
            Mode::Plain(_) => own,
            Mode::Session(session) => own.min(session.largest_message()),
        }
    }
}
