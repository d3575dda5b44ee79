//! What is to be measured, read from the command line; `cargo xtask bench` explains and checks it.

use std::time::Duration;

use anyhow::{Context, bail};
use e2e::browser::Engine;
use lexopt::prelude::{Long, Short, Value, ValueExt};

/// One benchmark.
pub(crate) enum Bench {
    Echo(EchoOptions),
    Faults(FaultsOptions),
}

/// How the echo is measured.
pub(crate) struct EchoOptions {
    pub(crate) engines: Vec<Engine>,
    pub(crate) rounds: usize,
    /// How long one client is measured in one round.
    pub(crate) lasts: Duration,
    pub(crate) json: bool,
}

/// How the faults are made.
pub(crate) struct FaultsOptions {
    pub(crate) seed: u64,
    pub(crate) lasts: Duration,
    pub(crate) json: bool,
}

pub(crate) fn read() -> anyhow::Result<Bench> {
    let mut line = lexopt::Parser::from_env();
    match line.next()? {
        Some(Value(name)) if name == "echo" => Ok(Bench::Echo(echo(line)?)),
        Some(Value(name)) if name == "faults" => Ok(Bench::Faults(faults(line)?)),
        Some(_) | None => bail!("say echo or faults; `cargo xtask bench --help` says more"),
    }
}

fn echo(mut line: lexopt::Parser) -> anyhow::Result<EchoOptions> {
    let mut options = EchoOptions {
        engines: vec![Engine::Chromium],
        rounds: 15,
        lasts: Duration::from_millis(500),
        json: false,
    };
    while let Some(argument) = line.next()? {
        match argument {
            Long("browser") => options.engines = engines(&line.value()?.string()?)?,
            Long("rounds") => options.rounds = line.value()?.parse()?,
            Long("seconds") => options.lasts = seconds(&mut line)?,
            Long("json") => options.json = true,
            Long(_) | Short(_) | Value(_) => return Err(argument.unexpected().into()),
        }
    }
    Ok(options)
}

fn faults(mut line: lexopt::Parser) -> anyhow::Result<FaultsOptions> {
    let mut options = FaultsOptions { seed: 1, lasts: Duration::from_secs(40), json: false };
    while let Some(argument) = line.next()? {
        match argument {
            Long("seed") => options.seed = line.value()?.parse()?,
            Long("seconds") => options.lasts = seconds(&mut line)?,
            Long("json") => options.json = true,
            Long(_) | Short(_) | Value(_) => return Err(argument.unexpected().into()),
        }
    }
    Ok(options)
}

fn engines(name: &str) -> anyhow::Result<Vec<Engine>> {
    match name {
        "chromium" => Ok(vec![Engine::Chromium]),
        "firefox" => Ok(vec![Engine::Firefox]),
        "both" => Ok(vec![Engine::Chromium, Engine::Firefox]),
        _ => bail!("the browsers are chromium, firefox and both"),
    }
}

fn seconds(line: &mut lexopt::Parser) -> anyhow::Result<Duration> {
    let seconds: f64 = line.value()?.parse()?;
    Duration::try_from_secs_f64(seconds).context("no such time")
}
