//! The bounded queue of messages that the application has not read yet.

use alloc::collections::VecDeque;

use crate::Payload;
use crate::config::Limits;

/// What a reader finds next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A message.
    Message(Payload),
    /// A gap: this many messages were dropped right here, because the inbox was full.
    Dropped {
        /// How many.
        count: u64,
    },
    /// A message over the limit was refused right here.
    TooLarge {
        /// Its size in bytes; of a text that was not even copied, its length in UTF-16 units.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

/// A queue between a socket that cannot be slowed down and an application that may be slow.
///
/// When it is full the oldest messages make room, and the reader is told so at the place of the
/// gap: nothing disappears without a trace.
#[derive(Debug)]
pub struct Inbox {
    queue: VecDeque<Arrival>,
    bytes: usize,
    dropped: u64,
    limits: Limits,
}

impl Inbox {
    /// An empty inbox with the bounds that `limits` names.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { queue: VecDeque::new(), bytes: 0, dropped: 0, limits }
    }

    /// Takes in a message from the socket; one over the limit is refused.
    pub fn push(&mut self, payload: Payload) {
        let size = payload.len();
        if size > self.limits.message_bytes {
            return self.refuse(size);
        }
        self.enqueue(Arrival::Message(payload), size);
    }

    /// Takes note of a message over the limit.
    pub fn refuse(&mut self, size: usize) {
        self.enqueue(Arrival::TooLarge { size, limit: self.limits.message_bytes }, 0);
    }

    /// Forgets everything, for there is no reader any more.
    pub fn clear(&mut self) {
        self.queue.clear();
        (self.bytes, self.dropped) = (0, 0);
    }

    /// The next thing to tell the application, if there is one.
    pub fn pop(&mut self) -> Option<Arrival> {
        match core::mem::take(&mut self.dropped) {
            0 => self.dequeue(),
            count => Some(Arrival::Dropped { count }),
        }
    }

    fn enqueue(&mut self, arrival: Arrival, size: usize) {
        while self.queue.len() >= self.limits.inbox_messages
            || size > self.limits.inbox_bytes.saturating_sub(self.bytes)
        {
            if self.dequeue().is_none() {
                break;
            }
            self.dropped += 1;
        }
        self.bytes += size;
        self.queue.push_back(arrival);
    }

    fn dequeue(&mut self) -> Option<Arrival> {
        let arrival = self.queue.pop_front()?;
        if let Arrival::Message(payload) = &arrival {
            self.bytes -= payload.len();
        }
        Some(arrival)
    }
}
