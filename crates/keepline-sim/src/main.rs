//! The simulator as a program: many seeds, one seed with its log, small worlds, planted bugs.

mod command_line;
#[cfg(feature = "mutants")]
mod hunt;
mod report;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::process::ExitCode;

use crate::command_line::Request;
use crate::report::report;

fn main() -> anyhow::Result<ExitCode> {
    // A panic in a world is a violation, and told as one.
    std::panic::set_hook(Box::new(|_| {}));
    let holds = match command_line::read()? {
        Request::Help(text) => {
            println!("{text}");
            return Ok(ExitCode::SUCCESS);
        }
        Request::Seeds { count, from } => storms(count, from),
        Request::Seed(seed) => replay(seed),
        Request::Exhaustive { depth } => small_worlds(depth),
        Request::Mutants => mutants(),
    };
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs many seeds: those from `from` on, or some that are always the same and some that are new.
fn storms(count: u64, from: Option<u64>) -> bool {
    let new = RandomState::new().build_hasher().finish() >> 24;
    let seeds: Vec<u64> = match from {
        Some(from) => (from..from + count).collect(),
        None => (1..=count - count / 2).chain(new..new + count / 2).collect(),
    };
    match from {
        Some(from) => println!("storms: {count} seeds from {from} on"),
        None => println!("storms: {count} seeds, half of them from 1 on, half from {new} on"),
    }
    report(&seeds)
}

fn replay(seed: u64) -> bool {
    let log = keepline_sim::Log::default();
    let outcome = keepline_sim::judge(seed, Some(log.clone()));
    log.borrow().iter().for_each(|line| println!("{line}"));
    match outcome.violation {
        Some(violation) => {
            println!("\nseed {seed}: {violation}");
            false
        }
        None => {
            println!("\nseed {seed} holds: {} steps, hash {:016x}", outcome.steps, outcome.hash);
            true
        }
    }
}

fn small_worlds(depth: usize) -> bool {
    let watch = keepline_sim::Stopwatch::start();
    let explored = keepline_sim::explore(depth);
    let took = watch.elapsed().as_secs_f64();
    println!("small worlds: {explored} in {took:.1} s");
    let failed = u8::from(explored.violation.is_some());
    println!(
        "test result: {}. {} passed; {failed} failed; 0 ignored",
        if failed == 0 { "ok" } else { "FAILED" },
        1 - failed
    );
    failed == 0
}

#[cfg(feature = "mutants")]
fn mutants() -> bool {
    hunt::hunt()
}

#[cfg(not(feature = "mutants"))]
fn mutants() -> bool {
    println!("this program was built without the feature `mutants`");
    false
}
