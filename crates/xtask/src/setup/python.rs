//! The virtual environment with the packages of the Python peers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::apt::Apt;
use super::cache::{self, Cache, fingerprint};
use crate::project::{Project, on_path};
use crate::step::Step;

const REQUIREMENTS: &str = "tests/peers/requirements.txt";
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Returns the interpreter of the environment that belongs to the pinned requirements and to
/// the Python of this machine.
///
/// An environment names its own folder in its scripts, so it is made in place; a file
/// written last says that it is whole.
pub(crate) fn environment(project: &Project, cache: &Cache, apt: &mut Apt) -> Result<PathBuf> {
    let requirements = project.root.join(REQUIREMENTS);
    let pinned =
        fs::read_to_string(&requirements).with_context(|| format!("cannot read {REQUIREMENTS}"))?;
    let origin = format!("{}\n{pinned}", interpreter(apt)?);
    let name = format!("peers-{:016x}", fingerprint(origin.as_bytes()));
    let folder = cache.folder(&name);
    let whole = folder.join("whole");
    if !whole.exists() {
        let _lock = cache.lock()?;
        if !whole.exists() {
            cache::remove(&folder)?;
            create(&folder, &cache.log(&name), apt)?;
            fill(&folder, &requirements, &cache.log(&name))?;
            fs::write(&whole, origin)?;
        }
    }
    Ok(folder.join("bin/python"))
}

/// The path and the version of the Python that makes environments: one that was made by
/// another, or before an upgrade, may not start.
fn interpreter(apt: &mut Apt) -> Result<String> {
    if on_path("python3").is_none() {
        apt.install(&["python3", "python3-venv"]).context("Python is missing")?;
    }
    let python = on_path("python3").context("python3 is still missing on PATH")?;
    let answer = Command::new(&python).arg("--version").output();
    let answer = answer.with_context(|| format!("cannot start {}", python.display()))?;
    ensure!(answer.status.success(), "python3 --version failed: {}", answer.status);
    Ok(format!("{} {}", python.display(), String::from_utf8_lossy(&answer.stdout).trim()))
}

fn create(folder: &Path, log: &Path, apt: &mut Apt) -> Result<()> {
    if let Some(why) = venv(folder, log)? {
        apt.install(&["python3-venv"]).with_context(|| format!("python3 -m venv failed: {why}"))?;
        cache::remove(folder)?;
        if let Some(why) = venv(folder, log)? {
            bail!("python3 -m venv still fails: {why}");
        }
    }
    Ok(())
}

/// Returns why it failed, if it did.
fn venv(folder: &Path, log: &Path) -> Result<Option<String>> {
    let mut python = Command::new("python3");
    python.args(["-m", "venv"]).arg(folder);
    let step = Step::new("a virtual environment for the Python peers", python);
    Ok(step.logged(log).within(PATIENCE).run()?.failure)
}

fn fill(folder: &Path, requirements: &Path, log: &Path) -> Result<()> {
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "-r"]).arg(requirements);
    Step::new("the packages of the Python peers", pip).logged(log).within(PATIENCE).succeed()?;
    Ok(())
}
