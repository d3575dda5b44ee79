//! Where in a queue the unread message of each key stands.

use alloc::collections::{BTreeMap, VecDeque};

use crate::Key;

/// Places of messages in a queue that is left at its front only. Of each key there is one.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// How many have left the queue.
    left: u64,
    of: BTreeMap<Key, u64>,
    /// The same in the order of the queue.
    keyed: VecDeque<(u64, Key)>,
}

impl Places {
    /// The index of the message under this key.
    pub(super) fn find(&self, key: &Key) -> Option<usize> {
        usize::try_from(self.of.get(key)? - self.left).ok()
    }

    /// A message has come to stand at this index, the last.
    pub(super) fn add(&mut self, key: Key, index: usize) {
        let place = self.left + index as u64;
        self.of.insert(key.clone(), place);
        self.keyed.push_back((place, key));
    }

    /// The message at the front has left.
    pub(super) fn leave(&mut self) {
        let left = self.keyed.pop_front_if(|(place, _)| *place == self.left);
        if let Some((_, key)) = left {
            self.of.remove(&key);
        }
        self.left += 1;
    }
}
