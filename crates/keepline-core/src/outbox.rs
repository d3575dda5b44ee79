//! The bounded queue of messages that wait for a line.

use alloc::collections::VecDeque;

use crate::config::Limits;
use crate::{MessageId, MessageIds, Payload};

/// How much waits in the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queued {
    /// Messages.
    pub messages: usize,
    /// Bytes of payload.
    pub bytes: usize,
}

impl Queued {
    pub(crate) const fn leave_room_for(&self, bytes: usize, limits: &Limits) -> bool {
        self.messages < limits.outbox_messages
            && bytes <= limits.outbox_bytes.saturating_sub(self.bytes)
    }
}

/// Numbers every accepted message, and keeps those that no socket has been given yet.
///
/// Messages leave in the order of their ids and only from the front, so what waits is always the
/// last `queue.len()` ids that were drawn.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: VecDeque<Payload>,
    bytes: usize,
    next_id: MessageId,
}

impl Outbox {
    pub(crate) const fn new() -> Self {
        Self { queue: VecDeque::new(), bytes: 0, next_id: MessageId::FIRST }
    }

    /// The id that the next accepted message will get.
    pub(crate) const fn next_id(&self) -> MessageId {
        self.next_id
    }

    pub(crate) fn queued(&self) -> Queued {
        Queued { messages: self.queue.len(), bytes: self.bytes }
    }

    /// Numbers a message that goes straight to a socket.
    pub(crate) fn number(&mut self) -> MessageId {
        let id = self.next_id;
        self.next_id = MessageId(id.0 + 1);
        id
    }

    pub(crate) fn push(&mut self, payload: Payload) -> MessageId {
        self.bytes += payload.len();
        self.queue.push_back(payload);
        self.number()
    }

    pub(crate) fn pop(&mut self) -> Option<Payload> {
        let payload = self.queue.pop_front()?;
        self.bytes -= payload.len();
        Some(payload)
    }

    /// The id at the front of the queue; the next id to be drawn when nothing waits.
    pub(crate) fn first_queued(&self) -> MessageId {
        MessageId(self.next_id.0 - self.queue.len() as u64)
    }

    /// The ids of what waits.
    pub(crate) fn ids(&self) -> Option<MessageIds> {
        MessageIds::between(self.first_queued(), self.next_id)
    }

    pub(crate) fn clear(&mut self) {
        self.queue.clear();
        self.bytes = 0;
    }
}
