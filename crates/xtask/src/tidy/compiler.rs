//! The rules that rustfmt, clippy, rustdoc and the compiler hold.

use std::process::Command;

use anyhow::Result;

use crate::project::Project;
use crate::step::Step;

const WASM: &str = "wasm32-unknown-unknown";

/// Whether each of them holds.
pub(super) fn check(project: &Project) -> Result<[bool; 5]> {
    Ok([
        holds(project, "cargo fmt --check", formatting(project))?,
        holds(project, "the core builds for wasm", core_for_wasm(project))?,
        holds(project, "clippy, natively", native_clippy(project))?,
        holds(project, "clippy, for wasm", wasm_clippy(project))?,
        holds(project, "docs are complete and their links hold", docs(project))?,
    ])
}

fn holds(project: &Project, name: &str, command: Command) -> Result<bool> {
    let log = project.target.join("xtask/tidy.log");
    Ok(Step::new(name, command).logged(log).run()?.failure.is_none())
}

fn formatting(project: &Project) -> Command {
    project.cargo(&["fmt", "--all", "--check", "--", "--color", "never"])
}

fn core_for_wasm(project: &Project) -> Command {
    project.cargo(&["build", "--quiet", "-p", "keepline-core", "--target", WASM])
}

fn native_clippy(project: &Project) -> Command {
    let mut clippy = project.cargo(&["clippy", "--quiet", "--workspace", "--all-targets"]);
    for page in ["web", "e2e-page", "bench-page"] {
        clippy.args(["--exclude", page]);
    }
    clippy.args(["--", "-D", "warnings"]);
    clippy
}

fn wasm_clippy(project: &Project) -> Command {
    let mut clippy = project.cargo(&["clippy", "--quiet", "--target", WASM, "--all-targets"]);
    for package in ["keepline-core", "keepline", "keepline-demo", "web", "e2e-page", "bench-page"] {
        clippy.args(["-p", package]);
    }
    clippy.args(["--", "-D", "warnings"]);
    clippy
}

fn docs(project: &Project) -> Command {
    let packages = ["-p", "keepline-core", "-p", "keepline"];
    let mut doc = project.cargo(&["doc", "--quiet", "--no-deps", "--target", WASM]);
    // What the documentation links to must be there.
    doc.args(packages).args(["--features", "cbor,messagepack,postcard"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    doc
}
