//! `cargo xtask wpt`: the drop-in of the npm package, against a checkout of the web-platform-tests.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::npm::Package;
use crate::project::Project;
use crate::setup::{self, Browsers, Tools};
use crate::step::Step;

/// Four runs of some hundred pages: a hang is what this ends, not a slow machine.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// Where the suite is, and how it is run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WptOptions {
    pub(crate) suite: PathBuf,
    /// What else the program `wpt` of the tests is told.
    pub(crate) words: Vec<String>,
}

pub(crate) fn run(project: &Project, options: &WptOptions) -> Result<ExitCode> {
    let suite = env::current_dir()?.join(&options.suite);
    let Browsers { chromium, firefox } = setup::for_wasm_tests()?;
    let package = Package::new(project)?;
    package.build(&Tools::ready(project)?)?;
    let script = in_place(project, &package)?;
    let build = project.cargo(&["build", "-p", "e2e", "--bin", "wpt"]);
    Step::new("build what runs the suite", build).succeed()?;
    let mut wpt = project.command(project.target.join("debug/wpt"));
    wpt.arg("--suite").arg(suite).arg("--script").arg(script);
    wpt.arg("--exceptions").arg(project.root.join("docs/websocket-conformance.md"));
    wpt.args(&options.words);
    wpt.env("CHROME", chromium.program).env("CHROMEDRIVER", chromium.driver);
    wpt.env("FIREFOX", firefox.program).env("GECKODRIVER", firefox.driver);
    let report = Step::new("run the web-platform-tests", wpt).within(PATIENCE).run()?;
    Ok(if report.failure.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One classic script that puts our class in the place of `WebSocket`.
fn in_place(project: &Project, package: &Package<'_>) -> Result<PathBuf> {
    let script = project.target.join("wpt/in_place.js");
    let mut esbuild = package.tool("esbuild");
    esbuild.arg(project.root.join("tests/dropin/in_place.ts"));
    esbuild.args(["--bundle", "--format=iife", "--target=es2022", "--log-level=error"]);
    esbuild.arg(format!("--outfile={}", script.display()));
    Step::new("bundle the drop-in for the suite", esbuild).succeed()?;
    script.canonicalize().context("esbuild wrote nothing")
}
