//! The one place that reads the clock, and how a duration is said to people.

use std::fmt;
use std::time::{Duration, Instant};

/// Counts up from the moment it was started.
pub(crate) struct Stopwatch {
    started: Instant,
}

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "steps are timed, and ended, by the real clock")]
    pub(crate) fn start() -> Self {
        Self { started: Instant::now() }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A duration in words: `0.4 s`, `12 s`, `4 min 12 s`.
pub(crate) struct Spoken(pub(crate) Duration);

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0..10 => write!(f, "{:.1} s", self.0.as_secs_f64()),
            10..60 => write!(f, "{seconds} s"),
            _ => write!(f, "{} min {} s", seconds / 60, seconds % 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_said_in_the_units_that_people_use() {
        let said = |millis| Spoken(Duration::from_millis(millis)).to_string();
        assert_eq!(said(420), "0.4 s");
        assert_eq!(said(12_900), "12 s");
        assert_eq!(said(252_000), "4 min 12 s");
    }
}
