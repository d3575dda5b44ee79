//! Sending on terms: a message that may be replaced, dropped, expire, or be taken back.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::time::Duration;

use keepline_core::{Client, Key, MessageId, Payload, SendOptions, WhenFull};

use crate::codec::Encode;
use crate::driver::{Driver, Waiting};
use crate::socket::{SendError, Sender, Socket};

impl<Tx: ?Sized, Rx, C: Encode<Tx>> Socket<Tx, Rx, C> {
    /// A message that is to be sent on terms of its own; see [`Draft`].
    pub fn message<'a>(&'a self, message: &'a Tx) -> Draft<'a, Tx, C> {
        Draft::new(&self.driver, message)
    }
}

impl<Tx: ?Sized, Rx, C> Socket<Tx, Rx, C> {
    /// Waits until the outbox has room for a message of the largest size. On an open line whose
    /// network keeps up there is always room. Others that wait may be faster: [`Socket::send`] can
    /// still find the outbox full.
    ///
    /// # Errors
    /// [`SendError::Ended`] as soon as the line has ended.
    pub async fn ready(&self) -> Result<(), SendError> {
        ready(&self.driver).await
    }

    /// Takes back a message that still waits in the outbox: it ends as
    /// [`Loss::Cancelled`](crate::Loss::Cancelled). `false` when it is too late, because a
    /// connection was given it or it has ended.
    pub fn cancel(&self, id: MessageId) -> bool {
        cancel(&self.driver, id)
    }
}

impl<Tx: ?Sized, C: Encode<Tx>> Sender<Tx, C> {
    /// A message that is to be sent on terms of its own; see [`Draft`].
    pub fn message<'a>(&'a self, message: &'a Tx) -> Draft<'a, Tx, C> {
        Draft::new(&self.driver, message)
    }
}

impl<Tx: ?Sized, C> Sender<Tx, C> {
    /// Waits for room in the outbox; see [`Socket::ready`].
    ///
    /// # Errors
    /// As [`Socket::ready`].
    pub async fn ready(&self) -> Result<(), SendError> {
        ready(&self.driver).await
    }

    /// Takes back a message that still waits; see [`Socket::cancel`].
    pub fn cancel(&self, id: MessageId) -> bool {
        cancel(&self.driver, id)
    }
}

/// A message that is about to be sent, on terms that hold as long as it waits in the outbox:
/// because the line is down, because the browser holds too much that the network has not taken
/// ([`Limits::buffer_high`](crate::Limits::buffer_high)), because the far end is slow, or because
/// it leaves together with others ([`Socket::send`]), which what may expire does not wait for. What
/// ends by them is told as [`Event::Undeliverable`](crate::Event::Undeliverable); what has left is
/// not taken back.
///
/// ```no_run
/// # fn example(socket: &keepline::TextSocket) -> Result<(), keepline::SendError> {
/// use std::time::Duration;
///
/// socket.message("cursor 3 4").latest("cursor").expires(Duration::from_secs(2)).send()?;
/// socket.message("load 0.7").drop_oldest().send()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent before `send`"]
pub struct Draft<'a, Tx: ?Sized, C> {
    driver: &'a Driver,
    message: &'a Tx,
    options: SendOptions,
    codec: PhantomData<fn(C)>,
}

impl<'a, Tx: ?Sized, C> Draft<'a, Tx, C> {
    const fn new(driver: &'a Driver, message: &'a Tx) -> Self {
        let options = SendOptions { when_full: WhenFull::Reject, key: None, expires: None };
        Self { driver, message, options, codec: PhantomData }
    }

    /// Replaces the message that still waits under the same key, which ends as
    /// [`Loss::Replaced`](crate::Loss::Replaced): a place, a price, a setting of which only the
    /// latest counts. It takes its own place in the order of sends.
    pub fn latest(mut self, key: impl Into<Key>) -> Self {
        self.options.key = Some(key.into());
        self
    }

    /// Ends as [`Loss::Expired`](crate::Loss::Expired) if it still waits after so long.
    pub const fn expires(mut self, within: Duration) -> Self {
        self.options.expires = Some(within);
        self
    }

    /// When the outbox is full, the oldest of the messages that were sent so make room and end as
    /// [`Loss::Dropped`](crate::Loss::Dropped). Others never do; when these are not enough the
    /// message is refused.
    pub const fn drop_oldest(mut self) -> Self {
        self.options.when_full = WhenFull::DropOldest;
        self
    }

    /// Sends it.
    ///
    /// # Errors
    /// As [`Socket::send`]; nothing is replaced or dropped for a message that is refused.
    pub fn send(self) -> Result<MessageId, SendError>
    where
        C: Encode<Tx>,
    {
        let payload = C::encode(self.message).map_err(SendError::Encode)?;
        send(self.driver, payload, self.options).map_err(SendError::from)
    }
}

impl<Tx: ?Sized, C> fmt::Debug for Draft<'_, Tx, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").field("options", &self.options).finish_non_exhaustive()
    }
}

fn send(
    driver: &Driver,
    payload: Payload,
    options: SendOptions,
) -> Result<MessageId, keepline_core::SendError> {
    driver.drive(|works, now| {
        works.notice_closing(now);
        let sent = works.core.send_with(payload, options, now)?;
        driver.count_sent();
        Ok(sent)
    })
}

fn cancel(driver: &Driver, id: MessageId) -> bool {
    driver.drive(|works, now| works.core.cancel(id, now))
}

async fn ready(driver: &Driver) -> Result<(), SendError> {
    let waiting = Waiting::new(driver);
    let room = poll_fn(|cx| driver.poll_until(waiting.watcher, has_room, cx)).await;
    room.map_err(SendError::from)
}

/// Whether there is room for any message.
pub(crate) fn has_room(core: &Client) -> bool {
    core.has_room_for(core.largest_message())
}
