//! What the application has not been told yet, and who is waiting for it.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::Duration;

use keepline_core::{Arrival, Event, Inbox, Limits, Status};

/// How many events are remembered for those who look later.
const REMEMBERED: usize = 256;

pub(crate) struct Mailbox {
    inbox: Inbox,
    events: VecDeque<Event>,
    /// The position of the first remembered event, counted from the beginning.
    first_event: u64,
    round_trip: Option<Duration>,
    ended: bool,
    reader: Option<Waker>,
    /// Those who wait for an event, or for what an event brings: room, an end.
    watchers: Vec<Waker>,
    due: Vec<Waker>,
}

impl Mailbox {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            inbox: Inbox::new(limits),
            events: VecDeque::new(),
            first_event: 0,
            round_trip: None,
            ended: false,
            reader: None,
            watchers: Vec::new(),
            due: Vec::new(),
        }
    }

    /// Takes in an event of the core; whoever waits for it becomes due.
    pub(crate) fn take_in(&mut self, event: Event) {
        match event {
            Event::Message(payload) => {
                self.inbox.push(payload);
                self.due.extend(self.reader.take());
            }
            Event::RoundTrip(took) => {
                self.round_trip = Some(took);
                self.remember(event);
            }
            Event::Status(Status::Ended { .. }) => {
                self.ended = true;
                self.due.extend(self.reader.take());
                self.remember(event);
            }
            Event::Status(_) | Event::Unknown(_) | Event::NeverSent(_) => self.remember(event),
        }
    }

    fn remember(&mut self, event: Event) {
        if self.events.len() == REMEMBERED {
            self.events.pop_front();
            self.first_event += 1;
        }
        self.events.push_back(event);
        self.due.append(&mut self.watchers);
    }

    /// Those to wake, once nothing is borrowed.
    pub(crate) fn take_due(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.due)
    }

    pub(crate) fn pop(&mut self) -> Option<Arrival> {
        self.inbox.pop()
    }

    pub(crate) const fn has_ended(&self) -> bool {
        self.ended
    }

    pub(crate) const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// The position after the last event.
    pub(crate) fn end_of_events(&self) -> u64 {
        self.first_event + self.events.len() as u64
    }

    /// The event at `position`, or the oldest still remembered; with the position after it.
    pub(crate) fn event_at(&self, position: u64) -> Option<(Event, u64)> {
        let position = position.max(self.first_event);
        let index = usize::try_from(position - self.first_event).ok()?;
        let event = self.events.get(index)?;
        Some((event.clone(), position + 1))
    }

    pub(crate) fn await_message(&mut self, waker: &Waker) {
        self.reader = Some(waker.clone());
    }

    pub(crate) fn await_event(&mut self, waker: &Waker) {
        if !self.watchers.iter().any(|waiting| waiting.will_wake(waker)) {
            self.watchers.push(waker.clone());
        }
    }
}
