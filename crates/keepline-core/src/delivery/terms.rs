//! The terms of messages that wait: under which key, until when, and whether they may go.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::{Instant, Key, MessageId, SendOptions, WhenFull};

/// The terms of one message, which it has as long as it waits.
#[derive(Debug)]
pub(super) struct Term {
    pub(super) key: Option<Key>,
    /// [`Instant::NEVER`] if it does not.
    pub(super) expires_at: Instant,
    pub(super) may_be_dropped: bool,
}

impl Term {
    /// `None` when they are no more than any message has.
    pub(super) fn of(options: SendOptions, now: Instant) -> Option<Box<Self>> {
        let SendOptions { when_full, key, expires } = options;
        let expires_at = now.after(expires);
        let may_be_dropped = when_full == WhenFull::DropOldest;
        let any = key.is_some() || expires_at != Instant::NEVER || may_be_dropped;
        any.then(|| Box::new(Self { key, expires_at, may_be_dropped }))
    }
}

/// What follows from the terms of all messages that wait.
#[derive(Debug)]
pub(super) struct Terms {
    /// In the order of keys.
    latest: Vec<(Key, MessageId)>,
    key_bytes: usize,
    /// When the first of them expires, or earlier; [`Instant::NEVER`] if none does.
    pub(super) soonest: Instant,
}

impl Terms {
    pub(super) const fn new() -> Self {
        Self { latest: Vec::new(), key_bytes: 0, soonest: Instant::NEVER }
    }

    /// The message that was sent last under this key.
    pub(super) fn latest(&self, key: &Key) -> Option<MessageId> {
        let (_, id) = self.latest.get(self.place_of(key).ok()?)?;
        Some(*id)
    }

    /// What the keys take of the outbox.
    pub(super) const fn key_bytes(&self) -> usize {
        self.key_bytes
    }

    /// This message waits on these terms.
    pub(super) fn agree(&mut self, id: MessageId, term: &Term) {
        if let Some(key) = &term.key {
            self.key_bytes += key.len();
            match self.place_of(key) {
                Ok(place) => self.latest[place].1 = id,
                Err(place) => self.latest.insert(place, (key.clone(), id)),
            }
        }
        self.soonest = self.soonest.min(term.expires_at);
    }

    /// It does not wait any more.
    pub(super) fn release(&mut self, id: MessageId, term: Option<Box<Term>>) {
        if let Some(key) = term.and_then(|term| term.key) {
            self.key_bytes -= key.len();
            if let Ok(place) = self.place_of(&key)
                && self.latest[place].1 == id
            {
                self.latest.remove(place);
            }
        }
    }

    fn place_of(&self, key: &Key) -> Result<usize, usize> {
        self.latest.binary_search_by(|(other, _)| other.cmp(key))
    }
}
