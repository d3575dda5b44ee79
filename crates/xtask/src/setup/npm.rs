//! What builds the npm package and its examples, from npm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::apt::Apt;
use super::cache::{Cache, fingerprint};
use super::node;
use crate::project::Project;
use crate::step::Step;

/// Exact versions, without scripts that run on installation.
const MANIFEST: &str = "crates/keepline-js/tools/package.json";
const PROOF: &str = "node_modules/.package-lock.json";
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Returns the folder whose `node_modules` holds the pinned packages.
pub(crate) fn packages(project: &Project, cache: &Cache) -> Result<PathBuf> {
    node::ready(&mut Apt::new())?;
    let manifest = project.root.join(MANIFEST);
    let pinned =
        fs::read_to_string(&manifest).with_context(|| format!("cannot read {MANIFEST}"))?;
    let name = format!("npm-{:016x}", fingerprint(pinned.as_bytes()));
    cache.provide(&name, PROOF, |root| fill(root, &manifest, &cache.log(&name)))
}

fn fill(root: &Path, manifest: &Path, log: &Path) -> Result<()> {
    fs::copy(manifest, root.join("package.json"))?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]);
    npm.current_dir(root);
    Step::new("the tools of the npm package", npm).logged(log).within(PATIENCE).succeed()?;
    Ok(())
}
