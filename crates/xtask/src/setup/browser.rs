//! Chromium and its driver, found or installed.

use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context, Result};

use super::apt::Apt;
use crate::project::on_path;

const BROWSERS: [&str; 4] =
    ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"];

/// A browser that a driver can steer.
pub(crate) struct Browser {
    pub(crate) program: PathBuf,
    pub(crate) driver: PathBuf,
}

impl Browser {
    /// The browser of `CHROME` and `CHROMEDRIVER`, else of `PATH`, else of apt.
    pub(crate) fn ready(apt: &mut Apt) -> Result<Self> {
        if let Some(browser) = Self::find() {
            return Ok(browser);
        }
        apt.install(packages()).context("Chromium or its driver is missing")?;
        Self::find().context(
            "Chromium or its driver is still missing; put chromium (or google-chrome) and \
             chromedriver on PATH, or name them in CHROME and CHROMEDRIVER",
        )
    }

    fn find() -> Option<Self> {
        let program = named_in("CHROME").or_else(|| BROWSERS.into_iter().find_map(on_path))?;
        let driver = named_in("CHROMEDRIVER").or_else(|| on_path("chromedriver"))?;
        Some(Self { program, driver })
    }
}

fn named_in(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|file| file.is_file())
}

/// Ubuntu names them otherwise: there they are links to a snap.
fn packages() -> &'static [&'static str] {
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    if system.lines().any(|line| line == "ID=ubuntu") {
        &["chromium-browser", "chromium-chromedriver"]
    } else {
        &["chromium", "chromium-driver"]
    }
}
