//! One open connection: how far it is proven, and what it was given.

use alloc::string::String;
use core::time::Duration;

use crate::{ConnId, Instant, MessageId};

#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) conn: ConnId,
    pub(super) protocol: String,
    opened_at: Instant,
    /// Open for long enough, and the far end has said something.
    settled: bool,
    /// What was handed over from here on is unknown if the line is lost.
    unproven: MessageId,
    asked: Option<Asked>,
    buffered: u64,
}

/// A probe without its answer yet.
#[derive(Clone, Debug)]
struct Asked {
    at: Instant,
    /// What was handed over below this id went out ahead of the probe.
    behind: MessageId,
}

impl Line {
    pub(super) const fn new(
        conn: ConnId,
        protocol: String,
        first: MessageId,
        now: Instant,
    ) -> Self {
        Self {
            conn,
            protocol,
            opened_at: now,
            settled: false,
            unproven: first,
            asked: None,
            buffered: 0,
        }
    }

    /// Takes note of a message from the far end; `Some` is when the line will have settled, if it
    /// has not by now.
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

    pub(super) fn probed(&mut self, now: Instant, next: MessageId) {
        self.asked = Some(Asked { at: now, behind: next });
    }

    /// The probe's answer: the far end has read all that went out ahead of the probe. Returns the
    /// round trip, when an answer was due.
    pub(super) fn answered(&mut self, now: Instant) -> Option<Duration> {
        let asked = self.asked.take()?;
        self.unproven = asked.behind;
        Some(now - asked.at)
    }

    pub(super) const fn unproven(&self) -> MessageId {
        self.unproven
    }

    /// Whether the network has taken some of what the socket held since this was last told.
    pub(super) const fn buffered(&mut self, bytes: u64) -> bool {
        let drained = bytes < self.buffered;
        self.buffered = bytes;
        drained
    }
}
