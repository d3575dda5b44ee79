//! What happened in a run: its hash, its counts, and in a replay its log.

use std::collections::BTreeMap;

use keepline_core::Instant;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happened {
    /// A connection was tried.
    Attempt,
    /// A line was online.
    Online,
    /// A line ended.
    Ended,
    /// The server began the state of a session.
    Epoch,
    /// A session was resumed by another connection.
    Resumed,
    /// A client learned of a new epoch.
    Restarted,
    /// A frame came to the client, or to the server.
    Frame,
    /// A message was accepted for sending.
    Message,
    /// A session's room was over.
    Over,
    /// A client moved to another connection.
    Moved,
    /// A connection was refused.
    Refused,
    /// A handshake hung.
    Hung,
    /// A greeting, or a hello, was lost.
    HandshakeLost,
    /// A connection was cut.
    Cut,
    /// A frame was lost in the middle of a connection.
    FrameLost,
    /// A connection stalled.
    Stall,
    /// A delay was much longer than usual.
    Delay,
    /// The process died.
    Restart,
    /// An application of the server ended a session.
    ServerEnd,
    /// The server said bye.
    Bye,
    /// The server went away, its sessions being reachable.
    GoAway,
    /// The server went away with its sessions.
    Drain,
    /// A tab slept.
    Sleep,
    /// An application closed, finished or dropped a line.
    AppEnd,
    /// An application connected again.
    Again,
    /// An application did not want to wait.
    RetryNow,
    /// Credentials were renewed.
    Renew,
    /// A verifier refused somebody.
    Denied,
    /// A server had no place.
    Full,
    /// A session was given up because nobody came back, or for want of room.
    GivenUp,
    /// A message came again and was discarded.
    Repeated,
    /// A message made room for another.
    Dropped,
    /// A message was replaced by another under its key.
    Replaced,
    /// A message waited for too long.
    Expired,
    /// A message was taken back.
    Cancelled,
    /// A client asked how much its socket holds.
    Measured,
    /// A page woke.
    Woke,
    /// A page stood still.
    Suspended,
    /// A page was left, and lived on.
    Left,
    /// A browser believed that there was no network.
    Offline,
}

/// The story of one run.
#[derive(Debug, Default)]
pub(crate) struct Story {
    hash: u64,
    pub(crate) steps: u64,
    pub(crate) counts: BTreeMap<Happened, u64>,
    /// The log, if somebody wants to read it.
    log: Option<Log>,
}

/// Where the lines of a log go; whoever listens still has them after a panic.
pub type Log = std::rc::Rc<std::cell::RefCell<Vec<String>>>;

impl Story {
    pub(crate) fn told(log: Option<Log>) -> Self {
        Self { log, ..Self::default() }
    }

    pub(crate) fn count(&mut self, what: Happened) {
        self.add(what, 1);
    }

    pub(crate) fn add(&mut self, what: Happened, times: u64) {
        *self.counts.entry(what).or_default() += times;
    }

    pub(crate) fn mix(&mut self, what: u64) {
        self.hash = (self.hash ^ what).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
    }

    pub(crate) fn mix_bytes(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            self.mix(chunk.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
        }
    }

    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn line(&mut self, now: Instant, what: impl FnOnce() -> String) {
        if let Some(log) = &self.log {
            let line = format!("{:>11.6} {}", now.since_origin().as_secs_f64(), what());
            log.borrow_mut().push(line);
        }
    }
}
