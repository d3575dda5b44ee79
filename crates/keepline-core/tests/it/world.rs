//! A world around one client: its clock, its network, and all that the application was told.

use std::time::Duration;

use keepline_core::wire::{Instance, SessionId};
use keepline_core::{
    Client, CloseCode, Closed, Config, ConnId, Draw, Event, Held, Input, Instant, MessageId,
    OpenFailure, Output, Payload, Probe, SendError, SendOptions, Status, Verdict,
};

pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) now: Instant,
    /// When each attempt was made.
    pub(crate) attempts: Vec<Instant>,
    /// What the present and earlier sockets were given.
    pub(crate) transmitted: Vec<(ConnId, Payload)>,
    /// What they were given that the driver had kept.
    pub(crate) handed_over: Vec<(ConnId, Held)>,
    pub(crate) close_frames: Vec<(CloseCode, String)>,
    pub(crate) abandoned: Vec<ConnId>,
    /// What the application was told, but for messages.
    pub(crate) events: Vec<Event>,
    pub(crate) messages: Vec<Payload>,
    /// The sizes of messages over the limit.
    pub(crate) refused: Vec<usize>,
    /// Which handshakes are to be looked into.
    pub(crate) inquiries: Vec<ConnId>,
    /// What the present socket holds, if the network is slow.
    pub(crate) buffered: Option<u64>,
    /// How often the application was told of room.
    pub(crate) rooms: usize,
    /// How often the driver was asked what the socket holds.
    pub(crate) measures: usize,
    probe: Option<Probe>,
    conn: Option<ConnId>,
}

/// What a connection draws; a plain line has no use for it.
pub(crate) const DRAW: Draw = Draw { session: SessionId([7; 16]), instance: Instance([7; 8]) };

pub(crate) fn text(text: &str) -> Payload {
    Payload::Text(text.to_owned())
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

impl World {
    /// A client at rest.
    pub(crate) fn at_rest(config: Config) -> Self {
        Self::with_seed(config, 7)
    }

    pub(crate) fn with_seed(config: Config, seed: u64) -> Self {
        Self {
            probe: config.heartbeat.clone(),
            client: Client::new(config, seed).unwrap(),
            now: Instant::ORIGIN + secs(1_000),
            attempts: Vec::new(),
            transmitted: Vec::new(),
            handed_over: Vec::new(),
            close_frames: Vec::new(),
            abandoned: Vec::new(),
            events: Vec::new(),
            messages: Vec::new(),
            refused: Vec::new(),
            inquiries: Vec::new(),
            buffered: None,
            rooms: 0,
            measures: 0,
            conn: None,
        }
    }

    /// A client whose first handshake is under way.
    pub(crate) fn connecting(config: Config) -> Self {
        let mut world = Self::at_rest(config);
        world.client.connect(world.now);
        world.perform();
        world
    }

    /// A client whose line is open, and has told the application nothing else yet.
    pub(crate) fn online(config: Config) -> Self {
        let mut world = Self::connecting(config);
        world.accept();
        world.events.clear();
        world
    }

    /// A client whose line is open and settled.
    pub(crate) fn settled(config: Config) -> Self {
        let mut world = Self::online(config);
        world.run_for(secs(6));
        world.hear("hello");
        world
    }

    /// The connection that the client opened last.
    pub(crate) fn conn(&self) -> ConnId {
        self.conn.expect("the client has opened a socket")
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.client.handle_input(input, self.now);
        self.perform();
    }

    pub(crate) fn accept(&mut self) {
        self.input(Input::Opened(self.conn(), String::new(), DRAW));
    }

    pub(crate) fn fail_to_open(&mut self, failure: OpenFailure) {
        self.input(Input::OpenFailed(self.conn(), failure));
    }

    pub(crate) fn hear(&mut self, message: &str) {
        let payload = text(message);
        let is_answer = self.probe.as_ref().is_some_and(|probe| probe.is_answered_by(&payload));
        let told = if is_answer { Input::Answered } else { Input::Received };
        self.input(told(self.conn(), payload));
    }

    /// The line breaks without a word.
    pub(crate) fn cut(&mut self) {
        self.input(Input::Closed(self.conn(), Closed::abnormal(), None));
    }

    /// The far end closes.
    pub(crate) fn close_from_afar(&mut self, code: u16) {
        self.close_judged(code, None);
    }

    /// The far end closes, and the application judges what that means.
    pub(crate) fn close_judged(&mut self, code: u16, judged: Option<Verdict>) {
        let closed = Closed { code: CloseCode(code), reason: String::new(), clean: true };
        self.input(Input::Closed(self.conn(), closed, judged));
    }

    pub(crate) fn send(&mut self, message: &str) -> Result<MessageId, SendError> {
        let sent = self.client.send(text(message));
        self.perform();
        sent
    }

    pub(crate) fn send_with(
        &mut self,
        message: &str,
        options: SendOptions,
    ) -> Result<MessageId, SendError> {
        let sent = self.client.send_with(text(message), options, self.now);
        self.perform();
        sent
    }

    pub(crate) fn cancel(&mut self, id: u64) -> bool {
        let waited = self.client.cancel(MessageId(id), self.now);
        self.perform();
        waited
    }

    /// The network has taken all but this of what the socket was given.
    pub(crate) fn drain_to(&mut self, buffered: u64) {
        self.buffered = Some(buffered);
        self.run_for(millis(64));
    }

    pub(crate) fn close(&mut self) {
        self.client.close(CloseCode::NORMAL, "bye", self.now).unwrap();
        self.perform();
    }

    /// Lets time pass; whatever falls due is done when it is due.
    pub(crate) fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.client.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.ring();
        }
        self.now = end;
    }

    /// The alarm rings now, due or not.
    pub(crate) fn ring(&mut self) {
        if let Some(buffered) = self.buffered {
            self.client.handle_input(Input::Buffered(self.conn(), buffered), self.now);
        }
        self.client.handle_timeout(self.now);
        self.perform();
        let next = self.client.poll_timeout();
        assert!(next.is_none_or(|next| next > self.now), "a deadline must lie ahead");
    }

    /// Lets time pass until the next attempt is made.
    pub(crate) fn run_to_next_attempt(&mut self) {
        let Status::Waiting { retry_at, .. } = self.client.status() else {
            panic!("no attempt is due while {}", self.client.status())
        };
        let made = self.attempts.len();
        self.run_for(retry_at - self.now);
        assert_eq!(self.attempts.len(), made + 1, "the attempt is made when the status said");
    }

    /// What the present socket was given.
    pub(crate) fn on_this_socket(&self) -> Vec<&Payload> {
        let conn = self.conn();
        self.transmitted.iter().filter(|(on, _)| *on == conn).map(|(_, payload)| payload).collect()
    }

    pub(crate) fn statuses(&self) -> Vec<&'static str> {
        let status = |event: &Event| match event {
            Event::Status(status) => Some(status.name()),
            _ => None,
        };
        self.events.iter().filter_map(status).collect()
    }

    pub(crate) fn perform(&mut self) {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Open(conn) => {
                    self.attempts.push(self.now);
                    self.conn = Some(conn);
                }
                Output::Transmit(conn, payload) => {
                    self.buffered = self.buffered.map(|held| held + payload.len() as u64);
                    self.transmitted.push((conn, payload));
                }
                Output::HandOver(conn, held) => {
                    self.buffered = self.buffered.map(|holds| holds + held.bytes as u64);
                    self.handed_over.push((conn, held));
                }
                Output::Measure(conn) => {
                    self.measures += 1;
                    let buffered = Input::Buffered(conn, self.buffered.unwrap_or(0));
                    self.client.handle_input(buffered, self.now);
                }
                Output::Room => self.rooms += 1,
                Output::Close(_, code, reason) => self.close_frames.push((code, reason)),
                Output::Abandon(conn) => self.abandoned.push(conn),
                Output::Deliver(payload) => self.messages.push(payload),
                Output::Refuse { size } => self.refused.push(size),
                Output::Event(event) => self.events.push(event),
                Output::Diagnose(conn) => self.inquiries.push(conn),
                Output::Discard | Output::Flush | Output::Renew(_) => {
                    panic!("a plain line has no session")
                }
            }
        }
    }
}
