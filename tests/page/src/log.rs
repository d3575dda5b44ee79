//! What a line has reported, in words that can travel to the driver.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::error::Error;
use std::rc::Rc;

use keepline::{Event, MessageIds, ReceiveError};

use crate::report::{Closed, Down, End, Entry, Failure, Status};
use crate::tally::Tally;

const CAPACITY: usize = 4_096;

/// What one line has reported, for its tasks to share.
#[derive(Clone, Default)]
pub(crate) struct Log(Rc<RefCell<Written>>);

#[derive(Default)]
struct Written {
    /// The newest, and of statuses all that fit.
    entries: VecDeque<Entry>,
    tally: Tally,
}

impl Log {
    pub(crate) fn push(&self, entry: Entry) {
        let Written { entries, tally } = &mut *self.0.borrow_mut();
        tally.take_in(&entry, millis());
        if entries.len() == CAPACITY {
            // A pour must not push out where the line stood meanwhile.
            let is_told = |entry: &Entry| entry.status().is_none();
            entries.remove(entries.iter().position(is_told).unwrap_or(0));
        }
        entries.push_back(entry);
    }

    pub(crate) fn poured(&self, id: u64) {
        self.0.borrow_mut().tally.poured.push(id);
    }

    pub(crate) fn note(&self, note: impl FnOnce(&mut Tally)) {
        note(&mut self.0.borrow_mut().tally);
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.0.borrow().entries.iter().cloned().collect()
    }

    pub(crate) fn tally(&self) -> Tally {
        self.0.borrow().tally.clone()
    }
}

fn millis() -> u64 {
    let since_origin = keepline::now() - keepline::Instant::ORIGIN;
    u64::try_from(since_origin.as_millis()).unwrap_or(u64::MAX)
}

impl Failure {
    pub(crate) fn of(error: &impl Error) -> Self {
        Self { kind: format!("{error:?}"), message: error.to_string() }
    }
}

impl From<ReceiveError> for Entry {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Decode { error, payload } => {
                Self::Undecodable { error: error.to_string(), payload: printed(payload) }
            }
            ReceiveError::Dropped { .. } | ReceiveError::TooLarge { .. } => {
                Self::Lost(Failure::of(&error))
            }
        }
    }
}

fn printed(payload: keepline::Payload) -> String {
    match payload {
        keepline::Payload::Text(text) => text,
        keepline::Payload::Binary(bytes) => format!("{bytes:?}"),
    }
}

/// The entry of an event; statuses and messages have streams of their own.
pub(crate) fn entry(event: &Event) -> Option<Entry> {
    match *event {
        Event::Status(_) => None,
        Event::RoundTrip(_) => Some(Entry::RoundTrip),
        Event::Unknown(MessageIds { first, last }, _) => {
            Some(Entry::Unknown { first: first.0, last: last.0 })
        }
        Event::Undeliverable(MessageIds { first, last }, _) => {
            Some(Entry::Undeliverable { first: first.0, last: last.0 })
        }
        Event::Delivered(MessageIds { first, last }) => {
            Some(Entry::Delivered { first: first.0, last: last.0 })
        }
        Event::Restarted { missed } => Some(Entry::Restarted { missed }),
    }
}

impl From<keepline::Status> for Status {
    fn from(status: keepline::Status) -> Self {
        use keepline::Status as Sdk;
        match status {
            Sdk::Idle => Self::Idle,
            Sdk::Connecting { attempt } => Self::Connecting { attempt },
            Sdk::Online { protocol } => Self::Online { protocol },
            Sdk::Waiting { why, attempt, retry_at } => {
                let retry_in = retry_at - keepline::now();
                let retry_in_ms = u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX);
                Self::Waiting { why: why.into(), attempt, retry_in_ms }
            }
            Sdk::Closing => Self::Closing,
            Sdk::Ended { why } => Self::Ended(why.into()),
        }
    }
}

impl From<keepline::Down> for Down {
    fn from(why: keepline::Down) -> Self {
        match why {
            keepline::Down::TimedOut => Self::TimedOut,
            keepline::Down::Failed(message) => Self::Failed(message),
            keepline::Down::Closed(closed) => Self::Closed(closed.into()),
            keepline::Down::Silent => Self::Silent,
            keepline::Down::Paced => Self::Paced,
            keepline::Down::PerhapsNotKeepline(closed) => Self::PerhapsNotKeepline(closed.into()),
            keepline::Down::Broken(broken) => Self::Broken { code: broken.code.0 },
            keepline::Down::Bye { code, .. } => Self::Bye { code: code.0 },
            keepline::Down::GoneAway => Self::GoneAway,
            keepline::Down::NotProvided(why) => Self::NotProvided(why),
            keepline::Down::ProviderSilent => Self::ProviderSilent,
            keepline::Down::Diagnosed(found) => Self::Diagnosed(found.to_string()),
            keepline::Down::Offline => Self::Offline,
            keepline::Down::Suspended => Self::Suspended,
            keepline::Down::Slept => Self::Slept,
        }
    }
}

impl From<keepline::End> for End {
    fn from(why: keepline::End) -> Self {
        match why {
            keepline::End::Application => Self::Application,
            keepline::End::Closed(closed) => Self::Closed(closed.into()),
            keepline::End::Refused(message) => Self::Refused(message),
            keepline::End::NotKeepline => Self::NotKeepline,
            keepline::End::Broken(broken) => Self::Broken { code: broken.code.0 },
            keepline::End::Bye { code, .. } => Self::Bye { code: code.0 },
            keepline::End::Session { code, reason } => Self::Session { code: code.0, reason },
            keepline::End::NotProvided(why) => Self::NotProvided(why),
            keepline::End::BadEndpoint(what) => Self::BadEndpoint(what),
            keepline::End::Diagnosed(found) => Self::Diagnosed(found.to_string()),
        }
    }
}

impl From<keepline::Closed> for Closed {
    fn from(closed: keepline::Closed) -> Self {
        Self { code: closed.code.0, reason: closed.reason, clean: closed.clean }
    }
}
