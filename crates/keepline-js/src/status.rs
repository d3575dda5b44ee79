//! Statuses in numbers and words; `ts/numbers.ts` has the names.

use core::time::Duration;

use keepline_core::{CloseCode, Diagnosis, Down, End, Instant, Status};

use crate::host;

/// Why a line is down, as it crosses to JavaScript.
struct Why<'a> {
    number: u32,
    code: u32,
    words: &'a str,
}

pub(crate) fn tell(status: &Status) {
    let nothing = why(0);
    let (number, why, attempt, due) = match status {
        Status::Idle => (0, nothing, 0, 0.0),
        Status::Connecting { attempt } => (1, nothing, *attempt, 0.0),
        Status::Online { protocol } => (2, Why { words: protocol, ..nothing }, 0, 0.0),
        Status::Waiting { why, attempt, retry_at } => (3, down(why), *attempt, instant(*retry_at)),
        Status::Closing => (4, nothing, 0, 0.0),
        Status::Ended { why } => (5, end(why), 0, 0.0),
    };
    host::status(number, why.number, why.code, attempt, due, why.words);
}

pub(crate) fn instant(at: Instant) -> f64 {
    at.as_micros() as f64 / 1_000.0
}

/// Without the numbers of 128 bits that `Duration` would make of it.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs() as f64 * 1_000.0 + f64::from(time.subsec_micros()) / 1_000.0
}

fn down(why_down: &Down) -> Why<'_> {
    match why_down {
        Down::TimedOut => why(1),
        Down::Failed(words) => said(2, words),
        Down::Closed(closed) => closed_by(3, closed.code, &closed.reason),
        Down::Silent => why(4),
        Down::Paced => why(5),
        Down::PerhapsNotKeepline(closed) => closed_by(6, closed.code, &closed.reason),
        Down::Broken(broken) => closed_by(7, broken.code, &broken.what),
        Down::Bye { code, reason } => closed_by(8, *code, reason),
        Down::GoneAway => why(9),
        Down::NotProvided(words) => said(10, words),
        Down::ProviderSilent => why(11),
        Down::Diagnosed(found) => diagnosed(12, *found),
        Down::Offline => why(13),
        Down::Suspended => why(14),
        Down::Slept => why(15),
    }
}

fn end(why_ended: &End) -> Why<'_> {
    match why_ended {
        End::Application => why(16),
        End::Closed(closed) => closed_by(3, closed.code, &closed.reason),
        End::Refused(words) => said(17, words),
        End::NotKeepline => why(18),
        End::Broken(broken) => closed_by(7, broken.code, &broken.what),
        End::Bye { code, reason } => closed_by(8, *code, reason),
        End::Session { code, reason } => closed_by(19, *code, reason),
        End::NotProvided(words) => said(10, words),
        End::BadEndpoint(words) => said(20, words),
        End::Diagnosed(found) => diagnosed(12, *found),
    }
}

const fn why(number: u32) -> Why<'static> {
    Why { number, code: 0, words: "" }
}

const fn said(number: u32, words: &str) -> Why<'_> {
    Why { number, code: 0, words }
}

const fn closed_by(number: u32, code: CloseCode, words: &str) -> Why<'_> {
    Why { number, code: code.0 as u32, words }
}

/// An HTTP status, or what was found out instead of one.
const fn diagnosed(number: u32, found: Diagnosis) -> Why<'static> {
    let code = match found {
        Diagnosis::Answered { status, .. } => status as u32,
        Diagnosis::Redirected => 1,
        Diagnosis::Opaque => 2,
        Diagnosis::Unreachable => 3,
        Diagnosis::MixedContent => 4,
        Diagnosis::Unknown => 5,
    };
    Why { number, code, words: "" }
}
