//! When an open connection last gave a sign of life, and whether it has been asked for one.

use core::time::Duration;

use crate::Instant;

#[derive(Clone, Copy, Debug)]
pub(super) struct Pulse {
    heard: Instant,
    question: Question,
    asked_at: Instant,
}

/// Whether the far end is to prove that it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    None,
    /// The page woke.
    Asked,
    /// An alarm rang late, which is no fault of the far end's: it was asked once more, and is not
    /// asked a third time.
    AskedAgain,
}

impl Pulse {
    pub(super) const fn new(opened_at: Instant) -> Self {
        Self { heard: opened_at, question: Question::None, asked_at: opened_at }
    }

    pub(super) const fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// The far end has proven that it is there.
    pub(super) const fn proven(&mut self) {
        self.question = Question::None;
    }

    pub(super) const fn last_heard(&self) -> Instant {
        self.heard
    }

    pub(super) fn is_fresh(&self, now: Instant, within: Duration) -> bool {
        now - self.heard < within
    }

    pub(super) fn is_in_question(&self) -> bool {
        self.question != Question::None
    }

    /// Whether the page may ask, because it woke.
    pub(super) fn asks(&mut self, now: Instant) -> bool {
        let may = self.question == Question::None;
        if may {
            (self.question, self.asked_at) = (Question::Asked, now);
        }
        may
    }

    /// Whether the page may ask, because an alarm rang late.
    pub(super) fn asks_again(&mut self, now: Instant) -> bool {
        let may = self.question != Question::AskedAgain;
        (self.question, self.asked_at) = (Question::AskedAgain, now);
        may
    }

    /// Tells the last question from those before it.
    pub(super) const fn token(&self) -> u64 {
        self.asked_at.since_origin().as_micros() as u64
    }
}
