//! A headless Chromium with a profile of its own.

use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::{fs, thread};

use anyhow::Context;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities;
use thirtyfour::{Capabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver};

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

/// A running browser; dropping it ends the browser, its driver and its profile.
#[derive(Debug)]
pub struct Browser {
    driver: WebDriver,
    _chromedriver: Program,
    _chromium: Program,
    _profile: Profile,
}

impl Browser {
    /// Starts a browser that nothing else uses: Chromium slows all sockets of a browser down
    /// after many failures of one.
    ///
    /// # Errors
    ///
    /// When the driver or the browser does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let profile = Profile(tempfile::tempdir()?);
        let (chromium, devtools) = launch(profile.0.path()).await?;
        let (chromedriver, address) = drive(profile.0.path()).await?;
        let driver = WebDriver::new(address, attached_to(&devtools)?)
            .await
            .with_context(|| format!("its driver said:\n{}", chromedriver.printed()))?;
        Ok(Self { driver, _chromedriver: chromedriver, _chromium: chromium, _profile: profile })
    }

    /// The WebDriver session.
    #[must_use]
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// Runs `script` in the page, waits for the promise it may return, and reads its answer.
    ///
    /// # Errors
    ///
    /// When it throws, or answers something else.
    pub async fn run<T: DeserializeOwned>(
        &self,
        script: &str,
        arguments: Vec<Value>,
    ) -> anyhow::Result<T> {
        Ok(self.driver.execute(script, arguments).await?.convert()?)
    }

    /// Gives the page a screen of this width, in this colour scheme.
    ///
    /// # Errors
    ///
    /// When the browser refuses.
    pub async fn show_as(&self, width: u32, scheme: &str) -> anyhow::Result<()> {
        let devtools = self.driver.cdp();
        let screen =
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        devtools.send_raw("Emulation.setDeviceMetricsOverride", screen).await?;
        // Without motion, for a picture taken in the middle of a transition shows neither scheme.
        let media = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        devtools.send_raw("Emulation.setEmulatedMedia", media).await?;
        Ok(())
    }

    /// What the browser complained about since the last call, one line each.
    ///
    /// # Errors
    ///
    /// When the driver does not answer.
    pub async fn console(&self) -> anyhow::Result<String> {
        let entries = self.driver.browser_log().await?;
        let lines = entries.iter().map(|entry| entry.message.as_str());
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The session needs no goodbye: a browser that is asked to quit may take minutes.
        let _ = self.driver.clone().leak();
    }
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

/// The folder that a browser writes its state to, and what it leaves behind when it is killed.
#[derive(Debug)]
struct Profile(TempDir);

impl Drop for Profile {
    fn drop(&mut self) {
        // The browser's children outlive it by a moment, and may write while they do.
        for _ in 0..100 {
            if fs::remove_dir_all(self.0.path()).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}
