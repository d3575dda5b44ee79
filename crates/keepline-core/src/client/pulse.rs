//! When an open connection last gave a sign of life, and whether it has been asked for one.

use crate::{Instant, Span};

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
    /// An alarm rang a little late: what came in time is to be read first.
    Excused,
    /// The page woke.
    Asked,
    /// An alarm rang late while it was asked, or very late: there is one more excuse.
    AskedAgain,
    /// And the alarm of that question rang late as well, for pages that nap may nap again: its
    /// answer is to be read if it is there. There is no other excuse.
    Last,
}

/// What an alarm that rang late is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excuse {
    None,
    /// What came in time is read.
    Read,
    /// The far end is asked.
    Ask,
}

impl Pulse {
    pub(super) const fn new(opened_at: Instant) -> Self {
        Self { heard: opened_at, question: Question::None, asked_at: opened_at }
    }

    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
        if self.question == Question::Excused {
            self.question = Question::None;
        }
    }

    /// The far end has proven that it is there.
    pub(super) const fn proven(&mut self) {
        self.question = Question::None;
    }

    pub(super) const fn last_heard(&self) -> Instant {
        self.heard
    }

    pub(super) fn is_fresh(&self, now: Instant, within: Span) -> bool {
        now.since(self.heard) < within
    }

    pub(super) const fn is_in_question(&self) -> bool {
        match self.question {
            Question::None | Question::Excused => false,
            Question::Asked | Question::AskedAgain | Question::Last => true,
        }
    }

    /// Whether the page may ask, because it woke.
    pub(super) fn asks(&mut self, now: Instant) -> bool {
        let may = !self.is_in_question();
        if may {
            (self.question, self.asked_at) = (Question::Asked, now);
        }
        may
    }

    /// What an alarm that rang late, or very late, is answered with. No excuse holds twice.
    pub(super) const fn excuse(&mut self, is_very_late: bool, now: Instant) -> Excuse {
        match (self.question, is_very_late) {
            (Question::Last, _) | (Question::Excused, false) => Excuse::None,
            (Question::AskedAgain, _) => {
                self.question = Question::Last;
                Excuse::Read
            }
            (Question::None, false) => {
                self.question = Question::Excused;
                Excuse::Read
            }
            (Question::Asked, false) => {
                self.question = Question::AskedAgain;
                Excuse::Read
            }
            (Question::None | Question::Excused | Question::Asked, true) => {
                (self.question, self.asked_at) = (Question::AskedAgain, now);
                Excuse::Ask
            }
        }
    }

    /// Tells the last question from those before it.
    pub(super) const fn token(&self) -> u64 {
        self.asked_at.since(Instant::ORIGIN).as_micros()
    }
}
