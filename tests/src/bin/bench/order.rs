//! What became of messages that were numbered from 1, told by the numbers that came.

/// How often each thing happened that must not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Order {
    /// Never came.
    pub(crate) lost: u64,
    /// Came once more.
    pub(crate) doubled: u64,
    /// Came after a later one.
    pub(crate) reordered: u64,
}

impl Order {
    /// What became of the messages 1 to `said`.
    pub(crate) fn of(said: u32, heard: &[u32]) -> Self {
        let mut order = Self::default();
        let mut came = vec![false; said as usize + 1];
        let mut latest = 0;
        for &number in heard {
            match came.get_mut(number as usize) {
                Some(came) if *came => order.doubled += 1,
                Some(came) => {
                    *came = true;
                    order.reordered += u64::from(number < latest);
                }
                // A number that nobody said is one too many.
                None => order.doubled += 1,
            }
            latest = latest.max(number);
        }
        order.lost = came.iter().skip(1).filter(|came| !**came).count() as u64;
        order
    }
}
