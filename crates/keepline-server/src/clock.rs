//! The wall clock: the one place that reads it.

use std::time::{SystemTime, UNIX_EPOCH};

/// The time of day, in seconds since the Unix epoch.
// Timestamps in messages are for people, and nothing is decided by them.
#[allow(clippy::disallowed_methods)]
pub(crate) fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
