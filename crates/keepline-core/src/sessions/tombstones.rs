//! What is remembered of sessions that are over, so that their messages' fates stay exact.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;

use super::owner::Owner;
use crate::mutant::{Mutant, planted};
use crate::wire::{Epoch, Instance, Previous, SessionId};
use crate::{CloseCode, Instant};

/// What is left of a session.
#[derive(Clone, Debug)]
pub(super) struct Tombstone {
    pub(super) owner: Owner,
    pub(super) instance: Instance,
    pub(super) attempt: u64,
    pub(super) last: (Epoch, Previous),
    /// The epoch before it, if the client may never have heard of the last one.
    pub(super) before: Option<(Epoch, Previous)>,
    /// How one of the two sides has ended it, if it did not just expire.
    pub(super) ended: Option<(CloseCode, String)>,
}

impl Tombstone {
    /// What is remembered of this epoch.
    pub(super) fn of(&self, epoch: Option<Epoch>) -> Option<(Epoch, Previous)> {
        let mut remembered = [Some(self.last), self.before].into_iter().flatten();
        remembered.find(|(its, _)| Some(*its) == epoch)
    }
}

/// Whose tombstones go first when there are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worth {
    /// Of a session that was left before anything passed in it.
    NothingPassed,
    /// Its client has said its last word, and will hardly come back.
    Parted,
    MayReturn,
}

impl Worth {
    const ALL: [Self; 3] = [Self::NothingPassed, Self::Parted, Self::MayReturn];
}

/// A bounded number of tombstones, each for a bounded time. Of one client there is one at most, and
/// when there are too many, those go first that are worth least: nobody who only comes and goes
/// makes the server forget the others.
#[derive(Debug)]
pub(super) struct Tombstones {
    most: usize,
    by_id: BTreeMap<SessionId, (Order, Tombstone)>,
    /// Those that go first, first.
    order: BTreeSet<(Order, SessionId)>,
}

type Order = (Worth, Instant);

impl Tombstones {
    pub(super) const fn new(most: usize) -> Self {
        Self { most, by_id: BTreeMap::new(), order: BTreeSet::new() }
    }

    pub(super) fn lay(
        &mut self,
        id: SessionId,
        tombstone: Tombstone,
        worth: Worth,
        until: Instant,
    ) {
        if self.most == 0 || planted(Mutant::TombstoneMissing) {
            return;
        }
        self.take(id);
        let order = (worth, until);
        self.by_id.insert(id, (order, tombstone));
        self.order.insert((order, id));
        if self.order.len() > self.most {
            self.remove(self.order.first().copied());
        }
    }

    /// Takes it away: a new session begins under its id.
    pub(super) fn take(&mut self, id: SessionId) {
        self.remove(self.by_id.get(&id).map(|(order, _)| (*order, id)));
    }

    pub(super) fn find(&mut self, id: SessionId) -> Option<&mut Tombstone> {
        self.by_id.get_mut(&id).map(|(_, tombstone)| tombstone)
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.oldest().map(|((_, until), _)| until)
    }

    pub(super) fn expire(&mut self, now: Instant) {
        while self.next().is_some_and(|until| until <= now) {
            self.remove(self.oldest());
        }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    fn oldest(&self) -> Option<(Order, SessionId)> {
        let first = |worth| {
            let from = ((worth, Instant::ORIGIN), SessionId([0; 16]));
            self.order.range(from..).next()
        };
        let oldest_of_each = Worth::ALL.into_iter().filter_map(first);
        oldest_of_each.min_by_key(|((_, until), _)| *until).copied()
    }

    fn remove(&mut self, one: Option<(Order, SessionId)>) {
        if let Some((order, id)) = one {
            self.order.remove(&(order, id));
            self.by_id.remove(&id);
        }
    }
}
