//! The terms of messages that wait, by id: under which key, until when, and whether they may go.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use crate::mutant::{Mutant, planted};
use crate::{Instant, Key, MessageId, SendOptions, WhenFull};

/// Only messages that were sent on terms are in here, and of those that have left at most as many
/// as waited when one was last sent on terms: a message that leaves costs nothing.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// In the order of ids.
    agreed: VecDeque<Term>,
    /// In the order of keys.
    latest: Vec<(Key, MessageId)>,
    key_bytes: usize,
    /// When the first of them expires, or earlier.
    soonest: Option<Instant>,
}

#[derive(Debug)]
struct Term {
    id: MessageId,
    key: Option<Key>,
    expires_at: Option<Instant>,
    may_be_dropped: bool,
}

impl Terms {
    /// The terms of a message that was just accepted: ids rise.
    pub(super) fn agree(&mut self, id: MessageId, options: SendOptions, now: Instant) {
        let SendOptions { when_full, key, expires } = options;
        if let Some(key) = &key {
            self.key_bytes += key.len();
            match self.place_of(key) {
                Ok(place) => self.latest[place].1 = id,
                Err(place) => self.latest.insert(place, (key.clone(), id)),
            }
        }
        let expires_at = expires.map(|within: Duration| now + within);
        self.soonest = [self.soonest, expires_at].into_iter().flatten().min();
        let may_be_dropped = when_full == WhenFull::DropOldest;
        self.agreed.push_back(Term { id, key, expires_at, may_be_dropped });
    }

    /// The message that was sent last under this key.
    pub(super) fn latest(&self, key: &Key) -> Option<MessageId> {
        self.latest.get(self.place_of(key).ok()?).map(|(_, id)| *id)
    }

    /// What the keys take of the outbox.
    pub(super) const fn key_bytes(&self) -> usize {
        self.key_bytes
    }

    /// The messages that may make room, the oldest first.
    pub(super) fn droppable(&self) -> impl Iterator<Item = MessageId> {
        let any = planted(Mutant::AnythingDropped);
        self.agreed.iter().filter(move |term| any || term.may_be_dropped).map(|term| term.id)
    }

    /// When to look for expired messages.
    pub(super) const fn soonest(&self) -> Option<Instant> {
        self.soonest
    }

    /// The messages that have expired by now.
    pub(super) fn expired(&mut self, now: Instant) -> Vec<MessageId> {
        let early = planted(Mutant::ExpiresEarly);
        let is_due = |term: &&Term| term.expires_at.is_some_and(|at| early || at <= now);
        let due = self.agreed.iter().filter(is_due).map(|term| term.id).collect();
        let later = self.agreed.iter().filter_map(|term| term.expires_at).filter(|at| *at > now);
        self.soonest = later.min();
        due
    }

    /// This message does not wait any more.
    pub(super) fn forget(&mut self, id: MessageId) {
        if let Ok(index) = self.agreed.binary_search_by_key(&id, |term| term.id) {
            let term = self.agreed.remove(index);
            term.into_iter().for_each(|term| self.release(term));
        }
    }

    /// No message below this one waits any more.
    pub(super) fn forget_before(&mut self, first: MessageId) {
        while self.agreed.front().is_some_and(|term| term.id < first) {
            let term = self.agreed.pop_front();
            term.into_iter().for_each(|term| self.release(term));
        }
    }

    fn release(&mut self, term: Term) {
        if let Some(key) = term.key {
            self.key_bytes -= key.len();
            if let Ok(place) = self.place_of(&key)
                && self.latest[place].1 == term.id
            {
                self.latest.remove(place);
            }
        }
    }

    fn place_of(&self, key: &Key) -> Result<usize, usize> {
        self.latest.binary_search_by(|(other, _)| other.cmp(key))
    }
}
