//! `cargo xtask soak`: builds what the long tests need, and runs them.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use crate::project::Project;
use crate::setup::{Browsers, TestBench, Tools, WebKit};
use crate::step::Step;
use crate::{dashboard, page, server};

/// What is left for everything but the test itself.
const ASIDE: Duration = Duration::from_secs(5 * 60);

/// In which browser a page is to be hidden, and for how long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HiddenTab {
    pub(crate) browser: String,
    pub(crate) lasts: Duration,
}

pub(crate) fn run(project: &Project, options: &HiddenTab) -> Result<ExitCode> {
    let bench = TestBench::ready(project)?;
    let tools = Tools::ready(project)?;
    dashboard::build(project, &tools)?;
    let server = server::build(project)?;
    let page = page::build(project, &tools, "e2e-page")?;
    let build = project.cargo(&["build", "-p", "e2e", "--bin", "soak"]);
    Step::new("build the long tests", build).succeed()?;
    let mut soak = project.command(project.target.join("debug/soak"));
    let minutes = options.lasts.as_secs_f64() / 60.0;
    soak.args(["hidden-tab", "--browser", &options.browser, &format!("--minutes={minutes}")]);
    soak.env("KEEPLINE_SERVER_BIN", server).env("KEEPLINE_PAGE_DIR", page);
    let Browsers { chromium, firefox } = &bench.browsers;
    soak.env("CHROME", &chromium.program).env("CHROMEDRIVER", &chromium.driver);
    soak.env("FIREFOX", &firefox.program).env("GECKODRIVER", &firefox.driver);
    let WebKit { browser: webkit, xvfb } = &bench.webkit;
    soak.env("MINIBROWSER", &webkit.program).env("WEBKITDRIVER", &webkit.driver);
    soak.env("XVFB", xvfb);
    let report = Step::new("hide a tab", soak).within(options.lasts + ASIDE).run()?;
    Ok(if report.failure.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
