//! What is waited for: messages, fates, room in the outbox, and the end of the line.

use std::task::{Context, Poll};

use keepline_core::{Arrival, Client, MessageId, SendError};

use super::Driver;
use crate::fates::Fate;
use crate::mailbox::{Mailbox, Watcher};

/// One who waits for something, until it is dropped.
pub(crate) struct Waiting<'a> {
    driver: &'a Driver,
    pub(crate) watcher: Watcher,
}

impl<'a> Waiting<'a> {
    pub(crate) fn new(driver: &'a Driver) -> Self {
        Self { driver, watcher: driver.mailbox(Mailbox::watcher) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        drop(self.driver.mailbox(|mailbox| mailbox.unwatch(self.watcher)));
    }
}

impl Driver {
    /// Waits until a message's fate is known. `None` when it is not remembered any more, or never
    /// was and the line has ended.
    pub(crate) fn poll_fate(
        &self,
        id: MessageId,
        watcher: Watcher,
        cx: &Context<'_>,
    ) -> Poll<Option<Fate>> {
        let fate = self.mailbox(|mailbox| mailbox.fate(id));
        let has_forgotten = self.mailbox(|mailbox| mailbox.has_forgotten(id));
        if fate.is_some() || has_forgotten || self.mailbox(|mailbox| mailbox.has_ended()) {
            return Poll::Ready(fate);
        }
        drop(self.mailbox(|mailbox| mailbox.await_event(watcher, cx.waker())));
        Poll::Pending
    }

    pub(crate) fn poll_arrival(&self, cx: &Context<'_>) -> Poll<Option<Arrival>> {
        // Who finds nothing has no need to rest: that is how most turns end.
        if self.mailbox(|mailbox| mailbox.has_unread()) && self.pause.is_due() {
            drop(self.mailbox(|mailbox| mailbox.await_message(cx.waker())));
            return Poll::Pending;
        }
        let (arrival, has_ended) = (self.take_arrival(), self.mailbox(|it| it.has_ended()));
        if arrival.is_some() || has_ended {
            return Poll::Ready(arrival);
        }
        drop(self.mailbox(|mailbox| mailbox.await_message(cx.waker())));
        Poll::Pending
    }

    /// Waits until `ready` of the core, or the end of the line.
    pub(crate) fn poll_until(
        &self,
        watcher: Watcher,
        ready: impl FnOnce(&Client) -> bool,
        cx: &Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        if self.mailbox(|mailbox| mailbox.has_ended()) {
            return Poll::Ready(Err(SendError::Ended));
        }
        if self.drive(|works, _| ready(&works.core)) {
            return Poll::Ready(Ok(()));
        }
        drop(self.mailbox(|mailbox| mailbox.await_event(watcher, cx.waker())));
        Poll::Pending
    }

    /// Waits for the end of the line, as one of those who watch.
    pub(crate) fn poll_ended_for(&self, watcher: Watcher, cx: &Context<'_>) -> Poll<()> {
        if self.mailbox(|mailbox| mailbox.has_ended()) {
            return Poll::Ready(());
        }
        drop(self.mailbox(|mailbox| mailbox.await_event(watcher, cx.waker())));
        Poll::Pending
    }

    pub(crate) fn poll_ended(&self, cx: &Context<'_>) -> Poll<()> {
        self.poll_until(Watcher::SINK, |_| false, cx).map(|_| ())
    }
}
