//! How much the sessions of a server hold, and whose they are.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;

/// What some sessions hold together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    pub(super) sessions: usize,
    pub(super) bytes: usize,
    /// What those of them hold that have no connection, and can be given up.
    pub(super) away: usize,
}

impl Held {
    const fn count(&mut self, before: usize, after: usize, is_away: bool) {
        self.bytes = self.bytes + after - before;
        if is_away {
            self.move_away(before, after);
        }
    }

    const fn move_away(&mut self, before: usize, after: usize) {
        self.away = (self.away + after).saturating_sub(before);
    }
}

/// What each identity holds, all anonymous sessions, and all sessions together.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    anonymous: Held,
    by_subject: BTreeMap<String, Held>,
    all: Held,
}

impl Holdings {
    pub(super) const fn total(&self) -> usize {
        self.all.bytes
    }

    /// What all hold that have no connection.
    pub(super) const fn away(&self) -> usize {
        self.all.away
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

    /// A session holds more than it did, or less, with a connection or without.
    pub(super) fn count(
        &mut self,
        subject: Option<&str>,
        before: usize,
        after: usize,
        is_away: bool,
    ) {
        if before == after {
            return;
        }
        self.all.count(before, after, is_away);
        if let Some(held) = self.held(subject) {
            held.count(before, after, is_away);
        }
    }

    /// A session that holds so much has no connection any more.
    pub(super) fn leave(&mut self, subject: Option<&str>, bytes: usize) {
        self.move_away(subject, 0, bytes);
    }

    /// It has one again, or is over.
    pub(super) fn come_back(&mut self, subject: Option<&str>, bytes: usize) {
        self.move_away(subject, bytes, 0);
    }

    fn move_away(&mut self, subject: Option<&str>, before: usize, after: usize) {
        self.all.move_away(before, after);
        if let Some(held) = self.held(subject) {
            held.move_away(before, after);
        }
    }

    fn held(&mut self, subject: Option<&str>) -> Option<&mut Held> {
        match subject {
            None => Some(&mut self.anonymous),
            Some(subject) => self.by_subject.get_mut(subject),
        }
    }

    /// A session is over that held so much.
    pub(super) fn end(&mut self, subject: Option<&str>, bytes: usize) {
        self.count(subject, bytes, 0, false);
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
