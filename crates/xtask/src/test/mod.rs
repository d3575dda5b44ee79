//! `cargo xtask test`: every test there is, counted in one line.

mod parts;
mod tally;

use std::fmt;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Result, bail};

use self::parts::Bench;
use self::tally::Tally;
use crate::children::Interrupted;
use crate::clock::{Spoken, Stopwatch};
use crate::project::Project;

/// A part of the tests that can be run alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Tidy,
    Native,
    Sim,
    Wasm,
    E2e,
}

impl Part {
    /// Cheap ones first.
    const ALL: [Self; 5] = [Self::Tidy, Self::Native, Self::Sim, Self::Wasm, Self::E2e];
}

impl FromStr for Part {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "tidy" => Ok(Self::Tidy),
            "native" => Ok(Self::Native),
            "sim" => Ok(Self::Sim),
            "wasm" => Ok(Self::Wasm),
            "e2e" => Ok(Self::E2e),
            _ => bail!("the parts are tidy, native, sim, wasm and e2e"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tidy => "tidy",
            Self::Native => "native",
            Self::Sim => "sim",
            Self::Wasm => "wasm",
            Self::E2e => "e2e",
        })
    }
}

/// Runs the chosen parts, or all. Goes on after a failure, so that one run shows them all.
pub(crate) fn run(project: &Project, chosen: &[Part]) -> Result<ExitCode> {
    let watch = Stopwatch::start();
    let chosen = if chosen.is_empty() { &Part::ALL } else { chosen };
    let bench = Bench::new(project);
    let mut tally = Tally::default();
    for part in chosen {
        let went = bench.run(*part, &mut tally);
        record(*part, went, &mut tally)?;
    }
    say!("\n{tally}");
    say!("all of it took {}\n", Spoken(watch.elapsed()));
    let total = tally.total();
    say!("{total}");
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What stops a part counts as a failure of it, unless somebody stopped the whole run.
fn record(part: Part, went: Result<()>, tally: &mut Tally) -> Result<()> {
    match went {
        Ok(()) => Ok(()),
        Err(error) if error.is::<Interrupted>() => Err(error),
        Err(error) => {
            say!("\nerror: {error:#}");
            tally.fail(&format!("{part}, to its end"), &format!("{error:#}"));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn a_part_that_cannot_be_set_up_is_one_failure_and_the_run_goes_on() {
        let mut tally = Tally::default();
        record(Part::E2e, Err(anyhow!("pip reaches nobody")), &mut tally).unwrap();
        assert_eq!(tally.total().to_string(), "0 passed, 1 failed, 0 skipped");
        assert!(tally.to_string().contains("pip reaches nobody"));
    }

    #[test]
    fn an_interrupted_set_up_ends_the_run() {
        let interrupted = Err(Interrupted).context("Chromium is missing");
        let end = record(Part::Wasm, interrupted, &mut Tally::default());
        assert!(end.unwrap_err().is::<Interrupted>());
    }
}
