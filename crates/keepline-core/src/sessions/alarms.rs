//! When something is due, for any number of connections and sessions.

use alloc::collections::BTreeSet;

use super::SessionKey;
use crate::{ConnId, Instant};

/// Whose deadline it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    Line(ConnId),
    Session(SessionKey),
    Tombstones,
}

/// One alarm for each; it may ring too early, and is then set again. Moving it with every message
/// would cost more.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    due: BTreeSet<(Instant, Whose)>,
}

impl Alarms {
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Sets an alarm; `present` is where it stands now, and is kept if it rings before.
    pub(super) fn set(&mut self, whose: Whose, present: &mut Option<Instant>, at: Instant) {
        match *present {
            Some(before) if before <= at => return,
            Some(before) => {
                self.due.remove(&(before, whose));
            }
            None => {}
        }
        self.due.insert((at, whose));
        *present = Some(at);
    }

    pub(super) fn stop(&mut self, whose: Whose, present: &mut Option<Instant>) {
        if let Some(at) = present.take() {
            self.due.remove(&(at, whose));
        }
    }

    pub(super) fn take_due(&mut self, now: Instant) -> Option<Whose> {
        let (at, whose) = *self.due.first()?;
        (at <= now).then(|| {
            self.due.pop_first();
            whose
        })
    }
}
