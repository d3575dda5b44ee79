//! What each record means to a client, by where the line stands.

use alloc::string::String;
use core::time::Duration;

use super::connection::{Asked, Speech};
use super::greeting::Fate;
use super::session::{Draining, Talk};
use super::{Client, Mode, State};
use crate::delivery::Arrived;
use crate::mutant::{Mutant, planted};
use crate::timers::Timer;
use crate::wire::{
    Ack, Bye, Coding, Finale, FrameLimits, GoAway, Record, Records, Window, WireError, records,
};
use crate::{Breach, Broken, ConnId, Instant, Output, Payload};

impl From<WireError> for Broken {
    fn from(error: WireError) -> Self {
        let mut what = String::new();
        // Writing to a String never fails.
        let _ = error.tell(&mut what);
        Self { code: error.close_code(), what }
    }
}

impl From<Breach> for Broken {
    fn from(breach: Breach) -> Self {
        Self { code: breach.close_code(), what: String::from(breach.words()) }
    }
}

/// What a frame is read by.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub(super) coding: Coding,
    pub(super) limits: FrameLimits,
}

impl Client {
    /// Takes in a frame of a session's present connection.
    pub(super) fn hear_frame(&mut self, conn: ConnId, frame: &Payload, now: Instant) {
        let Some(reading) = self.reading() else { return };
        self.hear_records(conn, records(reading.coding, frame, reading.limits), now);
    }

    pub(super) fn hear_records(&mut self, conn: ConnId, heard: Records<'_>, now: Instant) {
        for record in heard {
            let record = match record {
                Ok(record) => record,
                Err(error) => return self.broken(error.into(), now),
            };
            if let Err(breach) = self.hear_record(record, now) {
                return self.broken(breach.into(), now);
            }
            if self.conn() != Some(conn) {
                return;
            }
        }
        self.expect_sound(now);
        self.look_again(conn);
        self.ask_for_flush();
        self.end_drain_if_settled(now);
        self.finish_if_settled(now);
    }

    pub(super) fn reading(&self) -> Option<Reading> {
        let Mode::Session(session) = &self.mode else { return None };
        let Window { message_bytes, .. } = session.config.window;
        let coding = session.config.coding;
        Some(Reading { coding, limits: FrameLimits::for_messages(message_bytes, coding) })
    }

    fn hear_record(&mut self, record: Record, now: Instant) -> Result<(), Breach> {
        match &self.state {
            State::Greeting(asked) => self.answer_to_hello(*asked, record, now),
            State::Online(_) | State::Leaving(_) => self.in_conversation(record, now),
            State::Closing { .. } => self.last_words(record, now),
            State::Idle | State::Connecting(_) | State::Waiting { .. } | State::Ended(_) => {
                Err(Breach::OutOfPlace)
            }
        }
    }

    fn answer_to_hello(
        &mut self,
        asked: Asked,
        record: Record,
        now: Instant,
    ) -> Result<(), Breach> {
        match record {
            Record::Greeting(greeting) => self.greeted(asked, &greeting, now)?,
            Record::Bye(bye) => self.take_leave(bye),
            Record::End(finale) => self.ended_while_away(finale, now),
            Record::Hello(_)
            | Record::Ack(_)
            | Record::Message(..)
            | Record::Ping(_)
            | Record::Pong(_)
            | Record::GoAway(_)
            | Record::Renew(_)
            | Record::Renewed(_) => return Err(Breach::OutOfPlace),
        }
        Ok(())
    }

    fn in_conversation(&mut self, record: Record, now: Instant) -> Result<(), Breach> {
        match record {
            Record::Message(number, payload) => self.message(number, payload)?,
            Record::Ack(ack) => self.acknowledged(ack)?,
            Record::Ping(token) => self.pong(token),
            Record::Bye(bye) => self.take_leave(bye),
            Record::End(finale) => self.end_heard(finale, now),
            Record::GoAway(go_away) => self.go_away(go_away, now),
            Record::Renewed(expires) => self.renewed(expires, now),
            Record::Pong(token) => self.ponged(token),
            Record::Hello(_) | Record::Greeting(_) | Record::Renew(_) => {
                return Err(Breach::OutOfPlace);
            }
        }
        Ok(())
    }

    fn message(&mut self, number: u64, payload: Payload) -> Result<(), Breach> {
        let Some(Talk { link, delivery, .. }) = self.talk() else { return Ok(()) };
        match delivery.message(link, number, payload.len())? {
            Arrived::New => self.outputs.push(Output::Deliver(payload)),
            Arrived::Again => {}
        }
        Ok(())
    }

    /// After our own `end` too: what was taken before it is delivered.
    fn acknowledged(&mut self, ack: Ack) -> Result<(), Breach> {
        let Mode::Session(session) = &mut self.mode else { return Ok(()) };
        let (State::Online(connection)
        | State::Leaving(connection)
        | State::Closing { connection, .. }) = &mut self.state
        else {
            return Ok(());
        };
        let Speech::Session(link, _) = &mut connection.speech else { return Ok(()) };
        let delivered = self.delivery.ack(link, ack)?;
        if !delivered.is_empty() {
            session.understood();
        }
        if planted(Mutant::FateToldTwice) {
            self.tell_all(delivered.clone(), Fate::Delivered);
        }
        self.tell_all(delivered, Fate::Delivered);
        Ok(())
    }

    fn renewed(&mut self, expires: Option<Duration>, now: Instant) {
        self.granted(expires, now);
        self.expect_renewal();
        if let Some(Talk { link, session, .. }) = self.talk() {
            link.renewed(session.config.credentials.as_ref());
        }
    }

    fn pong(&mut self, token: u64) {
        let forgets = planted(Mutant::PongForgotten);
        if let Some(Talk { link, .. }) = self.talk().filter(|_| !forgets) {
            link.say(Record::Pong(token));
        }
    }

    fn take_leave(&mut self, bye: Bye) {
        if let Mode::Session(session) = &mut self.mode {
            session.farewell = Some(bye).filter(|_| !planted(Mutant::ByeIgnored));
        }
    }

    /// After our own `end`, only what says more of fates counts.
    fn last_words(&mut self, record: Record, now: Instant) -> Result<(), Breach> {
        match record {
            Record::Ack(ack) => self.acknowledged(ack)?,
            Record::End(finale) => self.end_answered(&finale, now),
            Record::Message(..)
            | Record::Ping(_)
            | Record::Pong(_)
            | Record::Bye(_)
            | Record::GoAway(_)
            | Record::Renewed(_) => {}
            Record::Hello(_) | Record::Greeting(_) | Record::Renew(_) => {
                return Err(Breach::OutOfPlace);
            }
        }
        Ok(())
    }

    /// A frame came: the next one must come in time.
    pub(super) fn expect_sound(&mut self, now: Instant) {
        if let (State::Online(connection), Mode::Session(session)) = (&mut self.state, &self.mode)
            && let Some(terms) = session.terms
            && !planted(Mutant::SilenceTolerated)
        {
            connection.pulse.heard(now);
            self.timers.set(Timer::Silence, now + terms.silence);
            if connection.pulse.is_in_question() {
                // It may have come before the page slept: only the answer settles the question.
                self.timers.set(Timer::Answer, now + self.soon());
            }
        }
    }

    fn go_away(&mut self, go_away: GoAway, now: Instant) {
        match go_away.reachable {
            true => self.move_away(now),
            false => self.drain_within(go_away.within, now),
        }
    }

    /// The far end says `end`: in answer to ours, or of its own.
    fn end_heard(&mut self, finale: Finale, now: Instant) {
        match &self.mode {
            Mode::Session(session) if session.draining == Draining::Ending => {
                self.drained(&finale, now);
            }
            Mode::Session(_) | Mode::Plain => self.ended_from_afar(finale, now),
        }
    }
}
