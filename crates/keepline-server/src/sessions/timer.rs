//! The sessions' clock, and the task that does what is due.

use std::sync::{Arc, Weak};
use std::time::Duration;

use keepline_core::Instant;
use tokio::select;
use tokio::time::sleep;

use super::keeper::Keeper;
use crate::stop::StopSignal;

/// Counts from the start of the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    origin: tokio::time::Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { origin: tokio::time::Instant::now() }
    }

    pub(super) fn now(self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }
}

/// Rings until the server is over or its keeper is gone.
pub(crate) async fn ring(keeper: Weak<Keeper>, mut stop: StopSignal) {
    let ringing = async {
        while let Some(keeper) = keeper.upgrade() {
            let next = keeper.ring();
            wait(&keeper, next).await;
        }
    };
    select! {
        () = stop.finished() => {}
        () = ringing => {}
    }
}

/// Longer than this nothing waits: the keeper may be gone by then.
const LONGEST: Duration = Duration::from_secs(60);

async fn wait(keeper: &Arc<Keeper>, next: Option<Duration>) {
    // A little late rather than early: an alarm that rings too soon has to ring again.
    let next = next.unwrap_or(LONGEST).min(LONGEST) + Duration::from_millis(1);
    select! {
        () = keeper.sooner.notified() => {}
        () = sleep(next) => {}
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use keepline_core::ServerConfig;
    use keepline_core::wire::Coding;

    use super::*;

    #[tokio::test]
    async fn a_timer_that_has_rung_rests_until_the_next_deadline() {
        let keeper = Keeper::new(ServerConfig::default(), 1).unwrap();
        keeper.opened(Coding::Binary, "echo", Box::new(|_| Box::pin(async {})));
        assert!(keeper.sooner.notified().now_or_never().is_some(), "there is a first deadline");

        let next = keeper.ring();

        assert!(next > Some(Duration::from_secs(9)), "{next:?}");
        assert!(keeper.sooner.notified().now_or_never().is_none(), "nothing is sooner");
    }
}
