//! One client and one server, with a network between them that the test commands.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use keepline_core::wire::{
    Coding, Credentials, FrameLimits, FrameWriter, Greeting, Hello, Instance, Record, SessionId,
    Window, records,
};
use keepline_core::{
    Caller, Client, CloseCode, Closed, Config, ConnId, Draw, Event, Input, Instant, MessageId,
    MessageIds, NotProvided, Output, Over, Payload, Provision, Refused, SendError, SendOptions,
    ServerConfig, ServerOutput, SessionConfig, SessionEvent, SessionKey, Sessions, Status,
};

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

    pub(crate) fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let due = [self.client.poll_timeout(), self.server.poll_timeout()];
            let Some(due) = due.into_iter().flatten().min().filter(|due| *due <= end) else {
                break;
            };
            self.now = self.now.max(due);
            if self.buffered > 0 {
                let buffered = Input::Buffered(self.conn(), self.buffered);
                self.client.handle_input(buffered, self.now);
            }
            self.client.handle_timeout(self.now);
            self.server.handle_timeout(self.now);
            self.settle();
            let due = [self.client.poll_timeout(), self.server.poll_timeout()];
            let next = due.into_iter().flatten().min();
            assert!(next.is_none_or(|next| next > self.now), "a deadline must lie ahead");
        }
        self.now = end;
    }

    /// Lets everything happen that takes no time.
    pub(crate) fn settle(&mut self) {
        loop {
            let client = self.perform_client();
            let server = self.perform_server();
            if !client && !server {
                return;
            }
        }
    }

    pub(crate) fn client_takes_all(&mut self) {
        let count = self.client_inbox.len();
        self.client_took.extend(self.client_inbox.drain(..).map(|payload| words(&payload)));
        self.client.took(count, self.now);
    }

    pub(crate) fn server_takes_all(&mut self) {
        for (key, payload) in std::mem::take(&mut self.server_inbox) {
            self.server_took.push(words(&payload));
            self.server.took(key, 1, self.now);
        }
    }

    fn perform_client(&mut self) -> bool {
        let mut acted = false;
        let mut flush = false;
        loop {
            while let Some(output) = self.client.poll_output() {
                acted = true;
                match output {
                    Output::Open(conn) => self.open_connection(conn),
                    Output::Renew(conn) => {
                        self.renewals.push(self.now);
                        self.provide(conn);
                    }
                    Output::Diagnose(conn) => panic!("{conn:?} is looked into"),
                    Output::Transmit(conn, frame) => self.carry_to_server(conn, &frame),
                    Output::Close(conn, code, _) => {
                        self.close_frames.push((conn, code.0));
                        self.lose(conn);
                    }
                    Output::Abandon(conn) => {
                        self.abandoned.push(conn);
                        self.lose(conn);
                    }
                    Output::Deliver(payload) => self.client_inbox.push_back(payload),
                    Output::Discard => self.client_inbox.clear(),
                    Output::Refuse { size } => panic!("a session refuses no {size} bytes"),
                    Output::Flush => flush = true,
                    Output::Measure(conn) => {
                        let buffered = Input::Buffered(conn, self.buffered);
                        self.client.handle_input(buffered, self.now);
                    }
                    Output::Room => panic!("a session tells of room by fates"),
                    Output::HandOver(..) => panic!("a session is handed nothing kept"),
                    Output::Event(event) => self.events.push(event),
                }
            }
            if self.client_takes && !self.client_inbox.is_empty() {
                self.client_takes_all();
            } else if std::mem::take(&mut flush) {
                self.client.flush(self.now);
            } else {
                return acted;
            }
        }
    }

    fn provide(&mut self, conn: ConnId) {
        if let Some(given) = self.provides.clone() {
            self.client.handle_input(Input::Provided(conn, given), self.now);
        }
    }

    fn open_connection(&mut self, conn: ConnId) {
        self.attempts.push(conn);
        self.provide(conn);
        if self.hangs || !self.client.owns(conn) {
            return;
        }
        if !self.reachable {
            let closed = Input::Closed(conn, Closed::abnormal(), None);
            return self.client.handle_input(closed, self.now);
        }
        self.let_in(conn);
    }

    /// The handshake of a connection is answered.
    pub(crate) fn let_in(&mut self, conn: ConnId) {
        self.drawn += 1;
        let draw =
            Draw { session: SessionId([self.drawn; 16]), instance: Instance([self.drawn; 8]) };
        self.open.push(conn);
        self.server.opened(conn, self.coding, "/session", self.now);
        let own = self.open.iter().filter(|conn| **conn < STRANGERS).count();
        self.most_open = self.most_open.max(own);
        self.client.handle_input(Input::Opened(conn, self.echo.clone(), draw), self.now);
    }

    fn measure(&mut self, frame: &Payload, records: usize) {
        let (size, most) = self.largest_frame;
        self.largest_frame = (size.max(frame.len()), most.max(records));
    }

    fn carry_to_server(&mut self, conn: ConnId, frame: &Payload) {
        let records = read(self.coding, frame);
        self.said.extend(records.iter().map(|record| (conn, record.clone())));
        if self.swallow != Some(Side::Client) && self.open.contains(&conn) {
            self.measure(frame, records.len());
            self.passed.push((Side::Client, records));
            self.server.received(conn, frame, self.now);
        }
    }

    fn perform_server(&mut self) -> bool {
        let mut acted = false;
        while let Some(output) = self.server.poll_output() {
            acted = true;
            match output {
                ServerOutput::Verify(conn, credentials) => self.verify(conn, credentials.as_ref()),
                ServerOutput::Wake(conn) => self.carry_to_client(conn),
                ServerOutput::Close(conn, code, reason) => {
                    self.carry_to_client(conn);
                    self.closes.push((conn, code.0, reason.clone()));
                    self.lose(conn);
                    if self.swallow != Some(Side::Server) {
                        let closed = Closed { code, reason, clean: true };
                        self.client.handle_input(Input::Closed(conn, closed, None), self.now);
                    }
                }
                ServerOutput::Begin(key, _) => self.begun.push(key),
                ServerOutput::Deliver(key, payload) => self.server_inbox.push_back((key, payload)),
                ServerOutput::Event(key, event) => {
                    if let SessionEvent::Over(_) = event {
                        self.server_inbox.retain(|(of, _)| *of != key);
                    }
                    self.told.push((key, event));
                }
            }
        }
        // The application comes last, when it is known which sessions are over.
        if self.server_takes {
            self.server_takes_all();
        }
        acted
    }

    fn carry_to_client(&mut self, conn: ConnId) {
        while let Some(frame) = self.server.poll_frame(conn, self.now) {
            if self.swallow != Some(Side::Server) && self.open.contains(&conn) {
                let records = read(self.coding, &frame);
                self.measure(&frame, records.len());
                self.heard.extend(records.iter().map(|record| (conn, record.clone())));
                self.passed.push((Side::Server, records));
                self.client.handle_input(Input::Received(conn, frame), self.now);
            }
        }
    }

    fn verify(&mut self, conn: ConnId, credentials: Option<&Credentials>) {
        let who = match credentials {
            None => Ok(Caller::default()),
            Some(Credentials(secret)) => match self.subjects.get(secret) {
                Some(subject) => Ok(Caller { subject: subject.clone(), expires: self.expires }),
                None => Err(Refused { reason: "nobody knows you".to_owned() }),
            },
        };
        self.server.verified(conn, who, self.now);
    }
}

pub(crate) fn words(payload: &Payload) -> String {
    match payload {
        Payload::Text(text) => text.clone(),
        Payload::Binary(bytes) => format!("{bytes:?}"),
    }
}

fn read(coding: Coding, frame: &Payload) -> Vec<Record> {
    let limits = FrameLimits::for_messages(1 << 20, coding);
    records(coding, frame, limits).map(Result::unwrap).collect()
}
