//! The bounded queue of messages that wait for a line.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::config::Limits;
use crate::delivery::extend;
use crate::message::Freight;
use crate::{MessageId, MessageIds};

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

/// Numbers every accepted message, and keeps those that no socket has been given yet, in the order
/// of their ids.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: VecDeque<(MessageId, Freight)>,
    bytes: usize,
    next_id: MessageId,
}

impl Outbox {
    pub(crate) const fn new() -> Self {
        Self { queue: VecDeque::new(), bytes: 0, next_id: MessageId::FIRST }
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

    pub(crate) fn push(&mut self, freight: Freight) -> MessageId {
        self.bytes += freight.len();
        let id = self.number();
        self.queue.push_back((id, freight));
        id
    }

    pub(crate) fn pop(&mut self) -> Option<(MessageId, Freight)> {
        let (id, freight) = self.queue.pop_front()?;
        self.bytes -= freight.len();
        Some((id, freight))
    }

    /// The size of this message, if it waits.
    pub(crate) fn size_of(&self, id: MessageId) -> Option<usize> {
        let (_, freight) = self.queue.get(self.place(id)?)?;
        Some(freight.len())
    }

    /// Takes this message out; `false` if it does not wait.
    pub(crate) fn withdraw(&mut self, id: MessageId) -> bool {
        let Some((_, freight)) = self.place(id).and_then(|place| self.queue.remove(place)) else {
            return false;
        };
        self.bytes -= freight.len();
        true
    }

    fn place(&self, id: MessageId) -> Option<usize> {
        self.queue.binary_search_by_key(&id, |(id, _)| *id).ok()
    }

    /// The id at the front of the queue; the next id to be drawn when nothing waits.
    pub(crate) fn first_queued(&self) -> MessageId {
        self.queue.front().map_or(self.next_id, |(id, _)| *id)
    }

    /// Forgets all that waits; returns which that was.
    pub(crate) fn clear(&mut self) -> Vec<MessageIds> {
        let mut ids = Vec::new();
        self.queue.drain(..).for_each(|(id, _)| extend(&mut ids, id));
        self.bytes = 0;
        ids
    }
}
