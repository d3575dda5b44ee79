//! How much the sessions of a server hold, and whose they are.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;

/// What some sessions hold together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    pub(super) sessions: usize,
    pub(super) bytes: usize,
}

impl Held {
    const fn count(&mut self, before: usize, after: usize) {
        self.bytes = self.bytes + after - before;
    }
}

/// What each identity holds, all anonymous sessions, and all sessions together.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    anonymous: Held,
    by_subject: BTreeMap<String, Held>,
    total: usize,
}

impl Holdings {
    pub(super) const fn total(&self) -> usize {
        self.total
    }

    /// What the sessions of one identity hold, or all anonymous ones.
    pub(super) fn of(&self, subject: Option<&str>) -> Held {
        match subject {
            None => self.anonymous,
            Some(subject) => self.by_subject.get(subject).copied().unwrap_or_default(),
        }
    }

    /// A session begins, and holds nothing yet.
    pub(super) fn begin(&mut self, subject: Option<&str>) {
        match subject {
            None => self.anonymous.sessions += 1,
            Some(subject) => {
                self.by_subject.entry(subject.to_owned()).or_default().sessions += 1;
            }
        }
    }

    /// A session holds more than it did, or less.
    pub(super) fn count(&mut self, subject: Option<&str>, before: usize, after: usize) {
        if before == after {
            return;
        }
        self.total = self.total + after - before;
        match subject {
            None => self.anonymous.count(before, after),
            Some(subject) => {
                if let Some(held) = self.by_subject.get_mut(subject) {
                    held.count(before, after);
                }
            }
        }
    }

    /// A session is over that held so much.
    pub(super) fn end(&mut self, subject: Option<&str>, bytes: usize) {
        self.count(subject, bytes, 0);
        match subject {
            None => self.anonymous.sessions -= 1,
            Some(subject) => {
                let Some(held) = self.by_subject.get_mut(subject) else { return };
                held.sessions -= 1;
                if held.sessions == 0 {
                    self.by_subject.remove(subject);
                }
            }
        }
    }
}
