//! The receiving half of a session's end: what has come, what was taken, and what may still come.

use alloc::collections::VecDeque;

use super::{Breach, Mark};
use crate::mutant::{Mutant, planted};
use crate::wire::{Ack, Credit, Window};

/// Counts what the far end sends. The messages themselves are with the application.
#[derive(Debug)]
pub(crate) struct Incoming {
    window: Window,
    received: Mark,
    taken: Mark,
    /// The sizes of what was received and not taken yet.
    waiting: VecDeque<u32>,
    /// How far the far end may go.
    granted: Credit,
    /// How many came again by a newer connection.
    repeated: u64,
}

/// Whether a message is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    New,
    /// An older connection had brought it.
    Again,
}

impl Incoming {
    pub(crate) const fn new(window: Window) -> Self {
        Self {
            window,
            received: Mark { number: 0, bytes: 0 },
            taken: Mark { number: 0, bytes: 0 },
            waiting: VecDeque::new(),
            granted: Credit { number: window.messages, bytes: window.bytes },
            repeated: 0,
        }
    }

    pub(crate) const fn window(&self) -> Window {
        self.window
    }

    pub(crate) const fn received(&self) -> u64 {
        self.received.number
    }

    pub(crate) const fn taken(&self) -> u64 {
        self.taken.number
    }

    /// How many messages came again, and were discarded.
    pub(crate) const fn repeated(&self) -> u64 {
        self.repeated
    }

    /// How many came and were not taken yet.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The bytes of what came and was not taken yet.
    pub(crate) const fn waiting_bytes(&self) -> u64 {
        self.received.bytes - self.taken.bytes
    }

    /// Whether the application has taken all that came.
    pub(crate) fn is_settled(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes in a message of this number, which its connection has checked to be the next there.
    pub(crate) fn message(&mut self, number: u64, size: usize) -> Result<Arrived, Breach> {
        if number <= self.received.number {
            self.repeated += 1;
            let again = !planted(Mutant::DuplicateNotDiscarded);
            return Ok(if again { Arrived::Again } else { Arrived::New });
        }
        if size as u64 > self.window.message_bytes {
            return Err(Breach::TooLarge);
        }
        let received = self.received.after(size);
        if received.number != number && !planted(Mutant::NumberNotChecked) {
            return Err(Breach::Number);
        }
        if !received.is_within(self.granted) {
            return Err(Breach::Credit);
        }
        self.received = received;
        self.waiting.push_back(u32::try_from(size).unwrap_or(u32::MAX));
        Ok(Arrived::New)
    }

    /// The application has taken the next `count` messages.
    pub(crate) fn took(&mut self, count: usize) {
        for _ in 0..count {
            let Some(size) = self.waiting.pop_front() else { break };
            self.taken = self.taken.after(size as usize);
        }
        self.granted.number = self.granted.number.max(self.taken.number + self.window.messages);
        self.granted.bytes = self.granted.bytes.max(self.taken.bytes + self.window.bytes);
    }

    /// What the far end is to be told.
    pub(crate) fn ack(&self) -> Ack {
        let taken = match self.taken.number {
            taken if planted(Mutant::TakenToldTooHigh) => self.received.number.min(taken + 1),
            _ if planted(Mutant::ReceivedToldAsTaken) => self.received.number,
            taken if planted(Mutant::AckGoesBack) && taken % 3 == 2 => taken - 2,
            taken => taken,
        };
        Ack { taken, credit: self.granted }
    }

    /// What the far end takes for granted when an epoch begins.
    pub(crate) const fn first_ack(&self) -> Ack {
        let Window { messages, bytes, .. } = self.window;
        Ack { taken: 0, credit: Credit { number: messages, bytes } }
    }

    /// Whether so much was taken since the far end was `told` that it should hear of it at once.
    pub(crate) fn is_urgent(&self, told: Ack) -> bool {
        let Credit { number, bytes } = self.granted;
        number.saturating_sub(told.credit.number) >= self.window.messages.div_ceil(4)
            || bytes.saturating_sub(told.credit.bytes) >= self.window.bytes.div_ceil(4)
    }
}
