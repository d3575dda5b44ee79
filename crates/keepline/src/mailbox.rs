//! What the application has not been told yet, and who is waiting for it.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::Duration;

use keepline_core::{
    Arrival, CloseCode, Event, Inbox, Instant, Key, Limits, MessageId, Overflow, Payload, Status,
};

use crate::clock;
use crate::fates::{Fate, Fates};
use crate::journal::{Entry, Happening, Journal};

pub(crate) struct Mailbox {
    pub(crate) inbox: Inbox,
    /// The largest message that the application takes.
    message_bytes: usize,
    /// How many messages the application has taken that the core has not been told of.
    taken: usize,
    fates: Fates,
    journal: Journal,
    round_trip: Option<Duration>,
    ended: bool,
    reader: Option<Waker>,
    /// Those who wait for an event, or for what an event brings: room, an end.
    watchers: Vec<(Watcher, Waker)>,
    next_watcher: u64,
    due: VecDeque<Waker>,
}

/// One who may wait for events; has at most one waker in the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Watcher(u64);

impl Watcher {
    /// The socket itself, as a sink.
    pub(crate) const SINK: Self = Self(0);
}

impl Mailbox {
    pub(crate) fn new(limits: Limits, overflow: Overflow) -> Self {
        Self {
            fates: Fates::new(limits.outbox_messages),
            message_bytes: limits.message_bytes,
            inbox: Inbox::new(limits, overflow),
            taken: 0,
            journal: Journal::default(),
            round_trip: None,
            ended: false,
            reader: None,
            watchers: Vec::new(),
            next_watcher: 1,
            due: VecDeque::new(),
        }
    }

    /// Returns the code that the line is to be closed with, if it is.
    pub(crate) fn deliver(&mut self, payload: Payload, key: Option<Key>) -> Option<CloseCode> {
        // A text may have more bytes than it had units when it came.
        if payload.len() > self.message_bytes {
            return self.refuse(payload.len());
        }
        self.journal.counters.messages_received += 1;
        self.due.extend(self.reader.take());
        let before = self.inbox.dropped();
        let full = self.inbox.push(payload, key);
        self.note_gap(before);
        full
    }

    /// Returns the same.
    pub(crate) fn refuse(&mut self, size: usize) -> Option<CloseCode> {
        self.due.extend(self.reader.take());
        self.journal.take_in(Happening::TooLarge { size }, clock::now());
        let before = self.inbox.dropped();
        let full = self.inbox.refuse(size);
        self.note_gap(before);
        full
    }

    fn note_gap(&mut self, before: u64) {
        let dropped = self.inbox.dropped() - before;
        if dropped > 0 {
            self.journal.take_in_gap(dropped, clock::now);
        }
    }

    /// The reader may go on.
    pub(crate) fn wake_reader(&mut self) {
        self.due.extend(self.reader.take());
    }

    /// Forgets what was delivered and not taken.
    pub(crate) fn discard(&mut self) {
        self.inbox.clear();
    }

    /// How many messages the application has taken since this was last asked.
    pub(crate) const fn take_taken(&mut self) -> usize {
        std::mem::replace(&mut self.taken, 0)
    }

    pub(crate) fn fate(&self, id: MessageId) -> Option<Fate> {
        self.fates.of(id)
    }

    pub(crate) fn has_forgotten(&self, id: MessageId) -> bool {
        self.fates.has_forgotten(id)
    }

    /// What a line has counted and remembers.
    pub(crate) const fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) const fn journal_mut(&mut self) -> &mut Journal {
        &mut self.journal
    }

    /// Takes in an event of the core; whoever waits for it becomes due.
    pub(crate) fn take_in(&mut self, event: Event, at: Instant) {
        match event {
            Event::RoundTrip(took) => self.round_trip = Some(took),
            Event::Status(Status::Ended { .. }) => {
                self.ended = true;
                self.due.extend(self.reader.take());
            }
            Event::Status(_)
            | Event::Delivered(_)
            | Event::Undeliverable(..)
            | Event::Unknown(..)
            | Event::Restarted { .. } => {}
        }
        self.fates.take_in(&event);
        self.journal.take_in(Happening::Event(event), at);
        self.wake_watchers();
    }

    /// There may be room, or whatever else somebody waits for.
    pub(crate) fn wake_watchers(&mut self) {
        self.due.extend(self.watchers.drain(..).map(|(_, waker)| waker));
    }

    /// Nobody will read the messages any more. The wakers that are left over come back, as from
    /// every method that removes one: dropping the last of a task may drop what the task holds,
    /// and that may look into this mailbox.
    #[must_use]
    pub(crate) fn close_inbox(&mut self) -> [Option<Waker>; 2] {
        self.inbox.clear();
        [self.reader.take(), self.unwatch(Watcher::SINK)]
    }

    /// The next one to wake, once nothing is borrowed.
    pub(crate) fn next_due(&mut self) -> Option<Waker> {
        self.due.pop_front()
    }

    pub(crate) fn pop(&mut self) -> Option<Arrival> {
        let arrival = self.inbox.pop();
        self.taken += match &arrival {
            Some(Arrival::Message(_)) => 1,
            // In a session only what a lost one has left makes room: nobody is told of that.
            Some(Arrival::Dropped { count }) => {
                self.journal.close_gap();
                usize::try_from(*count).unwrap_or(usize::MAX)
            }
            Some(Arrival::TooLarge { .. }) | None => 0,
        };
        arrival
    }

    pub(crate) fn has_unread(&self) -> bool {
        self.inbox.unread().messages > 0
    }

    pub(crate) const fn has_ended(&self) -> bool {
        self.ended
    }

    pub(crate) const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// The first event at or after `position` that is still remembered, and the position after
    /// it.
    pub(crate) fn event_from(&self, position: u64) -> Option<(Event, u64)> {
        self.journal.from(position).find_map(|entry| match &entry.what {
            Happening::Event(event) => Some((event.clone(), entry.position + 1)),
            Happening::Dropped { .. } | Happening::TooLarge { .. } | Happening::Undecodable => None,
        })
    }

    /// The first entry of the journal at or after `position` that is still remembered.
    pub(crate) fn entry_from(&self, position: u64) -> Option<Entry> {
        self.journal.from(position).next().cloned()
    }

    pub(crate) const fn watcher(&mut self) -> Watcher {
        let watcher = Watcher(self.next_watcher);
        self.next_watcher += 1;
        watcher
    }

    #[must_use]
    pub(crate) fn await_message(&mut self, waker: &Waker) -> Option<Waker> {
        self.reader.replace(waker.clone())
    }

    #[must_use]
    pub(crate) fn await_event(&mut self, watcher: Watcher, waker: &Waker) -> Option<Waker> {
        let former = self.unwatch(watcher);
        self.watchers.push((watcher, waker.clone()));
        former
    }

    #[must_use]
    pub(crate) fn unwatch(&mut self, watcher: Watcher) -> Option<Waker> {
        let index = self.watchers.iter().position(|(waiting, _)| *waiting == watcher)?;
        Some(self.watchers.swap_remove(index).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_left_leaves_no_waker() {
        let mut mailbox = Mailbox::new(Limits::default(), Overflow::default());
        let watcher = mailbox.watcher();
        for _ in 0..3 {
            drop(mailbox.await_event(watcher, Waker::noop()));
        }
        assert_eq!(mailbox.watchers.len(), 1);
        assert!(mailbox.unwatch(watcher).is_some());
        assert!(mailbox.watchers.is_empty());
    }
}
