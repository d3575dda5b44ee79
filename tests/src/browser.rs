//! A browser that nobody sees, with a profile of its own.

mod chromium;
mod firefox;
mod webkit;

use std::path::Path;
use std::time::Duration;
use std::{fs, thread};

use anyhow::Context;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::{Capabilities, WebDriver};

use crate::display::Display;
use crate::port::Port;
use crate::program::Program;
use crate::wait::{PATIENCE, until};

/// The engine of a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Blink, in Chromium.
    Chromium,
    /// Gecko, in Firefox.
    Firefox,
    /// WebKitGTK, in its MiniBrowser.
    WebKit,
}

impl Engine {
    /// All that there are, for the stories that are the same in each.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];
}

/// A running browser; dropping it ends the browser, its driver and its profile.
#[derive(Debug)]
pub struct Browser {
    engine: Engine,
    driver: WebDriver,
    _driving: Program,
    program: Program,
    _beside: Beside,
    _profile: Profile,
}

impl Browser {
    /// Starts a Chromium that nothing else uses: it slows all its sockets down after many
    /// failures of one.
    ///
    /// # Errors
    ///
    /// When the driver or the browser does not start.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_of(Engine::Chromium).await
    }

    /// Starts a browser of this engine that nothing else uses.
    ///
    /// # Errors
    ///
    /// When the driver or the browser does not start.
    pub async fn start_of(engine: Engine) -> anyhow::Result<Self> {
        let profile = Profile(tempfile::tempdir()?);
        let started = engine.start(profile.0.path()).await?;
        Self::steer(engine, started, profile).await
    }

    /// Starts a Chromium with windows on a display of its own, which hides a page as for a user.
    ///
    /// # Errors
    ///
    /// When the display, the driver or the browser does not start.
    pub async fn start_with_windows(flags: &[&str]) -> anyhow::Result<Self> {
        let profile = Profile(tempfile::tempdir()?);
        let started = chromium::start_with_windows(profile.0.path(), flags).await?;
        Self::steer(Engine::Chromium, started, profile).await
    }

    /// Starts a browser of this engine, for which these host names are this machine, and which lets
    /// pages open windows unasked. WebKit cannot be told that.
    ///
    /// # Errors
    ///
    /// When the driver or the browser does not start.
    pub async fn start_at_home(engine: Engine, names: &[&str]) -> anyhow::Result<Self> {
        let profile = Profile(tempfile::tempdir()?);
        let started = match engine {
            Engine::Chromium => chromium::start_at_home(profile.0.path(), names).await?,
            Engine::Firefox => firefox::start_at_home(profile.0.path(), names).await?,
            Engine::WebKit => engine.start(profile.0.path()).await?,
        };
        Self::steer(engine, started, profile).await
    }

    /// Starts a browser of this engine that takes every certificate.
    ///
    /// # Errors
    ///
    /// When the driver or the browser does not start.
    pub async fn start_credulous(engine: Engine) -> anyhow::Result<Self> {
        let profile = Profile(tempfile::tempdir()?);
        let mut started = match engine {
            // On its command line, so that it holds for whatever a page opens.
            Engine::Chromium => chromium::start_credulous(profile.0.path()).await?,
            Engine::Firefox | Engine::WebKit => engine.start(profile.0.path()).await?,
        };
        started.capabilities.set("acceptInsecureCerts", true)?;
        Self::steer(engine, started, profile).await
    }

    async fn steer(engine: Engine, started: Started, profile: Profile) -> anyhow::Result<Self> {
        let Started { program, driver: driving, address, capabilities, beside } = started;
        let driver = WebDriver::new(address, capabilities).await;
        let driver = driver.with_context(|| format!("its driver said:\n{}", driving.printed()))?;
        Ok(Self { engine, driver, _driving: driving, program, _beside: beside, _profile: profile })
    }

    /// Its engine.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
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
    /// When the browser refuses, as Firefox does.
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

    /// Takes the page's network away, or gives it back, and waits until the page knows. The sockets
    /// that it has stay open.
    ///
    /// # Errors
    ///
    /// When the browser has no `DevTools` protocol, as Firefox.
    pub async fn emulate_offline(&self, offline: bool) -> anyhow::Result<()> {
        let devtools = self.driver.cdp();
        let conditions = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        devtools.send_raw("Network.enable", json!({})).await?;
        devtools.send_raw("Network.emulateNetworkConditions", conditions).await?;
        until("the page to know", PATIENCE, async || {
            let online = self.run::<bool>("return navigator.onLine", vec![]).await?;
            Ok((online != offline).then_some(()))
        })
        .await
    }

    /// What the browser complained about since the last call, one line each. Firefox cannot be
    /// asked: there it is the last lines that the program has printed, its pages' console included.
    /// WebKit keeps its console to itself while it is steered.
    ///
    /// # Errors
    ///
    /// When the driver does not answer.
    pub async fn console(&self) -> anyhow::Result<String> {
        match self.engine {
            Engine::Chromium => {
                let entries = self.driver.browser_log().await?;
                let lines = entries.iter().map(|entry| entry.message.as_str());
                Ok(lines.collect::<Vec<_>>().join("\n"))
            }
            Engine::Firefox | Engine::WebKit => Ok(self.program.printed()),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The session needs no goodbye: a browser that is asked to quit may take minutes.
        let _ = self.driver.clone().leak();
    }
}

/// A browser and its driver, before they know of each other.
struct Started {
    program: Program,
    driver: Program,
    /// Where the driver listens.
    address: String,
    /// What makes the driver attach itself to that browser.
    capabilities: Capabilities,
    beside: Beside,
}

/// What a browser needs beside itself, as long as it runs.
#[derive(Debug, Default)]
struct Beside {
    _display: Option<Display>,
    _ports: Vec<Port>,
}

impl Engine {
    async fn start(self, profile: &Path) -> anyhow::Result<Started> {
        match self {
            Self::Chromium => chromium::start(profile).await,
            Self::Firefox => firefox::start(profile).await,
            Self::WebKit => webkit::start(profile).await,
        }
    }
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
