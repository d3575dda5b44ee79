//! What was asked for, read from the command line.

use anyhow::Result;
use lexopt::prelude::{Long, Short, Value, ValueExt};

const HELP: &str = "\
Runs the core's both ends in virtual time against a hostile network.

Usage: keepline-sim [OPTIONS]

  --seeds <N>      So many storms; half of them are the same each time [default: 2000]
  --from <S>       Their seeds are S, S + 1, …
  --seed <S>       One storm, with its log
  --exhaustive     Small worlds, every one up to a depth
  --depth <D>      That depth [default: 9]
  --mutants        Plants bugs in the core and expects each to be found";

const SEEDS: u64 = 2_000;
const DEPTH: usize = 9;

/// What somebody wants simulated.
pub(crate) enum Request {
    Seeds { count: u64, from: Option<u64> },
    Seed(u64),
    Exhaustive { depth: usize },
    Mutants,
    Help(&'static str),
}

pub(crate) fn read() -> Result<Request> {
    let mut line = lexopt::Parser::from_env();
    let (mut count, mut from, mut depth) = (SEEDS, None, DEPTH);
    let (mut seed, mut exhaustive, mut mutants) = (None, false, false);
    while let Some(argument) = line.next()? {
        match argument {
            Long("seeds") => count = line.value()?.parse()?,
            Long("from") => from = Some(line.value()?.parse()?),
            Long("seed") => seed = Some(line.value()?.parse()?),
            Long("depth") => depth = line.value()?.parse()?,
            Long("exhaustive") => exhaustive = true,
            Long("mutants") => mutants = true,
            Long("help") | Short('h') => return Ok(Request::Help(HELP)),
            Long(_) | Short(_) | Value(_) => return Err(argument.unexpected().into()),
        }
    }
    Ok(match seed {
        Some(seed) => Request::Seed(seed),
        None if mutants => Request::Mutants,
        None if exhaustive => Request::Exhaustive { depth },
        None => Request::Seeds { count, from },
    })
}
