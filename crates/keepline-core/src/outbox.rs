//! How much waits for a line, and whether more may.

use crate::config::Limits;

/// How much waits in the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queued {
    /// Messages.
    pub messages: usize,
    /// Bytes of payload.
    pub bytes: usize,
}

impl Queued {
    /// The same without a message of this size.
    pub(crate) const fn without(self, size: usize) -> Self {
        Self { messages: self.messages - 1, bytes: self.bytes - size }
    }

    pub(crate) const fn leave_room_for(&self, bytes: usize, limits: &Limits) -> bool {
        self.messages < limits.outbox_messages
            && bytes <= limits.outbox_bytes.saturating_sub(self.bytes)
    }
}
