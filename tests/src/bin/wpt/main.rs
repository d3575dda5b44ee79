//! The public web-platform-tests of the browser's `WebSocket`, against the class that takes its
//! place: what `cargo xtask wpt` runs.
//!
//! The suite is a checkout that the user has; nothing of it is in this project.

mod account;
mod checkout;
mod copy;
mod exceptions;
mod run;
mod tests;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use e2e::browser::Engine;
use lexopt::prelude::{Long, Value, ValueExt};

use crate::account::Account;
use crate::checkout::{Checkout, Serving};
use crate::exceptions::Exceptions;

/// What the program is told.
struct Options {
    /// The checkout of the suite.
    suite: PathBuf,
    /// The script that puts our class in the place of `WebSocket`.
    script: PathBuf,
    /// The file that lists what cannot pass.
    exceptions: PathBuf,
    engines: Vec<Engine>,
    /// Only the tests whose address contains this.
    only: String,
    /// Runs the browser's own class alone.
    native: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let options = read(lexopt::Parser::from_env())?;
    let checkout = Checkout::at(&options.suite)?;
    let tests = tests::found(checkout.folder(), &options.only)?;
    let exceptions = Exceptions::read(&options.exceptions)?;
    let native = Serving::start(&checkout, None).await?;
    let ours = match options.native {
        true => None,
        false => Some(Serving::start(&checkout, Some(&options.script)).await?),
    };
    let mut is_well = true;
    for engine in options.engines {
        let native = run::all(engine, &native, &tests).await?;
        let ours = match &ours {
            Some(ours) => Some(run::all(engine, ours, &tests).await?),
            None => None,
        };
        is_well &= Account { engine, native, ours, exceptions: &exceptions }.print();
    }
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(mut line: lexopt::Parser) -> anyhow::Result<Options> {
    let (mut suite, mut script, mut exceptions) = (None, PathBuf::new(), PathBuf::new());
    let (mut engines, mut only, mut native) = (Vec::new(), String::new(), false);
    while let Some(argument) = line.next()? {
        match argument {
            Long("suite") => suite = Some(PathBuf::from(line.value()?)),
            Long("script") => script = line.value()?.into(),
            Long("exceptions") => exceptions = line.value()?.into(),
            Long("browser") => engines.push(engine(&line.value()?.string()?)?),
            Long("only") => only = line.value()?.string()?,
            Long("native") => native = true,
            Value(_) | Long(_) | lexopt::Arg::Short(_) => return Err(argument.unexpected().into()),
        }
    }
    if engines.is_empty() {
        engines = vec![Engine::Chromium, Engine::Firefox];
    }
    let suite = suite.context("--suite says where the checkout of the suite is")?;
    Ok(Options { suite, script, exceptions, engines, only, native })
}

fn engine(name: &str) -> anyhow::Result<Engine> {
    match name {
        "chromium" => Ok(Engine::Chromium),
        "firefox" => Ok(Engine::Firefox),
        other => bail!("the browsers are chromium and firefox, not {other}"),
    }
}
