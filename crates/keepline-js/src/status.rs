//! Statuses in numbers and words; `ts/numbers.ts` has the names.

use core::time::Duration;

use keepline_core::{CloseCode, Diagnosis, Down, End, Instant, Status};

use crate::host;

/// What goes with a reason: the close code or HTTP status, and the words.
type Told<'a> = (u32, &'a str);

const NOTHING: Told<'static> = (0, "");

pub(crate) fn tell(status: &Status) {
    let (number, why, told, attempt, due) = match status {
        Status::Idle => (0, 0, NOTHING, 0, 0.0),
        Status::Connecting { attempt } => (1, 0, NOTHING, *attempt, 0.0),
        Status::Online { protocol } => (2, 0, said(protocol), 0, 0.0),
        Status::Waiting { why, attempt, retry_at } => {
            (3, down(why), told_of_down(why), *attempt, instant(*retry_at))
        }
        Status::Closing => (4, 0, NOTHING, 0, 0.0),
        Status::Ended { why } => (5, end(why), told_of_end(why), 0, 0.0),
    };
    let (code, words) = told;
    host::status(number, why, code, attempt, due, words);
}

pub(crate) fn instant(at: Instant) -> f64 {
    at.as_micros() as f64 / 1_000.0
}

/// Without the numbers of 128 bits that `Duration` would make of it.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs() as f64 * 1_000.0 + f64::from(time.subsec_micros()) / 1_000.0
}

const fn down(why: &Down) -> u32 {
    match why {
        Down::TimedOut => 1,
        Down::Failed(_) => 2,
        Down::Closed(_) => 3,
        Down::Silent => 4,
        Down::Paced => 5,
        Down::PerhapsNotKeepline(_) => 6,
        Down::Broken(_) => 7,
        Down::Bye { .. } => 8,
        Down::GoneAway => 9,
        Down::NotProvided(_) => 10,
        Down::ProviderSilent => 11,
        Down::Diagnosed(_) => 12,
        Down::Offline => 13,
        Down::Suspended => 14,
        Down::Slept => 15,
    }
}

const fn end(why: &End) -> u32 {
    match why {
        End::Closed(_) => 3,
        End::Broken(_) => 7,
        End::Bye { .. } => 8,
        End::NotProvided(_) => 10,
        End::Diagnosed(_) => 12,
        End::Application => 16,
        End::Refused(_) => 17,
        End::NotKeepline => 18,
        End::Session { .. } => 19,
        End::BadEndpoint(_) => 20,
    }
}

fn told_of_down(why: &Down) -> Told<'_> {
    match why {
        Down::Failed(words) | Down::NotProvided(words) => said(words),
        Down::Closed(closed) | Down::PerhapsNotKeepline(closed) => {
            coded(closed.code, &closed.reason)
        }
        Down::Broken(broken) => coded(broken.code, &broken.what),
        Down::Bye { code, reason } => coded(*code, reason),
        Down::Diagnosed(found) => (diagnosed(*found), ""),
        Down::TimedOut
        | Down::Silent
        | Down::Paced
        | Down::GoneAway
        | Down::ProviderSilent
        | Down::Offline
        | Down::Suspended
        | Down::Slept => NOTHING,
    }
}

fn told_of_end(why: &End) -> Told<'_> {
    match why {
        End::Refused(words) | End::NotProvided(words) | End::BadEndpoint(words) => said(words),
        End::Closed(closed) => coded(closed.code, &closed.reason),
        End::Broken(broken) => coded(broken.code, &broken.what),
        End::Bye { code, reason } | End::Session { code, reason } => coded(*code, reason),
        End::Diagnosed(found) => (diagnosed(*found), ""),
        End::Application | End::NotKeepline => NOTHING,
    }
}

const fn said(words: &str) -> Told<'_> {
    (0, words)
}

const fn coded(code: CloseCode, words: &str) -> Told<'_> {
    (code.0 as u32, words)
}

/// An HTTP status, or what was found out instead of one.
const fn diagnosed(found: Diagnosis) -> u32 {
    match found {
        Diagnosis::Answered { status, .. } => status as u32,
        Diagnosis::Redirected => 1,
        Diagnosis::Opaque => 2,
        Diagnosis::Unreachable => 3,
        Diagnosis::MixedContent => 4,
        Diagnosis::Unknown => 5,
    }
}
