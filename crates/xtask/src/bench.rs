//! `cargo xtask bench`: builds what the benchmarks need, and runs them.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::project::Project;
use crate::setup::{self, Browsers, Tools};
use crate::step::Step;
use crate::{dashboard, page, server};

/// Builds included: a hang is what this ends, not a long measurement.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// The benchmark, and what it is told, as the program `bench` of the tests understands it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BenchOptions {
    pub(crate) words: Vec<String>,
}

pub(crate) fn run(project: &Project, options: &BenchOptions) -> Result<ExitCode> {
    let results = results_apart()?;
    let Browsers { chromium, firefox } = setup::for_wasm_tests()?;
    let tools = Tools::ready(project)?;
    dashboard::build(project, &tools)?;
    let server = server::build(project)?;
    let page = page::build(project, &tools, "bench-page")?;
    dashboard::optimise(project, &tools, &page)?;
    // Not in release: it only waits for others, and the end-to-end tests have built most of it.
    let build = project.cargo(&["build", "-p", "e2e", "--bin", "bench"]);
    Step::new("build the benchmarks", build).succeed()?;
    let mut bench = project.command(project.target.join("debug/bench"));
    bench.args(&options.words).stdout(results);
    bench.env("KEEPLINE_SERVER_BIN", server).env("KEEPLINE_BENCH_DIR", page);
    bench.env("CHROME", chromium.program).env("CHROMEDRIVER", chromium.driver);
    bench.env("FIREFOX", firefox.program).env("GECKODRIVER", firefox.driver);
    Step::new("measure", bench).within(PATIENCE).succeed()?;
    Ok(ExitCode::SUCCESS)
}

/// Leaves stdout to the results alone: whatever this program and its children say from now on goes
/// to stderr.
fn results_apart() -> Result<File> {
    let results = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(io::stderr()).context("cannot keep the results apart")?;
    Ok(results.into())
}
