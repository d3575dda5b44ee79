//! What each record of a client means, by where its connection stands.

use alloc::format;
use alloc::string::ToString;
use core::time::Duration;

use super::accept::{EXPIRED, REFUSED};
use super::line::Stage;
use super::{ServerOutput, SessionEvent, Sessions};
use crate::delivery::Arrived;
use crate::wire::{FrameLimits, Record, WireError, records};
use crate::{Breach, CloseCode, ConnId, Instant, Payload};

/// How long an acknowledgement may wait for a message to go with (docs/protocol.md §5.2).
const ACK_WITHIN: Duration = Duration::from_millis(50);

impl Sessions {
    /// A frame has come.
    pub fn received(&mut self, conn: ConnId, frame: &Payload, now: Instant) {
        let Some(line) = self.lines.get_mut(&conn) else { return };
        let coding = line.coding;
        match &mut line.stage {
            Stage::Silent { .. } => self.hear_hello(conn, frame, now),
            Stage::Attached(talk) => {
                talk.heard = now;
                let limits = FrameLimits::for_messages(self.config.window.message_bytes, coding);
                self.hear_records(conn, records(coding, frame, limits), now);
            }
            Stage::Verifying { .. } => self.breach(conn, Breach::OutOfPlace, now),
            // What still comes to a connection that is closed changes nothing.
            Stage::Closing { .. } => {}
        }
    }

    /// A frame came that was over every limit, and was not even read.
    pub fn too_large(&mut self, conn: ConnId, now: Instant) {
        match self.lines.get(&conn).map(|line| &line.stage) {
            None | Some(Stage::Closing { .. }) => {}
            Some(Stage::Silent { .. } | Stage::Verifying { .. } | Stage::Attached(_)) => {
                self.breach(conn, Breach::TooLarge, now);
            }
        }
    }

    fn hear_hello(&mut self, conn: ConnId, frame: &Payload, now: Instant) {
        let Some(line) = self.lines.get_mut(&conn) else { return };
        let mut heard = records(line.coding, frame, FrameLimits::hello());
        match (heard.next(), heard.next()) {
            (Some(Ok(Record::Hello(hello))), None) => {
                let credentials = hello.credentials.clone();
                line.stage = Stage::Verifying { hello, until: now + self.config.hello_within };
                self.outputs.push_back(ServerOutput::Verify(conn, credentials));
            }
            (Some(Err(error)), _) | (_, Some(Err(error))) => self.malformed(conn, &error, now),
            (Some(Ok(_)) | None, _) => self.breach(conn, Breach::OutOfPlace, now),
        }
    }

    fn hear_records(
        &mut self,
        conn: ConnId,
        heard: impl Iterator<Item = Result<Record, WireError>>,
        now: Instant,
    ) {
        for record in heard {
            match record.map(|record| self.hear(conn, record, now)) {
                Ok(Ok(())) => {}
                Ok(Err(breach)) => return self.breach(conn, breach, now),
                Err(error) => return self.malformed(conn, &error, now),
            }
        }
        if let Some((talk, _)) = self.talk(conn) {
            let key = talk.key;
            if self.recount(key) {
                self.make_room_for_received(key, now);
            }
            self.wake(key);
        }
    }

    fn hear(&mut self, conn: ConnId, record: Record, now: Instant) -> Result<(), Breach> {
        // A record before this one may have ended the conversation.
        let verified_by = now + self.config.hello_within;
        let Some((talk, session)) = self.talk(conn) else { return Ok(()) };
        let key = talk.key;
        match record {
            Record::Message(number, payload) => {
                match session.delivery.message(&mut talk.link, number, payload.len())? {
                    Arrived::Again => self.counts.repeated += 1,
                    Arrived::New if session.is_ending() => {}
                    Arrived::New => {
                        self.outputs.push_back(ServerOutput::Deliver(key, payload));
                    }
                }
            }
            Record::Ack(ack) => {
                let delivered = session.delivery.ack(&mut talk.link, ack)?;
                self.tell_all(key, delivered, SessionEvent::Delivered);
            }
            Record::Ping(token) => talk.link.say(Record::Pong(token)),
            // One at a time: a verifier is not to be flooded.
            Record::Renew(_) if talk.verified_by.is_some() => return Err(Breach::OutOfPlace),
            // The alarm is late, and so are they.
            Record::Renew(_) if talk.expires_at().is_some_and(|at| at <= now) => {
                self.part_from(conn, REFUSED, EXPIRED, now);
            }
            Record::Renew(credentials) => {
                talk.verified_by = Some(verified_by);
                self.set_line_alarm(conn);
                self.outputs.push_back(ServerOutput::Verify(conn, Some(credentials)));
            }
            Record::End(finale) => self.ended_from_afar(conn, key, finale, now),
            // A sign of life, as every frame is.
            Record::Pong(_) => {}
            Record::Hello(_)
            | Record::Greeting(_)
            | Record::Bye(_)
            | Record::GoAway(_)
            | Record::Renewed(_) => return Err(Breach::OutOfPlace),
        }
        Ok(())
    }

    fn breach(&mut self, conn: ConnId, breach: Breach, now: Instant) {
        self.counts.breaches += 1;
        self.part_from(conn, breach.close_code(), &breach.to_string(), now);
    }

    fn malformed(&mut self, conn: ConnId, error: &WireError, now: Instant) {
        self.counts.malformed += 1;
        self.part_from(conn, error.close_code(), &format!("{error}"), now);
    }

    /// Closes a connection; its session, if it has one, waits for another.
    pub(super) fn part_from(&mut self, conn: ConnId, code: CloseCode, reason: &str, now: Instant) {
        let Some((talk, _)) = self.talk(conn) else {
            return self.close(conn, code, reason, None, now);
        };
        let key = talk.key;
        let has_grown = self.recount(key);
        self.lost(key, now);
        self.close(conn, code, reason, None, now);
        if has_grown {
            self.make_room_for_received(key, now);
        }
    }

    pub(super) fn owe_ack(&mut self, conn: ConnId, now: Instant) {
        let Some((talk, session)) = self.talk(conn) else { return };
        if talk.ack_by.is_none() && session.delivery.owes_ack(&talk.link) {
            talk.ack_by = Some(now + ACK_WITHIN);
            self.set_line_alarm(conn);
        }
    }
}
