//! One client, one server and two messages each way: every order in which things can happen.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use keepline_core::wire::{Coding, Instance, SessionId, Window};
use keepline_core::{
    Caller, Closed, Config, ConnId, Draw, Input, Instant, Payload, ServerConfig, SessionConfig,
    SessionKey,
};

use crate::ledger::Ledger;
use crate::process::{Act, Process};
use crate::story::Story;
use crate::tab::{Deed, Manner, Tab};
use crate::violation::Oracle;

/// Something that may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The next thing on the way to the server arrives, by this connection.
    Up(usize),
    /// The next thing on the way to the client arrives.
    Down(usize),
    /// A connection is cut, and both ends hear of it, or one.
    Cut(usize),
    CutForClient(usize),
    CutForServer(usize),
    /// The next deadline comes.
    Timer,
    TabTakes,
    ServerTakes,
    /// The server forgets everything.
    Forgets,
}

#[derive(Debug)]
enum Item {
    Frame(Payload),
    Close(Closed),
}

impl Item {
    fn len(&self) -> u64 {
        match self {
            Self::Frame(frame) => frame.len() as u64,
            Self::Close(_) => 0,
        }
    }
}

#[derive(Debug)]
struct Wire {
    generation: u64,
    up: VecDeque<Item>,
    down: VecDeque<Item>,
    client_gone: bool,
    server_gone: bool,
}

pub(crate) struct Small {
    now: Instant,
    tab: Tab,
    process: Process,
    generation: u64,
    wires: Vec<Wire>,
    pub(crate) ledger: Ledger,
    story: Story,
}

impl Small {
    pub(crate) fn new() -> Self {
        let window = Window { message_bytes: 64, messages: 4, bytes: 256 };
        let session = SessionConfig { window, ..SessionConfig::default() };
        let config = Config { session: Some(session), ..Config::default() };
        let mut ledger = Ledger::default();
        ledger.add_tab(false);
        let mut world = Self {
            now: Instant::ORIGIN + std::time::Duration::from_secs(1_000),
            tab: Tab::new(0, config, 7, Manner::Slowly),
            process: server(0),
            generation: 0,
            wires: Vec::new(),
            ledger,
            story: Story::default(),
        };
        world.tab.client.connect(world.now);
        world.perform();
        world.choose(Choice::Up(0));
        world.choose(Choice::Down(0));
        for _ in 0..2 {
            world.tab.send(10, false, None, &mut world.ledger);
            let key = world.keys()[0];
            world.process.send(key, 10, false, world.now, &mut world.ledger);
        }
        world.perform();
        world
    }

    pub(crate) fn after(path: &[u8]) -> Self {
        let mut world = Self::new();
        for nth in path {
            let choice = world.choices()[usize::from(*nth)];
            world.choose(choice);
        }
        world
    }

    fn keys(&self) -> Vec<SessionKey> {
        self.process.rooms.keys().copied().collect()
    }

    pub(crate) fn choices(&self) -> Vec<Choice> {
        let mut choices = Vec::new();
        for (wire, it) in self.wires.iter().enumerate() {
            let reaches_server = !it.server_gone && it.generation == self.generation;
            if reaches_server && !it.up.is_empty() {
                choices.push(Choice::Up(wire));
            }
            if !it.client_gone && !it.down.is_empty() {
                choices.push(Choice::Down(wire));
            }
            if reaches_server && !it.client_gone {
                choices.extend([
                    Choice::Cut(wire),
                    Choice::CutForClient(wire),
                    Choice::CutForServer(wire),
                ]);
            }
        }
        if self.due().is_some() {
            choices.push(Choice::Timer);
        }
        if !self.tab.inbox.is_empty() {
            choices.push(Choice::TabTakes);
        }
        if self.process.rooms.values().any(|room| !room.inbox.is_empty()) {
            choices.push(Choice::ServerTakes);
        }
        if self.generation == 0 {
            choices.push(Choice::Forgets);
        }
        choices
    }

    fn due(&self) -> Option<Instant> {
        let due = [self.tab.client.poll_timeout(), self.process.sessions.poll_timeout()];
        due.into_iter().flatten().min()
    }

    pub(crate) fn choose(&mut self, choice: Choice) {
        match choice {
            Choice::Up(wire) => self.arrives_up(wire),
            Choice::Down(wire) => self.arrives_down(wire),
            Choice::Cut(wire) => {
                self.server_hears(wire);
                self.client_hears(wire);
            }
            Choice::CutForClient(wire) => self.client_hears(wire),
            Choice::CutForServer(wire) => self.server_hears(wire),
            Choice::Timer => self.timer(),
            Choice::TabTakes => self.tab.take(1, self.now, &mut self.ledger),
            Choice::ServerTakes => {
                let hungry = self.process.rooms.iter().find(|(_, room)| !room.inbox.is_empty());
                if let Some(key) = hungry.map(|(key, _)| *key) {
                    self.process.take(key, 1, self.now, &mut self.ledger);
                }
            }
            Choice::Forgets => self.forgets(),
        }
        self.perform();
    }

    fn arrives_up(&mut self, wire: usize) {
        match self.wires[wire].up.pop_front() {
            Some(Item::Frame(frame)) => {
                self.process.sessions.received(ConnId(wire as u64), &frame, self.now);
            }
            Some(Item::Close(_)) => self.server_hears(wire),
            None => {}
        }
    }

    fn arrives_down(&mut self, wire: usize) {
        let conn = ConnId(wire as u64 + 1);
        match self.wires[wire].down.pop_front() {
            Some(Item::Frame(frame)) => self.tab.hear(Input::Received(conn, frame), self.now),
            Some(Item::Close(closed)) => {
                self.wires[wire].client_gone = true;
                self.tab.hear(Input::Closed(conn, closed, None), self.now);
            }
            None => {}
        }
    }

    fn server_hears(&mut self, wire: usize) {
        self.wires[wire].server_gone = true;
        if self.wires[wire].generation == self.generation {
            self.process.sessions.closed(ConnId(wire as u64), self.now);
        }
    }

    fn client_hears(&mut self, wire: usize) {
        if !std::mem::replace(&mut self.wires[wire].client_gone, true) {
            let closed = Input::Closed(ConnId(wire as u64 + 1), Closed::abnormal(), None);
            self.tab.hear(closed, self.now);
        }
    }

    fn timer(&mut self) {
        let Some(due) = self.due() else { return };
        self.now = self.now.max(due);
        self.tab.timeout(self.now, &mut self.ledger);
        self.process.timeout(self.now, &mut self.ledger);
    }

    fn forgets(&mut self) {
        self.ledger.process_died();
        self.generation += 1;
        self.process = server(self.generation);
        (0..self.wires.len()).for_each(|wire| self.client_hears(wire));
    }

    /// Lets everything happen that takes no time but passing the network.
    fn perform(&mut self) {
        loop {
            let deeds = self.tab.perform(self.now, &mut self.ledger, &mut self.story);
            let acts = self.process.perform(self.now, &mut self.ledger, &mut self.story);
            if deeds.is_empty() && acts.is_empty() {
                return;
            }
            deeds.into_iter().for_each(|deed| self.perform_deed(deed));
            acts.into_iter().for_each(|act| self.perform_act(act));
        }
    }

    fn perform_deed(&mut self, deed: Deed) {
        match deed {
            Deed::Open(conn) => self.open(conn),
            Deed::Frame(conn, frame, _) => self.wire(conn).up.push_back(Item::Frame(frame)),
            Deed::Measure(conn) => {
                let held = self.wire(conn).up.iter().map(Item::len).sum();
                self.tab.hear(Input::Buffered(conn, held), self.now);
            }
            Deed::Shut(conn, _) => {
                let wire = self.wire(conn);
                wire.client_gone = true;
                wire.up.push_back(Item::Close(Closed::abnormal()));
            }
        }
    }

    /// The wire of a client's connection.
    fn wire(&mut self, conn: ConnId) -> &mut Wire {
        &mut self.wires[conn.0 as usize - 1]
    }

    fn open(&mut self, conn: ConnId) {
        let far = ConnId(self.wires.len() as u64);
        self.wires.push(Wire {
            generation: self.generation,
            up: VecDeque::new(),
            down: VecDeque::new(),
            client_gone: false,
            server_gone: false,
        });
        self.process.opened(far, 0, Coding::Binary, self.now);
        let drawn = far.0 as u8 + 1;
        let draw = Draw { session: SessionId([drawn; 16]), instance: Instance([drawn; 8]) };
        let protocol = Coding::Binary.subprotocol().to_owned();
        self.tab.hear(Input::Opened(conn, protocol, draw), self.now);
    }

    fn perform_act(&mut self, act: Act) {
        match act {
            Act::Verify(conn, _) => {
                self.process.sessions.verified(conn, Ok(Caller::default()), self.now);
            }
            Act::Wake(conn) => self.pump(conn),
            Act::Close(conn, code, reason) => {
                self.pump(conn);
                let closed = Closed { code, reason, clean: true };
                self.wires[conn.0 as usize].down.push_back(Item::Close(closed));
                self.server_hears(conn.0 as usize);
            }
        }
    }

    fn pump(&mut self, conn: ConnId) {
        let said = self.process.pump(conn, self.now, &mut self.ledger);
        let frames = said.into_iter().map(|said| Item::Frame(said.frame));
        self.wires[conn.0 as usize].down.extend(frames);
    }

    /// From here on everything goes well: all must be delivered, or have another fate.
    pub(crate) fn calm(&mut self) {
        for _ in 0..300 {
            if self.is_settled() {
                return self.end();
            }
            self.next_good_thing();
        }
        let (status, queued) = (self.tab.client.status(), self.tab.client.queued());
        self.ledger.verdict.blame(Oracle::Converges, format!("the client is {status}, {queued:?}"));
    }

    fn next_good_thing(&mut self) {
        let is_good = |choice: &Choice| match choice {
            Choice::Up(_) | Choice::Down(_) | Choice::TabTakes | Choice::ServerTakes => true,
            Choice::Cut(_)
            | Choice::CutForClient(_)
            | Choice::CutForServer(_)
            | Choice::Timer
            | Choice::Forgets => false,
        };
        match self.choices().into_iter().find(is_good) {
            Some(choice) => self.choose(choice),
            None => self.choose(Choice::Timer),
        }
    }

    fn is_settled(&self) -> bool {
        let mut rooms = self.process.rooms.iter();
        let is_quiet = rooms.all(|(key, room)| {
            let queued = self.process.sessions.queued(*key).unwrap_or_default();
            room.inbox.is_empty() && queued.messages == 0
        });
        let tab = &self.tab;
        let is_idle = tab.inbox.is_empty() && tab.client.queued().messages == 0;
        tab.is_online() && is_idle && is_quiet
    }

    fn end(&mut self) {
        self.tab.close(1_000, self.now);
        self.perform();
        for _ in 0..300 {
            let is_over = self.process.rooms.is_empty() && self.due().is_none();
            if is_over && self.tab.is_ended() {
                return self.ledger.close();
            }
            self.next_good_thing();
        }
        self.ledger.verdict.blame(Oracle::Converges, "the end does not come".to_owned());
    }

    /// All that the future depends on, and what was promised before.
    pub(crate) fn state(&self) -> u64 {
        let mut hasher = Hashing(DefaultHasher::new());
        let Self { now, tab, process, wires, ledger, .. } = self;
        let all = (now, &tab.client, &tab.inbox, &process.sessions, wires, ledger);
        fmt::Write::write_fmt(&mut hasher, format_args!("{all:?}")).expect("a hash takes all");
        process.rooms.values().for_each(|room| room.inbox.hash(&mut hasher.0));
        hasher.0.finish()
    }
}

fn server(generation: u64) -> Process {
    let window = Window { message_bytes: 64, messages: 4, bytes: 256 };
    let config = ServerConfig { window, ..ServerConfig::default() };
    Process::new(config, 11 + generation, Manner::Slowly, false)
}

struct Hashing(DefaultHasher);

impl fmt::Write for Hashing {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}
