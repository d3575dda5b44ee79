//! How sessions end, and how a server goes away.

use alloc::vec::Vec;
use core::time::Duration;

use super::alarms::Whose;
use super::line::{LastWord, Stage};
use super::session::{Session, Stand};
use super::{Over, SessionEvent, SessionKey, Sessions};
use crate::delivery::Fates;
use crate::wire::{Bye, Finale, GoAway, Previous, Record, Return};
use crate::{CloseCode, ConnId, Doubt, Instant, Loss, Payload};

impl Sessions {
    /// Ends a session in band: the client is told how far the application has come, and its answer
    /// says how far it has. [`SessionEvent::Over`] follows.
    pub fn end(&mut self, key: SessionKey, code: CloseCode, reason: &str, now: Instant) {
        let Some(session) = self.by_key.get_mut(&key) else { return };
        match session.stand {
            Stand::Ending(..) => {}
            Stand::Detached(_) => {
                let reason = super::shortened(reason);
                self.finish(key, Over::Server { code, reason }, None, now);
            }
            Stand::Attached(conn) => {
                let reason = super::shortened(reason);
                let finale = session.finale(code, &reason);
                session.stand = Stand::Ending(conn, code, reason);
                if let Some((talk, _)) = self.talk(conn) {
                    talk.last = LastWord::Ready(finale);
                }
                let until = now + self.config.close_timeout;
                self.set_session_alarm(key, until);
                self.wake(key);
            }
        }
    }

    /// Says goodbye on every connection and closes it: the clients come back as `again` says, or
    /// not at all. Sessions are kept.
    pub fn say_bye(&mut self, code: CloseCode, again: Option<Return>, reason: &str, now: Instant) {
        let conns: Vec<ConnId> = self.lines.keys().copied().collect();
        for conn in conns {
            if let Some(Stage::Closing { .. }) = self.lines.get(&conn).map(|line| &line.stage) {
                continue;
            }
            if let Some((talk, _)) = self.talk(conn) {
                let key = talk.key;
                self.lost(key, now);
            }
            let bye = Record::Bye(Bye { code, again, reason: super::shortened(reason) });
            let last = self.only(conn, &bye);
            self.close(conn, code, reason, last, now);
        }
    }

    /// Tells every client that this server stops within so long, and whether its session can be
    /// reached elsewhere. If not, clients send nothing new and no new session is taken any more.
    pub fn go_away(&mut self, reachable: bool, within: Duration, now: Instant) {
        if !reachable {
            self.draining = Some(now + within);
        }
        let keys: Vec<SessionKey> = self.by_key.keys().copied().collect();
        for key in keys {
            let Some(conn) = self.conn(key) else { continue };
            if let Some((talk, _)) = self.talk(conn) {
                talk.link.say(Record::GoAway(GoAway { reachable, within }));
            }
            if !reachable {
                self.tell(key, SessionEvent::Draining);
            }
            self.wake(key);
        }
    }

    /// A client has ended its session, or answers our end of it.
    pub(super) fn ended_from_afar(
        &mut self,
        conn: ConnId,
        key: SessionKey,
        finale: Finale,
        now: Instant,
    ) {
        let Some(session) = self.by_key.get(&key) else { return };
        let taken = Some(finale.taken);
        if session.is_ending() {
            let last = self.unsaid(conn);
            self.finish_ending(key, taken, now);
            return self.close(conn, CloseCode::NORMAL, "", last, now);
        }
        let answer = Record::End(session.finale(CloseCode::NORMAL, ""));
        let last = self.only(conn, &answer);
        let Finale { code, reason, .. } = finale;
        self.finish(key, Over::Client { code, reason }, taken, now);
        self.close(conn, CloseCode::NORMAL, "", last, now);
    }

    /// This end's `end`, if its connection has not taken it yet.
    pub(super) fn unsaid(&mut self, conn: ConnId) -> Option<Payload> {
        self.talk(conn)?.0.say_end()
    }

    /// A session has lost its connection: it waits for another, unless it was ending.
    pub(super) fn lost(&mut self, key: SessionKey, now: Instant) {
        let Some(session) = self.by_key.get_mut(&key) else { return };
        match session.stand {
            Stand::Ending(..) => self.finish_ending(key, None, now),
            Stand::Detached(_) => {}
            Stand::Attached(_) => {
                session.stand = Stand::Detached(now);
                self.detached.insert((now, key));
                self.holdings.leave(session.owner.subject.as_deref(), session.counted);
                if session.is_unheard() {
                    self.unheard.insert((session.owner.subject.is_some(), now, key));
                }
                let until = now + self.config.hold;
                self.set_session_alarm(key, until);
                self.tell(key, SessionEvent::Detached);
            }
        }
    }

    /// Gives a session up, which its client did not end.
    pub(super) fn give_up(&mut self, key: SessionKey, why: Over, now: Instant) {
        let Some(session) = self.by_key.get(&key) else { return };
        if let Stand::Ending(conn, ..) = session.stand {
            return self.end_unanswered(key, conn, now);
        }
        self.counts.given_up += 1;
        match (self.conn(key), &why) {
            (None, _) => {}
            (Some(conn), Over::Evicted) => self.close_full(conn, "no memory for this session", now),
            (Some(conn), _) => {
                self.close(conn, CloseCode::SUPERSEDED, "the session began anew", None, now);
            }
        }
        self.finish(key, why, None, now);
    }

    /// A session that this end has ended is over, without its client's answer.
    pub(super) fn end_unanswered(&mut self, key: SessionKey, conn: ConnId, now: Instant) {
        let last = self.unsaid(conn);
        self.finish_ending(key, None, now);
        self.close(conn, CloseCode::NORMAL, "no answer to the end", last, now);
    }

    /// A session that this end has ended is over.
    pub(super) fn finish_ending(&mut self, key: SessionKey, taken: Option<u64>, now: Instant) {
        let Some(session) = self.by_key.get(&key) else { return };
        let Stand::Ending(_, code, reason) = &session.stand else { return };
        let (code, reason) = (*code, reason.clone());
        self.finish(key, Over::Server { code, reason }, taken, now);
    }

    /// The session is over: its fates are told, and a tombstone is laid. `taken` is the client's
    /// last word, if it has said one.
    pub(super) fn finish(&mut self, key: SessionKey, why: Over, taken: Option<u64>, now: Instant) {
        let Some(mut session) = self.by_key.remove(&key) else { return };
        self.forget(key, &mut session);
        let ended = match &why {
            Over::Client { code, reason } | Over::Server { code, reason } => {
                Some((*code, reason.clone()))
            }
            Over::Expired | Over::Evicted | Over::Replaced => None,
        };
        let until = now + self.config.tombstone_hold;
        let worth = session.worth(taken.is_some());
        self.tombstones.lay(session.id, session.tombstone(ended), worth, until);
        self.set_tombstone_alarm();
        let previous = taken.map(|taken| Previous { taken, sent: 0 });
        let Fates { delivered, not_taken, unknown, never_sent, too_large } =
            session.delivery.outgoing.end(previous);
        self.tell_all(key, delivered, SessionEvent::Delivered);
        self.tell_all(key, not_taken, |ids| SessionEvent::Undeliverable(ids, Loss::NotTaken));
        self.tell_all(key, unknown, |ids| SessionEvent::Unknown(ids, Doubt::SessionLost));
        self.tell_all(key, never_sent, |ids| SessionEvent::Undeliverable(ids, Loss::NeverSent));
        self.tell_all(key, too_large, |ids| SessionEvent::Undeliverable(ids, Loss::TooLarge));
        self.tell(key, SessionEvent::Over(why));
    }

    /// A session is no longer without a connection.
    pub(super) fn attend_to(&mut self, key: SessionKey, is_known: bool, since: Instant) {
        self.detached.remove(&(since, key));
        self.unheard.remove(&(is_known, since, key));
    }

    fn forget(&mut self, key: SessionKey, session: &mut Session) {
        self.by_id.remove(&session.id);
        self.alarms.stop(Whose::Session(key), &mut session.alarm);
        if let Stand::Detached(since) = session.stand {
            self.attend_to(key, session.owner.subject.is_some(), since);
            self.holdings.come_back(session.owner.subject.as_deref(), session.counted);
        }
        self.holdings.end(session.owner.subject.as_deref(), session.counted);
    }
}
