//! A page of the tests: its wasm, optimised like the dashboard's, and the script that loads it.

use std::path::PathBuf;

use anyhow::Result;

use crate::project::Project;
use crate::setup::Tools;
use crate::step::Step;

const WASM: &str = "wasm32-unknown-unknown";

/// Builds the page of this package, and returns the folder with it.
pub(crate) fn build(project: &Project, tools: &Tools, package: &str) -> Result<PathBuf> {
    let arguments = ["build", "-p", package, "--target", WASM, "--profile", "web"];
    Step::new(format!("build {package}"), project.cargo(&arguments)).succeed()?;
    let folder = project.target.join(package);
    let wasm = format!("{WASM}/web/{}.wasm", package.replace('-', "_"));
    let mut bindgen = project.command(tools.wasm_bindgen.join("wasm-bindgen"));
    bindgen.args(["--target", "web", "--no-typescript", "--out-dir"]).arg(&folder);
    bindgen.arg(project.target.join(wasm));
    Step::new(format!("wasm-bindgen for {package}"), bindgen).succeed()?;
    Ok(folder)
}
