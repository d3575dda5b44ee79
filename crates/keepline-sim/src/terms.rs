//! The terms that applications send on, and whether they are kept.

use std::collections::BTreeMap;

use keepline_core::{Instant, Key, Loss, SendOptions, WhenFull};

use crate::chance::Chance;

/// Few keys, so that messages meet under them.
const KEYS: usize = 3;

/// Some terms, or none that differ from the usual.
pub(crate) fn draw(chance: &mut Chance) -> SendOptions {
    let when_full = if chance.strikes(400) { WhenFull::DropOldest } else { WhenFull::Reject };
    let key = chance.strikes(400).then(|| match chance.below(KEYS) {
        0 => Key::from("cursor"),
        number => Key::from(number as u64),
    });
    let expires = chance.strikes(400).then(|| chance.millis(0, 10_000));
    SendOptions { when_full, key, expires }
}

/// What was agreed of the messages of one tab, by id. Of others the usual holds.
#[derive(Debug, Default)]
pub(crate) struct Agreements {
    agreed: BTreeMap<u64, Agreed>,
    latest: BTreeMap<Key, u64>,
}

#[derive(Debug, Default)]
struct Agreed {
    key: Option<Key>,
    expires_at: Option<Instant>,
    may_be_dropped: bool,
    cancelled: bool,
}

impl Agreements {
    pub(crate) fn agree(&mut self, id: u64, options: SendOptions, now: Instant) {
        let SendOptions { when_full, key, expires } = options;
        if let Some(key) = &key {
            self.latest.insert(key.clone(), id);
        }
        let expires_at = expires.map(|within| now + within);
        let may_be_dropped = when_full == WhenFull::DropOldest;
        self.agreed.insert(id, Agreed { key, expires_at, may_be_dropped, cancelled: false });
    }

    /// The application was told that it has taken this message back.
    pub(crate) fn cancelled(&mut self, id: u64) {
        self.agreed.entry(id).or_default().cancelled = true;
    }

    /// What forbids that a message is given to a connection now, for the first time.
    pub(crate) fn objection(&self, id: u64, now: Instant) -> Option<&'static str> {
        let agreed = self.agreed.get(&id)?;
        if agreed.cancelled {
            Some("was taken back")
        } else if agreed.expires_at.is_some_and(|at| at < now) {
            Some("has expired")
        } else if self.has_newer(id, agreed) {
            Some("is not the latest under its key")
        } else {
            None
        }
    }

    /// Whether a message may end like that.
    pub(crate) fn allow(&self, id: u64, loss: Loss, now: Instant) -> bool {
        let agreed = self.agreed.get(&id);
        match loss {
            Loss::NeverSent | Loss::NotTaken | Loss::TooLarge => {
                !agreed.is_some_and(|agreed| agreed.cancelled)
            }
            Loss::Dropped => agreed.is_some_and(|agreed| agreed.may_be_dropped),
            Loss::Replaced => agreed.is_some_and(|agreed| self.has_newer(id, agreed)),
            Loss::Expired => {
                agreed.and_then(|agreed| agreed.expires_at).is_some_and(|at| at <= now)
            }
            Loss::Cancelled => agreed.is_some_and(|agreed| agreed.cancelled),
        }
    }

    fn has_newer(&self, id: u64, agreed: &Agreed) -> bool {
        let latest = agreed.key.as_ref().and_then(|key| self.latest.get(key));
        latest.is_some_and(|latest| *latest > id)
    }
}
