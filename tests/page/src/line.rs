//! One line of the SDK, of any codec, and the tasks that write its log.

mod hops;

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::hint::black_box;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt, StreamExt};
use keepline::{
    AfterLoss, Answer, Backoff, Builder, Bytes, Cbor, CloseCode, Credentials, Decode, Diagnosis,
    Encode, Endpoint, Json, Key, Limits, MessagePack, Monitor, NoEndpoint, Occasion, Overflow,
    Postcard, ReceiveError, SessionConfig, Socket, Text, Verdict, Window,
};
use wasm_bindgen::throw_str;
use wasm_bindgen_futures::spawn_local;

use crate::log::{Log, entry};
use crate::pour;
use crate::reading::Reader;
use crate::report::{Entry, Failure};
use crate::request::{
    self, ANSWER_BYTES, ASKS, Codec, Coding, LEAVES, Note, Options, Payload, Pour, Probe, Provided,
    QUESTION, QUESTIONS, THROWS, Upload,
};
use crate::tally::Tally;
use crate::upload;

/// An open line; what it reports stays readable after its end.
pub(crate) struct Line {
    socket: Rc<dyn AnySocket>,
    monitor: Monitor,
    log: Log,
}

impl Line {
    pub(crate) fn open(url: &str, options: &Options) -> Result<Self, Failure> {
        match options.codec {
            Codec::Json => Self::start::<Note, Json>(url, options),
            Codec::MessagePack => Self::start::<Note, MessagePack>(url, options),
            Codec::Cbor => Self::start::<Note, Cbor>(url, options),
            Codec::Postcard => Self::start::<Note, Postcard>(url, options),
            Codec::Text => Self::start::<String, Text>(url, options),
            Codec::Bytes => Self::start::<Vec<u8>, Bytes>(url, options),
        }
    }

    fn start<T: Message, C: Encode<T> + Decode<T> + 'static>(
        url: &str,
        options: &Options,
    ) -> Result<Self, Failure> {
        let log = Log::default();
        let described = configured(begun::<T, C>(url, options, &log), options);
        let socket = described.connect().map_err(|error| Failure::of(&error))?;
        let monitor = socket.monitor();
        follow(&monitor, &log);
        let reader = Reader::new(options.reading, monitor.clone(), log.clone());
        let socket = Shared(Rc::new(RefCell::new(Some(socket))));
        match options.by_callback {
            true => socket.clone().listen(log.clone(), reader),
            false => spawn_local(socket.clone().read(log.clone(), reader)),
        }
        Ok(Self { socket: Rc::new(socket), monitor, log })
    }

    pub(crate) fn send(&self, payload: Payload) -> Result<u64, Failure> {
        self.socket.send(payload)
    }

    pub(crate) fn close(&self, code: u16, reason: &str) -> Result<(), Failure> {
        self.socket.close(code, reason)
    }

    pub(crate) fn finish(&self) -> Result<(), Failure> {
        self.socket.finish()
    }

    pub(crate) fn drop_socket(&self) {
        self.socket.drop_socket();
    }

    pub(crate) fn renew(&self, credentials: String) -> Result<(), Failure> {
        self.socket.renew(Credentials(credentials))
    }

    pub(crate) fn pour(&self, pour: Pour) {
        spawn_local(pour::pour(Rc::clone(&self.socket), pour, self.log.clone()));
    }

    pub(crate) fn upload(&self, upload: Upload) {
        let (monitor, log) = (self.monitor.clone(), self.log.clone());
        spawn_local(upload::upload(Rc::clone(&self.socket), upload, monitor, log));
    }

    pub(crate) fn tally(&self) -> Tally {
        self.log.tally()
    }

    pub(crate) fn export(&self) -> String {
        self.monitor.export_json()
    }

    pub(crate) fn log(&self) -> Vec<Entry> {
        self.log.entries()
    }
}

/// A line to `url`, or to wherever its provider says.
fn begun<T, C>(url: &str, options: &Options, log: &Log) -> Builder<T, T, C> {
    if options.provider.is_empty() {
        return Socket::builder(url);
    }
    let (url, answers, asked) = (url.to_owned(), options.provider.clone(), Cell::new(0));
    let log = log.clone();
    Socket::builder_from(move |why: Occasion| {
        log.push(Entry::Asked(format!("{why:?}")));
        let next = answers.get(asked.replace(asked.get() + 1)).or(answers.last()).cloned();
        answered(Endpoint::new(&url), next)
    })
}

async fn answered(endpoint: Endpoint, answer: Option<Provided>) -> Result<Endpoint, NoEndpoint> {
    match answer {
        Some(Provided::Credentials(credentials)) => Ok(endpoint.credentials(credentials)),
        Some(Provided::Token(token)) => Ok(endpoint.query("token", &token)),
        Some(Provided::TryAgain(why)) => Err(NoEndpoint::TryAgain(why)),
        Some(Provided::Stop(why)) => Err(NoEndpoint::Stop(why)),
        Some(Provided::Nonsense) => Ok(Endpoint::new("ws://")),
        Some(Provided::Never) | None => pending().await,
        Some(Provided::Throws) => throw_str("thrown on purpose"),
    }
}

pub(crate) fn configured<Tx: ?Sized, Rx, C>(
    mut builder: Builder<Tx, Rx, C>,
    options: &Options,
) -> Builder<Tx, Rx, C> {
    if options.diagnosis {
        builder = builder.diagnosis();
    }
    if let Some(ends_for) = options.ends_for_status {
        builder = builder.on_diagnosed(move |found| match found {
            Diagnosis::Answered { status, .. } if status == ends_for => Some(Verdict::End),
            _ => None,
        });
    }
    if options.ignores_page {
        builder = builder.page_lifecycle(false);
    }
    for (name, value) in &options.query {
        builder = builder.query(name, value);
    }
    for token in &options.subprotocols {
        builder = builder.subprotocol(token);
    }
    if let Some(timeout) = options.connect_timeout_ms {
        builder = builder.connect_timeout(Duration::from_millis(timeout));
    }
    builder = builder.limits(limits(options));
    if let Some(overflow) = options.overflow {
        builder = builder.overflow(overflow.into());
    }
    if options.latest_by_word {
        builder = builder.latest_by(first_word);
    }
    if let Some(attempts_per_minute) = options.attempts_per_minute {
        builder = builder.backoff(Backoff { attempts_per_minute, ..Backoff::default() });
    }
    if let Some(name) = &options.marks {
        builder = builder.marks(name);
    }
    if let Some(asked) = &options.session {
        builder = builder.session(session(asked));
    }
    match &options.probe {
        Some(probe) => builder.heartbeat(heartbeat(probe)),
        None => builder,
    }
}

fn limits(options: &Options) -> Limits {
    let limits = Limits::default();
    Limits {
        message_bytes: options.message_bytes.unwrap_or(limits.message_bytes),
        inbox_messages: options.inbox_messages.unwrap_or(limits.inbox_messages),
        ..limits
    }
}

fn first_word(payload: &keepline::Payload) -> Option<Key> {
    match payload {
        _ if throws(payload) => None,
        keepline::Payload::Text(text) => text.split(' ').next().map(Key::from),
        keepline::Payload::Binary(_) => None,
    }
}

/// Throws at [`THROWS`].
fn throws(payload: &keepline::Payload) -> bool {
    match payload {
        keepline::Payload::Text(text) if text == THROWS => throw_str("thrown on purpose"),
        keepline::Payload::Text(_) | keepline::Payload::Binary(_) => false,
    }
}

impl From<request::Overflow> for Overflow {
    fn from(asked: request::Overflow) -> Self {
        match asked {
            request::Overflow::DropOldest => Self::DropOldest,
            request::Overflow::DropNewest => Self::DropNewest,
            request::Overflow::Close(code) => Self::Close(CloseCode(code)),
        }
    }
}

fn heartbeat(probe: &Probe) -> keepline::Probe {
    let asked = keepline::Payload::Text(probe.question.clone());
    let answer = keepline::Payload::Text(probe.answer.clone());
    let answer = match probe.by_function {
        true => Answer::Matching(Rc::new(move |payload| !throws(payload) && *payload == answer)),
        false => Answer::Exactly(answer),
    };
    keepline::Probe::new(asked, answer)
        .idle(Duration::from_millis(probe.idle_ms))
        .within(Duration::from_millis(probe.within_ms))
}

fn session(asked: &request::Session) -> SessionConfig {
    SessionConfig {
        coding: match asked.coding {
            Coding::Binary => keepline::Coding::Binary,
            Coding::Json => keepline::Coding::Json,
        },
        window: asked.window.map_or_else(Window::default, window),
        after_loss: if asked.sends_again { AfterLoss::SendAgain } else { AfterLoss::Tell },
        credentials: asked.credentials.clone().map(Credentials),
    }
}

fn window(asked: request::Window) -> Window {
    let request::Window { message_bytes, messages, bytes } = asked;
    Window { message_bytes, messages, bytes }
}

/// Writes down every status and every event, until the line has ended.
fn follow(monitor: &Monitor, log: &Log) {
    let (mut statuses, mut events) = (monitor.statuses(), monitor.events());
    let (of_statuses, of_events) = (log.clone(), log.clone());
    spawn_local(async move {
        while let Some(status) = statuses.next().await {
            of_statuses.push(Entry::Status(status.into()));
        }
    });
    spawn_local(async move {
        while let Some(event) = events.next().await {
            entry(&event).into_iter().for_each(|entry| of_events.push(entry));
        }
    });
}

/// A type of message, as the driver says it.
trait Message: Into<Payload> + TryFrom<Payload, Error = Failure> + 'static {}

impl Message for Note {}
impl Message for String {}
impl Message for Vec<u8> {}

pub(crate) trait AnySocket {
    fn send(&self, payload: Payload) -> Result<u64, Failure>;
    /// Waits for room; whether the line still stands.
    fn ready(&self) -> LocalBoxFuture<'static, bool>;
    fn close(&self, code: u16, reason: &str) -> Result<(), Failure>;
    fn finish(&self) -> Result<(), Failure>;
    fn renew(&self, credentials: Credentials) -> Result<(), Failure>;
    fn drop_socket(&self);
    /// How many messages wait in the outbox.
    fn queued(&self) -> u64;
}

/// A socket, as long as the driver has not dropped it.
struct Shared<T, C>(Rc<RefCell<Option<Socket<T, T, C>>>>);

impl<T, C> Clone for Shared<T, C> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T: Message, C: Encode<T> + Decode<T> + 'static> AnySocket for Shared<T, C> {
    fn send(&self, payload: Payload) -> Result<u64, Failure> {
        let message = T::try_from(payload)?;
        let socket = self.0.borrow();
        let sent = socket.as_ref().ok_or_else(dropped)?.send(&message);
        sent.map(|id| id.0).map_err(|error| Failure::of(&error))
    }

    fn ready(&self) -> LocalBoxFuture<'static, bool> {
        let sender = self.0.borrow().as_ref().map(Socket::sender);
        Box::pin(async move {
            match sender {
                Some(sender) => sender.ready().await.is_ok(),
                None => false,
            }
        })
    }

    fn close(&self, code: u16, reason: &str) -> Result<(), Failure> {
        let socket = self.0.borrow();
        let closed = socket.as_ref().ok_or_else(dropped)?.close(code, reason);
        closed.map_err(|error| Failure::of(&error))
    }

    fn finish(&self) -> Result<(), Failure> {
        let socket = self.0.borrow();
        let socket = socket.as_ref().ok_or_else(dropped)?;
        // It takes its course, whether somebody waits for it or not.
        let finished = socket.finish(CloseCode::NORMAL, "", FINISHES_WITHIN).now_or_never();
        finished.transpose().map(drop).map_err(|error| Failure::of(&error))
    }

    fn renew(&self, credentials: Credentials) -> Result<(), Failure> {
        let socket = self.0.borrow();
        let renewed = socket.as_ref().ok_or_else(dropped)?.renew(credentials);
        renewed.map_err(|error| Failure::of(&error))
    }

    fn drop_socket(&self) {
        let socket = self.0.borrow_mut().take();
        drop(socket);
    }

    fn queued(&self) -> u64 {
        self.0.borrow().as_ref().map_or(0, |it| it.monitor().queued().messages as u64)
    }
}

impl<T: Message, C: Encode<T> + Decode<T> + 'static> Shared<T, C> {
    fn say(&self, text: &str) {
        if let Err(failure) = self.send(Payload::Text(text.to_owned())) {
            throw_str(&failure.kind);
        }
    }

    fn listen(self, log: Log, reader: Reader) {
        let this = self.clone();
        let listener = move |received: Result<T, ReceiveError>| {
            reader.look();
            let heard = received.map_or_else(Entry::from, |message| Entry::Message(message.into()));
            let says =
                |text: &str| matches!(&heard, Entry::Message(Payload::Text(it)) if it == text);
            match () {
                () if says(THROWS) => throw_from_a_large_frame(),
                () if says(LEAVES) => this.drop_socket(),
                () if says(ASKS) => (0..QUESTIONS).for_each(|_| this.say(QUESTION)),
                () if says(QUESTION) => this.say(&"a".repeat(ANSWER_BYTES)),
                () => hops::answer(&this, &heard, &log),
            }
            log.push(heard);
            reader.work();
        };
        if let Some(socket) = self.0.borrow_mut().as_mut() {
            socket.on_message(listener);
        }
    }
}

const FINISHES_WITHIN: Duration = Duration::from_secs(30);

const LARGE_FRAME: usize = 131_072;

/// Nobody takes this frame off the stack but who catches what is thrown.
fn throw_from_a_large_frame() -> ! {
    let mut frame = [0_u8; LARGE_FRAME];
    black_box(&mut frame);
    throw_str("thrown on purpose")
}

impl<T: Message, C: Decode<T>> Shared<T, C> {
    async fn read(self, log: Log, reader: Reader) {
        while let Some(received) = self.next().await {
            reader.look();
            log.push(match received {
                Ok(message) => Entry::Message(message.into()),
                Err(error) => error.into(),
            });
            reader.digest().await;
        }
        log.push(Entry::Over);
    }

    async fn next(&self) -> Option<Result<T, ReceiveError>> {
        poll_fn(|cx| match self.0.borrow_mut().as_mut() {
            Some(socket) => socket.poll_next_unpin(cx),
            None => Poll::Ready(None),
        })
        .await
    }
}

fn dropped() -> Failure {
    Failure { kind: "Dropped".to_owned(), message: "the socket was dropped".to_owned() }
}
