//! One open connection: how far it is proven, and what it was given.

use alloc::collections::VecDeque;
use alloc::string::String;
use core::time::Duration;

use crate::{ConnId, Instant, MessageId};

/// More probes than this are never out without an answer: each waits for a quiet spell.
const MOST_ASKED: usize = 8;

#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) id: ConnId,
    pub(super) protocol: String,
    opened_at: Instant,
    /// Open for long enough, and the far end has said something.
    settled: bool,
    /// What was handed over from here on is unknown if the connection is lost.
    unproven: MessageId,
    /// The probes without an answer yet, the oldest first.
    asked: VecDeque<Asked>,
    /// Bytes of payload that the socket was given.
    handed: u64,
    /// How many of them the network had taken when this was last told.
    taken: u64,
}

/// A probe without its answer yet.
#[derive(Clone, Debug)]
struct Asked {
    at: Instant,
    /// What was handed over below this id went out ahead of the probe.
    behind: MessageId,
}

impl Connection {
    pub(super) const fn new(
        id: ConnId,
        protocol: String,
        first: MessageId,
        opened_at: Instant,
    ) -> Self {
        Self {
            id,
            protocol,
            opened_at,
            settled: false,
            unproven: first,
            asked: VecDeque::new(),
            handed: 0,
            taken: 0,
        }
    }

    /// Takes note of a message from the far end; `Some` is when the connection will have settled,
    /// if it has not by now.
    pub(super) fn heard(&mut self, now: Instant, settle_after: Duration) -> Option<Instant> {
        let settles_at = self.opened_at + settle_after;
        self.settled |= settles_at <= now;
        (!self.settled).then_some(settles_at)
    }

    pub(super) const fn settle(&mut self) {
        self.settled = true;
    }

    pub(super) const fn is_settled(&self) -> bool {
        self.settled
    }

    pub(super) const fn hand_over(&mut self, bytes: usize) {
        self.handed += bytes as u64;
    }

    pub(super) fn probed(&mut self, now: Instant, next: MessageId) {
        if self.asked.len() < MOST_ASKED {
            self.asked.push_back(Asked { at: now, behind: next });
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

    /// Whether the network has taken more of what the socket was given since this was last told.
    pub(super) const fn drains(&mut self, buffered: u64) -> bool {
        let taken = self.handed.saturating_sub(buffered);
        let drains = taken > self.taken;
        self.taken = taken;
        drains
    }
}
