//! One run: a storm, then a calm in which everything must converge, then the end of everything.

use std::collections::BTreeMap;
use std::time::Duration;

use keepline_core::{CloseCode, Down, Instant, SessionKey, Status};

use crate::process::Process;
use crate::story::{Happened, Log};
use crate::tab::Manner;
use crate::violation::{Oracle, Violation};
use crate::world::World;

/// What a run was like.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was broken, if anything.
    pub violation: Option<Violation>,
    /// The same for the same seed.
    pub hash: u64,
    /// How many things happened, one at a time.
    pub steps: u64,
    /// How long it took in the world.
    pub lasted: Duration,
    /// What happened, and how often.
    pub counts: BTreeMap<Happened, u64>,
    /// How many fates were told: delivered, undeliverable, unknown.
    pub fates: [u64; 3],
    /// How many messages were taken, and how many of them twice.
    pub taken: [u64; 2],
}

impl Outcome {
    /// Of a run that did not come to its end.
    pub(crate) fn guilty(oracle: Oracle, what: String) -> Self {
        Self { violation: Some(Violation { oracle, what }), ..Self::default() }
    }
}

/// Within so long of calm everything converges; a tab whose timers run once a minute takes longer.
const CONVERGES: Duration = Duration::from_secs(150);
const CONVERGES_HIDDEN: Duration = Duration::from_secs(900);

/// Runs the world of a seed.
#[must_use]
pub fn run(seed: u64, log: Option<Log>) -> Outcome {
    let mut world = World::new(seed, log);
    let began = world.now;
    let converges = storm(&mut world) && calm(&mut world);
    let lasted = world.now - began;
    let _ = converges && finale(&mut world);
    if let Some(process) = world.process.take() {
        world.note_counts(&process);
    }
    let World { mut ledger, story, .. } = world;
    Outcome {
        violation: ledger.verdict.sentence(),
        hash: story.hash(),
        steps: story.steps,
        lasted,
        counts: story.counts.clone(),
        fates: ledger.fates,
        taken: [ledger.taken, ledger.twice],
    }
}

fn storm(world: &mut World) -> bool {
    let end = world.now + world.plan.storm;
    world.run_until(end)
}

/// No new faults: within a bound everybody is online or ended, and nothing is under way.
fn calm(world: &mut World) -> bool {
    world.calm = true;
    world.story.line(world.now, || "the storm is over".to_owned());
    for seat in &mut world.seats {
        if seat.sleeps_until > world.now {
            // What came while it slept it hears only when it was to wake.
            seat.links.iter().for_each(|link| world.links[*link].impaired = true);
        }
        seat.sleeps_until = world.now;
        seat.tab.manner = Manner::AtOnce;
    }
    if let Some(process) = &mut world.process {
        process.manner = Manner::AtOnce;
    } else {
        world.plan_in(Duration::from_secs(1), crate::world::Coming::Boots);
    }
    world.mend_proxies();
    let bound = world.now + bound(world);
    while world.now < bound {
        if !world.run_until(world.now + Duration::from_secs(2)) {
            return false;
        }
        if is_settled(world) {
            return true;
        }
    }
    let why = complaint(world);
    world.ledger.verdict.blame(Oracle::Converges, why);
    false
}

/// So many round trips as there are messages come on top, for a window may be one message wide.
fn bound(world: &World) -> Duration {
    let hidden = world.seats.iter().any(|seat| seat.hidden);
    let tabs = world.seats.iter().map(|seat| seat.tab.client.queued().messages);
    let rooms = world.process.iter().flat_map(|process| {
        process.rooms.keys().map(|key| process.sessions.queued(*key).unwrap_or_default().messages)
    });
    let queued = tabs.chain(rooms).max().unwrap_or(0) as u32;
    let round_trip = world.plan.latency * 40 + Duration::from_millis(100);
    (if hidden { CONVERGES_HIDDEN } else { CONVERGES }) + 2 * queued * round_trip
}

/// Whether a full server has no place for a tab, which therefore waits.
fn is_left_out(tab: &crate::tab::Tab) -> bool {
    let full = CloseCode(4429);
    match tab.client.status() {
        Status::Waiting { why: Down::Bye { code, .. }, .. } => code == full,
        _ => false,
    }
}

fn is_settled(world: &World) -> bool {
    let Some(process) = &world.process else { return false };
    world.seats.iter().all(|seat| {
        let tab = &seat.tab;
        let is_quiet = tab.inbox.is_empty() && tab.client.queued().messages == 0;
        let room = process
            .rooms
            .iter()
            .find(|(key, room)| room.tab == tab.number && process.sessions.conn(**key).is_some());
        let is_served = room.is_some_and(|(key, room)| is_quiet_room(process, *key, room));
        let is_left_out = world.plan.is_scarce && is_left_out(tab);
        is_left_out || tab.is_ended() || (tab.is_online() && is_quiet && is_served)
    })
}

fn is_quiet_room(process: &Process, key: SessionKey, room: &crate::process::Room) -> bool {
    let queued = process.sessions.queued(key).unwrap_or_default();
    room.inbox.is_empty() && queued.messages == 0
}

fn complaint(world: &World) -> String {
    let mut text = String::from("this is left:");
    for seat in &world.seats {
        let (status, queued) = (seat.tab.client.status(), seat.tab.client.queued());
        text.push_str(&format!(" tab {} {status} {queued:?};", seat.tab.number));
    }
    for (key, room) in world.process.iter().flat_map(|process| &process.rooms) {
        let queued = world.process.as_ref().and_then(|process| process.sessions.queued(*key));
        text.push_str(&format!(" room {} of tab {} {queued:?};", room.serial, room.tab));
    }
    text
}

/// Everybody leaves: nothing may be left.
fn finale(world: &mut World) -> bool {
    for number in 0..world.seats.len() {
        let how = world.chance.below(3);
        world.end_line(number, how);
    }
    world.story.line(world.now, || "everybody leaves".to_owned());
    let left = Duration::from_secs(120);
    if !world.run_until(world.now + left) {
        return false;
    }
    world.stop_turns();
    let last = Instant::from_origin(Duration::from_secs(1 << 20));
    if !world.run_until(last) {
        return false;
    }
    judge_the_end(world);
    true
}

fn judge_the_end(world: &mut World) {
    for seat in &world.seats {
        let (number, live) = (seat.tab.number, seat.tab.watch.live());
        let verdict = &mut world.ledger.verdict;
        verdict.demand(seat.tab.is_ended(), Oracle::Converges, || {
            format!("tab {number} does not end: {}", seat.tab.client.status())
        });
        verdict.demand(live.is_empty(), Oracle::Sockets, || {
            format!("tab {number} has left {live:?} open")
        });
        let due = seat.tab.client.poll_timeout();
        verdict.demand(due.is_none(), Oracle::Deadlines, || format!("tab {number} waits: {due:?}"));
    }
    if let Some(process) = &world.process {
        let sessions = &process.sessions;
        let (len, total, graves) = (sessions.len(), sessions.total_bytes(), sessions.tombstones());
        let due = sessions.poll_timeout();
        let is_empty = len + total + graves == 0 && due.is_none();
        world.ledger.verdict.demand(is_empty, Oracle::Converges, || {
            format!("the server holds {len} sessions, {total} bytes, {graves} tombstones, {due:?}")
        });
    }
    world.ledger.close();
}
