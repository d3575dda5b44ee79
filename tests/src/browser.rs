//! A headless Chromium with a profile of its own.

use std::path::Path;

use anyhow::Context;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities;
use thirtyfour::{DesiredCapabilities, LoggingPrefsLogLevel, WebDriver};
use tokio::process::Command;

use crate::environment;
use crate::program::Program;

const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
];

/// A running browser; dropping it ends its session, its driver and its profile, in this order.
#[derive(Debug)]
pub struct Browser {
    driver: WebDriver,
    _chromedriver: Program,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser that nothing else uses: Chromium slows all sockets of a browser down
    /// after many failures of one.
    ///
    /// # Errors
    ///
    /// When the driver or the browser does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let mut command = Command::new(environment::path(environment::CHROMEDRIVER)?);
        command.arg("--port=0");
        let mut chromedriver = Program::start(command)?;
        let port = chromedriver.prints("started successfully on port ").await?;
        let address = format!("http://127.0.0.1:{}", port.trim_end_matches(['.', '\n']));
        let profile = tempfile::tempdir()?;
        let driver = WebDriver::new(address, capabilities(profile.path())?)
            .await
            .with_context(|| format!("no browser; its driver said:\n{}", chromedriver.printed()))?;
        Ok(Self {
            driver,
            _chromedriver: chromedriver,
            _profile: profile,
        })
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
        devtools
            .send_raw("Emulation.setDeviceMetricsOverride", screen)
            .await?;
        let scheme = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        devtools
            .send_raw("Emulation.setEmulatedMedia", scheme)
            .await?;
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

fn capabilities(profile: &Path) -> anyhow::Result<thirtyfour::Capabilities> {
    let mut chrome = DesiredCapabilities::chrome();
    let binary = environment::path(environment::CHROME)?;
    chrome.set_binary(&binary.to_string_lossy())?;
    for argument in ARGUMENTS {
        chrome.add_arg(argument)?;
    }
    chrome.add_arg(&format!("--user-data-dir={}", profile.display()))?;
    chrome.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(chrome.into())
}
