//! What a run is judged by, and what it is found guilty of.

use std::fmt;

/// A promise that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oracle {
    /// In one epoch messages come in order, none missing.
    Order,
    /// A message is taken once; twice only across epochs, and only if so wished.
    Once,
    /// What is said of a message's fate is true, and said once.
    Fate,
    /// Every accepted message has a fate in the end.
    Complete,
    /// A message is the one that was sent.
    Content,
    /// Two correct ends never call each other broken.
    Peace,
    /// A line goes down for good only for a reason that was given to it.
    Reason,
    /// A status follows the one before it.
    Story,
    /// No socket is leaked, and none is used that is gone.
    Sockets,
    /// Queues stay within their bounds.
    Bounds,
    /// A deadline lies ahead, and each is kept.
    Deadlines,
    /// Retries are prompt, spread, and paced.
    Retries,
    /// When the storm is over, everything converges.
    Converges,
    /// What was missed is counted rightly.
    Missed,
    /// The same seed tells the same story.
    Replay,
    /// Nothing new is sent while the server goes away.
    Drain,
    /// A message that waits is dropped, replaced, cancelled or expires by its terms alone, and
    /// then never leaves.
    Terms,
    /// A connection is given nothing more while it holds too much.
    Marks,
    /// A line that works is not called silent.
    FalseAlarm,
    /// Who wakes is not kept waiting, and who stands still tries nothing.
    Waking,
    /// Nothing panics.
    Panic,
}

/// A promise that was broken.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which promise.
    pub oracle: Oracle,
    /// How it was broken.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.oracle, self.what)
    }
}

/// The first violation of a run; what follows from it is of no interest.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    first: Option<Violation>,
}

impl Verdict {
    pub(crate) fn blame(&mut self, oracle: Oracle, what: String) {
        self.first.get_or_insert(Violation { oracle, what });
    }

    pub(crate) fn demand(&mut self, holds: bool, oracle: Oracle, what: impl FnOnce() -> String) {
        if !holds {
            self.blame(oracle, what());
        }
    }

    pub(crate) const fn is_guilty(&self) -> bool {
        self.first.is_some()
    }

    pub(crate) fn sentence(&mut self) -> Option<Violation> {
        self.first.take()
    }
}
