//! Node, in which the core's tests run as wasm, found or installed.

use anyhow::{Context, Result};

use super::apt::Apt;
use crate::project::on_path;

/// Installs it, with npm, where it is missing.
pub(crate) fn ready(apt: &mut Apt) -> Result<()> {
    if on_path("node").is_none() {
        apt.install(&["nodejs", "npm"]).context("Node is missing")?;
        on_path("node").context("node is still missing on PATH")?;
    }
    Ok(())
}
