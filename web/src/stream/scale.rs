//! The vertical axis: which numbers it names, and where a value lies on it.

/// An axis from [`Scale::low`] to [`Scale::high`] with a round number at every step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    first: i64,
    last: i64,
    step: f64,
}

const MOST_STEPS: f64 = 5.0;

impl Scale {
    /// The smallest round axis that shows all from `low` to `high`, and always -1 to 1, which is
    /// what the signal promises: an axis that breathes with the line would hide its shape.
    pub(crate) fn around(low: f64, high: f64) -> Self {
        let low = tamed(low).min(-1.0);
        let high = tamed(high).max(1.0);
        let step = round_step((high - low) / MOST_STEPS);
        let (first, last) = ((low / step).floor() as i64, (high / step).ceil() as i64);
        Self { first, last, step }
    }

    pub(crate) fn low(&self) -> f64 {
        self.first as f64 * self.step
    }

    pub(crate) fn high(&self) -> f64 {
        self.last as f64 * self.step
    }

    /// Where `value` lies: 0 at the low end, 1 at the high end.
    pub(crate) fn fraction(&self, value: f64) -> f64 {
        (tamed(value) - self.low()) / (self.high() - self.low())
    }

    /// The named values, from low to high.
    pub(crate) fn ticks(&self) -> impl Iterator<Item = f64> + use<> {
        let step = self.step;
        (self.first..=self.last).map(move |index| index as f64 * step)
    }

    /// A tick in words, with as many decimals as its step needs.
    pub(crate) fn label(&self, tick: f64) -> String {
        let decimals = if self.step < 1.0 { 1 } else { 0 };
        // "-0.0" is what floating point calls zero from below.
        format!("{:.decimals$}", tick + 0.0).replace('-', "\u{2212}")
    }
}

/// The next of 1, 2, 5, 10, 20, 50 … (or 0.5, 0.2, …) that is not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    let fits = |factor: &&f64| **factor * power >= least * (1.0 - f64::EPSILON);
    factors.iter().find(fits).unwrap_or(&10.0) * power
}

/// A value that arithmetic survives: the numbers come from the network.
fn tamed(value: f64) -> f64 {
    if value.is_finite() { value.clamp(-1e12, 1e12) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64) -> Vec<String> {
        let scale = Scale::around(low, high);
        scale.ticks().map(|tick| scale.label(tick)).collect()
    }

    #[test]
    fn the_promised_range_is_always_shown() {
        assert_eq!(labels(0.1, 0.2), ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(Scale::around(0.0, 0.0).fraction(0.0), 0.5);
    }

    #[test]
    fn a_larger_signal_gets_a_larger_axis() {
        assert_eq!(labels(-3.0, 40.0), ["−10", "0", "10", "20", "30", "40"]);
        assert_eq!(Scale::around(-3.0, 40.0).fraction(40.0), 1.0);
    }

    #[test]
    fn any_number_from_the_network_gives_an_axis_that_can_be_drawn() {
        let wild = [0.0, 1.0, -7.3, 1e-300, 1e300, -1e300, f64::MAX, f64::NAN, f64::INFINITY];
        for low in wild {
            for high in wild {
                let scale = Scale::around(low, high);
                assert!(scale.low() < scale.high(), "{scale:?}");
                assert!((2..=8).contains(&scale.ticks().count()), "{scale:?}");
                assert!(scale.fraction(low).is_finite() && scale.fraction(high).is_finite());
            }
        }
    }
}
