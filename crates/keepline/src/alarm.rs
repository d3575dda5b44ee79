//! The one alarm that a driver holds, and what it says of the page when it rings.

use std::rc::Rc;
use std::time::Duration;

use gloo_timers::callback::Timeout;
use keepline_core::Instant;

use crate::clock;

/// The longest delay of `setTimeout`: a longer one rings at once (HTML §8.6).
const LONGEST: u32 = i32::MAX as u32;

/// A watchful alarm rings at least so often, so that a sleep of the machine is noticed soon.
const LONGEST_BLINDNESS: Duration = Duration::from_secs(10);

/// Timers of hidden pages are late by up to a minute; an alarm that is later than this was in a
/// page that did not run at all.
const LATE_AS_ASLEEP: Duration = Duration::from_secs(90);

pub(crate) struct Alarm {
    ring: Rc<dyn Fn()>,
    set: Option<Set>,
    /// How long the machine has slept in all, when this was last looked at.
    slept: Duration,
}

struct Set {
    at: Instant,
    /// Whether it was set in a turn of a socket, and not when another alarm rang.
    is_prompt: bool,
    _timeout: Timeout,
}

impl Alarm {
    pub(crate) fn new(ring: Rc<dyn Fn()>) -> Self {
        Self { ring, set: None, slept: clock::slept() }
    }

    pub(crate) fn stop(&mut self) {
        self.set = None;
    }

    /// Rings for `due`, and now and then if it is watchful. One that rings too early is set again
    /// then, which costs less than setting it again with every message that puts a deadline off.
    /// But an alarm that was set when another rang is set again from a message: Chromium lets the
    /// timers of a hidden page that beget each other ring once a minute (HTML §8.6, the nesting
    /// level).
    pub(crate) fn hold(&mut self, due: Option<Instant>, is_watchful: bool, is_prompt: bool) {
        let must_be_set =
            |set: &Set| due.is_some_and(|due| due < set.at) || (is_prompt && !set.is_prompt);
        if due.is_none() && !is_watchful {
            self.stop();
        } else if self.set.as_ref().is_none_or(must_be_set) {
            let now = clock::now();
            let watch = is_watchful.then(|| now + LONGEST_BLINDNESS);
            let at = due.into_iter().chain(watch).min().unwrap_or(now);
            let millis = (at - now).as_micros().div_ceil(1_000);
            let millis = u32::try_from(millis).unwrap_or(u32::MAX).min(LONGEST);
            let ring = Rc::clone(&self.ring);
            let _timeout = Timeout::new(millis, move || ring());
            self.set = Some(Set { at, is_prompt, _timeout });
        }
    }

    /// How long the machine has slept, or the page did not run, since this was last looked at. The
    /// present is then later than it was.
    pub(crate) fn slept(&mut self) -> Duration {
        let slept = clock::slept();
        let jump = slept.saturating_sub(std::mem::replace(&mut self.slept, slept));
        let late = self.set.as_ref().map_or(Duration::ZERO, |set| clock::now() - set.at);
        if late <= LATE_AS_ASLEEP {
            return jump;
        }
        // It says so once.
        self.stop();
        jump.max(late)
    }
}
