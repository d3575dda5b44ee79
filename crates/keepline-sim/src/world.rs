//! A world in virtual time: tabs, a process, links between them, and what is to come.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use keepline_core::{
    Caller, Closed, ConnId, Input, Instant, Notice, Payload, Refused, ServerConfig,
};

use crate::chance::Chance;
use crate::ledger::Ledger;
use crate::link::{Link, Way};
use crate::plan::{Plan, Strike};
use crate::process::Process;
use crate::story::{Happened, Log, Story};
use crate::tab::{Manner, Tab};

/// What is to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Coming {
    /// A handshake is done.
    Opened(usize),
    /// A handshake has failed.
    Failed(usize),
    /// The first thing in a pipe arrives.
    Arrives(usize, Way),
    /// A connection is cut.
    Cut(usize),
    /// An end hears that its connection is over.
    Over(usize, Way, Closed),
    /// A stalled pipe moves again.
    Moves(usize, Way),
    /// A verifier answers.
    Verified(usize, Result<Caller, Refused>),
    /// The server's end of a connection takes frames again.
    Pump(usize),
    /// A tab's page notices something.
    Noticed(usize, Notice),
    /// A tab's application has its turn.
    TabTurn(usize),
    /// The server's applications have theirs.
    ServerTurn,
    Strike(Strike),
    /// The process dies.
    Dies,
    /// Another process starts.
    Boots,
}

/// In the order of time, and of its making.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    at: Instant,
    nth: u64,
    what: Coming,
}

impl Ord for Planned {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.nth).cmp(&(other.at, other.nth))
    }
}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A tab, and its machine.
pub(crate) struct Seat {
    pub(crate) tab: Tab,
    pub(crate) plan: usize,
    /// By connection, from the first on.
    pub(crate) links: Vec<usize>,
    pub(crate) sleeps_until: Instant,
    /// Its timers run once a minute.
    pub(crate) hidden: bool,
}

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) chance: Chance,
    pub(crate) plan: Plan,
    pub(crate) seats: Vec<Seat>,
    pub(crate) process: Option<Process>,
    pub(crate) generation: usize,
    pub(crate) links: Vec<Link>,
    pub(crate) ledger: Ledger,
    pub(crate) story: Story,
    /// No new faults, and everybody is prompt.
    pub(crate) calm: bool,
    coming: BinaryHeap<Reverse<Planned>>,
    planned: u64,
}

/// Who has a deadline.
#[derive(Clone, Copy, Debug)]
enum Alarm {
    Tab(usize),
    Server,
}

impl World {
    pub(crate) fn new(seed: u64, log: Option<Log>) -> Self {
        let mut chance = Chance::new(seed);
        let plan = Plan::draw(&mut chance);
        let mut world = Self {
            now: Instant::ORIGIN + Duration::from_secs(1_000),
            chance,
            plan,
            seats: Vec::new(),
            process: None,
            generation: 0,
            links: Vec::new(),
            ledger: Ledger::default(),
            story: Story::told(log),
            calm: false,
            coming: BinaryHeap::new(),
            planned: 0,
        };
        let ServerConfig { tombstones, tombstone_hold, .. } = world.plan.server;
        world.ledger.remembers = tombstones >= 100 && tombstone_hold.as_secs() > 3_600;
        world.boot();
        (0..world.plan.tabs.len()).for_each(|tab| world.seat(tab));
        world.plan_in(world.plan.pause, Coming::ServerTurn);
        Strike::ALL.into_iter().for_each(|strike| world.plan_strike(strike));
        world
    }

    fn seat(&mut self, number: usize) {
        let loses_frames = self.plan.odds.frame_lost > 0;
        let plan = &self.plan.tabs[number];
        let again = plan.config.session.as_ref().map(|it| it.after_loss);
        self.ledger.add_tab(again == Some(keepline_core::AfterLoss::SendAgain));
        let tab = Tab::new(number, plan.config.clone(), self.chance.bits(), plan.manner);
        let (pause, hidden) = (plan.pause, plan.hidden);
        let sleeps_until = Instant::ORIGIN;
        self.seats.push(Seat { tab, plan: number, links: Vec::new(), sleeps_until, hidden });
        let tab = &mut self.seats[number].tab;
        tab.watch.grounds.frames_lost = loses_frames;
        tab.watch.is_prompt = !hidden;
        tab.client.connect(self.now);
        self.perform_tab(number);
        self.plan_in(pause, Coming::TabTurn(number));
    }

    pub(crate) fn boot(&mut self) {
        self.generation += 1;
        let mut config = self.plan.server.clone();
        if self.generation > 1 && self.plan.windows_change {
            config.window = crate::plan::window(&mut self.chance);
            config.outbox_bytes = config.outbox_bytes.max(config.window.message_bytes as usize);
            let least = crate::plan::least_for_one(&config.window, config.outbox_bytes);
            config.total_bytes = config.total_bytes.max(least);
            config.anonymous_bytes = config.anonymous_bytes.max(least);
            config.bytes_per_subject = config.bytes_per_subject.max(least);
        }
        let manner = if self.calm { Manner::AtOnce } else { self.plan.manner };
        let seed = self.chance.bits();
        self.process = Some(Process::new(config, seed, manner, self.plan.echoes));
        self.story.line(self.now, || "server: up".to_owned());
    }

    pub(crate) fn plan_at(&mut self, at: Instant, what: Coming) {
        self.planned += 1;
        self.coming.push(Reverse(Planned { at, nth: self.planned, what }));
    }

    pub(crate) fn plan_in(&mut self, time: Duration, what: Coming) {
        self.plan_at(self.now + time, what);
    }

    pub(crate) fn plan_strike(&mut self, strike: Strike) {
        let rate = self.plan.rate(strike);
        if let Some(mean) = 1_000_000_usize.checked_div(rate) {
            let time = self.chance.millis(0, 2 * mean);
            self.plan_in(time, Coming::Strike(strike));
        }
    }

    /// Applications have no more turns.
    pub(crate) fn stop_turns(&mut self) {
        self.coming.retain(|Reverse(planned)| {
            !matches!(planned.what, Coming::TabTurn(_) | Coming::ServerTurn | Coming::Strike(_))
        });
    }

    /// Runs until `end`, or until nothing more is to come; `false` when somebody is guilty.
    pub(crate) fn run_until(&mut self, end: Instant) -> bool {
        while self.step(end) {}
        if !self.ledger.verdict.is_guilty() {
            self.now = self.now.max(end);
        }
        !self.ledger.verdict.is_guilty()
    }

    fn step(&mut self, end: Instant) -> bool {
        if self.ledger.verdict.is_guilty() {
            return false;
        }
        let event = self.coming.peek().map(|Reverse(planned)| planned.at);
        let alarm = self.next_alarm();
        let rings_first = match (event, alarm) {
            (None, None) => return false,
            (Some(_), None) => false,
            (None, Some(_)) => true,
            (Some(event), Some((at, _))) if event == at => self.chance.strikes(500),
            (Some(event), Some((at, _))) => at < event,
        };
        match alarm {
            Some((at, who)) if rings_first && at <= end => self.ring(at, who),
            Some(_) if rings_first => return false,
            Some(_) | None => {
                let due = self.coming.peek().is_some_and(|Reverse(planned)| planned.at <= end);
                let Some(Reverse(planned)) = due.then(|| self.coming.pop()).flatten() else {
                    return false;
                };
                self.now = self.now.max(planned.at);
                self.happens(planned.what);
            }
        }
        self.story.steps += 1;
        self.story.mix(self.now.since_origin().as_micros() as u64);
        true
    }

    fn next_alarm(&self) -> Option<(Instant, Alarm)> {
        let server = self.process.as_ref().and_then(|process| process.sessions.poll_timeout());
        let tabs =
            self.seats.iter().enumerate().filter_map(|(number, seat)| {
                seat.alarm(self.now).map(|at| (at, Alarm::Tab(number)))
            });
        let all = tabs.chain(server.map(|at| (at, Alarm::Server)));
        all.min_by_key(|(at, _)| *at).map(|(at, who)| (at.max(self.now), who))
    }

    fn ring(&mut self, at: Instant, who: Alarm) {
        self.now = at;
        match who {
            Alarm::Server => {
                if let Some(process) = &mut self.process {
                    process.timeout(self.now, &mut self.ledger);
                }
                self.perform_server();
            }
            Alarm::Tab(number) => {
                self.tell_buffered(number);
                self.seats[number].tab.timeout(self.now, &mut self.ledger);
                self.perform_tab(number);
            }
        }
    }

    pub(crate) fn tell_buffered(&mut self, number: usize) {
        let seat = &mut self.seats[number];
        if let Some(conn) = seat.tab.client.conn() {
            let buffered = self.links[seat.link(conn)].buffered();
            seat.tab.hear(Input::Buffered(conn, buffered), self.now);
        }
    }

    pub(crate) fn hear(&mut self, number: usize, input: Input) {
        self.seats[number].tab.hear(input, self.now);
        self.perform_tab(number);
    }

    fn happens(&mut self, what: Coming) {
        if let Some(wakes) = self.who_sleeps(&what) {
            return self.plan_at(wakes, what);
        }
        match what {
            Coming::Opened(link) => self.opened(link),
            Coming::Failed(link) => self.failed(link),
            Coming::Arrives(link, way) => self.arrives(link, way),
            Coming::Cut(link) if self.calm || !self.links[link].is_live() => {}
            Coming::Cut(link) => {
                self.story.count(Happened::Cut);
                self.cut(link, Way::Down);
            }
            Coming::Over(link, way, closed) => self.over(link, way, closed),
            Coming::Moves(link, way) => self.moves_again(link, way),
            Coming::Verified(link, who) => self.verified(link, who),
            Coming::Pump(link) => self.pump(link),
            Coming::Noticed(number, notice) => self.noticed(number, notice),
            Coming::TabTurn(number) => self.tab_turn(number),
            Coming::ServerTurn => self.server_turn(),
            Coming::Strike(strike) => self.strike(strike),
            Coming::Dies => self.die(),
            Coming::Boots => {
                if self.process.is_none() {
                    self.boot();
                }
            }
        }
    }

    /// A machine that sleeps hears of it when it wakes.
    fn who_sleeps(&self, what: &Coming) -> Option<Instant> {
        let number = match what {
            Coming::Opened(link)
            | Coming::Failed(link)
            | Coming::Arrives(link, Way::Down)
            | Coming::Over(link, Way::Down, _) => self.links[*link].tab,
            Coming::TabTurn(number) | Coming::Noticed(number, _) => *number,
            Coming::Arrives(_, Way::Up)
            | Coming::Over(_, Way::Up, _)
            | Coming::Cut(_)
            | Coming::Moves(..)
            | Coming::Verified(..)
            | Coming::Pump(_)
            | Coming::ServerTurn
            | Coming::Strike(_)
            | Coming::Dies
            | Coming::Boots => return None,
        };
        Some(self.seats[number].sleeps_until).filter(|wakes| *wakes > self.now)
    }

    /// Whether a link leads to the present process.
    pub(crate) fn is_present(&self, link: usize) -> bool {
        self.links[link].generation == self.generation && self.process.is_some()
    }

    pub(crate) fn room_of(&self, conn: ConnId) -> Option<usize> {
        let process = self.process.as_ref()?;
        let (_, room) =
            process.rooms.iter().find(|(key, _)| process.sessions.conn(**key) == Some(conn))?;
        Some(room.serial)
    }

    /// The process dies, and takes everything with it.
    pub(crate) fn die(&mut self) {
        let Some(process) = self.process.take() else { return };
        self.story.line(self.now, || "server: dead".to_owned());
        self.note_counts(&process);
        self.ledger.process_died();
        for link in 0..self.links.len() {
            if self.links[link].generation == self.generation && self.links[link].is_live() {
                self.links[link].server_gone = true;
                self.cut(link, Way::Down);
            }
        }
    }

    pub(crate) fn note_counts(&mut self, process: &Process) {
        let counts = process.sessions.counts();
        self.story.add(Happened::Full, counts.full);
        self.story.add(Happened::GivenUp, counts.given_up);
        self.story.add(Happened::Repeated, counts.repeated);
    }
}

impl Seat {
    pub(crate) fn link(&self, conn: ConnId) -> usize {
        self.links[conn.0 as usize - 1]
    }

    /// When its driver's alarm rings.
    fn alarm(&self, now: Instant) -> Option<Instant> {
        const MINUTE: u64 = 60_000_000;
        let due = self.tab.client.poll_timeout()?.max(now).max(self.sleeps_until);
        if !self.hidden {
            return Some(due);
        }
        let minutes = (due.since_origin().as_micros() as u64).div_ceil(MINUTE);
        Some(Instant::from_origin(Duration::from_micros(minutes * MINUTE)))
    }
}

/// A frame's bytes.
pub(crate) fn bytes(frame: &Payload) -> &[u8] {
    match frame {
        Payload::Text(text) => text.as_bytes(),
        Payload::Binary(bytes) => bytes,
    }
}
