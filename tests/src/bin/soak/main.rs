//! The long tests: what `cargo xtask soak` runs, once it has built what they need.

use std::time::Duration;

use anyhow::{Context, bail};
use e2e::browser::Engine;
use e2e::hidden_tab;
use lexopt::prelude::{Long, Short, Value, ValueExt};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (engine, lasts) = read().context("`cargo xtask soak --help` says more")?;
    let report = hidden_tab::watch(engine, lasts, &[]).await?;
    println!("{report}");
    report.is_good()
}

/// Where the tab is to be hidden, and for how long.
fn read() -> anyhow::Result<(Engine, Duration)> {
    let mut line = lexopt::Parser::from_env();
    match line.next()? {
        Some(Value(name)) if name == "hidden-tab" => {}
        Some(_) | None => bail!("say hidden-tab"),
    }
    let (mut engine, mut minutes) = (Engine::Chromium, 10.0);
    while let Some(argument) = line.next()? {
        match argument {
            Long("browser") => engine = engine_of(&line.value()?.string()?)?,
            Long("minutes") => minutes = line.value()?.parse()?,
            Long(_) | Short(_) | Value(_) => return Err(argument.unexpected().into()),
        }
    }
    Ok((engine, Duration::try_from_secs_f64(minutes * 60.0)?))
}

fn engine_of(name: &str) -> anyhow::Result<Engine> {
    match name {
        "chromium" => Ok(Engine::Chromium),
        "firefox" => Ok(Engine::Firefox),
        "webkit" => Ok(Engine::WebKit),
        _ => bail!("the browsers are chromium, firefox and webkit"),
    }
}
