//! What is sent on a plain line while messages come in a crowd leaves together.
//!
//! A browser tells of each message in a task of its own. Whoever answers in it has the socket woken
//! by every single answer, which costs about as much as the answer itself. When more messages wait
//! behind one, answers are gathered until the event loop has come round.

use std::cell::{Cell, OnceCell};
use std::rc::{Rc, Weak};

use crate::bell::Bell;
use crate::driver::Driver;
use crate::panic::has_panicked;

/// So many messages come before the event loop has come round, if they come in a crowd.
const CROWD: u32 = 4;
/// As long as they come one by one, it is tried with one of so many whether others are behind it.
const TRIES_EVERY: u32 = 128;

/// A crowd is over when so many times in a row fewer came.
const PATIENCE: u32 = 4;

/// Counts the messages that come between two rounds of the event loop.
pub(crate) struct Gathering {
    heard: Cell<u32>,
    /// For how many more times too few may come; zero if they come one by one.
    patience: Cell<u32>,
    /// What is sent is being gathered, until the bell rings.
    is_on: Cell<bool>,
    bell: OnceCell<Bell>,
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
        let (heard, patience, is_on) = (Cell::new(0), Cell::new(0), Cell::new(false));
        Self { heard, patience, is_on, bell: OnceCell::new(), ring: Rc::new(ring) }
    }

    /// A message has come: whether what is sent from now on is to be gathered.
    pub(crate) fn hears(&self) -> bool {
        let heard = self.heard.get() + 1;
        self.heard.set(heard);
        let begins = !self.is_on.get() && (self.patience.get() > 0 || heard == TRIES_EVERY);
        if begins {
            self.heard.set(1);
            self.is_on.set(true);
            self.bell.get_or_init(|| Bell::new(&self.ring)).strike(&self.ring);
        }
        self.is_on.get()
    }

    /// The event loop has come round; `waits` says whether anything was gathered.
    pub(crate) fn is_over(&self, waits: bool) {
        self.is_on.set(false);
        let is_crowd = self.heard.replace(0) >= CROWD && waits;
        let less = self.patience.get().saturating_sub(1);
        self.patience.set(if is_crowd { PATIENCE } else { less });
    }
}
