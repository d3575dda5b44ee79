//! What a hello leads to: a session resumed or begun, or a refusal that touches nothing.

use alloc::string::String;
use core::time::Duration;

use super::alarms::Whose;
use super::line::{LastWord, Line, Stage, Talk};
use super::owner::Owner;
use super::session::{Agreed, Fit, Session, Stand, Terms};
use super::{Caller, Over, Refused, ServerOutput, SessionEvent, SessionKey, Sessions};
use crate::mutant::{Mutant, planted};
use crate::wire::{Bye, Epoch, Finale, FrameWriter, GoAway, Hello, Previous, Record, Return};
use crate::{CloseCode, ConnId, Instant, Loss};

/// A crowd that finds a full server comes back in this time, spread over as much again.
const FULL_FOR: Duration = Duration::from_secs(10);

const FULL: CloseCode = CloseCode(4429);
pub(super) const REFUSED: CloseCode = CloseCode(4401);
pub(super) const EXPIRED: &str = "the credentials have expired";
const OTHER_SUBJECT: CloseCode = CloseCode(4456);

impl Sessions {
    /// The verifier's answer to [`ServerOutput::Verify`].
    pub fn verified(&mut self, conn: ConnId, who: Result<Caller, Refused>, now: Instant) {
        let Some(line) = self.lines.get_mut(&conn) else { return };
        let hello = match &line.stage {
            Stage::Verifying { hello, .. } => hello.clone(),
            Stage::Attached(_) => return self.renewed(conn, who, now),
            Stage::Silent { .. } | Stage::Closing { .. } => return,
        };
        match who {
            Ok(caller) => self.accept(conn, &hello, caller, now),
            Err(Refused { reason }) => self.close(conn, REFUSED, &reason, None, now),
        }
    }

    fn accept(&mut self, conn: ConnId, hello: &Hello, caller: Caller, now: Instant) {
        let Caller { subject, expires } = caller;
        let scope = self.lines.get(&conn).map_or_else(String::new, |line| line.scope.clone());
        let owner = Owner { scope, subject };
        match self.by_id.get(&hello.session).copied() {
            Some(key) => self.accept_known(conn, hello, key, owner, expires, now),
            None => self.accept_unknown(conn, hello, owner, expires, now),
        }
    }

    fn accept_known(
        &mut self,
        conn: ConnId,
        hello: &Hello,
        key: SessionKey,
        owner: Owner,
        expires: Option<Duration>,
        now: Instant,
    ) {
        let Some(session) = self.by_key.get(&key) else { return };
        if session.owner != owner {
            return self.refuse_foreign(conn, now);
        }
        if !session.is_newer(hello) {
            return self.refuse_superseded(conn, now);
        }
        if session.is_ending() {
            let older = session.conn();
            self.supersede(older, now);
            self.finish_ending(key, None, now);
            return self.accept_unknown(conn, hello, owner, expires, now);
        }
        match session.fit(hello) {
            Ok(Fit::Resumes | Fit::BeginsUnheard) => self.attach(conn, hello, key, expires, now),
            Ok(Fit::Replaces) => {
                self.give_up(key, Over::Replaced, now);
                self.accept_unknown(conn, hello, owner, expires, now);
            }
            Err(breach) => {
                self.counts.breaches += 1;
                self.close(conn, breach.close_code(), &alloc::format!("{breach}"), None, now);
            }
        }
    }

    fn accept_unknown(
        &mut self,
        conn: ConnId,
        hello: &Hello,
        owner: Owner,
        expires: Option<Duration>,
        now: Instant,
    ) {
        let mut previous = None;
        if let Some(tombstone) = self.tombstones.find(hello.session) {
            let known = tombstone.of(hello.epoch);
            if tombstone.owner != owner {
                return self.refuse_foreign(conn, now);
            }
            if tombstone.instance != hello.instance || tombstone.attempt >= hello.attempt {
                return self.refuse_superseded(conn, now);
            }
            if let Some((code, reason)) = &tombstone.ended
                && (known.is_some() || hello.epoch.is_none())
            {
                let taken = known.map_or(0, |(_, positions)| positions.taken);
                let (code, reason) = (*code, reason.clone());
                tombstone.attempt = hello.attempt;
                return self.refuse_ended(conn, Finale { taken, code, reason }, now);
            }
            previous = known;
        }
        if self.draining.is_some() || !self.make_place_for(&owner, now) {
            self.counts.full += 1;
            return self.close_full(conn, "no more sessions here", now);
        }
        self.tombstones.take(hello.session);
        let key = self.begin(conn, hello, owner, previous, now);
        self.attach(conn, hello, key, expires, now);
    }

    /// Whether there is a place for one more session of this owner; if need be, that of one in
    /// which nothing has passed, and to which nobody came back for longest.
    fn make_place_for(&mut self, owner: &Owner, now: Instant) -> bool {
        while !self.has_place_for(owner) {
            let Some(longest) = self.unheard_of(owner) else { return false };
            self.give_up(longest, Over::Evicted, now);
        }
        true
    }

    fn unheard_of(&self, owner: &Owner) -> Option<SessionKey> {
        let of_its_kind = (owner.subject.is_some(), Instant::ORIGIN, SessionKey(0))..;
        let mut unheard = self.unheard.range(of_its_kind).map(|(_, _, key)| *key);
        let is_its = |key: &SessionKey| {
            self.by_key.get(key).is_some_and(|it| it.owner.subject == owner.subject)
        };
        match owner.subject {
            // They come first.
            None => unheard.next().filter(is_its),
            Some(_) => unheard.find(is_its),
        }
    }

    fn has_place_for(&self, owner: &Owner) -> bool {
        let subject = owner.subject.as_deref();
        let most = match subject {
            None => self.config.anonymous_sessions,
            Some(_) => self.config.sessions_per_subject,
        };
        self.holdings.of(subject).sessions < most
            && self.by_key.len() < self.config.sessions
            && self.has_memory_for(subject)
    }

    fn begin(
        &mut self,
        conn: ConnId,
        hello: &Hello,
        owner: Owner,
        previous: Option<(Epoch, Previous)>,
        now: Instant,
    ) -> SessionKey {
        let key = SessionKey(self.last_key.0 + 1);
        self.last_key = key;
        self.holdings.begin(owner.subject.as_deref());
        let epoch = self.draw_epoch();
        let window = self.config.window;
        let session = Session::new(hello, owner, epoch, window, previous, now);
        self.by_id.insert(hello.session, key);
        self.by_key.insert(key, session);
        self.detached.insert((now, key));
        self.recount(key);
        self.outputs.push_back(ServerOutput::Begin(key, conn));
        key
    }

    fn draw_epoch(&mut self) -> Epoch {
        loop {
            if let Some(epoch) = Epoch::new(self.rng.bits().to_be_bytes()) {
                return epoch;
            }
        }
    }

    fn attach(
        &mut self,
        conn: ConnId,
        hello: &Hello,
        key: SessionKey,
        expires: Option<Duration>,
        now: Instant,
    ) {
        let (terms, older) = (self.terms(), self.leave_older(key));
        let (Some(session), Some(line)) = (self.by_key.get_mut(&key), self.lines.get_mut(&conn))
        else {
            return;
        };
        let Ok(agreed) = session.attach(conn, line.coding, hello) else { return };
        let Agreed { mut link, received, previous, too_large } = agreed;
        let greeting = terms.greeting(session.epoch, received, expires, previous);
        link.say(Record::Greeting(greeting));
        if let Some(until) = self.draining {
            link.say(Record::GoAway(GoAway { reachable: false, within: until - now }));
        }
        self.alarms.stop(Whose::Session(key), &mut session.alarm);
        line.stage = Stage::Attached(Talk {
            key,
            granted_until: expires.map(|after| now + after),
            verified_by: None,
            link,
            heard: now,
            sent: now,
            asked: now,
            ack_by: None,
            woken: false,
            last: LastWord::NotYet,
        });
        self.set_line_alarm(conn);
        self.tell(key, SessionEvent::Attached);
        self.tell_all(key, too_large, |ids| SessionEvent::Undeliverable(ids, Loss::TooLarge));
        self.recount(key);
        self.wake(key);
        // After the greeting, so that a client that moves does not look cut off meanwhile.
        self.supersede(older, now);
    }

    /// A session takes another connection: returns the older one, or leaves those without.
    fn leave_older(&mut self, key: SessionKey) -> Option<ConnId> {
        let session = self.by_key.get(&key)?;
        let (conn, is_known) = (session.conn(), session.owner.subject.is_some());
        if let Stand::Detached(since) = session.stand {
            self.holdings.come_back(session.owner.subject.as_deref(), session.counted);
            self.attend_to(key, is_known, since);
        }
        conn
    }

    fn supersede(&mut self, older: Option<ConnId>, now: Instant) {
        if let Some(older) = older.filter(|_| !planted(Mutant::OlderNotDetached)) {
            let why = "a newer connection has the session";
            self.close(older, CloseCode::SUPERSEDED, why, None, now);
        }
    }

    /// How wide the clients that are connected now should be spread when all of them come back.
    #[must_use]
    pub fn spread(&self) -> Duration {
        let per_second = f64::from(self.config.returns_per_second);
        Duration::from_secs_f64(self.lines.len() as f64 / per_second)
    }

    fn terms(&self) -> Terms {
        Terms {
            window: self.config.window,
            ping: self.config.ping,
            silence: self.config.client_silence,
            spread: self.spread(),
            hold: self.config.hold,
        }
    }

    fn refuse_foreign(&mut self, conn: ConnId, now: Instant) {
        self.counts.foreign += 1;
        let why = "the session belongs to somebody else";
        self.close(conn, CloseCode::FOREIGN_SESSION, why, None, now);
    }

    fn refuse_superseded(&mut self, conn: ConnId, now: Instant) {
        self.counts.superseded += 1;
        let why = "another instance or a later attempt has the session";
        self.close(conn, CloseCode::SUPERSEDED, why, None, now);
    }

    fn refuse_ended(&mut self, conn: ConnId, finale: Finale, now: Instant) {
        let last = self.only(conn, &Record::End(finale));
        self.close(conn, CloseCode::NORMAL, "the session has ended", last, now);
    }

    /// There is no room for it now, but there may be later.
    pub(super) fn close_full(&mut self, conn: ConnId, reason: &str, now: Instant) {
        let again = Some(Return { after: FULL_FOR, spread: FULL_FOR });
        let bye = Record::Bye(Bye { code: FULL, again, reason: reason.into() });
        let last = self.only(conn, &bye);
        self.close(conn, FULL, reason, last, now);
    }

    /// A frame with this record only, in the encoding of the connection.
    pub(super) fn only(&self, conn: ConnId, record: &Record) -> Option<crate::Payload> {
        let Line { coding, .. } = self.lines.get(&conn)?;
        let mut frame = FrameWriter::new(*coding);
        frame.record(record);
        Some(frame.finish())
    }

    /// The verifier's answer to credentials that were renewed in band.
    fn renewed(&mut self, conn: ConnId, who: Result<Caller, Refused>, now: Instant) {
        let Some((talk, session)) = self.talk(conn) else { return };
        if talk.verified_by.take().is_none() {
            return;
        }
        let key = talk.key;
        match who {
            Ok(Caller { subject, expires }) if subject == session.owner.subject => {
                talk.granted_until = expires.map(|after| now + after);
                talk.link.say(Record::Renewed(expires));
                self.set_line_alarm(conn);
                self.wake(key);
            }
            Ok(_) => {
                self.lost(key, now);
                let why = "the new credentials belong to somebody else";
                self.close(conn, OTHER_SUBJECT, why, None, now);
            }
            Err(Refused { reason }) => {
                self.lost(key, now);
                self.close(conn, REFUSED, &reason, None, now);
            }
        }
    }
}
