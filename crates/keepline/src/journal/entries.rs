//! The last entries of a journal, in order. Making room costs the same however many there are: in a
//! session every message may be an entry.

use std::collections::VecDeque;
use std::iter;

use super::{Entry, Happening};

/// What may have to go first lies apart from what lasts; each is in the order of the positions.
#[derive(Debug, Default)]
pub(super) struct Entries {
    expendable: VecDeque<Entry>,
    lasting: VecDeque<Entry>,
}

impl Entries {
    pub(super) fn push(&mut self, entry: Entry) {
        match entry.what.is_expendable() {
            true => self.expendable.push_back(entry),
            false => self.lasting.push_back(entry),
        }
    }

    /// Makes room, down to so many entries, but only before `untold`.
    pub(super) fn forget_down_to(&mut self, count: usize, untold: u64) {
        let excess = self.len().saturating_sub(count);
        let is_told = |entry: &Entry| entry.position < untold;
        for _ in 0..excess {
            if self.expendable.front().is_some_and(is_told) {
                self.expendable.pop_front();
            } else if self.lasting.front().is_some_and(is_told) {
                self.lasting.pop_front();
            } else {
                return;
            }
        }
    }

    /// The count of the gap at `position`, if it is remembered.
    pub(super) fn gap_at(&mut self, position: u64) -> Option<&mut u64> {
        let place = self.expendable.binary_search_by_key(&position, |it| it.position).ok()?;
        match &mut self.expendable[place].what {
            Happening::Dropped { count } => Some(count),
            Happening::Event(_) | Happening::TooLarge { .. } | Happening::Undecodable => None,
        }
    }

    pub(super) fn from(&self, position: u64) -> impl Iterator<Item = &Entry> {
        let mut expendable = from(&self.expendable, position).peekable();
        let mut lasting = from(&self.lasting, position).peekable();
        iter::from_fn(move || {
            let is_next = expendable.peek().is_some_and(|entry| {
                lasting.peek().is_none_or(|other| entry.position < other.position)
            });
            if is_next { expendable.next() } else { lasting.next() }
        })
    }

    pub(super) fn len(&self) -> usize {
        self.expendable.len() + self.lasting.len()
    }
}

fn from(entries: &VecDeque<Entry>, position: u64) -> impl Iterator<Item = &Entry> {
    let index = entries.partition_point(|entry| entry.position < position);
    entries.range(index..)
}
