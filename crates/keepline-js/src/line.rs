//! One line, as its driver in TypeScript calls it.

use alloc::string::String;
use alloc::vec::Vec;
use core::mem::take;

use keepline_core::wire::{Credentials, Instance, SessionId};
use keepline_core::{
    Client, CloseCode, Closed, ConnId, Diagnosis, Doubt, Draw, Event, Held, Input, Instant, Key,
    Loss, MessageId, MessageIds, NotProvided, Notice, OpenFailure, Output, Payload, Provision,
    SendError, SendOptions, Verdict, Wake, WhenFull,
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::host::Host;
use crate::settings::{self, duration, some_credentials};
use crate::status::{self, millis};

/// A core, and the host that performs what it decides. Every method that changes it performs
/// before it returns.
#[wasm_bindgen]
pub struct Line {
    core: Client,
    host: Host,
    /// Of the message that is sent next.
    terms: SendOptions,
}

/// What is asked of a line.
#[wasm_bindgen]
impl Line {
    /// A line at rest, or nothing if the settings contradict each other: pairs of a place in
    /// `SETTINGS` of `ts/numbers.ts` and a value; the text of a plain line's probe, and a session's
    /// credentials, if they are not empty. `seed` is a random whole number below 2^53.
    #[must_use]
    pub fn make(
        host: Host,
        settings: &[f64],
        probe: String,
        credentials: String,
        seed: f64,
    ) -> Option<Self> {
        let config = settings::config(settings, probe, credentials);
        let core = Client::new(config, seed as u64).ok()?;
        Some(Self { core, host, terms: SendOptions::default() })
    }

    /// [`Client::connect`].
    pub fn connect(&mut self, now: f64) {
        self.core.connect(at(now));
        self.perform();
    }

    /// [`Client::retry_now`].
    pub fn retry(&mut self, now: f64) {
        self.core.retry_now(at(now));
        self.perform();
    }

    /// [`Client::finish`], or [`Client::close`] without a time to finish in. The driver has checked
    /// the code and the reason.
    pub fn close(&mut self, code: u16, reason: &str, within: Option<f64>, now: f64) {
        let (code, now) = (CloseCode(code), at(now));
        let asked = match within {
            Some(within) => self.core.finish(code, reason, duration(within), now),
            None => self.core.close(code, reason, now),
        };
        debug_assert!(asked.is_ok(), "the driver checks codes and reasons");
        self.perform();
    }

    /// [`Client::abandon`].
    pub fn abandon(&mut self, now: f64) {
        self.core.abandon(at(now));
        self.perform();
    }

    /// The terms of the message that is sent next ([`SendOptions`]): a key if the text is not
    /// empty, an expiry in milliseconds if it is above zero.
    pub fn terms(&mut self, drops_oldest: bool, key: &str, expires: f64) {
        self.terms = SendOptions {
            when_full: if drops_oldest { WhenFull::DropOldest } else { WhenFull::Reject },
            key: (!key.is_empty()).then(|| Key::from(key)),
            expires: (expires > 0.0).then(|| duration(expires)),
        };
    }

    /// Sends what the driver keeps under `handle`. Returns the id of the message, or, below zero,
    /// why it was refused: -1 too large, -2 the outbox is full, -3 the line has ended.
    pub fn send_held(&mut self, handle: u32, bytes: usize, now: f64) -> f64 {
        let terms = take(&mut self.terms);
        let sent = self.core.send_held(Held { handle, bytes }, terms, at(now));
        self.sent(sent)
    }

    /// Sends a text in a session. Returns as [`Line::send_held`].
    pub fn send_text(&mut self, text: String, now: f64) -> f64 {
        self.send(Payload::Text(text), now)
    }

    /// Sends bytes in a session. Returns as [`Line::send_held`].
    pub fn send_bytes(&mut self, bytes: Vec<u8>, now: f64) -> f64 {
        self.send(Payload::Binary(bytes), now)
    }

    /// [`Client::cancel`].
    pub fn cancel(&mut self, id: f64, now: f64) -> bool {
        let cancelled = self.core.cancel(MessageId(id as u64), at(now));
        self.perform();
        cancelled
    }

    /// [`Client::took`].
    pub fn took(&mut self, count: usize, now: f64) {
        self.core.took(count, at(now));
        self.perform();
    }

    /// [`Client::flush`].
    pub fn flush(&mut self, now: f64) {
        self.core.flush(at(now));
        self.perform();
    }

    /// [`Client::renew`]. `false` if the credentials are too large.
    pub fn renew(&mut self, credentials: String) -> bool {
        let renewed = self.core.renew(Credentials(credentials)).is_ok();
        self.perform();
        renewed
    }
}

/// What a line is told.
#[wasm_bindgen]
impl Line {
    /// [`Client::handle_timeout`].
    pub fn timeout(&mut self, now: f64) {
        self.core.handle_timeout(at(now));
        self.perform();
    }

    /// A socket is open. `random` holds 24 random bytes, for a session to draw from.
    pub fn opened(&mut self, conn: u32, protocol: String, random: &[u8], now: f64) {
        self.hear(Input::Opened(id(conn), protocol, draw(random)), now);
    }

    /// A message of a plain line came, which the driver keeps, and delivers if it is told so.
    pub fn arrived(&mut self, conn: u32, is_answer: bool, now: f64) {
        let here = Payload::Binary(Vec::new());
        let conn = id(conn);
        let input =
            if is_answer { Input::Answered(conn, here) } else { Input::Received(conn, here) };
        self.hear(input, now);
    }

    /// A binary frame of a session came.
    pub fn received(&mut self, conn: u32, frame: Vec<u8>, now: f64) {
        self.hear(Input::Received(id(conn), Payload::Binary(frame)), now);
    }

    /// A connection is over. `verdict` is the application's own: 0 none, 1 to retry, 2 to end.
    pub fn closed(
        &mut self,
        conn: u32,
        code: u16,
        reason: String,
        clean: bool,
        verdict: u32,
        now: f64,
    ) {
        let closed = Closed { code: CloseCode(code), reason, clean };
        self.hear(Input::Closed(id(conn), closed, judged(verdict)), now);
    }

    /// All other news, by its place in `NEWS` of `ts/numbers.ts`.
    pub fn tell(&mut self, news: u32, conn: u32, number: f64, now: f64) {
        let conn = id(conn);
        let input = match news {
            0 => Input::OpenFailed(conn, OpenFailure::Refused(String::new())),
            1 => Input::OpenFailed(conn, OpenFailure::Unavailable(String::new())),
            2 => Input::TooLarge(conn, number as usize),
            3 => Input::PeerClosing(conn),
            4 => Input::Buffered(conn, number as u64),
            5 => Input::Noticed(Notice::Woke(Wake::Shown)),
            6 => Input::Noticed(Notice::Woke(Wake::Restored)),
            7 => Input::Noticed(Notice::Woke(Wake::Resumed)),
            8 => Input::Noticed(Notice::Woke(Wake::NetworkUp)),
            9 => Input::Noticed(Notice::Woke(Wake::Slept(duration(number)))),
            10 => Input::Noticed(Notice::Hidden),
            11 => Input::Noticed(Notice::NetworkDown),
            12 => Input::Noticed(Notice::Suspended),
            13 => Input::Noticed(Notice::Left),
            14 => Input::Provided(conn, Err(NotProvided::TryAgain(String::new()))),
            15 => Input::Provided(conn, Err(NotProvided::Stop(String::new()))),
            _ => Input::Provided(conn, Err(NotProvided::Unusable(String::new()))),
        };
        self.hear(input, now);
    }

    /// The provider has given an endpoint, which holds for `expires` milliseconds if that is above
    /// zero.
    pub fn provided(&mut self, conn: u32, credentials: String, expires: f64, now: f64) {
        let expires = (expires > 0.0).then(|| duration(expires));
        let provision = Provision { credentials: some_credentials(credentials), expires };
        self.hear(Input::Provided(id(conn), Ok(provision)), now);
    }

    /// A failed handshake was looked into: an HTTP status, or a place in `FOUND` of
    /// `ts/numbers.ts`; and how long the server asks to wait, in milliseconds.
    pub fn diagnosed(&mut self, conn: u32, found: u16, retry_after: f64, verdict: u32, now: f64) {
        let retry_after = (retry_after > 0.0).then(|| duration(retry_after));
        let found = match found {
            1 => Diagnosis::Redirected,
            2 => Diagnosis::Opaque,
            3 => Diagnosis::Unreachable,
            4 => Diagnosis::MixedContent,
            5 => Diagnosis::Unknown,
            status => Diagnosis::Answered { status, retry_after },
        };
        self.hear(Input::Diagnosed(id(conn), found, judged(verdict)), now);
    }
}

/// What a line says when it is asked.
#[wasm_bindgen]
impl Line {
    /// When [`Line::timeout`] is to be called, or -1.
    #[must_use]
    pub fn due(&self) -> f64 {
        self.core.poll_timeout().map_or(-1.0, millis)
    }

    /// [`Client::owns`].
    #[must_use]
    pub fn owns(&self, conn: u32) -> bool {
        self.core.owns(id(conn))
    }

    /// [`Client::largest_frame`].
    #[must_use]
    pub fn largest_frame(&self) -> usize {
        self.core.largest_frame()
    }

    /// [`Client::largest_message`].
    #[must_use]
    pub fn largest_message(&self) -> usize {
        self.core.largest_message()
    }

    /// How many messages the outbox holds.
    #[must_use]
    pub fn queued_messages(&self) -> usize {
        self.core.queued().messages
    }

    /// How many bytes the outbox holds.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.core.queued().bytes
    }

    /// [`Client::has_room_for`].
    #[must_use]
    pub fn has_room_for(&self, bytes: usize) -> bool {
        self.core.has_room_for(bytes)
    }

    /// [`Client::was_refused`].
    #[must_use]
    pub fn was_refused(&self) -> bool {
        self.core.was_refused()
    }
}

impl Line {
    fn send(&mut self, payload: Payload, now: f64) -> f64 {
        let terms = take(&mut self.terms);
        let sent = self.core.send_with(payload, terms, at(now));
        self.sent(sent)
    }

    fn sent(&mut self, sent: Result<MessageId, SendError>) -> f64 {
        self.perform();
        match sent {
            Ok(id) => id.0 as f64,
            Err(SendError::TooLarge { .. }) => -1.0,
            Err(SendError::Full { .. }) => -2.0,
            Err(SendError::Ended) => -3.0,
        }
    }

    fn hear(&mut self, input: Input, now: f64) {
        self.core.handle_input(input, at(now));
        self.perform();
    }

    fn perform(&mut self) {
        while let Some(output) = self.core.poll_output() {
            perform(&self.host, &output);
        }
    }
}

/// The numbers are those of `ACTS` in `ts/numbers.ts`.
fn perform(host: &Host, output: &Output) {
    let (act, conn, number) = match output {
        Output::Open(conn) => (0, conn.0, 0),
        Output::Renew(conn) => (1, conn.0, 0),
        Output::Diagnose(conn) => (2, conn.0, 0),
        Output::HandOver(conn, held) => (3, conn.0, held.handle),
        Output::Measure(conn) => (4, conn.0, 0),
        Output::Abandon(conn) => (5, conn.0, 0),
        Output::Discard => (6, 0, 0),
        Output::Flush => (7, 0, 0),
        Output::Room => (8, 0, 0),
        Output::Refuse { size } => (9, 0, *size as u32),
        Output::Transmit(conn, payload) => return hand(host, conn.0 as u32, payload),
        Output::Deliver(payload) => return hand(host, 0, payload),
        Output::Close(conn, code, reason) => return host.shut(conn.0 as u32, code.0, reason),
        Output::Event(event) => return tell(host, event),
    };
    host.act(act, conn as u32, number);
}

fn hand(host: &Host, conn: u32, payload: &Payload) {
    match payload {
        Payload::Text(text) => host.text(conn, text),
        Payload::Binary(bytes) => host.bytes(conn, bytes),
    }
}

/// The numbers are those of `FATES` in `ts/numbers.ts`.
fn tell(host: &Host, event: &Event) {
    match event {
        Event::Status(status) => status::tell(host, status),
        Event::RoundTrip(took) => host.fate(0, took.as_micros() as f64 / 1_000.0, 0.0),
        Event::Restarted { missed } => host.fate(1, missed.map_or(-1.0, |it| it as f64), 0.0),
        Event::Delivered(ids) => fate(host, 2, *ids),
        Event::Undeliverable(ids, why) => fate(host, loss(*why), *ids),
        Event::Unknown(ids, why) => fate(host, doubt(*why), *ids),
    }
}

fn fate(host: &Host, fate: u32, ids: MessageIds) {
    host.fate(fate, ids.first.0 as f64, ids.last.0 as f64);
}

const fn loss(why: Loss) -> u32 {
    match why {
        Loss::NeverSent => 3,
        Loss::NotTaken => 4,
        Loss::TooLarge => 5,
        Loss::Dropped => 6,
        Loss::Replaced => 7,
        Loss::Expired => 8,
        Loss::Cancelled => 9,
    }
}

const fn doubt(why: Doubt) -> u32 {
    match why {
        Doubt::LineLost => 10,
        Doubt::SessionLost => 11,
        Doubt::Ended => 12,
        Doubt::Forgotten => 13,
    }
}

fn at(millis: f64) -> Instant {
    Instant::from_origin(duration(millis))
}

const fn id(conn: u32) -> ConnId {
    ConnId(conn as u64)
}

const fn judged(verdict: u32) -> Option<Verdict> {
    match verdict {
        1 => Some(Verdict::Retry),
        2 => Some(Verdict::End),
        _ => None,
    }
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
