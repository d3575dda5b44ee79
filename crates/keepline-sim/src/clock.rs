//! The one place that reads the real clock: how fast the simulator is, and whether it hangs.

use std::time::{Duration, Instant};

/// Counts up from the moment it was started.
#[derive(Debug)]
pub struct Stopwatch {
    started: Instant,
}

impl Stopwatch {
    /// Starts to count.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "runs are timed, and ended, by the real clock")]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// How long ago that was.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
