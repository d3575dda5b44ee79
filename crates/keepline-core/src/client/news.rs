//! What each piece of news and each deadline means to a client.

use alloc::boxed::Box;
use alloc::string::String;

use super::connection::{Connection, Dial};
use super::inquiry::Inquiry;
use super::{Client, Mode, Next, State};
use crate::timers::Timer;
use crate::{
    Breach, Broken, Closed, ConnId, Down, Draw, End, Event, Instant, OpenFailure, Output, Payload,
    Verdict,
};

/// What is heard of the one connection that the client owns.
impl Client {
    pub(super) fn opened(&mut self, conn: ConnId, protocol: String, draw: Draw, now: Instant) {
        let State::Connecting(dial) = self.state else { return };
        self.inquiry.forget();
        match &self.mode {
            Mode::Plain => {
                let connection = Box::new(Connection::plain(conn, protocol, now));
                self.enter(State::Online(connection), now);
                self.expire_if_due(now);
                self.hand_over_all();
            }
            Mode::Session(_) => self.say_hello(dial, &protocol, draw, now),
        }
    }

    pub(super) fn open_failed(&mut self, failure: OpenFailure, now: Instant) {
        match (&self.state, failure) {
            (State::Connecting(_), OpenFailure::Refused(why)) => self.end(End::Refused(why), now),
            (State::Connecting(_), OpenFailure::Unavailable(why)) => {
                self.down(Down::Failed(why), now);
            }
            // A socket that was open has failed, whatever it says of opening.
            (
                State::Greeting(_) | State::Online(_) | State::Leaving(_) | State::Closing { .. },
                _,
            ) => {
                self.closed(Closed::abnormal(), None, now);
            }
            (State::Idle | State::Waiting { .. } | State::Ended(_), _) => {}
        }
    }

    pub(super) fn received(&mut self, conn: ConnId, payload: Payload, now: Instant) {
        if let Mode::Session(_) = self.mode {
            self.hear_frame(conn, &payload, now);
        } else if self.heard(now) {
            self.look_again(conn);
            self.outputs.push(Output::Deliver(payload));
        }
    }

    pub(super) fn too_large(&mut self, size: usize, now: Instant) {
        if let Mode::Session(_) = self.mode {
            let what = String::from("a frame over the limit");
            self.broken(Broken { code: Breach::TooLarge.close_code(), what }, now);
        } else if self.heard(now) {
            self.outputs.push(Output::Refuse { size });
        }
    }

    pub(super) fn answered(&mut self, payload: Payload, now: Instant) {
        if !self.heard(now) {
            return;
        }
        match self.account().and_then(|account| account.answered(now)) {
            Some(round_trip) => self.tell(Event::RoundTrip(round_trip.into())),
            // Nobody asked: it is the application's own.
            None => self.outputs.push(Output::Deliver(payload)),
        }
    }

    /// Takes note of a sign of life; `false` when nothing is expected any more.
    fn heard(&mut self, now: Instant) -> bool {
        let State::Online(connection) = &mut self.state else { return false };
        match connection.heard(now, self.config.settle_after.into()) {
            Some(settles_at) => self.timers.set(Timer::Settle, settles_at),
            None => self.proven(),
        }
        self.expect_silence(now);
        true
    }

    pub(super) fn peer_closing(&mut self, now: Instant) {
        if let State::Online(_) = self.state {
            self.pass(Next::Leaving, now);
        }
    }

    pub(super) fn closed(&mut self, closed: Closed, judged: Option<Verdict>, now: Instant) {
        match &self.state {
            State::Closing { asked, .. } if closed.answers(*asked) => {
                self.end_without_doubt(End::Application, now);
            }
            State::Closing { .. } => self.end(End::Application, now),
            State::Connecting(_) => match self.verdict(&closed, judged) {
                Verdict::Retry => self.never_opened(closed, now),
                Verdict::End => self.end(End::Closed(closed), now),
            },
            State::Greeting(_) | State::Online(_) | State::Leaving(_) => {
                match self.verdict(&closed, judged) {
                    Verdict::Retry => self.down(Down::Closed(closed), now),
                    Verdict::End => self.end(End::Closed(closed), now),
                }
            }
            State::Idle | State::Waiting { .. } | State::Ended(_) => {}
        }
    }

    /// What a close means, besides what the server has said before it.
    fn verdict(&mut self, closed: &Closed, judged: Option<Verdict>) -> Verdict {
        let is_hopeless = self.is_hopeless_close(closed);
        match judged {
            Some(judged) => judged,
            // The server lets go of the old connection when it has greeted on the new one.
            None if self.moves_to().is_some() || !self.is_latest() => Verdict::Retry,
            // It is what the server has said that counts, not the code.
            None if self.has_farewell() => Verdict::Retry,
            None if is_hopeless => Verdict::End,
            None if closed.code.refuses_credentials() && self.may_ask_again() => Verdict::Retry,
            None => closed.code.verdict(),
        }
    }

    /// Whether the session's latest hello was said on this connection. If a move has failed, the
    /// server may have let go of it for the connection that was to be the next.
    fn is_latest(&self) -> bool {
        match (&self.mode, self.connection()) {
            (Mode::Session(session), Some(connection)) => session.is_latest(connection.hello),
            (Mode::Session(_), None) | (Mode::Plain, _) => true,
        }
    }

    fn never_opened(&mut self, closed: Closed, now: Instant) {
        let doubts = match &mut self.mode {
            Mode::Plain => false,
            Mode::Session(session) => session.doubts(),
        };
        let why = if doubts { Down::PerhapsNotKeepline } else { Down::Closed };
        self.down(why(closed), now);
    }

    /// A network that still takes what it was given puts off what would end the connection. Not
    /// the silence of a session, nor its answer on waking: its server speaks by itself, and takes
    /// note of what it gets. The system's buffers drain into a black hole as well.
    pub(super) fn buffered(&mut self, bytes: u64, now: Instant) {
        let drains = self.connection_mut().is_some_and(|connection| connection.drain.drains(bytes));
        if drains {
            self.put_off_the_end(now);
        }
        self.weigh(bytes, now);
    }

    fn put_off_the_end(&mut self, now: Instant) {
        if self.timers.is_set(Timer::Close) {
            self.timers.set(Timer::Close, now + self.config.close_timeout);
        }
        if let Some(probe) = &self.config.heartbeat
            && self.timers.is_set(Timer::Answer)
        {
            self.timers.set(Timer::Answer, now + self.patience(probe));
        }
    }
}

/// What is due.
impl Client {
    /// Makes an attempt, or waits until the pace allows one.
    pub(super) fn attempt(&mut self, now: Instant) {
        let retry_at = self.pace.next_allowed();
        if retry_at > now {
            let not_before = retry_at;
            return self.enter(State::Waiting { why: Down::Paced, retry_at, not_before }, now);
        }
        self.farewell();
        self.around.runs();
        let dial = self.dial(now);
        self.enter(State::Connecting(dial), now);
    }

    /// Has a socket opened.
    pub(super) fn dial(&mut self, now: Instant) -> Dial {
        self.pace.record(now);
        let conn = ConnId(self.last_conn.0 + 1);
        self.last_conn = conn;
        self.outputs.push(Output::Open(conn));
        let until = now + self.config.connect_timeout;
        Dial { conn, until, provided: false, excused: false }
    }

    pub(super) fn settle(&mut self) {
        if let State::Online(connection) = &mut self.state {
            connection.settle();
            self.proven();
        }
    }

    /// The far end is there, and lives: what went wrong before counts no longer.
    pub(super) fn proven(&mut self) {
        self.failures = 0;
        self.supply.refused = false;
        self.inquiry = Inquiry::default();
    }

    pub(super) fn probe(&mut self, now: Instant) {
        let (Mode::Plain, Some(probe)) = (&self.mode, &self.config.heartbeat) else { return };
        let (message, within) = (probe.message.clone(), probe.within);
        if let (Some(conn), Some(account)) = (self.conn(), self.account()) {
            account.probed(now);
            self.timers.set(Timer::Answer, now + within);
            self.transmit(conn, message);
        }
    }

    pub(super) fn close_timed_out(&mut self, now: Instant) {
        match &self.state {
            State::Leaving(_) => self.give_up(Down::Closed(Closed::abnormal()), now),
            State::Closing { connection, .. } => {
                self.outputs.push(Output::Abandon(connection.id));
                self.end(End::Application, now);
            }
            State::Idle
            | State::Connecting(_)
            | State::Greeting(_)
            | State::Online(_)
            | State::Waiting { .. }
            | State::Ended(_) => {}
        }
    }
}
