//! The server's process: the real sessions, their driver, and an application for each.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use keepline_core::wire::{Coding, Credentials, Record};
use keepline_core::{
    CloseCode, ConnId, Instant, Payload, ServerConfig, ServerOutput, SessionEvent, SessionKey,
    Sessions,
};

use crate::ledger::{Fate, Ledger};
use crate::story::{Happened, Story};
use crate::tab::Manner;
use crate::violation::Oracle;
use crate::word::Word;

/// What a process does to the world.
#[derive(Debug)]
pub(crate) enum Act {
    Verify(ConnId, Option<Credentials>),
    /// There is something to send.
    Wake(ConnId),
    Close(ConnId, CloseCode, String),
}

/// One session's application.
pub(crate) struct Room {
    pub(crate) serial: usize,
    pub(crate) tab: usize,
    pub(crate) inbox: VecDeque<Payload>,
    /// It has ended the session.
    ending: bool,
}

pub(crate) struct Process {
    pub(crate) sessions: Sessions,
    pub(crate) config: ServerConfig,
    pub(crate) manner: Manner,
    pub(crate) rooms: BTreeMap<SessionKey, Room>,
    /// Whose connection it is, and how it speaks.
    conns: BTreeMap<ConnId, (usize, Coding)>,
    /// Whether applications answer some of what they take.
    pub(crate) echoes: bool,
}

/// What a frame of the server's says, beside messages.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) frame: Payload,
    pub(crate) records: Vec<Record>,
}

impl Process {
    pub(crate) fn new(config: ServerConfig, seed: u64, manner: Manner, echoes: bool) -> Self {
        let sessions =
            Sessions::new(config.clone(), seed).expect("the plan makes sound configurations");
        let (rooms, conns) = (BTreeMap::new(), BTreeMap::new());
        Self { sessions, config, manner, rooms, conns, echoes }
    }

    pub(crate) fn opened(&mut self, conn: ConnId, tab: usize, coding: Coding, now: Instant) {
        self.conns.insert(conn, (tab, coding));
        self.sessions.opened(conn, coding, "/", now);
    }

    pub(crate) fn timeout(&mut self, now: Instant, ledger: &mut Ledger) {
        self.sessions.handle_timeout(now);
        let next = self.sessions.poll_timeout();
        ledger.verdict.demand(next.is_none_or(|next| next > now), Oracle::Deadlines, || {
            format!("the server's next deadline is {next:?} at {now:?}")
        });
    }

    /// All that a connection is to be sent now.
    pub(crate) fn pump(&mut self, conn: ConnId, now: Instant, ledger: &mut Ledger) -> Vec<Said> {
        let Some((_, coding)) = self.conns.get(&conn).copied() else { return Vec::new() };
        let mut said = Vec::new();
        while let Some(frame) = self.sessions.poll_frame(conn, now) {
            let records = ledger.give(coding, &frame, None);
            said.push(Said { frame, records });
            if !self.sessions.has_frame(conn) {
                break;
            }
        }
        ledger.verdict.demand(said.len() < 200, Oracle::Bounds, || {
            format!("{} frames for {conn:?} at once", said.len())
        });
        said
    }

    /// A session's application takes so many messages.
    pub(crate) fn take(
        &mut self,
        key: SessionKey,
        count: usize,
        now: Instant,
        ledger: &mut Ledger,
    ) {
        let Some(room) = self.rooms.get_mut(&key).filter(|room| !room.ending) else { return };
        let count = count.min(room.inbox.len());
        let mut replies = 0;
        for payload in room.inbox.drain(..count) {
            ledger.take_up(room.serial, &payload);
            replies += usize::from(self.echoes && payload.len() % 2 == 0);
        }
        self.sessions.took(key, count, now);
        for _ in 0..replies {
            self.send(key, 24, false, now, ledger);
        }
    }

    /// A session's application sends a message.
    pub(crate) fn send(
        &mut self,
        key: SessionKey,
        size: usize,
        as_text: bool,
        now: Instant,
        ledger: &mut Ledger,
    ) -> bool {
        let Some(room) = self.rooms.get(&key) else { return false };
        let word = Word { tab: room.tab, room: room.serial, id: ledger.next_down(room.serial) };
        let payload = word.payload(size, as_text);
        let size = payload.len();
        let sent = self.sessions.send(key, payload, now);
        if let Ok(id) = sent {
            ledger.accept_down(room.serial, id, size);
        }
        sent.is_ok()
    }

    /// A session's application ends it, and takes nothing more.
    pub(crate) fn end(&mut self, key: SessionKey, now: Instant) {
        if let Some(room) = self.rooms.get_mut(&key) {
            room.ending = true;
            room.inbox.clear();
            self.sessions.end(key, CloseCode(4_007), "the game is over", now);
        }
    }

    /// Goes away with its sessions.
    pub(crate) fn drain_within(&mut self, within: Duration, now: Instant) {
        self.sessions.go_away(false, within, now);
    }

    /// Performs all that the sessions ask for, then judges them.
    pub(crate) fn perform(
        &mut self,
        now: Instant,
        ledger: &mut Ledger,
        story: &mut Story,
    ) -> Vec<Act> {
        let mut acts = Vec::new();
        loop {
            self.drain_outputs(now, ledger, story, &mut acts);
            match self.hungry() {
                Some(key) => self.take(key, usize::MAX, now, ledger),
                None => return acts,
            }
        }
    }

    fn drain_outputs(
        &mut self,
        now: Instant,
        ledger: &mut Ledger,
        story: &mut Story,
        acts: &mut Vec<Act>,
    ) {
        let mut outputs = 0;
        while let Some(output) = self.sessions.poll_output() {
            outputs += 1;
            match output {
                ServerOutput::Verify(conn, who) => acts.push(Act::Verify(conn, who)),
                ServerOutput::Wake(conn) => acts.push(Act::Wake(conn)),
                ServerOutput::Close(conn, code, why) => acts.push(Act::Close(conn, code, why)),
                ServerOutput::Begin(key, conn) => self.begin(key, conn, now, ledger, story),
                ServerOutput::Deliver(key, payload) => self.deliver(key, payload, ledger),
                ServerOutput::Event(key, event) => self.told(key, &event, now, ledger, story),
            }
        }
        self.judge(outputs, ledger);
    }

    /// A session whose application takes what it has been given at once.
    fn hungry(&self) -> Option<SessionKey> {
        let takes_at_once = self.manner == Manner::AtOnce;
        let is_hungry = |room: &Room| takes_at_once && !room.ending && !room.inbox.is_empty();
        self.rooms.iter().find(|(_, room)| is_hungry(room)).map(|(key, _)| *key)
    }

    fn begin(
        &mut self,
        key: SessionKey,
        conn: ConnId,
        now: Instant,
        ledger: &mut Ledger,
        story: &mut Story,
    ) {
        story.count(Happened::Epoch);
        let Some((tab, _)) = self.conns.get(&conn).copied() else {
            return ledger.verdict.blame(Oracle::Sockets, format!("{conn:?} is nobody's"));
        };
        let serial = ledger.add_room(tab);
        story.line(now, || format!("server: room {serial} opens for tab {tab} on {}", conn.0));
        self.rooms.insert(key, Room { serial, tab, inbox: VecDeque::new(), ending: false });
    }

    fn deliver(&mut self, key: SessionKey, payload: Payload, ledger: &mut Ledger) {
        let Some(room) = self.rooms.get_mut(&key) else {
            return ledger.verdict.blame(Oracle::Story, format!("a message after {key:?} is over"));
        };
        ledger.verdict.demand(!room.ending, Oracle::Story, || {
            format!("room {} was given a message after its end", room.serial)
        });
        ledger.deliver_up(room.serial, &payload);
        room.inbox.push_back(payload);
    }

    fn told(
        &mut self,
        key: SessionKey,
        event: &SessionEvent,
        now: Instant,
        ledger: &mut Ledger,
        story: &mut Story,
    ) {
        let Some(room) = self.rooms.get(&key) else {
            let what = format!("{event:?} after {key:?} is over");
            return ledger.verdict.blame(Oracle::Story, what);
        };
        let serial = room.serial;
        story.line(now, || format!("room {serial}: {event:?}"));
        match event {
            SessionEvent::Attached => story.count(Happened::Resumed),
            SessionEvent::Detached | SessionEvent::Draining => {}
            SessionEvent::Delivered(ids) => ledger.tell_down(serial, *ids, Fate::Delivered),
            SessionEvent::Undeliverable(ids, loss) => {
                ledger.tell_down(serial, *ids, Fate::Undeliverable(*loss));
            }
            SessionEvent::Unknown(ids, _) => ledger.tell_down(serial, *ids, Fate::Unknown),
            SessionEvent::Over(_) => {
                story.count(Happened::Over);
                ledger.end_down(serial);
                self.rooms.remove(&key);
            }
        }
    }

    fn judge(&self, outputs: usize, ledger: &mut Ledger) {
        let (config, sessions, verdict) = (&self.config, &self.sessions, &mut ledger.verdict);
        let (len, tombstones, total) =
            (sessions.len(), sessions.tombstones(), sessions.total_bytes());
        let fits = len <= config.sessions && tombstones <= config.tombstones;
        verdict.demand(fits && total <= config.total_bytes, Oracle::Bounds, || {
            format!("{len} sessions, {tombstones} tombstones, {total} bytes")
        });
        verdict.demand(len == self.rooms.len(), Oracle::Story, || {
            format!("{len} sessions for {} applications", self.rooms.len())
        });
        verdict.demand(outputs <= 1_000, Oracle::Bounds, || format!("{outputs} outputs at once"));
        let mut held = 0;
        for (key, room) in &self.rooms {
            let Some(queued) = sessions.queued(*key) else { continue };
            held += queued.bytes;
            let waiting: usize = room.inbox.iter().map(Payload::len).sum();
            let fits = queued.messages <= config.outbox_messages
                && queued.bytes <= config.outbox_bytes
                && room.inbox.len() as u64 <= config.window.messages
                && waiting as u64 <= config.window.bytes;
            verdict.demand(fits, Oracle::Bounds, || {
                let given = room.inbox.len();
                format!("room {}: {queued:?}, {given} messages of {waiting} bytes", room.serial)
            });
        }
        verdict.demand(held <= total, Oracle::Bounds, || {
            format!("{held} bytes are held, {total} are counted")
        });
    }
}
