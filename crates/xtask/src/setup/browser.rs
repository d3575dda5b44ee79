//! Chromium, Firefox and WebKitGTK with their drivers, found or installed.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

use super::apt::Apt;
use super::cache::Cache;
use super::cargo_tools;
use crate::project::on_path;

const CHROMIUM: [&str; 4] =
    ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"];
const FIREFOX: [&str; 2] = ["firefox-esr", "firefox"];

/// The browsers in which the SDK is tested.
pub(crate) struct Browsers {
    pub(crate) chromium: Browser,
    pub(crate) firefox: Browser,
}

impl Browsers {
    /// Installs what is missing of them.
    pub(crate) fn ready(apt: &mut Apt, cache: &Cache) -> Result<Self> {
        Ok(Self { chromium: Browser::chromium(apt)?, firefox: Browser::firefox(apt, cache)? })
    }
}

/// A browser that a driver can steer.
pub(crate) struct Browser {
    pub(crate) program: PathBuf,
    pub(crate) driver: PathBuf,
}

impl Browser {
    /// The browser of `CHROME` and `CHROMEDRIVER`, else of `PATH`, else of apt.
    fn chromium(apt: &mut Apt) -> Result<Self> {
        if let Some(browser) = Self::find_chromium() {
            return Ok(browser);
        }
        apt.install(System::here().chromium()).context("Chromium or its driver is missing")?;
        Self::find_chromium().context(
            "Chromium or its driver is still missing; put chromium (or google-chrome) and \
             chromedriver on PATH, or name them in CHROME and CHROMEDRIVER",
        )
    }

    fn find_chromium() -> Option<Self> {
        let program = found("CHROME", &CHROMIUM)?;
        let driver = found("CHROMEDRIVER", &["chromedriver"])?;
        Some(Self { program, driver })
    }

    /// The browser of `FIREFOX`, else of `PATH`, else of apt, with the driver of `GECKODRIVER`,
    /// else of `PATH`, else of cargo: Debian has no package of it.
    fn firefox(apt: &mut Apt, cache: &Cache) -> Result<Self> {
        let program = firefox(apt)?;
        let driver = match found("GECKODRIVER", &["geckodriver"]) {
            Some(driver) => driver,
            None => cargo_tools::geckodriver(cache).context("Firefox's driver is missing")?,
        };
        Ok(Self { program, driver })
    }
}

/// WebKitGTK's own small browser, which needs a display.
pub(crate) struct WebKit {
    pub(crate) browser: Browser,
    /// The X server that draws into memory.
    pub(crate) xvfb: PathBuf,
}

impl WebKit {
    /// The programs of `MINIBROWSER`, `WEBKITDRIVER` and `XVFB`, else those of the system, else of
    /// apt.
    pub(crate) fn ready(apt: &mut Apt) -> Result<Self> {
        if let Some(found) = Self::find() {
            return Ok(found);
        }
        apt.install(&["webkit2gtk-driver", "xvfb"]).context("WebKitGTK is missing")?;
        Self::find().context(
            "WebKitGTK is still missing; name MiniBrowser, WebKitWebDriver and Xvfb in \
             MINIBROWSER, WEBKITDRIVER and XVFB",
        )
    }

    fn find() -> Option<Self> {
        let program = found("MINIBROWSER", &["MiniBrowser"]).or_else(minibrowser)?;
        let driver = found("WEBKITDRIVER", &["WebKitWebDriver"])?;
        Some(Self { browser: Browser { program, driver }, xvfb: found("XVFB", &["Xvfb"])? })
    }
}

/// The one that the library's package brings along, in a folder of its own: `/usr/lib`, the
/// machine's name, `webkit2gtk-4.1`.
fn minibrowser() -> Option<PathBuf> {
    let libraries = folders(Path::new("/usr/lib"));
    let mut found: Vec<_> = libraries
        .flat_map(|folder| folders(&folder))
        .filter(|folder| folder.to_string_lossy().contains("/webkit"))
        .map(|folder| folder.join("MiniBrowser"))
        .filter(|program| program.is_file())
        .collect();
    found.sort();
    found.pop()
}

fn folders(of: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(of).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir())
}

fn firefox(apt: &mut Apt) -> Result<PathBuf> {
    if let Some(program) = found("FIREFOX", &FIREFOX) {
        return Ok(program);
    }
    apt.install(System::here().firefox()).context("Firefox is missing")?;
    found("FIREFOX", &FIREFOX).context(
        "Firefox is still missing; put firefox-esr (or firefox) on PATH, or name it in FIREFOX",
    )
}

/// The program that the variable names, else the first of these names on `PATH`.
fn found(variable: &str, names: &[&str]) -> Option<PathBuf> {
    let named = env::var_os(variable).map(PathBuf::from).filter(|file| file.is_file());
    named.or_else(|| names.iter().find_map(|name| on_path(name)))
}

/// Whose packages apt installs.
enum System {
    Debian,
    /// Its browsers are links to snaps.
    Ubuntu,
}

impl System {
    fn here() -> Self {
        let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
        let is_ubuntu = release.lines().any(|line| line == "ID=ubuntu");
        if is_ubuntu { Self::Ubuntu } else { Self::Debian }
    }

    fn chromium(&self) -> &'static [&'static str] {
        match self {
            Self::Debian => &["chromium", "chromium-driver"],
            Self::Ubuntu => &["chromium-browser", "chromium-chromedriver"],
        }
    }

    fn firefox(&self) -> &'static [&'static str] {
        match self {
            Self::Debian => &["firefox-esr"],
            Self::Ubuntu => &["firefox"],
        }
    }
}
