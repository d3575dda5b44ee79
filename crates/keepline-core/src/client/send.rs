//! What a client accepts to send, and what it refuses.

use core::fmt;

use super::{Client, Mode, State};
use crate::message::Freight;
use crate::{Doubt, Event, Held, Instant, MessageId, Output, Payload, Queued, SendOptions};

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
    /// A plain line hands it to the socket at once when the line is open and the socket holds less
    /// than [`Limits::buffer_high`](crate::Limits::buffer_high), else queues it until that is so;
    /// what is [gathered](Client::gather) waits for the others. It is handed to a socket at most
    /// once.
    ///
    /// A session keeps it until its fate is known; the bound of the outbox always holds.
    ///
    /// # Errors
    /// When it is too large, the outbox is full, or the line was closed or ended.
    pub fn send(&mut self, payload: Payload) -> Result<MessageId, SendError> {
        self.accepts(payload.len())?;
        if self.goes_at_once(payload.len()) {
            return Ok(self.hand_over(Freight::Here(payload)));
        }
        let queued = self.queued();
        let wanted = payload.len() + self.delivery.outgoing.key_bytes();
        if !queued.leave_room_for(wanted, &self.config.limits) {
            return Err(SendError::Full { queued });
        }
        Ok(self.enqueue(Freight::Here(payload)))
    }

    /// Accepts a message that the driver keeps, as [`Client::send_with`] does: it comes back by
    /// [`Output::HandOver`](crate::Output). An id that ends without that is not asked for again.
    ///
    /// # Errors
    /// As [`Client::send_with`]. A session, which needs the bytes themselves, takes none: its limit
    /// for them is 0.
    pub fn send_held(
        &mut self,
        held: Held,
        options: SendOptions,
        now: Instant,
    ) -> Result<MessageId, SendError> {
        match &self.mode {
            Mode::Plain => self.send_freight(Freight::Held(held), options, now),
            Mode::Session(_) => Err(SendError::TooLarge { size: held.bytes, limit: 0 }),
        }
    }

    /// Whether the line takes messages of this size at all.
    pub(super) fn accepts(&self, size: usize) -> Result<(), SendError> {
        let limit = self.largest_message();
        if size > limit {
            return Err(SendError::TooLarge { size, limit });
        }
        match &self.mode {
            _ if self.state.is_over() => Err(SendError::Ended),
            Mode::Session(session) if session.is_finishing() => Err(SendError::Ended),
            Mode::Session(_) | Mode::Plain => Ok(()),
        }
    }

    /// Whether a message of this size need not wait: on an open plain line whose socket takes more.
    pub(super) fn goes_at_once(&mut self, size: usize) -> bool {
        if !matches!((&self.state, &self.mode), (State::Online(_), Mode::Plain)) {
            return false;
        }
        self.make_way_for(size);
        self.takes_more()
    }

    /// Hands a message to the socket of a plain line at once.
    pub(super) fn hand_over(&mut self, freight: Freight) -> MessageId {
        let id = self.delivery.outgoing.number();
        self.give(id, freight);
        id
    }

    /// Hands on what waits on a plain line, as far as the socket takes it.
    pub(super) fn hand_over_all(&mut self) {
        while self.queued().messages > 0 && self.takes_more() {
            self.hand_over_next();
        }
    }

    /// Hands on all that waits on a plain line, however much the socket holds.
    pub(super) fn hand_over_the_rest(&mut self) {
        while self.queued().messages > 0 {
            self.hand_over_next();
        }
    }

    fn hand_over_next(&mut self) {
        if let Mode::Plain = self.mode
            && let Some((id, freight)) = self.delivery.outgoing.pop()
        {
            self.give(id, freight);
        }
    }

    fn give(&mut self, id: MessageId, freight: Freight) {
        let forgotten = self.account().and_then(|account| account.give(id));
        if let Some(ids) = forgotten {
            self.tell(Event::Unknown(ids, Doubt::Forgotten));
        }
        match (self.conn(), freight) {
            (Some(conn), Freight::Here(payload)) => self.transmit(conn, payload),
            (Some(conn), Freight::Held(held)) => {
                self.pour(held.bytes);
                self.outputs.push(Output::HandOver(conn, held));
            }
            (None, _) => {}
        }
    }

    /// Keeps a message until a connection takes it; in a session, until its fate is known.
    pub(super) fn enqueue(&mut self, freight: Freight) -> MessageId {
        let id = self.delivery.outgoing.push(freight);
        self.ask_for_flush();
        id
    }

    /// How much is held: on a plain line what waits for a connection, in a session also what the
    /// far end has not taken yet.
    #[must_use]
    pub fn queued(&self) -> Queued {
        self.delivery.outgoing.queued()
    }

    /// Whether the outbox would take a message of this size now, its key included, or says by
    /// another error that waiting for room is pointless.
    #[must_use]
    pub fn has_room_for(&self, bytes: usize) -> bool {
        self.state.is_over()
            || self.is_finishing()
            // What is gathered makes way.
            || self.gathering().is_some()
            || self.queued().leave_room_for(
                bytes.saturating_add(self.delivery.outgoing.key_bytes()),
                &self.config.limits,
            )
    }

    /// The largest message that [`Client::send`] takes, in bytes. In a session the far end may
    /// lower it.
    #[must_use]
    pub fn largest_message(&self) -> usize {
        match &self.mode {
            Mode::Plain => self.config.limits.message_bytes,
            Mode::Session(session) => {
                let own = bounded(session.config.window.message_bytes);
                self.delivery.outgoing.largest().map_or(own, |far| own.min(bounded(far)))
            }
        }
    }
}

fn bounded(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}
