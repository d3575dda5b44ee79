//! Goes every way that a small world can take, and looks at each state once.

use std::collections::HashSet;
use std::fmt;
use std::thread;

use crate::small::{Choice, Small};
use crate::violation::Violation;

/// What was explored.
#[derive(Debug)]
pub struct Explored {
    depth: usize,
    states: usize,
    ways: usize,
    /// What was broken, if anything, and how one gets there.
    pub violation: Option<(Violation, String)>,
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { depth, states, ways, violation } = self;
        write!(f, "{states} states by {ways} ways up to depth {depth}")?;
        match violation {
            Some((violation, path)) => write!(f, "\n  {violation}\n  after {path}\n"),
            None => f.write_str(", and all converge"),
        }
    }
}

/// Goes every way that is at most so long.
#[must_use]
pub fn explore(depth: usize) -> Explored {
    let mut seen = HashSet::new();
    let mut frontier = vec![Vec::new()];
    let mut explored = Explored { depth, states: 0, ways: 0, violation: None };
    for _ in 0..depth {
        let half = frontier.len().div_ceil(2).max(1);
        let known = &seen;
        let steps: Vec<Step> = thread::scope(|scope| {
            let threads: Vec<_> = frontier
                .chunks(half)
                .map(|paths| {
                    scope.spawn(move || paths.iter().flat_map(|it| steps(it, known)).collect())
                })
                .collect();
            let done = threads.into_iter().map(|it| it.join().expect("a thread that goes no way"));
            done.flat_map(|steps: Vec<Step>| steps).collect()
        });
        frontier = Vec::new();
        for Step { path, hash, violation } in steps {
            explored.ways += 1;
            if let Some(violation) = violation {
                explored.violation = Some((violation, format!("{:?}", retrace(&path))));
                return explored;
            }
            if seen.insert(hash) {
                frontier.push(path);
            }
        }
        explored.states = seen.len();
    }
    explored
}

/// One more thing that happens after a path.
struct Step {
    /// Which of the choices was taken, one after the other.
    path: Vec<u8>,
    hash: u64,
    violation: Option<Violation>,
}

fn steps(path: &[u8], known: &HashSet<u64>) -> Vec<Step> {
    let count = Small::after(path).choices().len();
    let steps = (0..count).map(|choice| {
        let path: Vec<u8> = path.iter().copied().chain([choice as u8]).collect();
        let mut world = Small::after(&path);
        let hash = world.state();
        if !known.contains(&hash) {
            world.calm();
        }
        Step { path, hash, violation: world.ledger.verdict.sentence() }
    });
    steps.collect()
}

fn retrace(path: &[u8]) -> Vec<Choice> {
    let mut world = Small::new();
    let mut choices = Vec::new();
    for nth in path {
        choices.push(world.choices()[usize::from(*nth)]);
        world.choose(choices[choices.len() - 1]);
    }
    choices
}
