//! What is remembered of sessions that are over, so that their messages' fates stay exact.

use alloc::collections::{BTreeMap, VecDeque};
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

/// A bounded number of tombstones, each for a bounded time.
#[derive(Debug)]
pub(super) struct Tombstones {
    most: usize,
    by_id: BTreeMap<SessionId, (Instant, Tombstone)>,
    /// The oldest first; one whose session has another tombstone since is passed over.
    order: VecDeque<(Instant, SessionId)>,
}

impl Tombstones {
    pub(super) const fn new(most: usize) -> Self {
        Self { most, by_id: BTreeMap::new(), order: VecDeque::new() }
    }

    pub(super) fn lay(&mut self, id: SessionId, tombstone: Tombstone, until: Instant) {
        if self.most == 0 || planted(Mutant::TombstoneMissing) {
            return;
        }
        self.by_id.insert(id, (until, tombstone));
        self.order.push_back((until, id));
        while self.order.len() > self.most {
            self.remove_oldest();
        }
    }

    /// Takes it away: a new session begins under its id.
    pub(super) fn take(&mut self, id: SessionId) -> Option<Tombstone> {
        self.by_id.remove(&id).map(|(_, tombstone)| tombstone)
    }

    pub(super) fn find(&mut self, id: SessionId) -> Option<&mut Tombstone> {
        self.by_id.get_mut(&id).map(|(_, tombstone)| tombstone)
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.order.front().map(|(until, _)| *until)
    }

    pub(super) fn expire(&mut self, now: Instant) {
        while self.next().is_some_and(|until| until <= now) {
            self.remove_oldest();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    fn remove_oldest(&mut self) {
        let Some((until, id)) = self.order.pop_front() else { return };
        if self.by_id.get(&id).is_some_and(|(its, _)| *its == until) {
            self.by_id.remove(&id);
        }
    }
}
