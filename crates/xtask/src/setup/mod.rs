//! Everything the commands need, installed where it is missing.

mod apt;
mod binaryen;
mod browser;
mod cache;
mod cargo_tools;
mod node;
mod npm;
mod python;
mod toolchain;

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use self::apt::Apt;
pub(crate) use self::browser::{Browsers, WebKit};
use self::cache::Cache;
use crate::clock::{Spoken, Stopwatch};
use crate::project::Project;
use crate::step::Step;

/// What builds the dashboard, and runs wasm tests.
pub(crate) struct Tools {
    /// The folder of wasm-bindgen and wasm-bindgen-test-runner.
    pub(crate) wasm_bindgen: PathBuf,
    /// The folder of trunk.
    pub(crate) trunk: PathBuf,
    /// Binaryen's optimiser, where Node is there.
    pub(crate) wasm_opt: Option<PathBuf>,
}

impl Tools {
    /// Installs what is missing of them.
    pub(crate) fn ready(project: &Project) -> Result<Self> {
        let cache = Cache::of_user()?;
        toolchain::add_wasm_target(project)?;
        let [wasm_bindgen, trunk] = cargo_tools::install(&cache)?;
        let wasm_opt = binaryen::install(&cache)?;
        Ok(Self { wasm_bindgen, trunk, wasm_opt })
    }

    /// `PATH` with these tools before all others.
    pub(crate) fn path(&self) -> Result<OsString> {
        let inherited = env::var_os("PATH").unwrap_or_default();
        let ours = [self.wasm_bindgen.clone(), self.trunk.clone()];
        env::join_paths(ours.into_iter().chain(env::split_paths(&inherited)))
            .context("a folder with a colon in its name cannot be part of PATH")
    }
}

/// What the end-to-end tests need beyond [`Tools`].
pub(crate) struct TestBench {
    pub(crate) browsers: Browsers,
    pub(crate) webkit: WebKit,
    /// The interpreter of the virtual environment with the Python peers' packages.
    pub(crate) python: PathBuf,
}

impl TestBench {
    /// Installs what is missing of it.
    pub(crate) fn ready(project: &Project) -> Result<Self> {
        let (mut apt, cache) = (Apt::new(), Cache::of_user()?);
        let browsers = Browsers::ready(&mut apt, &cache)?;
        let webkit = WebKit::ready(&mut apt)?;
        let python = python::environment(project, &cache, &mut apt)?;
        Ok(Self { browsers, webkit, python })
    }
}

/// `cargo xtask setup`.
pub(crate) fn run(project: &Project) -> Result<ExitCode> {
    let watch = Stopwatch::start();
    let tools = Tools::ready(project)?;
    toolchain::add_components(project)?;
    fetch_crates(project)?;
    list_tools(&tools);
    for_wasm_tests()?;
    let bench = TestBench::ready(project)?;
    list_bench(&bench);
    say!("\neverything is there, {}", Spoken(watch.elapsed()));
    Ok(ExitCode::SUCCESS)
}

fn list_tools(tools: &Tools) {
    say!("wasm-bindgen  {}", tools.wasm_bindgen.display());
    say!("trunk         {}", tools.trunk.display());
    match &tools.wasm_opt {
        Some(program) => say!("wasm-opt      {}", program.display()),
        None => say!("wasm-opt      none"),
    }
    say!("\nFor `trunk serve` and `wasm-pack test` in this shell:\n");
    let [bindgen, trunk] = [&tools.wasm_bindgen, &tools.trunk].map(|folder| folder.display());
    say!("export PATH=\"{bindgen}:{trunk}:$PATH\"\n");
}

fn list_bench(bench: &TestBench) {
    say!("chromium      {}", bench.browsers.chromium.program.display());
    say!("chromedriver  {}", bench.browsers.chromium.driver.display());
    say!("firefox       {}", bench.browsers.firefox.program.display());
    say!("geckodriver   {}", bench.browsers.firefox.driver.display());
    say!("minibrowser   {}", bench.webkit.browser.program.display());
    say!("webkitdriver  {}", bench.webkit.browser.driver.display());
    say!("xvfb          {}", bench.webkit.xvfb.display());
    say!("python        {}", bench.python.display());
}

/// Where the pinned packages of npm lie that build our own.
pub(crate) fn npm_packages(project: &Project) -> Result<PathBuf> {
    npm::packages(project, &Cache::of_user()?)
}

/// Installs what `tidy` needs.
pub(crate) fn for_tidy(project: &Project) -> Result<()> {
    toolchain::add_wasm_target(project)?;
    toolchain::add_components(project)
}

/// Installs what wasm tests need beyond [`Tools`]: Node for the core's, browsers for the SDK's.
pub(crate) fn for_wasm_tests() -> Result<Browsers> {
    let mut apt = Apt::new();
    node::ready(&mut apt)?;
    Browsers::ready(&mut apt, &Cache::of_user()?)
}

/// Trunk is told to stay offline, so that it downloads no tools of its own; the crates must
/// then be there before it starts.
pub(crate) fn fetch_crates(project: &Project) -> Result<()> {
    let fetch = project.cargo(&["fetch", "--locked", "--quiet"]);
    Step::new("fetch the crates", fetch)
        .logged(project.target.join("xtask/fetch.log"))
        .succeed()?;
    Ok(())
}
