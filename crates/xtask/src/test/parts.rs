//! What the parts of a test run are made of.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::time::Duration;
use std::{env, fs, thread};

use anyhow::{Context, Result};

use super::Part;
use super::tally::Tally;
use crate::npm::Package;
use crate::project::Project;
use crate::setup::{self, Browsers, TestBench, Tools, WebKit};
use crate::step::Step;
use crate::{dashboard, page, server, sim, tidy};

/// Builds included: a hang is what this ends, not a slow machine.
const PATIENCE: Duration = Duration::from_secs(45 * 60);
const WASM: &str = "wasm32-unknown-unknown";

/// The project, whose parts set up what they need.
pub(super) struct Bench<'a> {
    project: &'a Project,
}

impl<'a> Bench<'a> {
    pub(super) fn new(project: &'a Project) -> Self {
        Self { project }
    }

    /// It is an error if the part could not be run to its end.
    pub(super) fn run(&self, part: Part, tally: &mut Tally) -> Result<()> {
        match part {
            Part::Tidy => self.tidy(tally),
            Part::Native => self.native(tally),
            Part::Sim => self.sim(tally),
            Part::Wasm => self.wasm(tally),
            Part::E2e => self.e2e(tally),
        }
    }

    fn tidy(&self, tally: &mut Tally) -> Result<()> {
        say!("\ntidy");
        setup::for_tidy(self.project)?;
        let rules = tidy::check(self.project)?;
        tally.add("tidy: the rules of the house", rules.took, rules.held, rules.broken);
        Ok(())
    }

    fn native(&self, tally: &mut Tally) -> Result<()> {
        say!("\nnative tests");
        let mut cargo = self.project.cargo(&["test", "--workspace", "--no-fail-fast"]);
        for package in ["e2e", "e2e-page", "bench-page"] {
            cargo.args(["--exclude", package]);
        }
        count(tally, "native tests", cargo)
    }

    fn sim(&self, tally: &mut Tally) -> Result<()> {
        say!("\nsimulated storms");
        for (name, arguments) in [
            ("simulated storms", ["--seeds", "2000"].as_slice()),
            ("small worlds", &["--exhaustive"]),
            ("planted bugs", &["--mutants"]),
        ] {
            count(tally, name, sim::test(self.project, arguments))?;
        }
        Ok(())
    }

    fn wasm(&self, tally: &mut Tally) -> Result<()> {
        say!("\nwasm tests");
        let browsers = setup::for_wasm_tests()?;
        let tools = Tools::ready(self.project)?;
        let scratch = Scratch::new()?;
        let core = self.wasm_tests("keepline-core", &tools, &scratch);
        count(tally, "keepline-core as wasm", core)?;
        let sdk = || self.wasm_tests("keepline", &tools, &scratch);
        count(tally, "keepline in headless Chromium", in_chromium(sdk(), &browsers))?;
        count(tally, "keepline in headless Firefox", in_firefox(sdk(), &browsers))
    }

    fn wasm_tests(&self, package: &str, tools: &Tools, scratch: &Scratch) -> Command {
        let runner = tools.wasm_bindgen.join("wasm-bindgen-test-runner");
        let arguments = ["test", "--no-fail-fast", "--target", WASM, "-p", package];
        let mut cargo = self.project.cargo(&arguments);
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
        cargo.env("TMPDIR", &scratch.folder);
        cargo.env_remove("CHROMEDRIVER").env_remove("GECKODRIVER");
        cargo
    }

    fn e2e(&self, tally: &mut Tally) -> Result<()> {
        say!("\nend-to-end tests");
        let bench = TestBench::ready(self.project)?;
        let tools = Tools::ready(self.project)?;
        dashboard::build(self.project, &tools)?;
        self.server_with_dashboard(tally)?;
        let server = server::build(self.project)?;
        let examples = server::build_examples(self.project)?;
        let page = page::build(self.project, &tools, "e2e-page")?;
        let package = Package::new(self.project)?;
        package.build(&tools)?;
        let formatted = package.is_formatted()?;
        let clean = formatted.failure.is_none();
        tally.add("formatting of the npm package", formatted.took, clean.into(), (!clean).into());
        count(tally, "a server from the document alone", self.peer_tests(&bench))?;
        let mut tests = self.e2e_tests(&bench, &server, &page);
        tests.env("KEEPLINE_SERVER_EXAMPLES", examples);
        tests.env("KEEPLINE_PACKAGE_DIR", package.folder);
        tests.env("KEEPLINE_NODE_PACKAGES", package.modules);
        count(tally, "end to end", tests)
    }

    fn peer_tests(&self, bench: &TestBench) -> Command {
        let mut python = self.project.command(&bench.python);
        python.arg(self.project.root.join("tests/peers/test_keepline_server.py"));
        python
    }

    /// What the server has only with that feature, which only now can be built.
    fn server_with_dashboard(&self, tally: &mut Tally) -> Result<()> {
        let package = ["-p", "keepline-server", "--features", "dashboard"];
        let mut clippy = self.project.cargo(&["clippy", "--quiet", "--all-targets"]);
        clippy.args(package).args(["--", "-D", "warnings"]);
        let report = Step::new("clippy, with the dashboard", clippy).run()?;
        let clean = report.failure.is_none();
        tally.add("clippy, with the dashboard", report.took, clean.into(), (!clean).into());
        let mut tests = self.project.cargo(&["test", "--no-fail-fast", "--test", "it"]);
        tests.args(package);
        count(tally, "keepline-server with dashboard", tests)
    }

    fn e2e_tests(&self, bench: &TestBench, server: &Path, page: &Path) -> Command {
        let mut cargo = self.project.cargo(&["test", "--no-fail-fast", "-p", "e2e"]);
        cargo.env("RUST_TEST_THREADS", stories_at_once());
        // An error says what was waited for in vain; fifty frames of polling would bury it.
        cargo.env("RUST_LIB_BACKTRACE", "0");
        cargo.env("KEEPLINE_SERVER_BIN", server);
        cargo.env("KEEPLINE_PAGE_DIR", page);
        cargo.env("KEEPLINE_PYTHON", &bench.python);
        cargo.env("KEEPLINE_SCREENSHOTS", self.project.target.join("screenshots"));
        let Browsers { chromium, firefox } = &bench.browsers;
        cargo.env("CHROME", &chromium.program).env("CHROMEDRIVER", &chromium.driver);
        cargo.env("FIREFOX", &firefox.program).env("GECKODRIVER", &firefox.driver);
        let WebKit { browser: webkit, xvfb } = &bench.webkit;
        cargo.env("MINIBROWSER", &webkit.program).env("WEBKITDRIVER", &webkit.driver);
        cargo.env("XVFB", xvfb);
        cargo
    }
}

/// One more than there are cores, for most of a story is spent waiting; or what the caller says.
fn stories_at_once() -> String {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    env::var("RUST_TEST_THREADS").unwrap_or_else(|_| (cores + 1).to_string())
}

/// The runner takes geckodriver first if it finds both, so each browser's tests name one driver.
fn in_chromium(mut tests: Command, browsers: &Browsers) -> Command {
    tests.env("CHROMEDRIVER", &browsers.chromium.driver);
    tests
}

fn in_firefox(mut tests: Command, browsers: &Browsers) -> Command {
    tests.env("GECKODRIVER", &browsers.firefox.driver);
    tests.env("GECKODRIVER_ARGS", format!("--binary={}", browsers.firefox.program.display()));
    tests
}

/// Where browsers put their temporary files: a killed Chromium leaves them behind. It is not in
/// the build folder, because a path as long as that may be is too long for Chromium's socket.
struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    fn new() -> Result<Self> {
        let folder = env::temp_dir().join(format!("keepline-wasm-{}", process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { folder })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}

fn count(tally: &mut Tally, name: &str, mut command: Command) -> Result<()> {
    // Colours would come between the words that are counted.
    command.env("CARGO_TERM_COLOR", "never");
    let report = Step::new(name, command).heard().within(PATIENCE).run()?;
    tally.count(name, &report);
    Ok(())
}
