//! Has the host perform what the core decides.

use keepline_core::{Doubt, Event, Loss, MessageIds, Output, Payload};

use crate::host;
use crate::numbers::Act;
use crate::status;

/// Has one output performed.
pub(crate) fn perform(output: &Output) {
    let (act, conn, number) = match output {
        Output::Open(conn) => (Act::Open, conn.0, 0),
        Output::Renew(conn) => (Act::Renew, conn.0, 0),
        Output::Diagnose(conn) => (Act::Diagnose, conn.0, 0),
        Output::HandOver(conn, held) => (Act::HandOver, conn.0, held.handle),
        Output::Measure(conn) => (Act::Measure, conn.0, 0),
        Output::Abandon(conn) => (Act::Abandon, conn.0, 0),
        Output::Discard => (Act::Discard, 0, 0),
        Output::Flush => (Act::Flush, 0, 0),
        Output::Room => (Act::Room, 0, 0),
        Output::Refuse { size } => (Act::Refuse, 0, *size as u32),
        Output::Transmit(conn, payload) => return hand(conn.0 as u32, payload),
        Output::Deliver(payload) => return hand(0, payload),
        Output::Close(conn, code, reason) => return host::shut(conn.0 as u32, code.0, reason),
        Output::Event(event) => return tell(event),
    };
    host::act(act as u32, conn as u32, number);
}

fn hand(conn: u32, payload: &Payload) {
    match payload {
        Payload::Text(text) => host::text(conn, text),
        Payload::Binary(bytes) => host::bytes(conn, bytes),
    }
}

/// The numbers are the places in `FATES` of `ts/numbers.ts`.
fn tell(event: &Event) {
    match event {
        Event::Status(status) => status::tell(status),
        Event::RoundTrip(took) => host::fate(0, status::millis(*took), 0.0),
        Event::Restarted { missed } => host::fate(1, missed.map_or(-1.0, |it| it as f64), 0.0),
        Event::Delivered(ids) => fate(2, *ids),
        Event::Undeliverable(ids, why) => fate(loss(*why), *ids),
        Event::Unknown(ids, why) => fate(doubt(*why), *ids),
    }
}

fn fate(fate: u32, ids: MessageIds) {
    host::fate(fate, ids.first.0 as f64, ids.last.0 as f64);
}

const fn loss(why: Loss) -> u32 {
    match why {
        Loss::NeverSent => 3,
        Loss::NotTaken => 4,
        Loss::TooLarge => 5,
        Loss::Dropped => 6,
        Loss::Replaced => 7,
        Loss::Expired => 8,
        Loss::Cancelled => 9,
    }
}

const fn doubt(why: Doubt) -> u32 {
    match why {
        Doubt::LineLost => 10,
        Doubt::SessionLost => 11,
        Doubt::Ended => 12,
        Doubt::Forgotten => 13,
    }
}
