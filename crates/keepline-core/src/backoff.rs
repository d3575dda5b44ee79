//! When to try again: full jitter under a growing ceiling, and a pace that nothing outruns.

use alloc::vec::Vec;
use core::time::Duration;

use crate::mutant::{Mutant, planted};
use crate::rng::Rng;
use crate::{Instant, Span};

const MINUTE: Span = Span::secs(60);

/// How long to wait between attempts to connect.
///
/// The wait is drawn uniformly from `[0, min(cap, base · 2^n)]`, counted from the loss or the
/// failure, where `n` is the number of consecutive failures: 0 when a settled line was lost, so
/// that its first retry is prompt. Jitter is applied after the cap, for a crowd that waits at the
/// cap must not come back in step. Keepline never gives up by counting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The ceiling of the first wait. Default: 500 ms.
    pub base: Duration,
    /// The ceiling that no drawn wait exceeds. Default: 30 s. Not below `base`.
    pub cap: Duration,
    /// The most attempts that one client makes in any 60 s, whatever happens; it may lengthen a
    /// wait beyond `cap`. Default: 20. At least 1, at most 1,000.
    pub attempts_per_minute: u16,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            attempts_per_minute: 20,
        }
    }
}

impl Backoff {
    pub(crate) fn delay(&self, failures: u32, rng: &mut Rng) -> Span {
        match self.ceiling(failures) {
            ceiling if planted(Mutant::RetryWithoutJitter) => ceiling,
            ceiling => rng.up_to(ceiling),
        }
    }

    fn ceiling(&self, failures: u32) -> Span {
        let (mut ceiling, cap) = (Span::from(self.base), Span::from(self.cap));
        for _ in 0..failures {
            if ceiling >= cap {
                break;
            }
            ceiling = ceiling + ceiling;
        }
        ceiling.min(cap)
    }
}

/// The instants of the last attempts: as many as may lie within one minute.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    recent: Vec<Instant>,
    per_minute: usize,
}

impl Pace {
    pub(crate) fn new(backoff: &Backoff) -> Self {
        Self { recent: Vec::new(), per_minute: usize::from(backoff.attempts_per_minute) }
    }

    pub(crate) fn record(&mut self, now: Instant) {
        if self.recent.len() == self.per_minute {
            self.recent.remove(0);
        }
        self.recent.push(now);
    }

    /// The first instant at which another attempt keeps the pace.
    pub(crate) fn next_allowed(&self) -> Instant {
        match self.recent.first() {
            Some(_) if planted(Mutant::PaceIgnored) => Instant::ORIGIN,
            Some(&oldest) if self.recent.len() == self.per_minute => oldest + MINUTE,
            Some(_) | None => Instant::ORIGIN,
        }
    }
}
