//! `cargo xtask NAME`: the commands of the project, each of which sets up what it needs.

#[macro_use]
mod say;

mod alike;
mod bench;
mod children;
mod clock;
mod command_line;
mod dashboard;
mod demo;
mod npm;
mod page;
mod project;
mod server;
mod setup;
mod sim;
mod size;
mod soak;
mod step;
mod test;
mod tidy;
mod weight;
mod wpt;

use std::process::ExitCode;

use anyhow::Result;

use crate::children::Interrupted;
use crate::command_line::Request;
use crate::project::Project;

fn main() -> ExitCode {
    match command_line::read().and_then(carry_out) {
        Ok(code) => code,
        Err(error) if error.is::<Interrupted>() => {
            eprintln!("\n{error}");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(request: Request) -> Result<ExitCode> {
    match request {
        Request::Setup => setup::run(&begin()?),
        Request::Demo(options) => demo::run(&begin()?, &options),
        Request::Test(parts) => test::run(&begin()?, &parts),
        Request::Bench(options) => bench::run(&begin()?, &options),
        Request::Sim(arguments) => sim::run(&begin()?, &arguments),
        Request::Soak(options) => soak::run(&begin()?, &options),
        Request::Size(options) => size::run(&begin()?, options),
        Request::Wpt(options) => wpt::run(&begin()?, &options),
        Request::Tidy => tidy::run(&begin()?),
        Request::Help(text) => {
            say!("{text}");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// What every command does first.
fn begin() -> Result<Project> {
    children::end_with_us()?;
    Project::here()
}
