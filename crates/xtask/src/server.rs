//! The server's binary, with the dashboard inside it, and its examples that tests talk to.

use std::path::PathBuf;

use anyhow::Result;

use crate::project::Project;
use crate::step::Step;

/// Builds it in release and returns its path; the dashboard must be in `dist/`.
pub(crate) fn build(project: &Project) -> Result<PathBuf> {
    let arguments = ["build", "--release", "-p", "keepline-server", "--features", "dashboard"];
    Step::new("build the server in release", project.cargo(&arguments)).succeed()?;
    Ok(project.target.join("release/keepline-server"))
}

/// Builds the examples, and returns the folder they are in.
pub(crate) fn build_examples(project: &Project) -> Result<PathBuf> {
    let arguments = ["build", "-p", "keepline-server", "--examples"];
    Step::new("build the server's examples", project.cargo(&arguments)).succeed()?;
    Ok(project.target.join("debug/examples"))
}
