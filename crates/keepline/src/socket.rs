//! The typed line that applications hold.

use std::borrow::Borrow;
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_sink::Sink;
use keepline_core::wire::Credentials;
use keepline_core::{
    Arrival, Client, CloseCode, CloseError, ConfigError, MessageId, Payload, Queued, Status,
};

use crate::builder::{Builder, Source};
use crate::codec::{Bytes, CodecError, Decode, Encode, Json, Text, Undecodable};
use crate::draft::has_room;
use crate::driver::{Driver, Waiting};
use crate::fates::Fate;
use crate::journal::Happening;
use crate::mailbox::{Mailbox, Watcher};
use crate::monitor::{Monitor, Statuses};
use crate::provider::Endpoint;

/// A line that carries texts.
pub type TextSocket = Socket<str, String, Text>;

/// A line that carries bytes.
pub type BytesSocket = Socket<[u8], Vec<u8>, Bytes>;

/// A line to a WebSocket server that stays up: it sends `Tx`, receives `Rx`, and speaks the codec
/// `C`.
///
/// It is a [`Stream`] of what arrives and a [`Sink`] of what is sent. Dropping it closes the line
/// and ends everything that belongs to it.
pub struct Socket<Tx: ?Sized, Rx, C = Json> {
    pub(crate) driver: Rc<Driver>,
    /// Whether its own close as a sink has begun, after a flush.
    is_closing: bool,
    types: PhantomData<fn(&Tx, C) -> Rx>,
}

impl<Tx: ?Sized, Rx, C> Socket<Tx, Rx, C> {
    /// Describes a line to `url`: absolute (`ws`, `wss`, `http` or `https`), or relative to the
    /// page or Worker.
    pub fn builder(url: &str) -> Builder<Tx, Rx, C> {
        Builder::new(Source::Fixed(Endpoint::new(url)))
    }

    pub(crate) const fn new(driver: Rc<Driver>) -> Self {
        Self { driver, is_closing: false, types: PhantomData }
    }

    /// A handle that sends on this line, for callbacks and other tasks. It does not keep the line
    /// alive.
    #[must_use]
    pub fn sender(&self) -> Sender<Tx, C> {
        Sender { driver: Rc::clone(&self.driver), types: PhantomData }
    }

    /// A handle that shows where this line stands. It does not keep the line alive.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        Monitor::new(Rc::clone(&self.driver))
    }

    /// Where the line stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.driver.status()
    }

    /// Where the line stands, and then every change in order; see [`Monitor::statuses`].
    pub fn statuses(&self) -> Statuses {
        self.monitor().statuses()
    }

    /// Closes the line for good, with a closing handshake when it is open. What was sent before
    /// goes out first; what still waits in the outbox is reported as
    /// [`Event::Undeliverable`](crate::Event::Undeliverable). [`Status::Ended`] follows.
    ///
    /// # Errors
    /// When a page may not send `code` (only 1000 and 3000 to 4999), or `reason` has more than
    /// 123 bytes (WHATWG WebSockets §3.1, `close()`). The line then stays as it is.
    pub fn close(&self, code: impl Into<CloseCode>, reason: &str) -> Result<(), CloseError> {
        let code = code.into();
        self.driver.drive(|works, now| works.core.close(code, reason, now))
    }
}

/// What only a session can say.
impl<Tx: ?Sized, Rx, C> Socket<Tx, Rx, C> {
    /// What became of a message, as soon as it is known; `None` when it was so long ago that nobody
    /// remembers, or when the line has ended and never had it. At least the last 1,024 runs of
    /// messages with one fate are remembered; that the others are forgotten is known when a later
    /// one has been delivered, or the line has ended. A plain line never says
    /// [`Delivered`](crate::Fate::Delivered).
    pub async fn fate(&self, id: MessageId) -> Option<Fate> {
        let waiting = Waiting::new(&self.driver);
        poll_fn(|cx| self.driver.poll_fate(id, waiting.watcher, cx)).await
    }

    /// Closes the line for good once everything that was sent has been taken by the far end's
    /// application, or when `within` is over. Takes no more messages from now on. A plain line,
    /// where nobody says what was taken, closes at once. [`Status::Ended`] follows.
    ///
    /// A callback ([`Socket::on_message`]) that is behind in a session has this time as well. What
    /// was not read by the end of a session is discarded, and the far end is told so: who reads by
    /// [`Socket::next`] cannot while this waits, and is not waited for.
    ///
    /// # Errors
    /// As [`Socket::close`].
    pub async fn finish(
        &self,
        code: impl Into<CloseCode>,
        reason: &str,
        within: Duration,
    ) -> Result<(), CloseError> {
        let code = code.into();
        let is_called = self.driver.callback.borrow().is_some();
        self.driver.drive(|works, now| {
            works.core.reads(is_called, now);
            works.core.finish(code, reason, within, now)
        })?;
        let waiting = Waiting::new(&self.driver);
        poll_fn(|cx| self.driver.poll_ended_for(waiting.watcher, cx)).await;
        Ok(())
    }

    /// Hands in new credentials: for the next connection, and in band if the line is open. Does
    /// nothing on a plain line.
    ///
    /// # Errors
    /// When they are empty, or larger than 8 KiB; the former ones stay.
    pub fn renew(&self, credentials: Credentials) -> Result<(), ConfigError> {
        self.driver.drive(|works, _| works.core.renew(credentials))
    }
}

impl<Tx: ?Sized, Rx, C: Encode<Tx>> Socket<Tx, Rx, C> {
    /// Sends a message: at once when the line is open and the network keeps up, else as soon as
    /// that is so. While many messages come on a plain line, what is sent leaves together when the
    /// event loop has come round, or with the first message after 4 ms; a Worker that ends itself
    /// meanwhile takes it along, unless it closes the line first.
    ///
    /// [`Socket::message`] sends on other terms, [`Socket::ready`] waits for room.
    ///
    /// # Errors
    /// When it cannot be encoded, is too large, finds the outbox full, or the line has ended.
    pub fn send(&self, message: &Tx) -> Result<MessageId, SendError> {
        send::<Tx, C>(&self.driver, message)
    }
}

impl<Tx: ?Sized, Rx, C: Decode<Rx>> Socket<Tx, Rx, C> {
    /// The next message, or why one could not be had; `None` when the line has ended and all is
    /// read.
    ///
    /// A reader that has been busy for 8 ms waits until the event loop has had its turn, so that a
    /// flood of messages does not keep the page from being drawn.
    pub async fn next(&mut self) -> Option<Result<Rx, ReceiveError>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<Option<Result<Rx, ReceiveError>>> {
        let arrival = ready!(self.driver.poll_arrival(cx));
        Poll::Ready(arrival.map(|arrival| receive::<Rx, C>(&self.driver, arrival)))
    }
}

impl<Tx: ?Sized, Rx, C> fmt::Debug for Socket<Tx, Rx, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl<Tx: ?Sized, Rx, C> Drop for Socket<Tx, Rx, C> {
    fn drop(&mut self) {
        self.driver.drive(|works, now| works.core.abandon(now));
        drop(self.driver.mailbox(Mailbox::close_inbox));
        drop(self.driver.callback.take());
    }
}

impl<Tx: ?Sized, Rx, C: Decode<Rx>> Stream for Socket<Tx, Rx, C> {
    type Item = Result<Rx, ReceiveError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(cx)
    }
}

/// Takes messages and references to them. Ready while the outbox has room for a message of the
/// largest size; flushed when nothing waits in the outbox;
/// closed with 1000 after a flush. Closing it fails with [`SendError::Ended`] if the line ends, or
/// is closed by somebody else, before that.
impl<Tx, Rx, C, M> Sink<M> for Socket<Tx, Rx, C>
where
    Tx: ?Sized,
    C: Encode<Tx>,
    M: Borrow<Tx>,
{
    type Error = SendError;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.driver.poll_until(Watcher::SINK, has_room, cx).map_err(SendError::from)
    }

    fn start_send(self: Pin<&mut Self>, message: M) -> Result<(), SendError> {
        self.send(message.borrow()).map(|_| ())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let flushed = self.driver.poll_until(Watcher::SINK, is_flushed, cx);
        flushed.map_err(SendError::from)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        if !self.is_closing {
            // A line that somebody else closes has ended before anything can be said of a flush.
            let may_close = |core: &Client| is_flushed(core) && core.status() != Status::Closing;
            ready!(self.driver.poll_until(Watcher::SINK, may_close, cx))?;
            self.is_closing = true;
            let closed = self.close(CloseCode::NORMAL, "");
            debug_assert!(closed.is_ok(), "1000 without a reason can always be sent");
        }
        self.driver.poll_ended(cx).map(Ok)
    }
}

fn is_flushed(core: &Client) -> bool {
    core.queued().messages == 0
}

/// Sends on a line without owning it; see [`Socket::sender`].
pub struct Sender<Tx: ?Sized, C> {
    pub(crate) driver: Rc<Driver>,
    types: PhantomData<fn(&Tx, C)>,
}

impl<Tx: ?Sized, C> Clone for Sender<Tx, C> {
    fn clone(&self) -> Self {
        Self { driver: Rc::clone(&self.driver), types: PhantomData }
    }
}

/// Equal when they send on the same line.
impl<Tx: ?Sized, C> PartialEq for Sender<Tx, C> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.driver, &other.driver)
    }
}

impl<Tx: ?Sized, C> fmt::Debug for Sender<Tx, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<Tx: ?Sized, C: Encode<Tx>> Sender<Tx, C> {
    /// Sends a message; see [`Socket::send`].
    ///
    /// # Errors
    /// As [`Socket::send`]; [`SendError::Ended`] also when the [`Socket`] was dropped.
    pub fn send(&self, message: &Tx) -> Result<MessageId, SendError> {
        send::<Tx, C>(&self.driver, message)
    }
}

fn send<Tx: ?Sized, C: Encode<Tx>>(driver: &Driver, message: &Tx) -> Result<MessageId, SendError> {
    let payload = C::encode(message).map_err(SendError::Encode)?;
    driver.send(payload).map_err(SendError::from)
}

/// What an arrival is for the application; the journal remembers what it could not read.
pub(crate) fn receive<Rx, C: Decode<Rx>>(
    driver: &Driver,
    arrival: Arrival,
) -> Result<Rx, ReceiveError> {
    match arrival {
        Arrival::Message(payload) => {
            C::decode(payload).map_err(|Undecodable { error, payload }| {
                driver.note(Happening::Undecodable);
                ReceiveError::Decode { error, payload }
            })
        }
        Arrival::Dropped { count } => Err(ReceiveError::Dropped { count }),
        Arrival::TooLarge { size, limit } => Err(ReceiveError::TooLarge { size, limit }),
    }
}

/// Why a message was not accepted. Nothing of it is kept.
#[derive(Debug)]
pub enum SendError {
    /// The codec cannot express it.
    Encode(CodecError),
    /// It is over [`Limits::message_bytes`](crate::Limits::message_bytes).
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The outbox is full: the line has been down for long, or too much is sent.
    Full {
        /// What already waits.
        queued: Queued,
    },
    /// The line was closed, or has ended.
    Ended,
}

impl From<keepline_core::SendError> for SendError {
    fn from(error: keepline_core::SendError) -> Self {
        use keepline_core::SendError as Core;
        match error {
            Core::TooLarge { size, limit } => Self::TooLarge { size, limit },
            Core::Full { queued } => Self::Full { queued },
            Core::Ended => Self::Ended,
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use keepline_core::SendError as Core;
        match self {
            Self::Encode(error) => write!(f, "the message cannot be encoded: {error}"),
            Self::TooLarge { size, limit } => Core::TooLarge { size: *size, limit: *limit }.fmt(f),
            Self::Full { queued } => Core::Full { queued: *queued }.fmt(f),
            Self::Ended => Core::Ended.fmt(f),
        }
    }
}

impl Error for SendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Encode(error) => Some(error.as_ref()),
            Self::TooLarge { .. } | Self::Full { .. } | Self::Ended => None,
        }
    }
}

/// Why a message could not be had. The line stays up, and the next one can.
#[derive(Debug)]
pub enum ReceiveError {
    /// What arrived is no message of the expected type.
    Decode {
        /// Why not.
        error: CodecError,
        /// What arrived.
        payload: Payload,
    },
    /// The application read too slowly, and messages were dropped
    /// ([`Builder::overflow`](crate::Builder::overflow)).
    Dropped {
        /// How many messages are missing right here.
        count: u64,
    },
    /// A message over [`Limits::message_bytes`](crate::Limits::message_bytes) arrived, and was
    /// not kept.
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode { error, .. } => write!(f, "a message cannot be decoded: {error}"),
            Self::Dropped { count } => write!(f, "{count} messages dropped from a full inbox"),
            Self::TooLarge { size, limit } => {
                write!(f, "a message of {size} bytes is over the limit of {limit}")
            }
        }
    }
}

impl Error for ReceiveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Decode { error, .. } => Some(error.as_ref()),
            Self::Dropped { .. } | Self::TooLarge { .. } => None,
        }
    }
}
