//! Hands over to the event loop when an application has been reading for long.

use std::cell::{Cell, OnceCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use keepline_core::Instant;

use crate::bell::Bell;
use crate::clock;
use crate::driver::Driver;
use crate::panic::has_panicked;

/// So long may an application read in one go: what it does with its messages in microtasks keeps
/// a page from being drawn.
const LONGEST_READING: Duration = Duration::from_millis(8);
/// The clock is read when the count of messages is a power of two, and then whenever so many more
/// have been taken.
const READS_CLOCK_EVERY: u32 = 64;

/// Counts what is read without the event loop having had its turn.
pub(crate) struct Pause {
    taken: Cell<u32>,
    /// When the clock was first read in this reading.
    began: Cell<Option<Instant>>,
    /// The event loop has its turn now.
    rests: Cell<bool>,
    bell: OnceCell<Bell>,
    /// Has the reader go on.
    ring: Rc<dyn Fn()>,
}

impl Pause {
    pub(crate) fn new(driver: &Weak<Driver>) -> Self {
        let driver = Weak::clone(driver);
        let ring = move || {
            if let Some(driver) = driver.upgrade().filter(|_| !has_panicked()) {
                driver.go_on();
            }
        };
        let (taken, began, rests) = (Cell::new(0), Cell::new(None), Cell::new(false));
        Self { taken, began, rests, bell: OnceCell::new(), ring: Rc::new(ring) }
    }

    /// Whether the reader must wait until it is called upon to go on. To be asked before each
    /// message.
    pub(crate) fn is_due(&self) -> bool {
        let is_due = self.rests.get() || self.has_read_for_long();
        if is_due && !self.rests.replace(true) {
            self.bell.get_or_init(|| Bell::new(&self.ring)).strike(&self.ring);
        }
        is_due
    }

    /// Whether the event loop has its turn now.
    pub(crate) const fn rests(&self) -> bool {
        self.rests.get()
    }

    fn has_read_for_long(&self) -> bool {
        let taken = self.taken.get() + 1;
        self.taken.set(taken);
        // The first message costs no look at the clock: often it is the only one.
        let looks =
            taken > 1 && (taken.is_power_of_two() || taken.is_multiple_of(READS_CLOCK_EVERY));
        looks && self.has_lasted(clock::now())
    }

    fn has_lasted(&self, now: Instant) -> bool {
        let began = self.began.get().unwrap_or(now);
        self.began.set(Some(began));
        now - began >= LONGEST_READING
    }

    /// The event loop has had its turn, or the reader has nothing more to read.
    pub(crate) fn is_over(&self) {
        self.rests.set(false);
        self.taken.set(0);
        self.began.set(None);
    }
}
