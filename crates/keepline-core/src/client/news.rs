//! What each piece of news and each deadline means to a client.

use alloc::string::String;

use super::line::Line;
use super::{Client, State};
use crate::timers::Timer;
use crate::{Closed, ConnId, Down, End, Event, Instant, OpenFailure, Output, Payload, Verdict};

/// What is heard of the one connection that the client owns.
impl Client {
    pub(super) fn opened(&mut self, conn: ConnId, protocol: String, now: Instant) {
        let State::Connecting(_) = self.state else {
            return;
        };
        let first = self.outbox.first_queued();
        self.enter(State::Online(Line::new(conn, protocol, first, now)), now);
        while let Some(payload) = self.outbox.pop() {
            self.outputs.push_back(Output::Transmit(conn, payload));
        }
    }

    pub(super) fn open_failed(&mut self, failure: OpenFailure, now: Instant) {
        match failure {
            OpenFailure::Refused(message) => self.end(End::Refused(message), now),
            OpenFailure::Unavailable(message) => self.down(Down::Failed(message), now),
        }
    }

    pub(super) fn received(&mut self, payload: Payload, now: Instant) {
        let State::Online(line) = &mut self.state else {
            return;
        };
        match line.heard(now, self.config.settle_after) {
            Some(settles_at) => self.timers.set(Timer::Settle, settles_at),
            None => self.failures = 0,
        }
        self.expect_silence(now);
        if self.is_answer(&payload) {
            return self.answered(now);
        }
        self.tell(Event::Message(payload));
    }

    fn is_answer(&self, payload: &Payload) -> bool {
        self.config.heartbeat.as_ref().is_some_and(|probe| probe.answer.is(payload))
    }

    fn answered(&mut self, now: Instant) {
        let State::Online(line) = &mut self.state else {
            return;
        };
        if let Some(round_trip) = line.answered(now) {
            self.tell(Event::RoundTrip(round_trip));
        }
    }

    pub(super) fn peer_closing(&mut self, now: Instant) {
        if let State::Online(line) = &self.state {
            self.enter(State::Leaving(line.clone()), now);
        }
    }

    pub(super) fn closed(&mut self, closed: Closed, now: Instant) {
        match &self.state {
            State::Closing(_) if closed.clean => self.finish(End::Application, now),
            State::Closing(_) => self.end(End::Application, now),
            State::Connecting(_) | State::Online(_) | State::Leaving(_) => {
                match self.verdict(&closed) {
                    Verdict::Retry => self.down(Down::Closed(closed), now),
                    Verdict::End => self.end(End::Closed(closed), now),
                }
            }
            State::Idle | State::Waiting { .. } | State::Ended(_) => {}
        }
    }

    fn verdict(&self, closed: &Closed) -> Verdict {
        let policy = self.config.close_policy.as_ref();
        policy.and_then(|policy| policy.judge(closed)).unwrap_or_else(|| closed.code.verdict())
    }

    pub(super) fn buffered(&mut self, bytes: u64, now: Instant) {
        let State::Online(line) = &mut self.state else {
            return;
        };
        let drained = line.buffered(bytes);
        if let Some(probe) = &self.config.heartbeat
            && drained
            && self.timers.is_set(Timer::Answer)
        {
            self.timers.set(Timer::Answer, now + probe.within);
        }
    }
}

/// What is due.
impl Client {
    pub(super) fn attempt(&mut self, now: Instant) {
        self.pace.record(now);
        self.last_conn = ConnId(self.last_conn.0 + 1);
        self.outputs.push_back(Output::Open(self.last_conn));
        self.enter(State::Connecting(self.last_conn), now);
    }

    pub(super) fn settle(&mut self) {
        if let State::Online(line) = &mut self.state {
            line.settle();
            self.failures = 0;
        }
    }

    pub(super) fn probe(&mut self, now: Instant) {
        let (State::Online(line), Some(probe)) = (&mut self.state, &self.config.heartbeat) else {
            return;
        };
        line.probed(now, self.outbox.next_id());
        self.outputs.push_back(Output::Transmit(line.conn, probe.message.clone()));
        self.timers.set(Timer::Answer, now + probe.within);
    }

    pub(super) fn close_timed_out(&mut self, now: Instant) {
        match &self.state {
            State::Leaving(_) => self.give_up(Down::Closed(Closed::abnormal()), now),
            State::Closing(line) => {
                self.outputs.push_back(Output::Abandon(line.conn));
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
