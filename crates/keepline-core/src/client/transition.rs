//! How a client passes from one state to the next, and what it tells on the way.

use super::connection::Connection;
use super::{Client, State};
use crate::timers::Timer;
use crate::{Down, End, Event, Instant, MessageIds, Output, Payload};

impl Client {
    /// The connection is of no use any more, though its socket does not say so.
    pub(super) fn give_up(&mut self, why: Down, now: Instant) {
        self.outputs.extend(self.conn().map(Output::Abandon));
        self.down(why, now);
    }

    /// The connection is gone; another will be tried.
    pub(super) fn down(&mut self, why: Down, now: Instant) {
        self.tell_unknown();
        if !self.is_settled() {
            self.failures = self.failures.saturating_add(1);
        }
        let drawn = now + self.config.backoff.delay(self.failures, &mut self.rng);
        let retry_at = drawn.max(self.pace.next_allowed());
        self.enter(State::Waiting { why, retry_at }, now);
    }

    /// The line is gone for good, and with it what was under way.
    pub(super) fn end(&mut self, why: End, now: Instant) {
        self.tell_unknown();
        self.finish(why, now);
    }

    /// The line is gone for good, and nothing that was handed over is in doubt.
    pub(super) fn finish(&mut self, why: End, now: Instant) {
        if let Some(ids) = self.outbox.ids() {
            self.outbox.clear();
            self.tell(Event::NeverSent(ids));
        }
        self.enter(State::Ended(why), now);
    }

    /// The only place where the state changes.
    pub(super) fn enter(&mut self, next: State, now: Instant) {
        let before = self.status();
        self.state = next;
        self.arm(now);
        let after = self.status();
        if before != after {
            self.tell(Event::Status(after));
        }
    }

    fn arm(&mut self, now: Instant) {
        self.timers.stop_all();
        match &self.state {
            State::Idle | State::Ended(_) => {}
            State::Connecting(_) => {
                self.timers.set(Timer::Connect, now + self.config.connect_timeout);
            }
            State::Online(_) => self.expect_silence(now),
            State::Waiting { retry_at, .. } => self.timers.set(Timer::Retry, *retry_at),
            State::Leaving(_) | State::Closing { .. } => {
                self.timers.set(Timer::Close, now + self.config.close_timeout);
            }
        }
    }

    pub(super) fn expect_silence(&mut self, now: Instant) {
        if let Some(probe) = &self.config.heartbeat {
            self.timers.stop(Timer::Answer);
            self.timers.set(Timer::Probe, now + probe.idle);
        }
    }

    /// Hands a payload to the open connection.
    pub(super) fn transmit(&mut self, payload: Payload) {
        if let State::Online(connection) = &mut self.state {
            connection.hand_over(payload.len());
            self.outputs.push_back(Output::Transmit(connection.id, payload));
        }
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn tell_unknown(&mut self) {
        let end = self.outbox.first_queued();
        let lost = self.connection_mut().map(|connection| connection.unproven());
        if let Some(ids) = lost.and_then(|first| MessageIds::between(first, end)) {
            self.tell(Event::Unknown(ids));
        }
    }

    pub(super) const fn connection_mut(&mut self) -> Option<&mut Connection> {
        match &mut self.state {
            State::Online(connection)
            | State::Leaving(connection)
            | State::Closing { connection, .. } => Some(connection),
            State::Idle | State::Connecting(_) | State::Waiting { .. } | State::Ended(_) => None,
        }
    }

    fn is_settled(&self) -> bool {
        match &self.state {
            State::Online(connection) | State::Leaving(connection) => connection.is_settled(),
            State::Idle
            | State::Connecting(_)
            | State::Waiting { .. }
            | State::Closing { .. }
            | State::Ended(_) => false,
        }
    }

    pub(super) const fn next_attempt(&self) -> u32 {
        self.failures.saturating_add(1)
    }
}
