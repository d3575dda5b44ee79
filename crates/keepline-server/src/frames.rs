//! The frames of one socket: written one by one, and read on while the network does not take them.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use futures_util::stream::FusedStream;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::line::Line;

/// No more pings and pongs than these are read while a write waits: the answers wait with it, and
/// take memory.
const MOST_CONTROLS: usize = 32;

/// What was read; `None` at the end.
type Heard = Option<Result<Message, Error>>;

/// Two who both are in the middle of a frame that no buffer holds, and do not read, hold each other
/// up. So what comes while a write waits is kept, one message at most.
#[derive(Debug)]
pub(crate) struct Frames {
    stream: WebSocketStream<Line>,
    /// What came while a write waited.
    early: Option<Heard>,
    /// How many pings and pongs came meanwhile.
    controls: usize,
}

impl Frames {
    pub(crate) const fn new(stream: WebSocketStream<Line>) -> Self {
        Self { stream, early: None, controls: 0 }
    }

    pub(crate) fn line(&self) -> &Line {
        self.stream.get_ref()
    }

    pub(crate) fn line_mut(&mut self) -> &mut Line {
        self.stream.get_mut()
    }

    pub(crate) fn is_terminated(&self) -> bool {
        self.stream.is_terminated()
    }

    /// The next frame that came. Cancelling loses nothing.
    pub(crate) async fn next(&mut self) -> Heard {
        match self.early.take() {
            Some(heard) => heard,
            None => self.stream.next().await,
        }
    }

    /// Returns once the network has taken all of it.
    pub(crate) async fn send(&mut self, frame: Message) -> Result<(), Error> {
        let mut frame = Some(frame);
        poll_fn(|cx| self.poll(cx, |stream, cx| write(stream, &mut frame, cx))).await
    }

    /// Returns once the network has taken all that was to be written.
    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll(cx, SinkExt::poll_flush_unpin)).await
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(&mut WebSocketStream<Line>, &mut Context<'_>) -> Poll<Result<(), Error>>,
    ) -> Poll<Result<(), Error>> {
        let written = write(&mut self.stream, cx);
        match written {
            Poll::Pending => self.hear(cx),
            Poll::Ready(_) => self.controls = 0,
        }
        written
    }

    /// What a ping asks for leaves with what is being written.
    fn hear(&mut self, cx: &mut Context<'_>) {
        while self.early.is_none() && self.controls < MOST_CONTROLS {
            match self.stream.poll_next_unpin(cx) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => self.controls += 1,
                Poll::Ready(heard) => self.early = Some(heard),
            }
        }
    }
}

fn write(
    stream: &mut WebSocketStream<Line>,
    frame: &mut Option<Message>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Error>> {
    if frame.is_some() {
        ready!(stream.poll_ready_unpin(cx))?;
    }
    if let Some(frame) = frame.take() {
        stream.start_send_unpin(frame)?;
    }
    stream.poll_flush_unpin(cx)
}
