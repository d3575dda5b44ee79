//! Whether the network still takes what a socket was given.

/// Counts what the present socket was given, and what of it the network has taken.
#[derive(Debug)]
pub(super) struct Drain {
    /// Bytes of payload that the socket was given.
    handed: u64,
    /// How many of them the network had taken when this was last told.
    taken: u64,
    /// Whether some had to wait for it then.
    waited: bool,
}

impl Drain {
    pub(super) const fn new() -> Self {
        Self { handed: 0, taken: 0, waited: false }
    }

    pub(super) const fn hand_over(&mut self, bytes: usize) {
        self.handed += bytes as u64;
    }

    /// How much the socket may hold: what the network took since this was last told is in it.
    pub(super) const fn at_most(&self) -> u64 {
        self.handed.saturating_sub(self.taken)
    }

    /// Whether the network has taken more of what had to wait for it since this was last told.
    /// What never has to wait proves nothing: the system takes that from a page in a black hole
    /// too.
    pub(super) const fn drains(&mut self, buffered: u64) -> bool {
        let taken = self.handed.saturating_sub(buffered);
        let drains = taken > self.taken && (self.waited || buffered > 0);
        (self.taken, self.waited) = (taken, buffered > 0);
        drains
    }
}
