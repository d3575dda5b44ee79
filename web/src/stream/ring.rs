//! The last minute of the stream, and how fast it comes.

use std::collections::VecDeque;

use keepline_demo::Sample;

use crate::clock::Moment;

/// The samples of the last [`Ring::WINDOW`] seconds, at most [`Ring::MOST`] of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ring {
    samples: VecDeque<Sample>,
    /// When the newest came, by this page's clock.
    heard: Moment,
}

impl Ring {
    /// How far back it reaches, in seconds.
    pub(crate) const WINDOW: f64 = 60.0;
    /// A minute at 50 a second, and some to spare.
    pub(crate) const MOST: usize = 4_096;
    /// Samples are never further apart than this, in seconds, while all is well.
    pub(crate) const GAP: f64 = 2.5;

    /// Takes in the next sample, which came `now`, and lets go of what is too old. One from before
    /// its predecessor means that the server's clock was set back: what was older is let go of
    /// altogether.
    pub(crate) fn push(&mut self, sample: Sample, now: Moment) {
        if !(sample.timestamp.is_finite() && sample.value.is_finite()) {
            return;
        }
        if self.newest().is_some_and(|newest| newest.timestamp > sample.timestamp) {
            self.samples.clear();
        }
        self.samples.push_back(sample);
        self.heard = now;
        let oldest = sample.timestamp - Self::WINDOW;
        while self.samples.len() > Self::MOST || self.samples[0].timestamp < oldest {
            self.samples.pop_front();
        }
    }

    pub(crate) fn newest(&self) -> Option<Sample> {
        self.samples.back().copied()
    }

    /// How long there has been no sample, in milliseconds, once that is longer than it should be.
    pub(crate) fn silence(&self, now: Moment) -> Option<f64> {
        let silence = now.since(self.heard);
        (self.newest().is_some() && silence > Self::GAP * 1_000.0).then_some(silence)
    }

    /// What a sample of `now` would have for a timestamp. While samples come, that is the newest
    /// one's: a line that is a little late is no reason for the curve to jump.
    pub(crate) fn present(&self, now: Moment) -> f64 {
        let newest = self.newest().map_or(0.0, |newest| newest.timestamp);
        newest + self.silence(now).unwrap_or_default() / 1_000.0
    }

    /// From the oldest to the newest.
    pub(crate) fn samples(&self) -> impl Iterator<Item = Sample> {
        self.samples.iter().copied()
    }

    /// The lowest and the highest value, once there is a sample.
    pub(crate) fn extent(&self) -> Option<(f64, f64)> {
        let values = || self.samples().map(|sample| sample.value);
        Some((values().reduce(f64::min)?, values().reduce(f64::max)?))
    }
}

/// Messages a second, over the last [`Rate::WINDOW_MS`] milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    arrivals: VecDeque<f64>,
}

impl Rate {
    const WINDOW_MS: f64 = 5_000.0;
    const MOST: usize = 1_024;

    /// A message arrived at `now`, in milliseconds.
    pub(crate) fn arrived(&mut self, now: f64) {
        if self.arrivals.len() == Self::MOST {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(now);
    }

    /// The rate at `now`, in messages a second: the number of gaps between the recent arrivals,
    /// through the time that they took.
    pub(crate) fn at(&self, now: f64) -> f64 {
        let recent = || self.arrivals.iter().filter(|at| now - **at <= Self::WINDOW_MS);
        match (recent().next(), self.arrivals.back(), recent().count()) {
            (Some(first), Some(last), count) if last > first => {
                (count - 1) as f64 * 1_000.0 / (last - first)
            }
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(timestamp: f64, value: f64) -> Sample {
        Sample { timestamp, value }
    }

    fn ring(samples: impl IntoIterator<Item = Sample>) -> Ring {
        samples.into_iter().fold(Ring::default(), |mut ring, sample| {
            ring.push(sample, Moment::from_seconds(sample.timestamp));
            ring
        })
    }

    #[test]
    fn only_the_last_minute_is_kept() {
        let ring = ring((0..100).map(|second| sample(f64::from(second), 0.0)));
        assert_eq!(ring.samples().next().unwrap().timestamp, 39.0);
        assert_eq!(ring.newest().unwrap().timestamp, 99.0);
    }

    #[test]
    fn a_flood_within_the_minute_is_bounded() {
        let flood = (0..10_000).map(|index| sample(f64::from(index) / 1_000.0, 0.0));
        assert_eq!(ring(flood).samples().count(), Ring::MOST);
    }

    #[test]
    fn a_clock_that_was_set_back_starts_the_line_afresh() {
        let ring = ring([sample(1e9, 0.5), sample(7.0, -0.5), sample(8.0, 0.25)]);
        assert_eq!(ring.samples().count(), 2);
        assert_eq!(ring.extent(), Some((-0.5, 0.25)));
    }

    #[test]
    fn an_empty_ring_has_no_extent() {
        assert_eq!(Ring::default().extent(), None);
        assert_eq!(ring([sample(f64::NAN, 0.0), sample(0.0, f64::INFINITY)]).newest(), None);
    }

    #[test]
    fn a_stream_that_stalls_is_left_behind_by_the_clock() {
        let ring = ring([sample(7.0, 0.0), sample(8.0, 0.5)]);
        let (soon, later) = (Moment::from_seconds(10.0), Moment::from_seconds(23.0));
        assert_eq!((ring.silence(soon), ring.present(soon)), (None, 8.0));
        assert_eq!((ring.silence(later), ring.present(later)), (Some(15_000.0), 23.0));
        assert_eq!(Ring::default().silence(later), None);
    }

    #[test]
    fn a_clock_of_the_server_that_is_wrong_does_not_make_its_samples_late() {
        let mut ring = Ring::default();
        ring.push(sample(1e6, 0.5), Moment::from_seconds(100.0));
        assert_eq!(ring.present(Moment::from_seconds(101.0)), 1e6);
        assert_eq!(ring.present(Moment::from_seconds(110.0)), 1e6 + 10.0);
    }

    #[test]
    fn the_rate_is_what_the_server_was_asked_for() {
        for hz in [1, 10, 50] {
            let mut rate = Rate::default();
            let arrivals = (0..hz * 8).map(|index| f64::from(index) * 1_000.0 / f64::from(hz));
            arrivals.for_each(|now| rate.arrived(now));
            assert!((rate.at(8_000.0) - f64::from(hz)).abs() < 0.01, "{hz}");
        }
    }

    #[test]
    fn a_stream_that_stalls_has_no_rate_after_a_while() {
        let mut rate = Rate::default();
        assert_eq!(rate.at(0.0), 0.0);
        (0..10).for_each(|index| rate.arrived(f64::from(index) * 100.0));
        assert!(rate.at(1_000.0) > 9.0);
        assert_eq!(rate.at(10_000.0), 0.0);
    }
}
