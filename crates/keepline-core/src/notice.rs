//! What a page notices of its own life and of its machine, and how much of it a line puts up with.

use core::time::Duration;

use crate::Span;

/// Something that happened to the page or to the machine, not to a connection.
///
/// Whoever runs a line where there is no page to watch (a Worker) may hand in what the page has
/// noticed. All of it is a hint: none of it ends a line, and none undoes a close of the
/// application's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A time is over in which the line may have died unseen.
    Woke(Wake),
    /// Nobody looks at the page any more (Page Visibility Level 2, `visibilityState` is `hidden`).
    Hidden,
    /// The browser believes that there is no network (HTML §9.11, `offline`). Retries are paused;
    /// an open line is not closed for it.
    NetworkDown,
    /// The page is about to stand still: it goes into the back/forward cache (`pagehide`,
    /// `persisted`) or is frozen (Page Lifecycle, `freeze`). The line lets its connection go, and
    /// tries nothing before it is woken.
    Suspended,
    /// The page is left for good (`pagehide`, not `persisted`). A session of which everything was
    /// taken is ended, so that its server need not hold it; else it is left for the server to take.
    /// Should the page live on, the line comes back.
    Left,
}

/// Why a line is to be looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The page is visible again.
    Shown,
    /// The page came back from the back/forward cache (`pageshow`, `persisted`).
    Restored,
    /// The page was frozen, and runs again (`resume`).
    Resumed,
    /// The browser believes that there is a network again (`online`).
    NetworkUp,
    /// The clock jumped by so much: the machine slept, or the page did not run.
    Slept(Duration),
}

/// How a line is looked after when the page wakes.
///
/// A line that waits tries again at once, as far as the pace and the server's advice allow. An open
/// one is asked for a sign of life, in a session by a `ping`, on a plain line by its
/// [`Probe`](crate::Probe). A plain line without a probe is replaced after a sleep, and else left
/// as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waking {
    /// A line on which something arrived within this time is not asked, unless the page slept or
    /// the network was gone. Default: 5 s. At most 24 h.
    pub fresh: Duration,
    /// A line that was asked, and from which nothing comes for so long, is replaced. Default:
    /// 2.5 s, so that the line that replaces it is proven within 3 s; on a plain line the probe's
    /// own [`within`](crate::Probe::within) if that is shorter. Not zero.
    pub within: Duration,
    /// A jump of the clock above this is a sleep, and so is any freeze. Default: 30 s. Not zero.
    pub asleep: Duration,
    /// A line that waits tries at once, but for a random part of this, so that the lines of many
    /// pages do not wake in step. Default: 200 ms, or [`Backoff::cap`](crate::Backoff::cap) if that
    /// is less. At most 24 h.
    pub jitter: Duration,
}

impl Default for Waking {
    fn default() -> Self {
        Self {
            fresh: Duration::from_secs(5),
            within: Duration::from_millis(2_500),
            asleep: Duration::from_secs(30),
            jitter: Duration::from_millis(200),
        }
    }
}

impl Waking {
    /// Whether connections have hardly outlived what is over now.
    pub(crate) fn is_sleep(&self, wake: Wake) -> bool {
        match wake {
            Wake::Restored | Wake::Resumed => true,
            Wake::Slept(time) => Span::from(time) > self.asleep.into(),
            Wake::Shown | Wake::NetworkUp => false,
        }
    }
}
