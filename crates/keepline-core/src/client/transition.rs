//! How a client passes from one state to the next, and what it tells on the way.

use alloc::string::String;
use core::mem;

use super::account::Account;
use super::connection::Connection;
use super::greeting::Fate;
use super::session::Draining;
use super::state::Standing;
use super::{Client, Mode, Next, State};
use crate::mutant::{Mutant, planted};
use crate::timers::Timer;
use crate::wire::{Bye, Return};
use crate::{CloseCode, ConnId, Doubt, Down, End, Event, Instant, Output, Payload, Span};

/// No server may keep its clients away for longer.
pub(super) const LONGEST_ABSENCE: Span = Span::secs(60 * 60);

impl Client {
    /// The connection is of no use any more, though its socket does not say so.
    pub(super) fn give_up(&mut self, why: Down, now: Instant) {
        self.let_go();
        self.down(why, now);
    }

    /// The present connection is to be forgotten.
    pub(super) fn let_go(&mut self) {
        let conn = self.conn().filter(|_| !planted(Mutant::LeaksOnGiveUp));
        self.forsake(conn);
    }

    /// The connection is gone; another will be tried.
    pub(super) fn down(&mut self, why: Down, now: Instant) {
        self.tell_doubts();
        let failed = self.failed_handshake(&why);
        match (self.farewell(), self.next_after_loss()) {
            (Some(Bye { code, again: None, reason }), _) if !self.may_return(code) => {
                self.end(End::Bye { code, reason }, now);
            }
            (_, Some(next)) => self.enter(next, now),
            (Some(Bye { code, again: Some(again), reason }), None) => {
                let delay = self.advised(again);
                self.wait(Down::Bye { code, reason }, delay, now);
            }
            (Some(Bye { code, again: None, reason }), None) => {
                let delay = self.delay();
                self.wait(Down::Bye { code, reason }, delay, now);
            }
            (None, None) => {
                let delay = self.delay();
                self.wait(why, delay, now);
                failed.into_iter().for_each(|conn| self.inquire(conn, now));
            }
        }
    }

    /// Whether to come back to a server that has said not to.
    fn may_return(&mut self, code: CloseCode) -> bool {
        code.refuses_credentials() && self.may_ask_again()
    }

    fn wait(&mut self, why: Down, delay: Span, now: Instant) {
        let delay = if planted(Mutant::RetryTooLate) { delay + delay + delay } else { delay };
        let retry_at = (now + delay).max(self.pace.next_allowed());
        let not_before = if let Down::Bye { .. } = why { retry_at } else { now };
        let (why, retry_at) = self.as_things_are(why, retry_at, now);
        self.enter(State::Waiting { why, retry_at, not_before }, now);
    }

    /// How long to wait by our own judgement: after the loss of a session's line as the greeting
    /// has advised, for a server that dies without a word.
    fn delay(&mut self) -> Span {
        if self.connection().is_some_and(|connection| connection.pulse.is_in_question()) {
            // The page has just woken: it is not the server that died.
            return self.moment();
        }
        if !self.is_settled() {
            self.failures = self.failures.saturating_add(1);
            return self.config.backoff.delay(self.failures, &mut self.rng);
        }
        let first = match &self.mode {
            Mode::Session(session) => session.terms.map_or(Span::ZERO, |terms| terms.spread),
            Mode::Plain => Span::ZERO,
        };
        self.rng.up_to(first.max(self.config.backoff.base.into()))
    }

    fn advised(&mut self, again: Return) -> Span {
        let [after, spread] =
            [again.after, again.spread].map(|it| Span::from(it).min(LONGEST_ABSENCE));
        after + self.rng.up_to(spread)
    }

    /// What the server said before it closed the connection.
    pub(super) const fn farewell(&mut self) -> Option<Bye> {
        match &mut self.mode {
            Mode::Plain => None,
            Mode::Session(session) => session.farewell.take(),
        }
    }

    pub(super) const fn has_farewell(&self) -> bool {
        match &self.mode {
            Mode::Plain => false,
            Mode::Session(session) => session.farewell.is_some(),
        }
    }

    /// The line is gone for good, and with it what was under way.
    pub(super) fn end(&mut self, why: End, now: Instant) {
        self.tell_unknown();
        self.end_without_doubt(why, now);
    }

    /// The line is gone for good, and nothing that a plain one has handed over is in doubt.
    pub(super) fn end_without_doubt(&mut self, why: End, now: Instant) {
        self.settle_fates(None);
        self.enter(State::Ended(why), now);
    }

    pub(super) fn enter(&mut self, next: State, now: Instant) {
        self.pass(Next::State(next), now);
    }

    /// The only place where the state changes.
    pub(super) fn pass(&mut self, next: Next, now: Instant) {
        let (before, left) = (self.standing(), self.moves_to());
        let from = self.state.phase();
        let present = mem::replace(&mut self.state, State::Idle);
        self.state = present.followed_by(next);
        let to = self.state.phase();
        debug_assert!(from.may_become(to), "{from:?} does not become {to:?}");
        if let State::Online(_) = self.state {
            self.around.opened();
        }
        self.forsake(left.filter(|conn| !self.owns(*conn)));
        self.arm(now);
        if before != self.standing() {
            self.tell(Event::Status(self.status()));
        }
    }

    fn standing(&self) -> Standing {
        self.state.standing(self.next_attempt())
    }

    /// Nothing more is to be heard of this connection.
    pub(super) fn forsake(&mut self, conn: Option<ConnId>) {
        if let Some(conn) = conn {
            self.outputs.push(Output::Abandon(conn));
        }
    }

    fn arm(&mut self, now: Instant) {
        self.timers.stop_all();
        match &self.state {
            State::Idle | State::Ended(_) => {}
            State::Connecting(dial) => self.timers.set(Timer::Connect, dial.until),
            State::Greeting(asked) => self.timers.set(Timer::Connect, asked.dial.until),
            State::Online(_) => {
                self.expect_silence(now);
                self.expect_sound(now);
                self.expect_renewal();
            }
            State::Waiting { retry_at, .. } => self.timers.set(Timer::Retry, *retry_at),
            State::Leaving(_) | State::Closing { .. } => {
                self.timers.set(Timer::Close, now + self.config.close_timeout);
            }
        }
        if let Mode::Session(session) = &self.mode
            && let Some(finish) = &session.finishing
        {
            self.timers.set(Timer::Finish, finish.by);
        }
        self.expect_expiry();
    }

    pub(super) fn expect_silence(&mut self, now: Instant) {
        if let Some(probe) = &self.config.heartbeat {
            self.timers.stop(Timer::Answer);
            self.timers.set(Timer::Probe, now + self.around.idle(probe));
        }
    }

    /// Begins the closing handshake on the present connection.
    pub(super) fn say_close(&mut self, code: CloseCode, reason: String) {
        if let Some(conn) = self.conn() {
            self.outputs.push(Output::Close(conn, code, reason));
        }
    }

    /// Hands a payload to a connection.
    pub(super) fn transmit(&mut self, conn: ConnId, payload: Payload) {
        self.pour(payload.len());
        self.outputs.push(Output::Transmit(conn, payload));
    }

    /// The connection holds so many bytes more.
    pub(super) fn pour(&mut self, bytes: usize) {
        if let Some(connection) = self.connection_mut() {
            connection.drain.hand_over(bytes);
        }
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.outputs.push(Output::Event(event));
    }

    /// What a connection leaves in doubt when it is lost.
    fn tell_doubts(&mut self) {
        match &mut self.mode {
            Mode::Plain => self.tell_unknown(),
            Mode::Session(session) => match session.draining {
                Draining::No => {}
                // The next connection will say how far the session had come, if it is still there.
                Draining::Flushing => session.draining = Draining::No,
                Draining::Ending => self.part(None),
            },
        }
    }

    fn tell_unknown(&mut self) {
        let lost = self.account().map(|account| account.doubts()).unwrap_or_default();
        self.tell_all(lost, Fate::InDoubt(Doubt::LineLost));
    }

    pub(super) const fn connection(&self) -> Option<&Connection> {
        match &self.state {
            State::Online(connection)
            | State::Leaving(connection)
            | State::Closing { connection, .. } => Some(connection),
            State::Idle
            | State::Connecting(_)
            | State::Greeting(_)
            | State::Waiting { .. }
            | State::Ended(_) => None,
        }
    }

    pub(super) const fn connection_mut(&mut self) -> Option<&mut Connection> {
        match &mut self.state {
            State::Online(connection)
            | State::Leaving(connection)
            | State::Closing { connection, .. } => Some(connection),
            State::Idle
            | State::Connecting(_)
            | State::Greeting(_)
            | State::Waiting { .. }
            | State::Ended(_) => None,
        }
    }

    pub(super) const fn account(&mut self) -> Option<&mut Account> {
        match self.connection_mut() {
            Some(connection) => connection.account(),
            None => None,
        }
    }

    fn is_settled(&self) -> bool {
        match &self.state {
            State::Online(connection) | State::Leaving(connection) => connection.is_settled(),
            State::Idle
            | State::Connecting(_)
            | State::Greeting(_)
            | State::Waiting { .. }
            | State::Closing { .. }
            | State::Ended(_) => false,
        }
    }

    pub(super) const fn next_attempt(&self) -> u32 {
        self.failures.saturating_add(1)
    }
}
