//! What is sent on a plain line while messages come in a crowd leaves together.
//!
//! A browser tells of each message in a task of its own. Whoever answers in it has the socket woken
//! by every single answer, which costs about as much as the answer itself. When more messages wait
//! behind one, answers are gathered until the event loop has come round.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use keepline_core::Instant;

use crate::bell::Bell;
use crate::driver::Driver;
use crate::panic::has_panicked;

/// So many messages come before the event loop has come round, if they come in a crowd.
const CROWD: u32 = 4;
/// As long as they come one by one, it is tried with one of so many whether others are behind it.
const TRIES_EVERY: u32 = 128;
/// A message that comes later has what was gathered leave: the application may be slow.
const LONGEST: Duration = Duration::from_millis(4);
/// A crowd is over when so many times in a row fewer came.
const PATIENCE: u32 = 4;

/// How what is sent leaves.
pub(crate) enum Sends {
    AtOnce,
    /// When the event loop has come round.
    Together,
    /// The same, once what was gathered so far has left.
    TogetherFromHere,
}

/// Counts the messages that come between two rounds of the event loop.
pub(crate) struct Gathering {
    heard: Cell<u32>,
    /// For how many more times too few may come; zero if they come one by one.
    patience: Cell<u32>,
    /// Since when what is sent is being gathered, until the bell rings.
    since: Cell<Option<Instant>>,
    bell: RefCell<Option<Bell>>,
    ring: Rc<dyn Fn()>,
}

impl Gathering {
    pub(crate) fn new(driver: &Weak<Driver>) -> Self {
        let driver = Weak::clone(driver);
        let ring = move || {
            if let Some(driver) = driver.upgrade().filter(|_| !has_panicked()) {
                driver.leave_together();
            }
        };
        let (heard, patience, since) = (Cell::new(0), Cell::new(0), Cell::new(None));
        Self { heard, patience, since, bell: RefCell::default(), ring: Rc::new(ring) }
    }

    /// A message has come: what is sent from now on leaves at once, or waits for others.
    pub(crate) fn hears(&self, now: Instant) -> Sends {
        let heard = self.heard.get() + 1;
        self.heard.set(heard);
        match self.since.get() {
            Some(since) if now - since < LONGEST => Sends::Together,
            Some(_) => {
                self.since.set(Some(now));
                Sends::TogetherFromHere
            }
            None if self.patience.get() > 0 || heard == TRIES_EVERY => {
                self.heard.set(1);
                self.since.set(Some(now));
                let mut bell = self.bell.borrow_mut();
                bell.get_or_insert_with(|| Bell::new(&self.ring)).strike(&self.ring);
                Sends::Together
            }
            None => Sends::AtOnce,
        }
    }

    /// The event loop has come round; `waits` says whether anything was gathered.
    pub(crate) fn is_over(&self, waits: bool) {
        self.since.set(None);
        let is_crowd = self.heard.replace(0) >= CROWD && waits;
        let less = self.patience.get().saturating_sub(1);
        self.patience.set(if is_crowd { PATIENCE } else { less });
    }

    /// The line has ended: nothing will be heard any more.
    pub(crate) fn ends(&self) {
        drop(self.bell.take());
    }
}
