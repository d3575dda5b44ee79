//! Packages of Debian and Ubuntu, where this user may install them.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Result, bail};

use crate::project::on_path;
use crate::step::Step;

const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// A dpkg that is killed leaves packages half installed.
const GRACE: Duration = Duration::from_secs(2 * 60);
/// Another apt, such as the nightly one, is waited for.
const WAIT_FOR_LOCK: &str = "DPkg::Lock::Timeout=300";

/// The package tool, whose lists are brought up to date at most once.
pub(crate) struct Apt {
    updated: bool,
}

impl Apt {
    pub(crate) fn new() -> Self {
        Self { updated: false }
    }

    /// Installs the packages, or says which command would.
    pub(crate) fn install(&mut self, packages: &[&str]) -> Result<()> {
        let wanted = packages.join(" ");
        if on_path("apt-get").is_none() {
            bail!("there is no apt-get here; install {wanted} with your system's package tool");
        }
        let Some(prefix) = privilege() else {
            bail!("run `sudo apt-get install -y {wanted}` and try again");
        };
        self.update(prefix)?;
        let mut install = command(prefix, "install");
        install.args(["-y", "--no-install-recommends"]).args(packages);
        match step(format!("apt-get install {wanted}"), install).run()?.failure {
            None => Ok(()),
            Some(why) => bail!("`apt-get install -y {wanted}` failed: {why}"),
        }
    }

    fn update(&mut self, prefix: &[&str]) -> Result<()> {
        if !self.updated {
            let update = command(prefix, "update");
            step("apt-get update", update).succeed()?;
            self.updated = true;
        }
        Ok(())
    }
}

/// What to put before a command that needs root: nothing, or sudo where it asks no password.
fn privilege() -> Option<&'static [&'static str]> {
    if rustix::process::geteuid().is_root() {
        return Some(&[]);
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["-n", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    sudo.status().is_ok_and(|status| status.success()).then_some(&["sudo", "-n"])
}

fn step(name: impl Into<String>, command: Command) -> Step {
    Step::new(name, command).within(PATIENCE).ended_gently(GRACE)
}

fn command(prefix: &[&str], verb: &str) -> Command {
    let quiet =
        ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", WAIT_FOR_LOCK, verb];
    let mut words = prefix.iter().chain(&quiet);
    let mut command = Command::new(words.next().copied().unwrap_or("env"));
    command.args(words);
    command
}
