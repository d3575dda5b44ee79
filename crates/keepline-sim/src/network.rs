//! What the network does with connections and frames, and how it fails.

use std::time::Duration;

use keepline_core::wire::{Coding, FrameLimits, Instance, Record, SessionId, records};
use keepline_core::{CloseCode, Closed, ConnId, Draw, Input, OpenFailure, Payload};

use crate::link::{Item, Link, Mark, Pipe, Way};
use crate::process::Act;
use crate::story::Happened;
use crate::tab::{Deed, Said};
use crate::violation::Oracle;
use crate::world::{Coming, World, bytes};

/// What both ends ask for is done.
impl World {
    pub(crate) fn perform_tab(&mut self, number: usize) {
        let tab = &mut self.seats[number].tab;
        let mut asks = false;
        for deed in tab.perform(self.now, &mut self.ledger, &mut self.story) {
            match deed {
                Deed::Open(conn) => self.dial(number, conn),
                Deed::Frame(conn, frame, Said { is_plain, has_messages }) => {
                    let link = self.seats[number].link(conn);
                    let buffered = self.links[link].buffered();
                    let is_wrong = has_messages && buffered >= self.seats[number].tab.high_mark;
                    self.ledger.verdict.demand(!is_wrong, Oracle::Marks, || {
                        format!("tab {number} gives {link}, which holds {buffered} bytes, more")
                    });
                    self.push(
                        link,
                        Way::Up,
                        Item::Frame(frame, Mark { is_plain, ..Mark::default() }),
                    );
                }
                Deed::Shut(conn, code) => self.shut(number, conn, code),
                Deed::Measure(_) => asks = true,
            }
        }
        if asks {
            self.tell_buffered(number);
            self.perform_tab(number);
        }
        self.judge_silence(number);
    }

    pub(crate) fn perform_server(&mut self) {
        loop {
            let acts = self.performed();
            if acts.is_empty() {
                return;
            }
            acts.into_iter().for_each(|act| self.act(act));
        }
    }

    pub(crate) fn performed(&mut self) -> Vec<Act> {
        let Some(process) = &mut self.process else { return Vec::new() };
        process.perform(self.now, &mut self.ledger, &mut self.story)
    }

    pub(crate) fn act(&mut self, act: Act) {
        match act {
            Act::Verify(conn, who) => self.verify(link_of(conn), who.as_ref()),
            Act::Wake(conn) if self.links[link_of(conn)].slow && !self.calm => {
                let time = self.chance.millis(1, 3_000);
                self.plan_in(time, Coming::Pump(link_of(conn)));
            }
            Act::Wake(conn) => self.pump(link_of(conn)),
            Act::Close(conn, code, reason) => {
                let link = link_of(conn);
                self.pump(link);
                self.story.line(self.now, || format!("server: closes {link} with {code} {reason}"));
                let accuses = matches!(code.0, 4450 | 4451 | 4453..=4455 | 4501..=4505);
                let is_heard = !self.links[link].client_gone;
                let accuses = accuses && is_heard && self.plan.odds.frame_lost == 0;
                self.ledger.verdict.demand(!accuses, Oracle::Peace, || {
                    format!("the server closes {link} with {code}: {reason}")
                });
                let is_wrong = code == 4408 && !self.is_impaired(link) && is_heard;
                self.ledger.verdict.demand(!is_wrong, Oracle::Peace, || {
                    format!("the server closes {link}, which works, with {code}: {reason}")
                });
                self.push(link, Way::Down, Item::Close(Closed { code, reason, clean: true }));
                self.links[link].down.shut = true;
                self.plan_over(link, Way::Up, Closed::abnormal());
            }
        }
    }

    fn dial(&mut self, number: usize, conn: ConnId) {
        let link = self.links.len();
        self.seats[number].links.push(link);
        let odds = if self.calm { crate::plan::Odds::default() } else { self.plan.odds };
        let latency = self.plan.latency;
        let latency = if self.chance.strikes(odds.delayed) { latency * 8 } else { latency };
        let mut it = Link {
            tab: number,
            conn,
            generation: self.generation,
            latency,
            up: Pipe::default(),
            down: Pipe::default(),
            client_gone: false,
            server_gone: false,
            slow: self.chance.strikes(odds.slow_pump),
            impaired: false,
        };
        // An answer takes up to four of them, and a line in question has 2.5 s.
        it.impaired = it.slow || latency > Duration::from_millis(600);
        if self.chance.strikes(odds.hello_lost) {
            self.story.count(Happened::HandshakeLost);
            it.impaired = true;
            if self.chance.strikes(500) {
                it.up.swallows = true;
            } else {
                it.up.stalled = true;
                let time = self.chance.millis(7_500, 11_000);
                self.plan_in(time, Coming::Moves(link, Way::Up));
            }
        }
        if self.chance.strikes(odds.greeting_lost) {
            self.story.count(Happened::HandshakeLost);
            (it.down.swallows, it.impaired) = (true, true);
        }
        self.links.push(it);
        self.story.line(self.now, || format!("tab {number}: opens {link}"));
        self.handshake(link, odds);
    }

    fn handshake(&mut self, link: usize, odds: crate::plan::Odds) {
        let time = self.some_time(link);
        if self.process.is_none() || self.chance.strikes(odds.refused) {
            self.story.count(Happened::Refused);
            self.plan_in(time, Coming::Failed(link));
        } else if self.chance.strikes(odds.hung) {
            self.story.count(Happened::Hung);
            let time = self.chance.secs(1, 30);
            self.plan_in(time, Coming::Opened(link));
        } else {
            self.plan_in(2 * time, Coming::Opened(link));
        }
    }

    fn some_time(&mut self, link: usize) -> Duration {
        let latency = self.links[link].latency.as_micros() as usize;
        Duration::from_micros(self.chance.within(latency, 2 * latency) as u64)
    }

    pub(crate) fn opened(&mut self, link: usize) {
        let (number, conn) = (self.links[link].tab, self.links[link].conn);
        if self.links[link].client_gone {
            return;
        }
        let Some(process) = self.process.as_mut().filter(|_| {
            self.links[link].generation == self.generation && !self.links[link].server_gone
        }) else {
            return self.failed(link);
        };
        let session = self.plan.tabs[self.seats[number].plan].config.session.as_ref();
        let coding = session.expect("a tab speaks keepline.v1").coding;
        process.opened(far(link), number, coding, self.now);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.chance.bits().to_be_bytes());
        let instance = Instance(self.chance.bits().to_be_bytes());
        let draw = Draw { session: SessionId(id), instance };
        self.perform_server();
        if !self.calm && self.chance.strikes(self.plan.odds.flaps) {
            let time = self.chance.millis(0, 2_000);
            self.plan_in(time, Coming::Cut(link));
        }
        self.hear(number, Input::Opened(conn, coding.subprotocol().to_owned(), draw));
    }

    pub(crate) fn failed(&mut self, link: usize) {
        let it = &mut self.links[link];
        (it.up.shut, it.down.shut, it.server_gone) = (true, true, true);
        if std::mem::replace(&mut it.client_gone, true) {
            return;
        }
        let (number, conn) = (it.tab, it.conn);
        self.hear(number, Input::Closed(conn, Closed::abnormal(), None));
    }

    /// The client closes its socket.
    fn shut(&mut self, number: usize, conn: ConnId, code: Option<CloseCode>) {
        let link = self.seats[number].link(conn);
        if std::mem::replace(&mut self.links[link].client_gone, true) {
            return;
        }
        self.story.line(self.now, || format!("tab {number}: shuts {link}"));
        let closed = code.map_or_else(Closed::abnormal, |code| Closed {
            code,
            reason: String::new(),
            clean: true,
        });
        self.push(link, Way::Up, Item::Close(closed));
        self.links[link].up.shut = true;
    }

    pub(crate) fn push(&mut self, link: usize, way: Way, item: Item) {
        let time = self.some_time(link);
        let (now, loses) = (self.now, self.plan.odds.frame_lost);
        let pipe = self.links[link].pipe(way);
        if pipe.shut || pipe.swallows {
            return;
        }
        let may_lose = matches!(&item, Item::Frame(_, mark) if mark.is_plain);
        if may_lose && !self.calm && self.chance.strikes(loses) {
            self.story.count(Happened::FrameLost);
            return;
        }
        pipe.items.push_back(item);
        if !pipe.stalled {
            pipe.last = pipe.last.max(now + time);
            let at = pipe.last;
            self.plan_at(at, Coming::Arrives(link, way));
        }
    }

    pub(crate) fn moves_again(&mut self, link: usize, way: Way) {
        let pipe = self.links[link].pipe(way);
        pipe.stalled = false;
        for _ in 0..pipe.items.len() {
            self.plan_in(Duration::ZERO, Coming::Arrives(link, way));
        }
    }

    pub(crate) fn arrives(&mut self, link: usize, way: Way) {
        let pipe = self.links[link].pipe(way);
        let Some(item) = (!pipe.stalled).then(|| pipe.items.pop_front()).flatten() else { return };
        if *self.links[link].gone(way) {
            return self.stale_news(link, way, item);
        }
        match (item, way) {
            (Item::Close(closed), _) => self.close_arrives(link, way, closed),
            (Item::Frame(frame, _), Way::Up) => self.frame_for_server(link, &frame),
            (Item::Frame(frame, mark), Way::Down) => self.frame_for_tab(link, frame, mark),
        }
    }

    /// A driver may still tell the core of a socket that it has given up.
    fn stale_news(&mut self, link: usize, way: Way, item: Item) {
        if way == Way::Up || self.calm || !self.chance.strikes(self.plan.odds.stale) {
            return;
        }
        let (number, conn) = (self.links[link].tab, self.links[link].conn);
        if self.seats[number].tab.client.owns(conn) {
            return;
        }
        self.hear(
            number,
            match item {
                Item::Frame(frame, _) => Input::Received(conn, frame),
                Item::Close(closed) => Input::Closed(conn, closed, None),
            },
        );
    }

    fn frame_for_server(&mut self, link: usize, frame: &Payload) {
        self.story.count(Happened::Frame);
        self.story.mix_bytes(bytes(frame));
        self.story.line(self.now, || format!("{link} →server {}", summary(frame)));
        if self.is_present(link)
            && let Some(process) = &mut self.process
        {
            process.sessions.received(far(link), frame, self.now);
            self.perform_server();
        }
    }

    fn frame_for_tab(&mut self, link: usize, frame: Payload, mark: Mark) {
        self.story.count(Happened::Frame);
        self.story.mix_bytes(bytes(&frame));
        self.story.line(self.now, || format!("{link} →tab {}", summary(&frame)));
        let (number, conn) = (self.links[link].tab, self.links[link].conn);
        let is_present = self.seats[number].tab.client.conn() == Some(conn);
        let watch = &mut self.seats[number].tab.watch;
        watch.may_move |= mark.moves;
        watch.life.hears_at(self.now);
        if mark.greets.is_some() {
            watch.forget_former();
            watch.life.opens(self.now);
        }
        watch.drains |= mark.drains;
        // Who is turned away where it wants to move to stays where it is.
        if let Some(after) = mark.bye.filter(|_| is_present) {
            watch.told_bye(after, self.now);
        }
        if mark.greets.is_some() && watch.live().len() == 2 {
            self.story.count(Happened::Moved);
        }
        if let Some(room) = mark.greets.filter(|room| watch.room != Some(*room)) {
            watch.former_room = watch.room.replace(room);
            self.story.line(self.now, || format!("tab {number}: is greeted from room {room}"));
        }
        let is_used = self.seats[number].tab.client.owns(conn);
        self.hear(number, Input::Received(conn, frame));
        if let Some((room, taken)) = mark.taken.filter(|_| is_used) {
            self.ledger.heard_taken(number, room, taken);
        }
    }

    fn close_arrives(&mut self, link: usize, way: Way, closed: Closed) {
        let (number, conn) = (self.links[link].tab, self.links[link].conn);
        if way == Way::Down && self.chance.strikes(300) {
            self.hear(number, Input::PeerClosing(conn));
            let time = self.chance.millis(0, 200);
            return self.plan_in(time, Coming::Over(link, way, closed));
        }
        self.over(link, way, closed);
    }

    /// An end hears that its connection is over.
    pub(crate) fn over(&mut self, link: usize, way: Way, closed: Closed) {
        if std::mem::replace(self.links[link].gone(way), true) {
            return;
        }
        let (number, conn) = (self.links[link].tab, self.links[link].conn);
        match way {
            Way::Up => {
                if self.is_present(link)
                    && let Some(process) = &mut self.process
                {
                    process.sessions.closed(far(link), self.now);
                    self.perform_server();
                }
            }
            Way::Down if self.chance.strikes(100) => {
                let failure = OpenFailure::Unavailable("the network is gone".to_owned());
                self.seats[number].tab.watch.gone(conn);
                self.hear(number, Input::OpenFailed(conn, failure));
            }
            Way::Down => self.hear(number, Input::Closed(conn, closed, None)),
        }
    }

    /// An end will hear, soon, late or never, that its connection is over.
    pub(crate) fn plan_over(&mut self, link: usize, way: Way, closed: Closed) {
        let late = if self.calm { 0 } else { self.plan.odds.close_late };
        let time = match self.chance.strikes(late) {
            false => self.some_time(link),
            true if self.chance.strikes(500) => return,
            true => self.chance.secs(1, 60),
        };
        self.plan_in(time, Coming::Over(link, way, closed));
    }

    /// A connection breaks: of what is in flight only a first part arrives. Both ends may hear of
    /// it, at least the one at the end of `sure`.
    pub(crate) fn cut(&mut self, link: usize, sure: Way) {
        self.story.line(self.now, || format!("network: cuts {link}"));
        self.links[link].impaired = true;
        for way in [Way::Up, Way::Down] {
            let kept = self.chance.below(self.links[link].pipe(way).items.len() + 1);
            let pipe = self.links[link].pipe(way);
            pipe.items.truncate(kept);
            pipe.shut = true;
        }
        self.plan_over(link, sure, Closed::abnormal());
        let other = if sure == Way::Up { Way::Down } else { Way::Up };
        self.plan_over(link, other, Closed::abnormal());
    }
}

/// What a frame says, in short.
pub(crate) fn summary(frame: &Payload) -> String {
    let coding = match frame {
        Payload::Text(_) => Coding::Json,
        Payload::Binary(_) => Coding::Binary,
    };
    let limits = FrameLimits::for_messages(1 << 20, coding);
    let mut text = String::new();
    for record in records(coding, frame, limits) {
        text.push_str(&match record {
            Ok(Record::Message(number, payload)) => {
                format!("message {number} ({}), ", payload.len())
            }
            Ok(record) => format!("{record:?}, "),
            Err(error) => format!("{error}, "),
        });
    }
    text
}

/// Whether a frame says nothing but messages, and how far an end is, beside these records.
pub(crate) fn is_plain(records: &[Record]) -> bool {
    records.iter().all(|it| matches!(it, Record::Ack(_) | Record::Ping(_) | Record::Pong(_)))
}

/// The server's name for a connection.
pub(crate) const fn far(link: usize) -> ConnId {
    ConnId(link as u64)
}

const fn link_of(conn: ConnId) -> usize {
    conn.0 as usize
}
