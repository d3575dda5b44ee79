//! The byte stream under one socket, which remembers when it last heard from the client, and how
//! much it may hear of a stranger.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::{error, fmt, io};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::Instant;

/// An upgraded connection.
#[derive(Debug)]
pub(crate) struct Line {
    stream: TokioIo<Upgraded>,
    heard: Instant,
    /// How many more bytes may come; `None` for any number.
    allowance: Option<usize>,
}

/// More came than there was an allowance for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooMuch;

impl fmt::Display for TooMuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more came than a stranger may say")
    }
}

impl error::Error for TooMuch {}

impl Line {
    pub(crate) fn new(upgraded: Upgraded, allowance: Option<usize>) -> Self {
        Self { stream: TokioIo::new(upgraded), heard: Instant::now(), allowance }
    }

    /// It is known who is there.
    pub(crate) fn trust(&mut self) {
        self.allowance = None;
    }

    /// When the last byte came. Bytes, not messages: a large message on a slow line is life.
    pub(crate) fn heard(&self) -> Instant {
        self.heard
    }

    /// Says that nothing more will come, and discards what still arrives until the client ends.
    ///
    /// Closing a TCP connection with unread bytes resets it, and a reset can overtake the close
    /// frame that was meant to explain it.
    pub(crate) async fn linger(&mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        let mut discarded = [0; 16 * 1024];
        while self.stream.read(&mut discarded).await? > 0 {}
        Ok(())
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        let count = buffer.filled().len() - before;
        if count > 0 {
            self.heard = Instant::now();
        }
        if let Some(allowance) = self.allowance {
            self.allowance = Some(allowance.checked_sub(count).ok_or(io::Error::other(TooMuch))?);
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
