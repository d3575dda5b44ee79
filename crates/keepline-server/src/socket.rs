//! One open WebSocket: the only place that reads, writes, pings and closes, each with a deadline.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use hyper::upgrade::Upgraded;
use serde::Serialize;
use tokio::select;
use tokio::time::{Instant, Sleep, sleep_until, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Utf8Bytes};

use crate::close::{Close, Ending};
use crate::frames::Frames;
use crate::line::Line;
use crate::options::Options;
use crate::pulse::{Beat, Pulse};
use crate::stop::StopSignal;
use crate::talk::Talk;

/// The slowest network that a large message is allowed for, in bytes a second.
const FLOOR_RATE: usize = 32 * 1024;

/// Small, because each socket owns one; a large message grows its own.
const READ_BUFFER: usize = 16 * 1024;

/// The largest payload of a frame that is sent.
const MAX_FRAGMENT: usize = 64 * 1024;

/// What an application sends and receives; pings, pongs and closes never reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Text(Utf8Bytes),
    Binary(Bytes),
}

impl Message {
    pub(crate) fn json(value: &impl Serialize) -> Self {
        let text = serde_json::to_string(value).expect("our messages have string keys only");
        Self::Text(text.into())
    }

    pub(crate) fn text(text: impl Into<Utf8Bytes>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// In fragments (RFC 6455 §5.4): the buffer of a socket never shrinks again, and a close can
    /// go between them.
    fn into_frames(self) -> impl Iterator<Item = Frame> {
        let (kind, mut rest) = match self {
            Self::Text(text) => (Data::Text, text.into()),
            Self::Binary(bytes) => (Data::Binary, bytes),
        };
        let count = rest.len().div_ceil(MAX_FRAGMENT).max(1);
        (0..count).map(move |index| {
            let payload = rest.split_to(rest.len().min(MAX_FRAGMENT));
            let opcode = if index == 0 { kind } else { Data::Continue };
            Frame::message(payload, OpCode::Data(opcode), rest.is_empty())
        })
    }
}

/// An open WebSocket, on the server's side.
#[derive(Debug)]
pub(crate) struct Socket {
    frames: Frames,
    pulse: Pulse,
    /// Rings for the pulse, or too early: to set it anew with every message would cost more.
    alarm: Pin<Box<Sleep>>,
    stop: StopSignal,
    /// The most bytes of a message that comes.
    largest: usize,
    options: Arc<Options>,
}

/// How much may come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Intake {
    /// The most bytes of a message.
    pub(crate) message: usize,
    /// The most bytes before [`Socket::trust`], if it is still to be found out who is there.
    pub(crate) of_a_stranger: Option<usize>,
}

impl Socket {
    pub(crate) async fn open(
        line: Upgraded,
        intake: Intake,
        options: Arc<Options>,
        stop: StopSignal,
    ) -> Self {
        let largest = intake.message;
        let limits = WebSocketConfig::default()
            .max_message_size(Some(largest))
            .max_frame_size(Some(largest))
            .read_buffer_size(READ_BUFFER);
        let line = Line::new(line, intake.of_a_stranger);
        let stream = WebSocketStream::from_raw_socket(line, Role::Server, Some(limits)).await;
        let frames = Frames::new(stream);
        let pulse = Pulse::new(options.ping_every, options.pong_within);
        let alarm = Box::pin(sleep_until(pulse.due(frames.line().heard())));
        Self { frames, pulse, alarm, stop, largest, options }
    }

    /// It is known who is there, who may say more than a stranger from now on.
    pub(crate) fn trust(&mut self) {
        self.frames.line_mut().trust();
    }

    /// Sends a message although the server stops: the last before the close.
    pub(crate) async fn last_word(&mut self, message: Message) -> Result<(), Ending> {
        let deadline = Instant::now() + self.options.close_within;
        for frame in message.into_frames() {
            let written = self.frames.send(tungstenite::Message::Frame(frame));
            let written = timeout_at(deadline, written).await;
            written.map_err(|_elapsed| Close::slow())?.map_err(|error| self.ending(&error))?;
        }
        Ok(())
    }

    /// Says why it ends, waits for the client to agree, and lets go of the connection.
    pub(crate) async fn finish(mut self, ending: Ending) {
        let _agreed_in_time = timeout(self.options.close_within, self.part(ending)).await;
    }

    async fn part(&mut self, ending: Ending) -> Result<(), tungstenite::Error> {
        if let Some(close) = ending.close() {
            let frame = tungstenite::Message::Close(Some(close.into_frame()));
            self.frames.send(frame).await?;
        }
        let mut is_broken = self.frames.is_terminated();
        while let Some(frame) = self.frames.next().await {
            is_broken = frame.is_err();
        }
        // After a whole closing handshake nothing more will come.
        if is_broken {
            self.frames.line_mut().linger().await?;
        }
        Ok(())
    }

    async fn message_in(
        &mut self,
        frame: Option<Result<tungstenite::Message, tungstenite::Error>>,
    ) -> Result<Option<Message>, Ending> {
        use tungstenite::Message as Heard;
        match frame {
            Some(Ok(Heard::Text(text))) => Ok(Some(Message::Text(text))),
            Some(Ok(Heard::Binary(bytes))) => Ok(Some(Message::Binary(bytes))),
            Some(Ok(Heard::Ping(_))) => self.pong().await.map(|()| None),
            // tungstenite never reads a raw frame.
            Some(Ok(Heard::Pong(_) | Heard::Frame(_))) => Ok(None),
            Some(Ok(Heard::Close(_))) | None => Err(Ending::Left),
            Some(Err(error)) => Err(self.ending(&error)),
        }
    }

    async fn beat(&mut self) -> Result<(), Ending> {
        let heard = self.frames.line().heard();
        let beat = self.pulse.beat(heard, Instant::now());
        self.alarm.as_mut().reset(self.pulse.due(heard));
        match beat {
            Beat::Alive => Ok(()),
            Beat::Ping => {
                let ping = tungstenite::Message::Ping(Bytes::new());
                self.write(ping, self.deadline(0)).await
            }
            Beat::Silent => Err(Close::silent().into()),
        }
    }

    /// After an answer the next ping may be due before the end of the wait for it.
    fn bring_alarm_forward(&mut self) {
        let due = self.pulse.due(self.frames.line().heard());
        if due < self.alarm.deadline() {
            self.alarm.as_mut().reset(due);
        }
    }

    /// Lets go of the pong that tungstenite has queued: a client that only pings and never reads
    /// would else make the queue grow without end.
    async fn pong(&mut self) -> Result<(), Ending> {
        let deadline = self.deadline(0);
        let written = before(deadline, &mut self.stop, self.frames.flush()).await?;
        written.map_err(|error| self.ending(&error))
    }

    async fn write(
        &mut self,
        frame: tungstenite::Message,
        deadline: Instant,
    ) -> Result<(), Ending> {
        let written = before(deadline, &mut self.stop, self.frames.send(frame)).await?;
        written.map_err(|error| self.ending(&error))
    }

    /// Until when the network may take to accept so many bytes from now on.
    fn deadline(&self, size: usize) -> Instant {
        let for_its_size = Duration::from_secs((size / FLOOR_RATE) as u64);
        Instant::now() + self.options.write_within + for_its_size
    }

    fn ending(&self, error: &tungstenite::Error) -> Ending {
        Ending::from_error(error, self.largest)
    }
}

/// What becomes of a write, unless the server stops or the deadline passes before.
async fn before<T>(
    deadline: Instant,
    stop: &mut StopSignal,
    written: impl Future<Output = T>,
) -> Result<T, Close> {
    if stop.has_begun() {
        return Err(Close::stopping());
    }
    // Most writes are done at once, and then nobody has to wait for anything.
    select! {
        biased;
        written = timeout_at(deadline, written) => written.map_err(|_elapsed| Close::slow()),
        () = stop.begun() => Err(Close::stopping()),
    }
}

impl Talk for Socket {
    async fn recv(&mut self) -> Result<Message, Ending> {
        while !self.stop.has_begun() {
            self.bring_alarm_forward();
            select! {
                biased;
                frame = self.frames.next() => match self.message_in(frame).await? {
                    Some(message) => return Ok(message),
                    None => continue,
                },
                () = self.alarm.as_mut() => self.beat().await?,
                () = self.stop.begun() => {}
            }
        }
        Err(Close::stopping().into())
    }

    /// Returns once the network has taken all of it.
    async fn send(&mut self, message: Message) -> Result<(), Ending> {
        let deadline = self.deadline(message.len());
        for frame in message.into_frames() {
            self.write(tungstenite::Message::Frame(frame), deadline).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(size: usize) -> Vec<(OpCode, usize, bool)> {
        let frames = Message::Binary(vec![0; size].into()).into_frames();
        frames.map(|it| (it.header().opcode, it.payload().len(), it.header().is_final)).collect()
    }

    #[test]
    fn a_message_is_one_frame_until_it_is_larger_than_a_fragment() {
        let (first, later) = (OpCode::Data(Data::Binary), OpCode::Data(Data::Continue));
        assert_eq!(frames(0), [(first, 0, true)]);
        assert_eq!(frames(MAX_FRAGMENT), [(first, MAX_FRAGMENT, true)]);
        let in_three =
            [(first, MAX_FRAGMENT, false), (later, MAX_FRAGMENT, false), (later, 1, true)];
        assert_eq!(frames(2 * MAX_FRAGMENT + 1), in_three);
    }
}
