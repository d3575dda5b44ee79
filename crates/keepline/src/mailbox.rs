//! What the application has not been told yet, and who is waiting for it.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::Duration;

use keepline_core::{
    Arrival, CloseCode, Event, Inbox, Key, Limits, Loss, MessageId, Overflow, Payload, Status,
};

use crate::fates::{Fate, Fates};

/// How many events are remembered for those who look later.
const REMEMBERED: usize = 256;

pub(crate) struct Mailbox {
    pub(crate) inbox: Inbox,
    /// How many messages the application has taken that the core has not been told of.
    taken: usize,
    fates: Fates,
    /// What happened, by position: the count of what happened before.
    events: VecDeque<(u64, Event)>,
    next_position: u64,
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
            inbox: Inbox::new(limits, overflow),
            taken: 0,
            fates: Fates::default(),
            events: VecDeque::new(),
            next_position: 0,
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
        self.due.extend(self.reader.take());
        self.inbox.push(payload, key)
    }

    /// Returns the same.
    pub(crate) fn refuse(&mut self, size: usize) -> Option<CloseCode> {
        self.due.extend(self.reader.take());
        self.inbox.refuse(size)
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

    /// Takes in an event of the core; whoever waits for it becomes due.
    pub(crate) fn take_in(&mut self, event: Event) {
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
        self.remember(event);
        self.wake_watchers();
    }

    /// There may be room, or whatever else somebody waits for.
    pub(crate) fn wake_watchers(&mut self) {
        self.due.extend(self.watchers.drain(..).map(|(_, waker)| waker));
    }

    fn remember(&mut self, event: Event) {
        if self.events.len() == REMEMBERED {
            self.forget_one();
        }
        self.events.push_back((self.next_position, event));
        self.next_position += 1;
    }

    /// Forgets the oldest news that was wished for rather than the account of a loss.
    fn forget_one(&mut self) {
        let oldest = self.events.iter().position(|(_, event)| is_wished_for(event)).unwrap_or(0);
        self.events.remove(oldest);
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
            Some(Arrival::Dropped { count }) => usize::try_from(*count).unwrap_or(usize::MAX),
            Some(Arrival::TooLarge { .. }) | None => 0,
        };
        arrival
    }

    pub(crate) const fn has_ended(&self) -> bool {
        self.ended
    }

    pub(crate) const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// The position after the last event.
    pub(crate) const fn end_of_events(&self) -> u64 {
        self.next_position
    }

    /// The first event at or after `position` that is still remembered, and the position after
    /// it.
    pub(crate) fn event_from(&self, position: u64) -> Option<(Event, u64)> {
        let index = self.events.partition_point(|(at, _)| *at < position);
        let (at, event) = self.events.get(index)?;
        Some((event.clone(), at + 1))
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

const fn is_wished_for(event: &Event) -> bool {
    match event {
        Event::RoundTrip(_) | Event::Delivered(_) => true,
        Event::Undeliverable(_, why) => match why {
            Loss::Dropped | Loss::Replaced | Loss::Expired | Loss::Cancelled => true,
            Loss::NeverSent | Loss::NotTaken | Loss::TooLarge => false,
        },
        Event::Status(_) | Event::Unknown(..) | Event::Restarted { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use keepline_core::{Doubt, MessageIds};

    use super::*;

    #[test]
    fn quiet_hours_do_not_push_out_the_account_of_a_loss() {
        let mut mailbox = Mailbox::new(Limits::default(), Overflow::default());
        let lost = MessageIds { first: MessageId(1), last: MessageId(2) };
        let lost = Event::Unknown(lost, Doubt::LineLost);
        mailbox.take_in(lost.clone());
        for _ in 0..10_000 {
            mailbox.take_in(Event::RoundTrip(Duration::from_millis(20)));
        }
        assert_eq!(mailbox.events.len(), REMEMBERED);
        assert_eq!(mailbox.event_from(0), Some((lost, 1)));
        assert_eq!(mailbox.event_from(10_001), None);
    }

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
