//! A view of a line that does not keep it alive.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use keepline_core::{Event, Notice, Queued, Status};

use crate::clock;
use crate::driver::Driver;
use crate::export::Export;
use crate::journal::{Counters, Entry};
use crate::mailbox::{Mailbox, Watcher};

/// Shows where a line stands and what happens to it, whatever it carries.
///
/// Cheap to clone. The line ends with its [`Socket`](crate::Socket), not with its monitors, which
/// then go on showing how it ended.
#[derive(Clone)]
pub struct Monitor {
    driver: Rc<Driver>,
}

impl Monitor {
    pub(crate) const fn new(driver: Rc<Driver>) -> Self {
        Self { driver }
    }

    /// Where the line stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.driver.status()
    }

    /// Where the line stands, and then every change in order. Ends after
    /// [`Status::Ended`]. A reader that falls 256 events behind misses the oldest.
    pub fn statuses(&self) -> Statuses {
        let position = self.driver.mailbox(|mailbox| mailbox.journal().end());
        Statuses { present: Some(self.status()), events: self.events_from(position) }
    }

    /// Everything that happened to the line but messages, from the oldest of the last 256 events
    /// (of which round trips make room first). Ends after [`Status::Ended`].
    pub fn events(&self) -> Events {
        self.events_from(0)
    }

    fn events_from(&self, position: u64) -> Events {
        let watcher = self.driver.mailbox(Mailbox::watcher);
        Events { driver: Rc::clone(&self.driver), position, watcher }
    }

    /// How long the last answered heartbeat probe took; `None` before the first.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.driver.mailbox(|mailbox| mailbox.round_trip())
    }

    /// What the line has counted since it was built.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.driver.mailbox(|mailbox| mailbox.journal().counters)
    }

    /// The last 256 things that happened to the line, the oldest first. What a far end can cause at
    /// will, round trips and deliveries among it, makes room first.
    #[must_use]
    pub fn journal(&self) -> Vec<Entry> {
        self.driver.mailbox(|mailbox| mailbox.journal().from(0).cloned().collect())
    }

    /// All that is known of the line, as a JSON object for a bug report: its status, its
    /// [`counters`](Self::counters) by name, and its [`journal`](Self::journal). Times are in
    /// milliseconds on the clock of [`now`](crate::now). It holds no message, no URL and no
    /// credentials; what a server gave as its reason to close is in it.
    #[must_use]
    pub fn export_json(&self) -> String {
        let (status, queued) = (self.status(), self.queued());
        let (counters, journal) = (self.counters(), self.journal());
        let (status, counters, journal) = (&status, &counters, &journal);
        Export { at: clock::now(), status, queued, counters, journal }.json()
    }

    /// How much waits in the outbox.
    #[must_use]
    pub fn queued(&self) -> Queued {
        self.driver.drive(|works, _| works.core.queued())
    }

    /// How much has arrived and is unread.
    #[must_use]
    pub fn unread(&self) -> Queued {
        self.driver.mailbox(|mailbox| mailbox.inbox.unread())
    }

    /// How many messages a full inbox has dropped since the line was built. The reader is told of
    /// each gap at its place ([`ReceiveError::Dropped`](crate::ReceiveError::Dropped)).
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.driver.mailbox(|mailbox| mailbox.inbox.dropped())
    }

    /// How many unread messages have given their place to a newer one
    /// ([`Builder::latest_by`](crate::Builder::latest_by)).
    #[must_use]
    pub fn replaced(&self) -> u64 {
        self.driver.mailbox(|mailbox| mailbox.inbox.replaced())
    }

    /// How many bytes the browser holds that the network has not taken yet, 0 without a connection
    /// (WHATWG WebSockets §3.1, `bufferedAmount`). It is advice: WebKit says 0 when the far end is
    /// silent.
    #[must_use]
    pub fn buffered(&self) -> u64 {
        self.driver.drive(|works, _| works.core.conn().map_or(0, |conn| works.buffered(conn)))
    }

    /// How long until the next attempt; `None` unless the line is [`Status::Waiting`].
    #[must_use]
    pub fn retry_in(&self) -> Option<Duration> {
        match self.status() {
            Status::Waiting { retry_at, .. } => Some(retry_at - clock::now()),
            Status::Idle
            | Status::Connecting { .. }
            | Status::Online { .. }
            | Status::Closing
            | Status::Ended { .. } => None,
        }
    }

    /// Tries again now instead of later, if the line is [`Status::Waiting`], and as far as
    /// [`Backoff::attempts_per_minute`](crate::Backoff::attempts_per_minute) allows. A server that
    /// has said when to come back is not asked sooner, for it knows when it can take somebody;
    /// [`Monitor::retry_in`] says how long that is. Only a line that is built anew knows nothing of
    /// it.
    pub fn retry_now(&self) {
        self.driver.drive(|works, now| works.core.retry_now(now));
    }

    /// Whether [`Monitor::retry_now`] would have the next attempt made sooner than it is due: not
    /// unless the line is [`Status::Waiting`], and not while that is for the sake of the pace or
    /// because the server has asked for it. A button that says *try now* is of no use then, and
    /// should say why.
    #[must_use]
    pub fn can_hurry(&self) -> bool {
        self.driver.drive(|works, _| works.core.can_hurry())
    }

    /// Tells the line what a page has noticed that the line cannot notice by itself: in a Worker,
    /// what the page says of itself by message. Never undoes a close.
    pub fn notice(&self, notice: Notice) {
        self.driver.notice(notice);
    }
}

/// Equal when they show the same line.
impl PartialEq for Monitor {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.driver, &other.driver)
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("status", &self.status()).finish_non_exhaustive()
    }
}

/// The stream of [`Monitor::events`].
#[must_use = "a stream does nothing before it is polled"]
pub struct Events {
    driver: Rc<Driver>,
    position: u64,
    watcher: Watcher,
}

impl Events {
    /// The next event; `None` after the last one of an ended line.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<Option<Event>> {
        let (found, has_ended) =
            self.driver.mailbox(|mailbox| (mailbox.event_from(self.position), mailbox.has_ended()));
        match found {
            Some((event, next)) => {
                self.position = next;
                Poll::Ready(Some(event))
            }
            None if has_ended => Poll::Ready(None),
            None => {
                drop(self.driver.mailbox(|it| it.await_event(self.watcher, cx.waker())));
                Poll::Pending
            }
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        drop(self.driver.mailbox(|mailbox| mailbox.unwatch(self.watcher)));
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.get_mut().poll(cx)
    }
}

/// The stream of [`Monitor::statuses`].
#[must_use = "a stream does nothing before it is polled"]
pub struct Statuses {
    present: Option<Status>,
    events: Events,
}

impl Statuses {
    /// The next status; `None` after [`Status::Ended`].
    pub async fn next(&mut self) -> Option<Status> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<Option<Status>> {
        if let Some(present) = self.present.take() {
            return Poll::Ready(Some(present));
        }
        loop {
            match self.events.poll(cx) {
                Poll::Ready(Some(Event::Status(status))) => return Poll::Ready(Some(status)),
                Poll::Ready(Some(
                    Event::RoundTrip(_)
                    | Event::Delivered(_)
                    | Event::Undeliverable(..)
                    | Event::Unknown(..)
                    | Event::Restarted { .. },
                )) => {}
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl Stream for Statuses {
    type Item = Status;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Status>> {
        self.get_mut().poll(cx)
    }
}
