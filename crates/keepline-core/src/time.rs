//! The core's own instant, which a driver hands in.

use core::ops::{Add, Div, Sub};
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
    pub fn from_origin(elapsed: Duration) -> Self {
        Self::ORIGIN + elapsed
    }

    /// The same, for a driver that counts in microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self { micros }
    }

    /// How many microseconds this instant lies after the driver's origin.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.micros
    }

    /// How long this instant lies after the driver's origin.
    #[must_use]
    pub const fn since_origin(self) -> Duration {
        Duration::from_micros(self.micros)
    }

    /// So long after this one, or never if it is not said how long.
    pub(crate) fn after(self, by: Option<Duration>) -> Self {
        by.map_or(Self::NEVER, |by| self + by)
    }

    /// How long it lies after `earlier`; zero when it does not.
    pub(crate) const fn since(self, earlier: Self) -> Span {
        Span { micros: self.micros.saturating_sub(earlier.micros) }
    }
}

// Sums are made once in a page, and not wherever there is a time limit.

impl Add<Duration> for Instant {
    type Output = Self;

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn add(self, by: Duration) -> Self {
        self + Span::from(by)
    }
}

impl Add<Span> for Instant {
    type Output = Self;

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn add(self, by: Span) -> Self {
        Self { micros: self.micros.saturating_add(by.micros) }
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// How long `self` lies after `earlier`; zero when it does not.
    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier).into()
    }
}

/// A length of time as the core reckons with it: one number, for the two of a [`Duration`] are
/// much code in a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    micros: u64,
}

impl Span {
    pub(crate) const ZERO: Self = Self { micros: 0 };

    pub(crate) const fn micros(micros: u64) -> Self {
        Self { micros }
    }

    pub(crate) const fn millis(millis: u64) -> Self {
        Self { micros: millis * 1_000 }
    }

    pub(crate) const fn secs(secs: u64) -> Self {
        Self { micros: secs * MICROS }
    }

    pub(crate) const fn as_micros(self) -> u64 {
        self.micros
    }
}

impl From<Duration> for Span {
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn from(duration: Duration) -> Self {
        // Half a million years are enough; a product that saturates is one of 128 bits in wasm.
        let secs = duration.as_secs().min(u64::MAX / MICROS - 1);
        Self { micros: secs * MICROS + u64::from(duration.subsec_micros()) }
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        Self::from_micros(span.micros)
    }
}

impl Add for Span {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self { micros: self.micros.saturating_add(more.micros) }
    }
}

impl Sub for Span {
    type Output = Self;

    fn sub(self, less: Self) -> Self {
        Self { micros: self.micros.saturating_sub(less.micros) }
    }
}

impl Div<u64> for Span {
    type Output = Self;

    fn div(self, by: u64) -> Self {
        Self { micros: self.micros / by }
    }
}
