//! wasm-bindgen, trunk and geckodriver, built from source at the versions that are pinned here.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::cache::{self, Cache};
use crate::project::{forget_our_package, on_path};
use crate::step::Step;

/// A ready-made binary comes quickly or not at all.
const BINSTALL_PATIENCE: Duration = Duration::from_secs(20);
const BUILD_PATIENCE: Duration = Duration::from_secs(45 * 60);

/// A program that cargo can install.
struct CargoTool {
    name: &'static str,
    version: &'static str,
    /// The program whose presence proves the installation.
    program: &'static str,
    /// Whether the author's lock file is used.
    locked: bool,
}

/// Equal to `wasm-bindgen` in Cargo.toml to the last digit. Its own lock file names versions
/// that have been withdrawn.
const WASM_BINDGEN: CargoTool = CargoTool {
    name: "wasm-bindgen-cli",
    version: "0.2.130",
    program: "bin/wasm-bindgen-test-runner",
    locked: false,
};

/// The last one that our compiler builds.
const TRUNK: CargoTool =
    CargoTool { name: "trunk", version: "0.21.14", program: "bin/trunk", locked: true };

const GECKODRIVER: CargoTool =
    CargoTool { name: "geckodriver", version: "0.37.1", program: "bin/geckodriver", locked: true };

/// Returns the folders with the programs of wasm-bindgen and trunk.
pub(crate) fn install(cache: &Cache) -> Result<[PathBuf; 2]> {
    let build = cache.folder(".build");
    let folders = [WASM_BINDGEN.install(cache, &build)?, TRUNK.install(cache, &build)?];
    clear(&build, cache)?;
    Ok(folders.map(|folder| folder.join("bin")))
}

/// Returns the program of geckodriver.
pub(crate) fn geckodriver(cache: &Cache) -> Result<PathBuf> {
    let build = cache.folder(".build");
    let folder = GECKODRIVER.install(cache, &build)?;
    clear(&build, cache)?;
    Ok(folder.join(GECKODRIVER.program))
}

/// Removes what was only needed to build the tools.
fn clear(build: &Path, cache: &Cache) -> Result<()> {
    if build.exists() {
        let _lock = cache.lock()?;
        cache::remove(build)?;
    }
    Ok(())
}

impl CargoTool {
    fn install(&self, cache: &Cache, build: &Path) -> Result<PathBuf> {
        let name = format!("{}-{}", self.name, self.version);
        cache.provide(&name, self.program, |root| {
            if on_path("cargo-binstall").is_some() && self.fetch(root, cache)? {
                return Ok(());
            }
            self.build(root, build, &cache.log(&name))
        })
    }

    /// Whether a ready-made binary could be had.
    fn fetch(&self, root: &Path, cache: &Cache) -> Result<bool> {
        let mut binstall = outside_the_project("cargo-binstall", root);
        binstall.args(["--no-confirm", "--disable-strategies", "compile", "--root"]);
        binstall.arg(root).arg(format!("{}@{}", self.name, self.version));
        let step = Step::new(format!("{} {} by cargo binstall", self.name, self.version), binstall);
        let log = cache.log(&format!("{}-{}-binstall", self.name, self.version));
        let report = step.logged(log).within(BINSTALL_PATIENCE).run()?;
        Ok(report.failure.is_none() && root.join(self.program).exists())
    }

    fn build(&self, root: &Path, build: &Path, log: &Path) -> Result<()> {
        let mut install = outside_the_project("cargo", root);
        install.args(["install", self.name, "--version", self.version, "--root"]).arg(root);
        if self.locked {
            install.arg("--locked");
        }
        install.env("CARGO_TARGET_DIR", build).envs(LIGHT_PROFILE);
        Step::new(format!("{} {} by cargo install", self.name, self.version), install)
            .shown_or_logged(log)
            .within(BUILD_PATIENCE)
            .succeed()?;
        Ok(())
    }
}

/// The tools work for seconds at a time; building them optimised would take many minutes.
const LIGHT_PROFILE: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_LTO", "false"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
];

/// Settings that are meant for the project's own builds.
const PROJECT_SETTINGS: [&str; 5] = [
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTFLAGS",
    "CARGO_BUILD_TARGET_DIR",
];

/// A program that finds neither the project's `.cargo/config.toml` nor its settings.
fn outside_the_project(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_remove("CARGO_TARGET_DIR");
    for setting in PROJECT_SETTINGS {
        command.env_remove(setting);
    }
    forget_our_package(&mut command);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tool_and_the_library_of_wasm_bindgen_are_of_one_version() {
        let manifest = include_str!("../../../../Cargo.toml");
        let pinned = format!("\nwasm-bindgen = {{ version = \"={}\",", WASM_BINDGEN.version);
        assert!(manifest.contains(&pinned), "Cargo.toml pins another wasm-bindgen");
    }
}
