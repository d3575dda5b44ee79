//! What a plain connection was given, and how much of it is in doubt if the connection is lost.

use alloc::collections::VecDeque;
use core::time::Duration;

use crate::{Instant, MessageId};

/// More probes than this are never out without an answer: each waits for a quiet spell.
const MOST_ASKED: usize = 8;

#[derive(Clone, Debug)]
pub(super) struct Account {
    /// What was handed over from here on is unknown if the connection is lost.
    unproven: MessageId,
    /// The probes without an answer yet, the oldest first.
    asked: VecDeque<Question>,
}

/// A probe without its answer yet.
#[derive(Clone, Debug)]
struct Question {
    at: Instant,
    /// What was handed over below this id went out ahead of the probe.
    behind: MessageId,
}

impl Account {
    pub(super) const fn new(first: MessageId) -> Self {
        Self { unproven: first, asked: VecDeque::new() }
    }

    pub(super) fn probed(&mut self, now: Instant, next: MessageId) {
        if self.asked.len() < MOST_ASKED {
            self.asked.push_back(Question { at: now, behind: next });
        }
    }

    /// The answer to the oldest probe: the far end has read all that went out ahead of it. Returns
    /// the round trip, when an answer was due.
    ///
    /// When the far end has skipped an answer, the next one is counted for the skipped probe: the
    /// account then doubts too much, never too little.
    pub(super) fn answered(&mut self, now: Instant) -> Option<Duration> {
        let asked = self.asked.pop_front()?;
        self.unproven = asked.behind;
        Some(now - asked.at)
    }

    pub(super) const fn unproven(&self) -> MessageId {
        self.unproven
    }
}
