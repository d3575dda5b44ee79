//! How long an application has been at work without waiting for anything. Its connection runs in
//! the same task, and must have its turn meanwhile: what was answered is to leave.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

/// So long may it be.
const LONGEST: Duration = Duration::from_millis(5);
/// The clock is read when the count of messages is a power of two, and then whenever so many more
/// have passed.
const READS_CLOCK_EVERY: u32 = 64;

/// Counts the messages that an application takes and sends in one go.
#[derive(Debug, Default)]
pub(super) struct Stint {
    messages: u32,
    /// When the clock was first read in it.
    began: Option<Instant>,
}

impl Stint {
    /// The application waits, and others have their turn.
    pub(super) fn ends(&mut self) {
        *self = Self::default();
    }

    /// To be waited for before each message: gives way to others when it has been long.
    pub(super) async fn goes_on(&mut self) {
        if self.is_long() {
            self.ends();
            give_way().await;
        }
    }

    fn is_long(&mut self) -> bool {
        self.messages += 1;
        let looks =
            self.messages.is_power_of_two() || self.messages.is_multiple_of(READS_CLOCK_EVERY);
        // The first message costs no look at the clock: often it is the only one.
        looks && self.messages > 1 && self.has_lasted(Instant::now())
    }

    fn has_lasted(&mut self, now: Instant) -> bool {
        now - *self.began.get_or_insert(now) >= LONGEST
    }
}

/// Lets whoever shares the task have its turn.
pub(super) async fn give_way() {
    let mut gives_way = true;
    poll_fn(|cx| match std::mem::take(&mut gives_way) {
        true => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        false => Poll::Ready(()),
    })
    .await;
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_works_for_long_gives_way_and_who_does_not_is_not_held_up() {
        let mut stint = Stint::default();
        for _ in 0..10_000 {
            assert!(stint.goes_on().now_or_never().is_some(), "no time has passed");
        }
        let mut given = 0;
        for _ in 0..1_000 {
            advance(Duration::from_millis(1)).await;
            given += u32::from(stint.goes_on().now_or_never().is_none());
        }
        assert!((30..=150).contains(&given), "{given} of 1,000 ms");
    }
}
