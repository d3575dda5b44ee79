//! Many seeds on all cores, with a report that shows the storms are real.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::story::Happened;
use crate::violation::{Oracle, Violation};
use crate::{Log, Outcome, run};

/// One seed in so many is run twice, to compare the hashes.
const REPLAYED: u64 = 50;
/// A run that takes longer than this does not end.
const PATIENCE: Duration = Duration::from_secs(20);
const PROGRESS: Duration = Duration::from_secs(5);
/// More violations than these are not worth reading.
const MOST_VIOLATIONS: usize = 8;

/// What many runs were like.
#[derive(Debug, Default)]
pub struct Totals {
    /// How many seeds were run.
    pub seeds: u64,
    /// How many things happened, one at a time.
    pub steps: u64,
    /// How long it took in the worlds.
    pub lasted: Duration,
    /// What happened, and how often.
    pub counts: BTreeMap<Happened, u64>,
    /// How many fates were told: delivered, undeliverable, unknown.
    pub fates: [u64; 3],
    /// How many messages were taken, and how many of them twice.
    pub taken: [u64; 2],
    /// The violations, by seed.
    pub violations: BTreeMap<u64, Violation>,
}

impl Totals {
    fn add(&mut self, seed: u64, outcome: &Outcome) {
        self.seeds += 1;
        self.steps += outcome.steps;
        self.lasted += outcome.lasted;
        for (what, times) in &outcome.counts {
            *self.counts.entry(*what).or_default() += times;
        }
        for (sum, times) in self.fates.iter_mut().zip(outcome.fates) {
            *sum += times;
        }
        for (sum, times) in self.taken.iter_mut().zip(outcome.taken) {
            *sum += times;
        }
        if let Some(violation) = &outcome.violation {
            self.violations.insert(seed, violation.clone());
        }
    }
}

/// Runs a world; a panic is a violation like any other.
#[must_use]
pub fn judge(seed: u64, log: Option<Log>) -> Outcome {
    match panic::catch_unwind(AssertUnwindSafe(|| run(seed, log))) {
        Ok(outcome) => outcome,
        Err(payload) => {
            let what = payload.downcast_ref::<String>().cloned();
            let what = what.or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string));
            Outcome::guilty(Oracle::Panic, what.unwrap_or_default())
        }
    }
}

/// Runs it, some seeds twice.
fn judge_twice(seed: u64) -> Outcome {
    let mut outcome = judge(seed, None);
    if seed.is_multiple_of(REPLAYED) && outcome.violation.is_none() {
        let again = judge(seed, None);
        if (again.hash, again.steps) != (outcome.hash, outcome.steps) {
            outcome = Outcome::guilty(Oracle::Replay, "the second run was another".to_owned());
        }
    }
    outcome
}

/// What the threads of a run share.
struct Fleet<'a> {
    seeds: &'a [u64],
    next: AtomicUsize,
    totals: Mutex<Totals>,
    /// What each thread is at, and since when, in milliseconds.
    at: Vec<(AtomicU64, AtomicU64)>,
    watch: Stopwatch,
    /// Whether the first violation ends the run.
    is_hasty: bool,
}

/// Runs the worlds of these seeds. A hasty run ends with the first violation.
#[must_use]
pub fn sail(seeds: &[u64], is_hasty: bool, progress: bool) -> Totals {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let at = (0..threads).map(|_| (AtomicU64::new(0), AtomicU64::new(u64::MAX))).collect();
    let (next, totals) = (AtomicUsize::new(0), Mutex::default());
    let fleet = Fleet { seeds, next, totals, at, watch: Stopwatch::start(), is_hasty };
    thread::scope(|scope| {
        let ships: Vec<_> = (0..threads)
            .map(|ship| (ship, &fleet))
            .map(|(ship, fleet)| scope.spawn(move || fleet.run(ship)))
            .collect();
        let mut shown = Duration::ZERO;
        while ships.iter().any(|ship| !ship.is_finished()) {
            thread::sleep(Duration::from_millis(5));
            fleet.expect_ends();
            if progress && fleet.watch.elapsed() >= shown + PROGRESS {
                shown = fleet.watch.elapsed();
                fleet.show();
            }
        }
    });
    fleet.totals.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl Fleet<'_> {
    fn run(&self, ship: usize) {
        while let Some(seed) = self.seeds.get(self.next.fetch_add(1, Relaxed)) {
            let (at, since) = &self.at[ship];
            at.store(*seed, Relaxed);
            since.store(self.watch.elapsed().as_millis() as u64, Relaxed);
            let outcome = judge_twice(*seed);
            let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
            totals.add(*seed, &outcome);
            let most = if self.is_hasty { 1 } else { MOST_VIOLATIONS };
            if totals.violations.len() >= most {
                self.next.store(self.seeds.len(), Relaxed);
            }
        }
        self.at[ship].1.store(u64::MAX, Relaxed);
    }

    /// A core that hangs cannot be stopped from within.
    fn expect_ends(&self) {
        let now = self.watch.elapsed();
        for (at, since) in &self.at {
            let since = Duration::from_millis(since.load(Relaxed));
            if now.saturating_sub(since) > PATIENCE {
                println!("seed {} does not end: the core hangs", at.load(Relaxed));
                std::process::exit(1);
            }
        }
    }

    fn show(&self) {
        let totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        let (seeds, all) = (totals.seeds, self.seeds.len());
        let hours = totals.lasted.as_secs() / 3_600;
        let took = self.watch.elapsed().as_secs_f64();
        let rate = seeds as f64 / took;
        println!("  {seeds} of {all} seeds, {hours} h of storm and calm, {rate:.0} seeds a second");
    }
}
