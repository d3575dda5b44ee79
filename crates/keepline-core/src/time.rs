//! The core's own instant, which a driver hands in.

use core::ops::{Add, Sub};
use core::time::Duration;

const MICROS: u64 = 1_000_000;

/// A point of time on the driver's monotonic clock, to the microsecond.
///
/// The origin is the driver's choice (in a browser, the page's time origin); only differences
/// mean anything to the core. Arithmetic saturates: it never overflows and never panics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    micros: u64,
}

impl Instant {
    /// The driver's origin.
    pub const ORIGIN: Self = Self { micros: 0 };

    /// Later than any instant at which something is due.
    pub(crate) const NEVER: Self = Self { micros: u64::MAX };

    /// The instant that lies `elapsed` after the driver's origin.
    #[must_use]
    pub const fn from_origin(elapsed: Duration) -> Self {
        let micros = elapsed.as_secs().saturating_mul(MICROS);
        Self { micros: micros.saturating_add(elapsed.subsec_micros() as u64) }
    }

    /// How long this instant lies after the driver's origin.
    #[must_use]
    pub const fn since_origin(self) -> Duration {
        Duration::from_micros(self.micros)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        let by = Self::from_origin(by);
        Self { micros: self.micros.saturating_add(by.micros) }
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// How long `self` lies after `earlier`; zero when it does not.
    fn sub(self, earlier: Self) -> Duration {
        Duration::from_micros(self.micros.saturating_sub(earlier.micros))
    }
}
