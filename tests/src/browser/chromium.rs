//! How Chromium is started, and which driver steers it.

use std::path::Path;
use std::process::Command;

use anyhow::Context;
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities;
use thirtyfour::{Capabilities, DesiredCapabilities, LoggingPrefsLogLevel};

use super::{Beside, Started};
use crate::display::Display;
use crate::environment;
use crate::port::Port;
use crate::program::Program;

/// Without what no story needs: the popups of an address bar that nobody sees are pages of their
/// own, and more than half of what a start costs.
const ARGUMENTS: [&str; 14] = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-features=WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,WebUIOmniboxPopup",
    "--disable-popup-blocking",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--password-store=basic",
    "--remote-debugging-port=0",
];

/// Starts Chromium without windows, and its driver.
pub(super) async fn start(profile: &Path) -> anyhow::Result<Started> {
    let mut command = Command::new(environment::path(environment::CHROME)?);
    command.arg("--headless=new");
    start_as(command, profile, Beside::default()).await
}

/// Starts Chromium without windows, and its driver; these names are the loopback to it.
pub(super) async fn start_at_home(profile: &Path, names: &[&str]) -> anyhow::Result<Started> {
    let rules: Vec<_> = names.iter().map(|name| format!("MAP {name} 127.0.0.1")).collect();
    let mut command = Command::new(environment::path(environment::CHROME)?);
    command.args(["--headless=new", &format!("--host-resolver-rules={}", rules.join(","))]);
    start_as(command, profile, Beside::default()).await
}

/// Starts Chromium without windows, and its driver; it takes every certificate.
pub(super) async fn start_credulous(profile: &Path) -> anyhow::Result<Started> {
    let mut command = Command::new(environment::path(environment::CHROME)?);
    command.args(["--headless=new", "--ignore-certificate-errors"]);
    start_as(command, profile, Beside::default()).await
}

/// Starts Chromium with windows, on a display of its own, and its driver.
pub(super) async fn start_with_windows(profile: &Path, flags: &[&str]) -> anyhow::Result<Started> {
    let display = Display::start().await?;
    let mut command = Command::new(environment::path(environment::CHROME)?);
    command.args(flags).env("DISPLAY", display.name());
    let beside = Beside { _display: Some(display), ..Beside::default() };
    start_as(command, profile, beside).await
}

async fn start_as(command: Command, profile: &Path, beside: Beside) -> anyhow::Result<Started> {
    let (program, devtools) = launch(command, profile).await?;
    let steering = Port::hold()?;
    let driver = drive(profile, &steering).await?;
    let address = steering.http("");
    let beside = Beside { _ports: vec![steering], ..beside };
    let capabilities = attached_to(&devtools)?;
    Ok(Started { program, driver, address, capabilities, beside })
}

/// Starts Chromium, and returns it with the address of its developer tools.
async fn launch(mut command: Command, profile: &Path) -> anyhow::Result<(Program, String)> {
    command.args(ARGUMENTS).arg(format!("--user-data-dir={}", profile.display()));
    command.arg("about:blank");
    command.env("TMPDIR", profile);
    let mut chromium = Program::start(&mut command)?;
    let devtools = chromium.prints("DevTools listening on ws://").await?;
    let (address, _) = devtools.split_once('/').context("no address of developer tools")?;
    Ok((chromium, address.to_owned()))
}

/// Starts the driver on this port. One that it may choose is free in IPv6, and somebody else may
/// have it in IPv4: then it ends.
async fn drive(profile: &Path, port: &Port) -> anyhow::Result<Program> {
    let mut command = Command::new(environment::path(environment::CHROMEDRIVER)?);
    command.arg(format!("--port={}", port.number())).env("TMPDIR", profile);
    let mut chromedriver = Program::start(&mut command)?;
    chromedriver.prints("started successfully on port ").await?;
    Ok(chromedriver)
}

fn attached_to(devtools: &str) -> anyhow::Result<Capabilities> {
    let mut chrome = DesiredCapabilities::chrome();
    chrome.set_debugger_address(devtools)?;
    chrome.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(chrome.into())
}
