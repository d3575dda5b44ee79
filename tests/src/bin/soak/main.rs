//! The long tests: what `cargo xtask soak` runs, once it has built what they need.

use std::time::Duration;

use anyhow::{Context, bail};
use e2e::hidden_tab;
use lexopt::prelude::{Long, Short, Value, ValueExt};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let lasts = read().context("`cargo xtask soak --help` says more")?;
    let report = hidden_tab::watch(lasts, &[]).await?;
    println!("{report}");
    report.is_good()
}

/// How long the tab is to be hidden.
fn read() -> anyhow::Result<Duration> {
    let mut line = lexopt::Parser::from_env();
    match line.next()? {
        Some(Value(name)) if name == "hidden-tab" => {}
        Some(_) | None => bail!("say hidden-tab"),
    }
    let mut minutes = 10.0;
    while let Some(argument) = line.next()? {
        match argument {
            Long("minutes") => minutes = line.value()?.parse()?,
            Long(_) | Short(_) | Value(_) => return Err(argument.unexpected().into()),
        }
    }
    Ok(Duration::try_from_secs_f64(minutes * 60.0)?)
}
