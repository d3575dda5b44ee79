//! A page of the tests: its wasm, optimised like the dashboard's, and the script that loads it.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::project::Project;
use crate::setup::Tools;
use crate::step::Step;

/// What a page is built for.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// Builds the page of this package, and returns the folder with it.
pub(crate) fn build(project: &Project, tools: &Tools, package: &str) -> Result<PathBuf> {
    let arguments = ["build", "-p", package, "--target", WASM, "--profile", "web"];
    Step::new(format!("build {package}"), project.cargo(&arguments)).succeed()?;
    let folder = project.target.join(package);
    let wasm = format!("{WASM}/web/{}.wasm", package.replace('-', "_"));
    bind(project, tools, &project.target.join(wasm), &folder)?;
    Ok(folder)
}

/// Writes a module and the script that loads it into a folder.
pub(crate) fn bind(project: &Project, tools: &Tools, wasm: &Path, folder: &Path) -> Result<()> {
    let mut bindgen = project.command(tools.wasm_bindgen.join("wasm-bindgen"));
    bindgen.args(["--target", "web", "--no-typescript", "--out-dir"]).arg(folder).arg(wasm);
    let name = wasm.file_stem().unwrap_or_default().display();
    Step::new(format!("wasm-bindgen for {name}"), bindgen).succeed()?;
    Ok(())
}
