//! `cargo xtask sim`: the simulator, built to be quick and with every check on.

use std::ffi::OsString;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Result;

use crate::project::Project;
use crate::step::Step;

/// Storms without end are somebody's wish.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Builds it and runs it as asked.
pub(crate) fn run(project: &Project, arguments: &[OsString]) -> Result<ExitCode> {
    let mut build = project.cargo(&["build", "--quiet"]);
    build.args(package(arguments));
    Step::new("build the simulator", build).succeed()?;
    let mut program = project.command(project.target.join("sim/keepline-sim"));
    program.args(arguments);
    let report = Step::new("simulate", program).within(PATIENCE).run()?;
    Ok(if report.failure.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds and runs it as a part of the tests.
pub(crate) fn test(project: &Project, arguments: &[&str]) -> Command {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let mut cargo = project.cargo(&["run", "--quiet"]);
    cargo.args(package(&arguments)).arg("--").args(&arguments);
    cargo
}

/// Bugs can be planted only in a core that was built for it.
fn package(arguments: &[OsString]) -> &'static [&'static str] {
    match arguments.iter().any(|argument| argument == "--mutants") {
        true => &["--profile", "sim", "-p", "keepline-sim", "--features", "mutants"],
        false => &["--profile", "sim", "-p", "keepline-sim"],
    }
}
