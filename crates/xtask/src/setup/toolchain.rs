//! What the pinned toolchain lacks: the wasm target, clippy, rustfmt.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::project::{Project, on_path};
use crate::step::Step;

const TARGET: &str = "wasm32-unknown-unknown";

pub(crate) fn add_wasm_target(project: &Project) -> Result<()> {
    if sysroot(project)?.join("lib/rustlib").join(TARGET).exists() {
        return Ok(());
    }
    rustup(project, &["target", "add", TARGET])
}

pub(crate) fn add_components(project: &Project) -> Result<()> {
    let programs = sysroot(project)?.join("bin");
    let component = |name: &str, program: &str| {
        if programs.join(program).exists() {
            Ok(())
        } else {
            rustup(project, &["component", "add", name])
        }
    };
    component("clippy", "cargo-clippy")?;
    component("rustfmt", "rustfmt")
}

fn rustup(project: &Project, arguments: &[&str]) -> Result<()> {
    let what = arguments.join(" ");
    if on_path("rustup").is_none() {
        bail!("the Rust toolchain is incomplete and there is no rustup to run `rustup {what}`");
    }
    let mut command: Command = project.command("rustup");
    command.args(arguments);
    Step::new(format!("rustup {what}"), command).succeed()?;
    Ok(())
}

fn sysroot(project: &Project) -> Result<PathBuf> {
    let answer = project
        .command("rustc")
        .args(["--print", "sysroot"])
        .output()
        .context("cannot ask rustc where its libraries are")?;
    ensure!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    Ok(PathBuf::from(String::from_utf8(answer.stdout)?.trim()))
}
