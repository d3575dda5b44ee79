//! Where the things are that `cargo xtask test e2e` builds and installs.

use std::path::PathBuf;

use anyhow::Context;

/// The native server, with the dashboard inside.
pub const SERVER: &str = "KEEPLINE_SERVER_BIN";

/// The folder of the native server's examples.
pub const EXAMPLES: &str = "KEEPLINE_SERVER_EXAMPLES";

/// The folder with the compiled page of `tests/page`.
pub const PAGE: &str = "KEEPLINE_PAGE_DIR";

/// The folder with the compiled page of `tests/bench`.
pub const BENCH: &str = "KEEPLINE_BENCH_DIR";

/// The npm package, built: the folder with its `package.json` and `dist`.
pub const PACKAGE: &str = "KEEPLINE_PACKAGE_DIR";

/// The folder whose `node_modules` holds what builds the package and its examples.
pub const NODE_PACKAGES: &str = "KEEPLINE_NODE_PACKAGES";

/// The Python of an environment with `tests/peers/requirements.txt`.
pub const PYTHON: &str = "KEEPLINE_PYTHON";

/// The WebDriver server of Chromium.
pub const CHROMEDRIVER: &str = "CHROMEDRIVER";

/// Chromium, or Chrome.
pub const CHROME: &str = "CHROME";

/// The WebDriver server of Firefox.
pub const GECKODRIVER: &str = "GECKODRIVER";

/// Firefox.
pub const FIREFOX: &str = "FIREFOX";

/// The WebDriver server of WebKitGTK.
pub const WEBKITDRIVER: &str = "WEBKITDRIVER";

/// WebKitGTK's own small browser.
pub const MINIBROWSER: &str = "MINIBROWSER";

/// The X server that draws into memory.
pub const XVFB: &str = "XVFB";

/// The folder that keeps the screenshots.
pub const SCREENSHOTS: &str = "KEEPLINE_SCREENSHOTS";

/// The path that the variable `name` holds.
///
/// # Errors
///
/// When it is not set: it says which command sets it.
pub fn path(name: &str) -> anyhow::Result<PathBuf> {
    let value = std::env::var_os(name)
        .with_context(|| format!("{name} is not set: run `cargo xtask test e2e`"))?;
    Ok(PathBuf::from(value))
}

/// The folder of the Python peers, in the sources.
#[must_use]
pub fn peers() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// The folder of the static files around the page of `tests/page`, in the sources.
#[must_use]
pub fn shell() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("page/shell")
}

/// The folder of the static files around the page of `tests/bench`, in the sources.
#[must_use]
pub fn bench_shell() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("bench/shell")
}
