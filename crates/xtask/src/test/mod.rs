//! `cargo xtask test`: every test there is, counted in one line.

mod parts;
mod tally;

use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Result, bail};

use self::tally::Tally;
use crate::clock::{Spoken, Stopwatch};
use crate::project::Project;

/// A part of the tests that can be run alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Tidy,
    Native,
    Wasm,
    E2e,
}

impl Part {
    /// Cheap ones first.
    const ALL: [Self; 4] = [Self::Tidy, Self::Native, Self::Wasm, Self::E2e];
}

impl FromStr for Part {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "tidy" => Ok(Self::Tidy),
            "native" => Ok(Self::Native),
            "wasm" => Ok(Self::Wasm),
            "e2e" => Ok(Self::E2e),
            _ => bail!("the parts are tidy, native, wasm and e2e"),
        }
    }
}

/// Runs the chosen parts, or all. Goes on after a failure, so that one run shows them all.
pub(crate) fn run(project: &Project, chosen: &[Part]) -> Result<ExitCode> {
    let watch = Stopwatch::start();
    let chosen = if chosen.is_empty() { &Part::ALL } else { chosen };
    let bench = parts::Bench::ready(project, chosen)?;
    let mut tally = Tally::default();
    for part in chosen {
        bench.run(*part, &mut tally)?;
    }
    println!("\n{tally}");
    println!("all of it took {}\n", Spoken(watch.elapsed()));
    let total = tally.total();
    println!("{total}");
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
