//! What the parts of a test run are made of.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Part;
use super::tally::Tally;
use crate::children::Interrupted;
use crate::project::Project;
use crate::setup::{self, TestBench, Tools};
use crate::step::Step;
use crate::{dashboard, server, tidy};

/// Builds included: a hang is what this ends, not a slow machine.
const PATIENCE: Duration = Duration::from_secs(20 * 60);
const WASM: &str = "wasm32-unknown-unknown";

/// The project, with all that its tests need.
pub(super) struct Bench<'a> {
    project: &'a Project,
    tools: Option<(Tools, TestBench)>,
}

impl<'a> Bench<'a> {
    /// Sets up what these parts need.
    pub(super) fn ready(project: &'a Project, parts: &[Part]) -> Result<Self> {
        setup::for_tidy(project)?;
        let tools = if parts.iter().any(|part| matches!(part, Part::Wasm | Part::E2e)) {
            Some((Tools::ready(project)?, TestBench::ready(project)?))
        } else {
            None
        };
        Ok(Self { project, tools })
    }

    pub(super) fn run(&self, part: Part, tally: &mut Tally) -> Result<()> {
        match part {
            Part::Tidy => self.tidy(tally),
            Part::Native => self.native(tally),
            Part::Wasm => self.wasm(tally),
            Part::E2e => self.e2e(tally),
        }
    }

    fn tidy(&self, tally: &mut Tally) -> Result<()> {
        println!("\ntidy");
        let rules = tidy::check(self.project)?;
        tally.add("tidy: the rules of the house", rules.took, rules.held, rules.broken);
        Ok(())
    }

    fn native(&self, tally: &mut Tally) -> Result<()> {
        println!("\nnative tests");
        let mut cargo = self.project.cargo(&["test", "--workspace", "--no-fail-fast"]);
        cargo.args(["--exclude", "web", "--exclude", "e2e-page", "--exclude", "e2e"]);
        count(tally, "native tests", cargo)
    }

    fn wasm(&self, tally: &mut Tally) -> Result<()> {
        println!("\nwasm tests");
        count(tally, "keepline-core as wasm", self.wasm_tests("keepline-core")?)?;
        count(tally, "keepline in headless Chromium", self.wasm_tests("keepline")?)
    }

    fn wasm_tests(&self, package: &str) -> Result<Command> {
        let (tools, bench) = self.tools()?;
        let runner = tools.wasm_bindgen.join("wasm-bindgen-test-runner");
        let arguments = ["test", "--no-fail-fast", "--target", WASM, "-p", package];
        let mut cargo = self.project.cargo(&arguments);
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
        // The runner takes any other driver first that it finds on PATH.
        cargo.env("CHROMEDRIVER", &bench.browser.driver);
        Ok(cargo)
    }

    fn e2e(&self, tally: &mut Tally) -> Result<()> {
        println!("\nend-to-end tests");
        let built = self.build_server().and_then(|server| Ok((server, self.build_page()?)));
        match built {
            Ok((server, page)) => count(tally, "end to end", self.e2e_tests(server, page)?),
            Err(error) if error.is::<Interrupted>() => Err(error),
            Err(error) => {
                tally.fail("end to end", &format!("not run: {error:#}"));
                Ok(())
            }
        }
    }

    fn build_server(&self) -> Result<PathBuf> {
        dashboard::build(self.project, &self.tools()?.0)?;
        server::build(self.project)
    }

    /// The page that the tests drive, optimised like the dashboard.
    fn build_page(&self) -> Result<PathBuf> {
        let arguments = ["build", "-p", "e2e-page", "--target", WASM, "--profile", "web"];
        Step::new("build the page of the tests", self.project.cargo(&arguments)).succeed()?;
        let folder = self.project.target.join("e2e-page");
        let wasm = self.project.target.join(WASM).join("web/e2e_page.wasm");
        let program = self.tools()?.0.wasm_bindgen.join("wasm-bindgen");
        let mut bindgen = self.project.command(program);
        bindgen.args(["--target", "web", "--no-typescript", "--out-dir"]).arg(&folder).arg(wasm);
        Step::new("wasm-bindgen for the page", bindgen).succeed()?;
        Ok(folder)
    }

    fn e2e_tests(&self, server: PathBuf, page: PathBuf) -> Result<Command> {
        let bench = &self.tools()?.1;
        let mut cargo = self.project.cargo(&["test", "--no-fail-fast", "-p", "e2e"]);
        cargo.env("KEEPLINE_SERVER_BIN", server);
        cargo.env("KEEPLINE_PAGE_DIR", page);
        cargo.env("KEEPLINE_PYTHON", &bench.python);
        cargo.env("KEEPLINE_SCREENSHOTS", self.project.target.join("screenshots"));
        cargo.env("CHROMEDRIVER", &bench.browser.driver);
        cargo.env("CHROME", &bench.browser.program);
        Ok(cargo)
    }

    fn tools(&self) -> Result<&(Tools, TestBench)> {
        self.tools.as_ref().context("this part was not set up")
    }
}

fn count(tally: &mut Tally, name: &str, command: Command) -> Result<()> {
    let report = Step::new(name, command).heard().within(PATIENCE).run()?;
    tally.count(name, &report);
    Ok(())
}
