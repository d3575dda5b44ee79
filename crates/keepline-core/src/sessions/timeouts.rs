//! What is done when a deadline of a connection or a session has come.

use super::accept::{EXPIRED, REFUSED};
use super::alarms::Whose;
use super::line::Stage;
use super::session::Stand;
use super::{Over, ServerOutput, SessionKey, Sessions};
use crate::mutant::{Mutant, planted};
use crate::wire::Record;
use crate::{CloseCode, ConnId, Instant};

const TIMED_OUT: CloseCode = CloseCode(4408);

impl Sessions {
    /// Does whatever is due by `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(whose) = self.alarms.take_due(now) {
            match whose {
                Whose::Line(conn) => self.line_due(conn, now),
                Whose::Session(key) => self.session_due(key, now),
                Whose::Tombstones => {
                    self.tombstone_alarm = None;
                    self.tombstones.expire(now);
                    self.set_tombstone_alarm();
                }
            }
        }
    }

    fn line_due(&mut self, conn: ConnId, now: Instant) {
        let Some(line) = self.lines.get_mut(&conn) else { return };
        line.alarm = None;
        match &line.stage {
            Stage::Silent { until } if *until <= now => {
                self.close(conn, TIMED_OUT, "no hello came", None, now);
            }
            Stage::Verifying { until, .. } if *until <= now => {
                self.close(conn, TIMED_OUT, "nobody could say who is there", None, now);
            }
            Stage::Closing { until, .. } if *until <= now => {
                // The driver has its own patience; here it is forgotten.
                self.lines.remove(&conn);
            }
            Stage::Attached(_) => self.talk_due(conn, now),
            Stage::Silent { .. } | Stage::Verifying { .. } | Stage::Closing { .. } => {}
        }
        self.set_line_alarm(conn);
    }

    fn talk_due(&mut self, conn: ConnId, now: Instant) {
        let (ping, silence) = (self.config.ping, self.config.patience());
        let Some((talk, _)) = self.talk(conn) else {
            return self.close(conn, TIMED_OUT, "its session is gone", None, now);
        };
        if talk.heard + silence <= now {
            return self.part_from(conn, TIMED_OUT, "silent for too long", now);
        }
        if talk.verified_by.is_some_and(|by| by <= now) {
            return self.part_from(conn, TIMED_OUT, "nobody could say who is there", now);
        }
        if talk.expires_at().is_some_and(|at| at <= now) {
            return self.part_from(conn, REFUSED, EXPIRED, now);
        }
        if talk.ping_at(ping) <= now {
            talk.link.say(Record::Ping(0));
            (talk.sent, talk.asked) = (now, now);
            talk.woken = true;
            self.outputs.push_back(ServerOutput::Wake(conn));
        } else if talk.ack_by.is_some_and(|by| by <= now) {
            talk.ack_by = None;
            talk.woken = true;
            self.outputs.push_back(ServerOutput::Wake(conn));
        }
    }

    fn session_due(&mut self, key: SessionKey, now: Instant) {
        let Some(session) = self.by_key.get_mut(&key) else { return };
        session.alarm = None;
        match session.stand {
            Stand::Attached(_) => {}
            Stand::Ending(conn, ..) => self.end_unanswered(key, conn, now),
            Stand::Detached(_) if planted(Mutant::NeverExpires) => {}
            Stand::Detached(since) => match since + self.config.hold {
                until if until <= now => self.give_up(key, Over::Expired, now),
                until => self.set_session_alarm(key, until),
            },
        }
    }

    pub(super) fn set_session_alarm(&mut self, key: SessionKey, at: Instant) {
        if let Some(session) = self.by_key.get_mut(&key) {
            self.alarms.set(Whose::Session(key), &mut session.alarm, at);
        }
    }

    pub(super) fn set_tombstone_alarm(&mut self) {
        if let Some(at) = self.tombstones.next() {
            self.alarms.set(Whose::Tombstones, &mut self.tombstone_alarm, at);
        }
    }
}
