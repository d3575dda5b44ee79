//! Every deadline of a client, by name.

use crate::Instant;

/// What a client may be waiting for. Each state arms its own; leaving a state stops them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The handshake must be done.
    Connect,
    /// The next attempt is due.
    Retry,
    /// The line has been open long enough to count as settled.
    Settle,
    /// Nothing has arrived for a while: ask for a sign of life.
    Probe,
    /// The sign of life must have come.
    Answer,
    /// The closing handshake must be done.
    Close,
    /// A session's line has been silent for too long.
    Silence,
    /// The far end must be told what was taken.
    Ack,
    /// The connection that a session moves to must have its greeting.
    Move,
    /// The server that goes away waits no longer.
    Drain,
    /// All that was sent must have been taken.
    Finish,
    /// The credentials will expire before long.
    Renew,
    /// A message has waited for too long.
    Expiry,
    /// A socket that held too much may hold less.
    Buffer,
}

impl Timer {
    const ALL: [Self; 14] = [
        Self::Connect,
        Self::Retry,
        Self::Settle,
        Self::Probe,
        Self::Answer,
        Self::Close,
        Self::Silence,
        Self::Ack,
        Self::Move,
        Self::Drain,
        Self::Finish,
        Self::Renew,
        Self::Expiry,
        Self::Buffer,
    ];
}

#[derive(Clone, Debug)]
pub(crate) struct Timers {
    /// [`Instant::NEVER`] where none is set.
    deadlines: [Instant; Timer::ALL.len()],
}

impl Timers {
    pub(crate) const fn new() -> Self {
        Self { deadlines: [Instant::NEVER; Timer::ALL.len()] }
    }

    /// Stops it if that is never.
    pub(crate) fn set(&mut self, timer: Timer, at: Instant) {
        self.deadlines[timer as usize] = at;
    }

    /// Lets a timer that is set not ring before this.
    pub(crate) fn put_off(&mut self, timer: Timer, until: Instant) {
        if self.is_set(timer) {
            self.set(timer, self.deadlines[timer as usize].max(until));
        }
    }

    pub(crate) fn stop(&mut self, timer: Timer) {
        self.deadlines[timer as usize] = Instant::NEVER;
    }

    pub(crate) fn is_set(&self, timer: Timer) -> bool {
        self.deadlines[timer as usize] != Instant::NEVER
    }

    pub(crate) fn stop_all(&mut self) {
        *self = Self::new();
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.deadlines.iter().min().copied().filter(|at| *at != Instant::NEVER)
    }

    /// Takes the earliest timer that is due, with its deadline, so that late timers still fire in
    /// their order.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<(Timer, Instant)> {
        let at = self.next().filter(|at| *at <= now)?;
        let due = Timer::ALL.into_iter().find(|timer| self.deadlines[*timer as usize] == at)?;
        self.stop(due);
        Some((due, at))
    }
}
