//! How Chromium is started, and which driver steers it.

use std::path::Path;
use std::process::Command;

use anyhow::Context;
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities;
use thirtyfour::{Capabilities, DesiredCapabilities, LoggingPrefsLogLevel};

use super::{Beside, Started};
use crate::environment;
use crate::program::Program;

const ARGUMENTS: [&str; 13] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-popup-blocking",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--password-store=basic",
    "--remote-debugging-port=0",
];

/// Starts Chromium and its driver.
pub(super) async fn start(profile: &Path) -> anyhow::Result<Started> {
    let (program, devtools) = launch(profile).await?;
    let (driver, address) = drive(profile).await?;
    let (capabilities, beside) = (attached_to(&devtools)?, Beside::default());
    Ok(Started { program, driver, address, capabilities, beside })
}

/// Starts Chromium, and returns it with the address of its developer tools.
async fn launch(profile: &Path) -> anyhow::Result<(Program, String)> {
    let mut command = Command::new(environment::path(environment::CHROME)?);
    command.args(ARGUMENTS).arg(format!("--user-data-dir={}", profile.display()));
    command.env("TMPDIR", profile);
    let mut chromium = Program::start(&mut command)?;
    let devtools = chromium.prints("DevTools listening on ws://").await?;
    let (address, _) = devtools.split_once('/').context("no address of developer tools")?;
    Ok((chromium, address.to_owned()))
}

/// Starts the driver, and returns it with its address.
async fn drive(profile: &Path) -> anyhow::Result<(Program, String)> {
    let mut command = Command::new(environment::path(environment::CHROMEDRIVER)?);
    let mut chromedriver = Program::start(command.arg("--port=0").env("TMPDIR", profile))?;
    let port = chromedriver.prints("started successfully on port ").await?;
    Ok((chromedriver, format!("http://127.0.0.1:{}", port.trim_end_matches('.'))))
}

fn attached_to(devtools: &str) -> anyhow::Result<Capabilities> {
    let mut chrome = DesiredCapabilities::chrome();
    chrome.set_debugger_address(devtools)?;
    chrome.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(chrome.into())
}
