//! The npm package as somebody has it who has installed what `npm pack` makes of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::environment;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

/// A build takes seconds; on a busy machine, a minute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// A folder in which the package is installed, and what its examples name.
pub(crate) struct Installed {
    pub(crate) folder: PathBuf,
    _scratch: TempDir,
}

impl Installed {
    /// In an empty folder.
    pub(crate) async fn alone() -> anyhow::Result<Self> {
        let scratch = tempfile::tempdir()?;
        let folder = scratch.path().join("page");
        fs::create_dir(&folder)?;
        Self::put_into(folder, scratch).await
    }

    /// In a copy of one of its examples.
    pub(crate) async fn beside_example(name: &str) -> anyhow::Result<Self> {
        let scratch = tempfile::tempdir()?;
        let folder = scratch.path().join(name);
        let examples = environment::path(environment::PACKAGE)?.join("examples");
        copy(&examples.join(name), &folder)?;
        Self::put_into(folder, scratch).await
    }

    async fn put_into(folder: PathBuf, scratch: TempDir) -> anyhow::Result<Self> {
        let modules = folder.join("node_modules");
        fs::create_dir(&modules)?;
        let tools = environment::path(environment::NODE_PACKAGES)?.join("node_modules");
        for entry in fs::read_dir(tools)? {
            let entry = entry?;
            symlink(entry.path(), modules.join(entry.file_name()))?;
        }
        unpack(&pack(scratch.path()).await?, &modules.join("keepline")).await?;
        Ok(Self { folder, _scratch: scratch })
    }

    /// What was installed.
    pub(crate) fn package(&self) -> PathBuf {
        self.folder.join("node_modules/keepline")
    }

    /// Runs a program of the installed packages in the folder.
    pub(crate) async fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = Command::new(self.folder.join("node_modules/.bin").join(program));
        command.args(arguments).current_dir(&self.folder);
        // Only the development build of React mounts twice.
        command.env("NODE_ENV", "development");
        done(command).await.map(drop)
    }

    /// Has the files compiled as they are, with everything checked: `rules` finds the modules.
    pub(crate) async fn compiles(
        &self,
        files: &[&str],
        module: &str,
        rules: &str,
    ) -> anyhow::Result<()> {
        let options = "--strict --noEmit --skipLibCheck false --target es2022 --ignoreConfig \
                       --lib es2022,dom,dom.iterable,dom.asynciterable";
        let mut options: Vec<_> = options.split_whitespace().collect();
        options.extend(["--types", "", "--module", module, "--moduleResolution", rules]);
        self.run("tsc", &[&options, files].concat()).await
    }

    /// Runs a script in the folder, until it ends by itself.
    pub(crate) async fn node(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut node = Command::new("node");
        node.args(arguments).current_dir(&self.folder);
        done(node).await.map(drop)
    }
}

/// The archive that would be published.
async fn pack(folder: &Path) -> anyhow::Result<PathBuf> {
    let mut npm = Command::new("npm");
    npm.args(["pack", "--silent", "--pack-destination"]).arg(folder);
    npm.current_dir(environment::path(environment::PACKAGE)?);
    let said = String::from_utf8(done(npm).await?)?;
    Ok(folder.join(said.trim()))
}

async fn unpack(archive: &Path, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir(folder)?;
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(archive).arg("-C").arg(folder).arg("--strip-components=1");
    done(tar).await.map(drop)
}

/// Runs a program to its end, which is to be a good one, and gives what it printed.
async fn done(mut command: Command) -> anyhow::Result<Vec<u8>> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.context("it does not end")??;
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said));
    Ok(output.stdout)
}

/// Copies a folder, but for what somebody has tried out in it by hand.
pub(crate) fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true if entry.file_name() == "node_modules" => {}
            true => copy(&entry.path(), &target)?,
            false => drop(fs::copy(entry.path(), target)?),
        }
    }
    Ok(())
}
