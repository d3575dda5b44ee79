//! The core's only source of chance: SplitMix64 over the seed that the driver hands in.

use crate::Span;

#[derive(Clone, Debug)]
pub(crate) struct Rng {
    state: u64,
}

impl Rng {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// 64 bits, each as likely as the other.
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A time drawn uniformly from `[0, most]`, to the microsecond. (Of a day, no time is likelier
    /// than another by more than one in a hundred million.)
    pub(crate) fn up_to(&mut self, most: Span) -> Span {
        Span::micros(self.bits() % most.as_micros().saturating_add(1))
    }
}
