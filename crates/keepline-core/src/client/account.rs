//! What a plain connection was given, and how much of it is in doubt if the connection is lost.

use alloc::vec::Vec;

use crate::delivery::extend;
use crate::{Instant, MessageId, MessageIds, Span};

/// More probes than this are never out without an answer: each waits for a quiet spell.
const MOST_ASKED: usize = 8;

/// More runs of ids than this are not kept. There is one, but for each message that was dropped,
/// replaced, cancelled or has expired between two that were handed over.
const MOST_RUNS: usize = 1_024;

#[derive(Debug)]
pub(super) struct Account {
    /// What was handed over since the last probe.
    since: Vec<MessageIds>,
    /// The probes without an answer yet, the oldest first.
    asked: Vec<Question>,
}

/// A probe without its answer yet.
#[derive(Debug)]
struct Question {
    at: Instant,
    /// What was handed over ahead of it, and behind the probe before.
    ahead: Vec<MessageIds>,
}

impl Account {
    pub(super) const fn new() -> Self {
        Self { since: Vec::new(), asked: Vec::new() }
    }

    /// A message is handed over. Returns what is in doubt from now on, whatever comes, because
    /// there is no room to remember it.
    pub(super) fn give(&mut self, id: MessageId) -> Option<MessageIds> {
        extend(&mut self.since, id);
        (self.since.len() > MOST_RUNS).then(|| self.since.remove(0))
    }

    pub(super) fn probed(&mut self, now: Instant) {
        if self.asked.len() < MOST_ASKED {
            let ahead = core::mem::take(&mut self.since);
            self.asked.push(Question { at: now, ahead });
        }
    }

    /// The answer to the oldest probe: the far end has read all that went out ahead of it. Returns
    /// the round trip, when an answer was due.
    ///
    /// When the far end has skipped an answer, the next one is counted for the skipped probe: the
    /// account then doubts too much, never too little.
    pub(super) fn answered(&mut self, now: Instant) -> Option<Span> {
        let oldest = self.asked.first()?.at;
        self.asked.remove(0);
        Some(now.since(oldest))
    }

    /// What nobody has proven to have arrived, as few runs as there may be.
    pub(super) fn doubts(&self) -> Vec<MessageIds> {
        let mut doubts = Vec::new();
        self.asked.iter().for_each(|question| join(&mut doubts, &question.ahead));
        join(&mut doubts, &self.since);
        doubts
    }
}

/// Adds runs of ids to others, which they go on from.
fn join(doubts: &mut Vec<MessageIds>, more: &[MessageIds]) {
    for run in more {
        match doubts.last_mut() {
            Some(last) if last.last.0 + 1 == run.first.0 => last.last = run.last,
            Some(_) | None => doubts.push(*run),
        }
    }
}
