//! What each piece of news and each deadline means to a client.

use alloc::string::String;

use super::connection::Connection;
use super::{Client, State};
use crate::timers::Timer;
use crate::{Closed, ConnId, Down, End, Event, Instant, OpenFailure, Output, Payload, Verdict};

/// What is heard of the one connection that the client owns.
impl Client {
    pub(super) fn opened(&mut self, conn: ConnId, protocol: String, now: Instant) {
        let State::Connecting(_) = self.state else { return };
        let first = self.outbox.first_queued();
        self.enter(State::Online(Connection::new(conn, protocol, first, now)), now);
        while let Some(payload) = self.outbox.pop() {
            self.transmit(payload);
        }
    }

    pub(super) fn open_failed(&mut self, failure: OpenFailure, now: Instant) {
        match (&self.state, failure) {
            (State::Connecting(_), OpenFailure::Refused(why)) => self.end(End::Refused(why), now),
            (State::Connecting(_), OpenFailure::Unavailable(why)) => {
                self.down(Down::Failed(why), now);
            }
            // A socket that was open has failed, whatever it says of opening.
            (State::Online(_) | State::Leaving(_) | State::Closing { .. }, _) => {
                self.closed(Closed::abnormal(), None, now);
            }
            (State::Idle | State::Waiting { .. } | State::Ended(_), _) => {}
        }
    }

    pub(super) fn received(&mut self, payload: Payload, now: Instant) {
        if self.heard(now) {
            self.outputs.push_back(Output::Deliver(payload));
        }
    }

    pub(super) fn too_large(&mut self, size: usize, now: Instant) {
        if self.heard(now) {
            self.outputs.push_back(Output::Refuse { size });
        }
    }

    pub(super) fn answered(&mut self, payload: Payload, now: Instant) {
        if !self.heard(now) {
            return;
        }
        match self.connection_mut().and_then(|connection| connection.answered(now)) {
            Some(round_trip) => self.tell(Event::RoundTrip(round_trip)),
            // Nobody asked: it is the application's own.
            None => self.outputs.push_back(Output::Deliver(payload)),
        }
    }

    /// Takes note of a sign of life; `false` when nothing is expected any more.
    fn heard(&mut self, now: Instant) -> bool {
        let State::Online(connection) = &mut self.state else { return false };
        match connection.heard(now, self.config.settle_after) {
            Some(settles_at) => self.timers.set(Timer::Settle, settles_at),
            None => self.failures = 0,
        }
        self.expect_silence(now);
        true
    }

    pub(super) fn peer_closing(&mut self, now: Instant) {
        if let State::Online(connection) = &self.state {
            self.enter(State::Leaving(connection.clone()), now);
        }
    }

    pub(super) fn closed(&mut self, closed: Closed, judged: Option<Verdict>, now: Instant) {
        match &self.state {
            State::Closing { asked, .. } if closed.answers(*asked) => {
                self.finish(End::Application, now);
            }
            State::Closing { .. } => self.end(End::Application, now),
            State::Connecting(_) | State::Online(_) | State::Leaving(_) => {
                match judged.unwrap_or_else(|| closed.code.verdict()) {
                    Verdict::Retry => self.down(Down::Closed(closed), now),
                    Verdict::End => self.end(End::Closed(closed), now),
                }
            }
            State::Idle | State::Waiting { .. } | State::Ended(_) => {}
        }
    }

    /// A network that still takes what it was given puts off what would end the connection.
    pub(super) fn buffered(&mut self, bytes: u64, now: Instant) {
        let drains = self.connection_mut().is_some_and(|connection| connection.drains(bytes));
        if !drains {
            return;
        }
        if self.timers.is_set(Timer::Close) {
            self.timers.set(Timer::Close, now + self.config.close_timeout);
        }
        if let Some(probe) = &self.config.heartbeat
            && self.timers.is_set(Timer::Answer)
        {
            self.timers.set(Timer::Answer, now + probe.within);
        }
    }
}

/// What is due.
impl Client {
    /// Makes an attempt, or waits until the pace allows one.
    pub(super) fn attempt(&mut self, now: Instant) {
        let retry_at = self.pace.next_allowed();
        if retry_at > now {
            return self.enter(State::Waiting { why: Down::Paced, retry_at }, now);
        }
        self.pace.record(now);
        self.last_conn = ConnId(self.last_conn.0 + 1);
        self.outputs.push_back(Output::Open(self.last_conn));
        self.enter(State::Connecting(self.last_conn), now);
    }

    pub(super) fn settle(&mut self) {
        if let State::Online(connection) = &mut self.state {
            connection.settle();
            self.failures = 0;
        }
    }

    pub(super) fn probe(&mut self, now: Instant) {
        let (State::Online(connection), Some(probe)) = (&mut self.state, &self.config.heartbeat)
        else {
            return;
        };
        connection.probed(now, self.outbox.next_id());
        let message = probe.message.clone();
        self.timers.set(Timer::Answer, now + probe.within);
        self.transmit(message);
    }

    pub(super) fn close_timed_out(&mut self, now: Instant) {
        match &self.state {
            State::Leaving(_) => self.give_up(Down::Closed(Closed::abnormal()), now),
            State::Closing { connection, .. } => {
                self.outputs.push_back(Output::Abandon(connection.id));
                self.end(End::Application, now);
            }
            State::Idle
            | State::Connecting(_)
            | State::Online(_)
            | State::Waiting { .. }
            | State::Ended(_) => {}
        }
    }
}
