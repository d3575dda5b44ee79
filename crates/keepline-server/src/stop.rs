//! How a stopping server tells everything that it started.

use tokio::sync::watch;

/// Where the stop stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// The server takes new sockets.
    Serving,
    /// Every socket is being closed with 1001; new ones are refused.
    Stopping,
    /// Whatever is left is dropped.
    Over,
}

/// Tells of a stop. A server that is dropped without one is over.
#[derive(Clone, Debug)]
pub(crate) struct StopSignal(watch::Receiver<Phase>);

impl StopSignal {
    pub(crate) fn new(phase: &watch::Sender<Phase>) -> Self {
        Self(phase.subscribe())
    }

    /// Whether sockets are to be closed: the quick question for who waits for something else.
    pub(crate) fn has_begun(&self) -> bool {
        *self.0.borrow() >= Phase::Stopping
    }

    /// Returns once sockets are to be closed.
    pub(crate) async fn begun(&mut self) {
        self.reached(Phase::Stopping).await;
    }

    /// Returns once there is no time left.
    pub(crate) async fn finished(&mut self) {
        self.reached(Phase::Over).await;
    }

    async fn reached(&mut self, phase: Phase) {
        let _dropped_counts_as_over = self.0.wait_for(|now| *now >= phase).await;
    }
}
