//! The server's binary, with the dashboard inside it, and the example that tests talk to.

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

/// Builds the example whose sessions want credentials, and returns its path.
pub(crate) fn build_verifying(project: &Project) -> Result<PathBuf> {
    let arguments = ["build", "-p", "keepline-server", "--example", "verifying"];
    Step::new("build the server that wants credentials", project.cargo(&arguments)).succeed()?;
    Ok(project.target.join("debug/examples/verifying"))
}
