//! One line, as its driver in TypeScript calls it.

use alloc::string::String;
use alloc::vec::Vec;
use core::mem::take;

use keepline_core::wire::{Credentials, Instance, SessionId};
use keepline_core::{
    Client, CloseCode, Closed, ConnId, Diagnosis, Draw, Held, Input, Instant, Key, MessageId,
    NotProvided, Notice, OpenFailure, Payload, Provision, SendError, SendOptions, Verdict, Wake,
    WhenFull,
};

use crate::numbers::{Bytes, Call, News, Words};
use crate::outputs;
use crate::settings::{self, duration, some_credentials};
use crate::status::instant;

/// A core, whose host performs what it decides before any method returns.
///
/// There are few methods, for each weighs a little on its own, and again in JavaScript.
pub(crate) struct Line {
    core: Client,
    /// Of the message that is sent next.
    terms: SendOptions,
    /// For a session to draw from, when the next connection opens.
    random: Vec<u8>,
}

impl Line {
    pub(crate) fn make(settings: &[u8], probe: String, credentials: String, seed: f64) -> Self {
        let core = Client::unchecked(settings::config(settings, probe, credentials), seed as u64);
        Self { core, terms: SendOptions::default(), random: Vec::new() }
    }

    /// Asks what takes numbers only, by its place in `Call` of `ts/numbers.ts`. Returns what was
    /// asked for; a truth is 1.
    pub(crate) fn call(&mut self, what: u32, a: f64, b: f64, now: f64) -> f64 {
        let now = at(now);
        let answer = Call::of(what).map_or(0.0, |what| self.carry_out(what, a, b, now));
        self.perform();
        answer
    }

    /// Tells what takes numbers only, by its place in `News`.
    pub(crate) fn tell(&mut self, what: u32, conn: f64, b: f64, c: f64, now: f64) {
        if let Some(news) = News::of(what) {
            self.core.handle_input(input(news, id(conn), b, c), at(now));
        }
        self.perform();
    }

    /// The same with a text, by its place in `Words`.
    pub(crate) fn words(&mut self, what: u32, text: String, told: [f64; 3], now: f64) -> f64 {
        let now = at(now);
        let answer = Words::of(what).map_or(0.0, |what| self.hear(what, text, told, now));
        self.perform();
        answer
    }

    /// The same with bytes, by its place in `Bytes`.
    pub(crate) fn bytes(&mut self, what: u32, bytes: Vec<u8>, a: f64, now: f64) -> f64 {
        let now = at(now);
        let answer = Bytes::of(what).map_or(0.0, |what| self.take_in(what, bytes, a, now));
        self.perform();
        answer
    }
}

impl Line {
    fn carry_out(&mut self, what: Call, a: f64, b: f64, now: Instant) -> f64 {
        let core = &mut self.core;
        match what {
            Call::Timeout => core.handle_timeout(now),
            Call::Connect => core.connect(now),
            Call::Retry => core.retry_now(now),
            Call::Abandon => core.abandon(now),
            Call::Took => core.took(a as usize, now),
            Call::Reads => core.reads(a != 0.0, now),
            Call::Flush => core.flush(now),
            Call::SendHeld => {
                return self.send_held(Held { handle: a as u32, bytes: b as usize }, now);
            }
            Call::Cancel => return truth(core.cancel(MessageId(a as u64), now)),
            Call::Due => return core.poll_timeout().map_or(-1.0, instant),
            Call::Owns => return truth(core.owns(id(a))),
            Call::LargestFrame => return core.largest_frame() as f64,
            Call::LargestMessage => return core.largest_message() as f64,
            Call::QueuedMessages => return core.queued().messages as f64,
            Call::QueuedBytes => return core.queued().bytes as f64,
            Call::HasRoomFor => return truth(core.has_room_for(a as usize)),
            Call::WasRefused => return truth(core.was_refused()),
        }
        0.0
    }

    fn hear(&mut self, what: Words, text: String, [a, b, c]: [f64; 3], now: Instant) -> f64 {
        let input = match what {
            Words::Send => return self.send(Payload::Text(text), now),
            Words::Close => return self.close(CloseCode(a as u16), &text, b, now),
            Words::Renew => return truth(self.core.renew(Credentials(text)).is_ok()),
            Words::Terms => {
                self.terms = terms(&text, a != 0.0, b);
                return 0.0;
            }
            Words::Opened => Input::Opened(id(a), text, draw(&take(&mut self.random))),
            Words::Closed => {
                // Three numbers in one: the code, whether it was clean, and a verdict.
                let (code, rest) = (CloseCode(b as u16), c as u32);
                let closed = Closed { code, reason: text, clean: rest & 1 == 1 };
                Input::Closed(id(a), closed, judged(rest >> 1))
            }
            Words::Provided => {
                let (credentials, expires) = (some_credentials(text), some_time(b));
                Input::Provided(id(a), Ok(Provision { credentials, expires }))
            }
        };
        self.core.handle_input(input, now);
        0.0
    }

    fn take_in(&mut self, what: Bytes, bytes: Vec<u8>, a: f64, now: Instant) -> f64 {
        match what {
            Bytes::Send => self.send(Payload::Binary(bytes), now),
            Bytes::Received => {
                self.core.handle_input(Input::Received(id(a), Payload::Binary(bytes)), now);
                0.0
            }
            Bytes::Random => {
                self.random = bytes;
                0.0
            }
        }
    }

    /// Within a time, if it is not below zero. The driver has checked the code and the reason.
    fn close(&mut self, code: CloseCode, reason: &str, within: f64, now: Instant) -> f64 {
        let asked = match within < 0.0 {
            true => self.core.close(code, reason, now),
            false => self.core.finish(code, reason, duration(within), now),
        };
        truth(asked.is_ok())
    }

    fn send_held(&mut self, held: Held, now: Instant) -> f64 {
        let terms = take(&mut self.terms);
        sent(self.core.send_held(held, terms, now))
    }

    fn send(&mut self, payload: Payload, now: Instant) -> f64 {
        let terms = take(&mut self.terms);
        sent(self.core.send_with(payload, terms, now))
    }

    fn perform(&mut self) {
        while let Some(output) = self.core.poll_output() {
            outputs::perform(&output);
        }
    }
}

/// The id of the message, or, below zero, why it was refused.
fn sent(sent: Result<MessageId, SendError>) -> f64 {
    match sent {
        Ok(id) => id.0 as f64,
        Err(SendError::TooLarge { .. }) => -1.0,
        Err(SendError::Full { .. }) => -2.0,
        Err(SendError::Ended) => -3.0,
    }
}

/// What the driver has to tell, in the core's terms.
fn input(news: News, conn: ConnId, b: f64, c: f64) -> Input {
    let woke = |wake| Input::Noticed(Notice::Woke(wake));
    // It is the driver that knows the words, and keeps what a plain line has received.
    let (words, here) = (String::new(), Payload::Binary(Vec::new()));
    match news {
        News::Refused => Input::OpenFailed(conn, OpenFailure::Refused(words)),
        News::Unavailable => Input::OpenFailed(conn, OpenFailure::Unavailable(words)),
        News::TooLarge => Input::TooLarge(conn, b as usize),
        News::PeerClosing => Input::PeerClosing(conn),
        News::Buffered => Input::Buffered(conn, b as u64),
        News::Shown => woke(Wake::Shown),
        News::Restored => woke(Wake::Restored),
        News::Resumed => woke(Wake::Resumed),
        News::NetworkUp => woke(Wake::NetworkUp),
        News::Slept => woke(Wake::Slept(duration(b))),
        News::Hidden => Input::Noticed(Notice::Hidden),
        News::NetworkDown => Input::Noticed(Notice::NetworkDown),
        News::Suspended => Input::Noticed(Notice::Suspended),
        News::Left => Input::Noticed(Notice::Left),
        News::TryAgain => Input::Provided(conn, Err(NotProvided::TryAgain(words))),
        News::Stop => Input::Provided(conn, Err(NotProvided::Stop(words))),
        News::Unusable => Input::Provided(conn, Err(NotProvided::Unusable(words))),
        News::Arrived => Input::Received(conn, here),
        News::Answered => Input::Answered(conn, here),
        News::Diagnosed => Input::Diagnosed(conn, diagnosis(b as u16, c), None),
    }
}

fn truth(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

/// An empty key is none.
fn terms(key: &str, drops_oldest: bool, expires: f64) -> SendOptions {
    SendOptions {
        when_full: if drops_oldest { WhenFull::DropOldest } else { WhenFull::Reject },
        key: (!key.is_empty()).then(|| Key::from(key)),
        expires: some_time(expires),
    }
}

/// An HTTP status, or a place in `Found` of `ts/numbers.ts`.
fn diagnosis(found: u16, retry_after: f64) -> Diagnosis {
    match found {
        1 => Diagnosis::Redirected,
        2 => Diagnosis::Opaque,
        3 => Diagnosis::Unreachable,
        4 => Diagnosis::MixedContent,
        5 => Diagnosis::Unknown,
        status => Diagnosis::Answered { status, retry_after: some_time(retry_after) },
    }
}

const fn judged(verdict: u32) -> Option<Verdict> {
    match verdict {
        1 => Some(Verdict::Retry),
        2 => Some(Verdict::End),
        _ => None,
    }
}

/// Nothing, if it is not above zero.
fn some_time(millis: f64) -> Option<core::time::Duration> {
    (millis > 0.0).then(|| duration(millis))
}

fn at(millis: f64) -> Instant {
    Instant::from_micros((millis * 1_000.0) as u64)
}

const fn id(conn: f64) -> ConnId {
    ConnId(conn as u64)
}

fn draw(random: &[u8]) -> Draw {
    let mut bits = [0; 24];
    bits.iter_mut().zip(random).for_each(|(bit, random)| *bit = *random);
    let (session, instance) = bits.split_at(16);
    Draw {
        session: SessionId(session.try_into().unwrap_or_default()),
        instance: Instance(instance.try_into().unwrap_or_default()),
    }
}
