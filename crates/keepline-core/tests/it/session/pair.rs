//! One client and one server, with a network between them that the test commands.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use keepline_core::wire::{
    Coding, FrameWriter, Greeting, Hello, Instance, Record, SessionId, Window,
};
use keepline_core::{
    Client, CloseCode, Closed, Config, ConnId, Event, Input, Instant, MessageId, MessageIds,
    NotProvided, Over, Payload, Provision, SendError, SendOptions, ServerConfig, SessionConfig,
    SessionEvent, SessionKey, Sessions, Status,
};

mod network;

use crate::world::text;

/// The two ends of a session in virtual time. Frames pass at once, unless the test holds them.
pub(crate) struct Pair {
    pub(crate) now: Instant,
    pub(crate) client: Client,
    pub(crate) server: Sessions,
    /// What the client's application was told, but for messages.
    pub(crate) events: Vec<Event>,
    /// What the server's applications were told, but for messages.
    pub(crate) told: Vec<(SessionKey, SessionEvent)>,
    /// What either application has been given and not taken.
    pub(crate) client_inbox: VecDeque<Payload>,
    pub(crate) server_inbox: VecDeque<(SessionKey, Payload)>,
    /// What either application has taken.
    pub(crate) client_took: Vec<String>,
    pub(crate) server_took: Vec<String>,
    pub(crate) begun: Vec<SessionKey>,
    /// How the server closed connections.
    pub(crate) closes: Vec<(ConnId, u16, String)>,
    /// How the client closed connections.
    pub(crate) close_frames: Vec<(ConnId, u16)>,
    /// Every frame that passed, by who sent it.
    pub(crate) passed: Vec<(Side, Vec<Record>)>,
    /// What the client said, by the connection, whether it passed or not.
    pub(crate) said: Vec<(ConnId, Record)>,
    /// What the server said, by the connection.
    pub(crate) heard: Vec<(ConnId, Record)>,
    /// How large the largest frame was, and how many records the longest had.
    pub(crate) largest_frame: (usize, usize),
    /// The most connections that the client had open at once.
    pub(crate) most_open: usize,
    /// What the server answers to the client's subprotocol.
    pub(crate) echo: String,
    /// Whether a handshake is never answered.
    pub(crate) hangs: bool,
    pub(crate) abandoned: Vec<ConnId>,
    /// Whether applications take what they are given, at once.
    pub(crate) client_takes: bool,
    pub(crate) server_takes: bool,
    /// Whether what a side says gets lost, its closes included.
    pub(crate) swallow: Option<Side>,
    /// Whether connections are opened at once.
    pub(crate) reachable: bool,
    /// Who the server says somebody with these credentials is.
    pub(crate) subjects: BTreeMap<String, Option<String>>,
    /// Whether the verifier has yet to answer: nobody is told who is there.
    pub(crate) verifier_sleeps: bool,
    /// How long credentials hold.
    pub(crate) expires: Option<Duration>,
    /// What the provider answers at once, if there is one that answers.
    pub(crate) provides: Option<Result<Provision, NotProvided>>,
    /// When it was asked for a renewal.
    pub(crate) renewals: Vec<Instant>,
    /// What the client's socket holds that the network has not taken.
    pub(crate) buffered: u64,
    attempts: Vec<ConnId>,
    open: Vec<ConnId>,
    coding: Coding,
    drawn: u8,
}

/// Connections of the test's own are numbered from here on.
const STRANGERS: ConnId = ConnId(1_000);

/// Every encoding that is built in.
pub(crate) const CODINGS: &[Coding] = &[
    Coding::Binary,
    #[cfg(feature = "json")]
    Coding::Json,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

pub(crate) fn session() -> Config {
    Config { session: Some(SessionConfig::default()), ..Config::default() }
}

pub(crate) fn session_with(change: impl FnOnce(&mut SessionConfig)) -> Config {
    let mut session = SessionConfig::default();
    change(&mut session);
    Config { session: Some(session), ..Config::default() }
}

pub(crate) fn ids(first: u64, last: u64) -> MessageIds {
    MessageIds { first: MessageId(first), last: MessageId(last) }
}

pub(crate) fn frame(coding: Coding, records: &[Record]) -> Payload {
    let mut frame = FrameWriter::new(coding);
    records.iter().for_each(|record| frame.record(record));
    frame.finish()
}

/// The first hello of somebody new.
pub(crate) fn hello(session: u8) -> Hello {
    Hello {
        session: SessionId([session; 16]),
        instance: Instance([session; 8]),
        attempt: 1,
        epoch: None,
        received: 0,
        window: Window::default(),
        credentials: None,
    }
}

impl Pair {
    pub(crate) fn at_rest(config: Config, server: ServerConfig) -> Self {
        Self::seeded(config, server, 7)
    }

    pub(crate) fn seeded(config: Config, server: ServerConfig, seed: u64) -> Self {
        let coding = config.session.as_ref().map_or(Coding::Binary, |session| session.coding);
        Self {
            now: Instant::ORIGIN + Duration::from_secs(1_000),
            client: Client::new(config, seed).unwrap(),
            server: Sessions::new(server, 11).unwrap(),
            events: Vec::new(),
            told: Vec::new(),
            client_inbox: VecDeque::new(),
            server_inbox: VecDeque::new(),
            client_took: Vec::new(),
            server_took: Vec::new(),
            begun: Vec::new(),
            closes: Vec::new(),
            close_frames: Vec::new(),
            passed: Vec::new(),
            said: Vec::new(),
            heard: Vec::new(),
            largest_frame: (0, 0),
            most_open: 0,
            echo: coding.subprotocol().to_owned(),
            hangs: false,
            abandoned: Vec::new(),
            client_takes: true,
            server_takes: true,
            swallow: None,
            reachable: true,
            subjects: BTreeMap::new(),
            verifier_sleeps: false,
            expires: None,
            provides: None,
            renewals: Vec::new(),
            buffered: 0,
            attempts: Vec::new(),
            open: Vec::new(),
            coding,
            drawn: 0,
        }
    }

    pub(crate) fn online() -> Self {
        Self::online_with(session(), ServerConfig::default())
    }

    pub(crate) fn online_with(config: Config, server: ServerConfig) -> Self {
        let mut pair = Self::at_rest(config, server);
        pair.client.connect(pair.now);
        pair.settle();
        assert!(pair.is_online(), "{}", pair.client.status());
        pair
    }

    pub(crate) fn online_in(coding: Coding) -> Self {
        Self::online_with(session_with(|session| session.coding = coding), ServerConfig::default())
    }

    pub(crate) fn is_online(&self) -> bool {
        matches!(self.client.status(), Status::Online { .. })
    }

    pub(crate) fn conn(&self) -> ConnId {
        *self.attempts.last().expect("the client has opened a connection")
    }

    /// The session that began last.
    pub(crate) fn key(&self) -> SessionKey {
        *self.begun.last().expect("a session has begun")
    }

    pub(crate) fn send(&mut self, message: &str) -> Result<MessageId, SendError> {
        self.client.send(text(message))
    }

    pub(crate) fn send_with(
        &mut self,
        message: &str,
        options: SendOptions,
    ) -> Result<MessageId, SendError> {
        self.client.send_with(text(message), options, self.now)
    }

    pub(crate) fn cancel(&mut self, id: u64) -> bool {
        let waited = self.client.cancel(MessageId(id), self.now);
        self.settle();
        waited
    }

    /// The client sends these in one turn of its event loop.
    pub(crate) fn say(&mut self, messages: &[&str]) {
        for message in messages {
            self.send(message).unwrap();
        }
        self.settle();
    }

    pub(crate) fn server_says(&mut self, message: &str) -> Result<MessageId, SendError> {
        let sent = self.server.send(self.key(), text(message), self.now);
        self.settle();
        sent
    }

    /// The line breaks; the server hears of it as well.
    pub(crate) fn cut(&mut self) {
        let conn = self.conn();
        self.lose(conn);
        self.client.handle_input(Input::Closed(conn, Closed::abnormal(), None), self.now);
        self.settle();
    }

    /// The server hears that a connection is gone.
    pub(crate) fn lose(&mut self, conn: ConnId) {
        self.open.retain(|open| *open != conn);
        self.server.closed(conn, self.now);
    }

    /// The server closes a connection from afar, in spite of what it may think.
    pub(crate) fn close_from_afar(&mut self, code: u16) {
        let conn = self.conn();
        self.lose(conn);
        let closed = Closed { code: CloseCode(code), reason: String::new(), clean: true };
        self.client.handle_input(Input::Closed(conn, closed, None), self.now);
        self.settle();
    }

    /// A frame of the client's, made up by the test.
    pub(crate) fn forge(&mut self, conn: ConnId, frame: &Payload) {
        self.server.received(conn, frame, self.now);
        self.settle();
    }

    /// A frame of the server's, made up by the test.
    pub(crate) fn forge_from_server(&mut self, frame: Payload) {
        let conn = self.conn();
        self.client.handle_input(Input::Received(conn, frame), self.now);
        self.settle();
    }

    /// A connection that the test opens beside the client's.
    pub(crate) fn stranger(&mut self, number: u64) -> ConnId {
        let conn = ConnId(STRANGERS.0 + number);
        self.open.push(conn);
        self.server.opened(conn, self.coding, "/session", self.now);
        conn
    }

    /// A connection beside the client's, on which these records are said.
    pub(crate) fn stranger_says(&mut self, number: u64, records: &[Record]) -> ConnId {
        let conn = self.stranger(number);
        self.say_on(conn, records);
        conn
    }

    /// Records in one frame, made up by the test.
    pub(crate) fn say_on(&mut self, conn: ConnId, records: &[Record]) {
        self.forge(conn, &frame(self.coding, records));
    }

    /// Records of the server in one frame, made up by the test.
    pub(crate) fn server_says_records(&mut self, records: &[Record]) {
        self.forge_from_server(frame(self.coding, records));
    }

    /// The code and reason that the server closed a connection with.
    pub(crate) fn close_of(&self, conn: ConnId) -> Option<(u16, &str)> {
        let close = self.closes.iter().find(|(closed, ..)| *closed == conn);
        close.map(|(_, code, reason)| (*code, reason.as_str()))
    }

    /// The first greeting on a connection.
    pub(crate) fn greeting_on(&self, conn: ConnId) -> Option<&Greeting> {
        self.heard.iter().find_map(|heard| match heard {
            (on, Record::Greeting(greeting)) if *on == conn => Some(greeting),
            _ => None,
        })
    }

    /// The hellos of the client.
    pub(crate) fn hellos(&self) -> Vec<&Hello> {
        let records = self.passed.iter().flat_map(|(_, records)| records);
        let hellos = records.filter_map(|record| match record {
            Record::Hello(hello) => Some(hello),
            _ => None,
        });
        hellos.collect()
    }

    /// What the client's application was told of its messages.
    pub(crate) fn fates(&self) -> Vec<&Event> {
        let is_fate = |event: &&Event| {
            matches!(event, Event::Delivered(_) | Event::Undeliverable(..) | Event::Unknown(..))
        };
        self.events.iter().filter(is_fate).collect()
    }

    /// What the server's applications were told of their messages.
    pub(crate) fn server_fates(&self) -> Vec<&SessionEvent> {
        let events = self.told.iter().map(|(_, event)| event);
        let is_fate = |event: &&SessionEvent| match event {
            SessionEvent::Delivered(_)
            | SessionEvent::Undeliverable(..)
            | SessionEvent::Unknown(..) => true,
            SessionEvent::Attached
            | SessionEvent::Detached
            | SessionEvent::Draining
            | SessionEvent::Over(_) => false,
        };
        events.filter(is_fate).collect()
    }

    /// How a session ended, if it did.
    pub(crate) fn over(&self, key: SessionKey) -> Option<&Over> {
        self.told.iter().find_map(|told| match told {
            (of, SessionEvent::Over(why)) if *of == key => Some(why),
            _ => None,
        })
    }

    pub(crate) fn attempts(&self) -> usize {
        self.attempts.len()
    }

    pub(crate) fn connect(&mut self) {
        self.client.connect(self.now);
        self.settle();
    }

    pub(crate) fn close(&mut self) {
        self.client.close(CloseCode::NORMAL, "done", self.now).unwrap();
        self.settle();
    }

    pub(crate) fn finish_within(&mut self, within: Duration) {
        self.client.finish(CloseCode::NORMAL, "done", within, self.now).unwrap();
        self.settle();
    }

    /// The server's process dies, and comes back with nothing.
    pub(crate) fn restart_server(&mut self) {
        self.restart_server_with(ServerConfig::default());
    }

    pub(crate) fn restart_server_with(&mut self, config: ServerConfig) {
        self.server = Sessions::new(config, 12).unwrap();
        self.server_inbox.clear();
        self.cut();
    }
}

pub(crate) fn words(payload: &Payload) -> String {
    match payload {
        Payload::Text(text) => text.clone(),
        Payload::Binary(bytes) => format!("{bytes:?}"),
    }
}
