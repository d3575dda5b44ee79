//! What is served of a checkout: links to it, and in their place what must be ours.
//!
//! The harness begins with our script, and so does what steers further windows; a Worker loads the
//! harness before anything else. Into pages of the folder that load neither, a tag puts it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::Context;

/// Where the script lies.
const SCRIPT: &str = "in_place.js";

/// The files that begin with the script.
const BEGIN_WITH_IT: [&str; 2] = ["resources/testharness.js", "common/dispatcher/dispatcher.js"];

/// The folders in which something is ours.
const OPEN: [&str; 4] = ["resources", "common", "common/dispatcher", "websockets"];

/// Keeps what a page's tests report, where the one who steers the browser can read it; the suite
/// has this file for that. And says with which class they ran.
const REPORT: (&str, &str) = (
    "resources/testharnessreport.js",
    "add_completion_callback((tests, harness) => {
    globalThis.reported = {
        isNative: /native code/.test(WebSocket),
        status: harness.status,
        message: harness.message ?? null,
        tests: tests.map(test => [test.name, test.status, test.message ?? null]),
    };
});
",
);

/// Lays out what is served, with a script or without.
pub(crate) fn lay_out(suite: &Path, to: &Path, script: Option<&Path>) -> anyhow::Result<()> {
    let script = match script {
        Some(script) => Some(
            fs::read_to_string(script)
                .with_context(|| format!("cannot read {}", script.display()))?,
        ),
        None => None,
    };
    folder(suite, to, "", script.as_deref())?;
    Ok(fs::write(to.join(SCRIPT), script.unwrap_or_default())?)
}

fn folder(suite: &Path, to: &Path, place: &str, script: Option<&str>) -> anyhow::Result<()> {
    fs::create_dir_all(to.join(place))?;
    for entry in fs::read_dir(suite.join(place))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let inner = if place.is_empty() { name } else { format!("{place}/{name}") };
        if !entry.file_type()?.is_dir() {
            file(&entry.path(), to, &inner, script)?;
        } else if OPEN.contains(&inner.as_str()) || inner.starts_with("websockets/") {
            folder(suite, to, &inner, script)?;
        } else {
            symlink(entry.path(), to.join(inner))?;
        }
    }
    Ok(())
}

fn file(from: &Path, to: &Path, place: &str, script: Option<&str>) -> anyhow::Result<()> {
    let changed = match script {
        _ if place == REPORT.0 => Some(REPORT.1.into()),
        Some(script) if BEGIN_WITH_IT.contains(&place) => {
            Some([script.as_bytes(), &fs::read(from)?].concat())
        }
        Some(_) if place.starts_with("websockets/") && place.ends_with(".html") => {
            tagged(&fs::read(from)?)
        }
        Some(_) | None => None,
    };
    match changed {
        Some(changed) => Ok(fs::write(to.join(place), changed)?),
        None => Ok(symlink(from, to.join(place))?),
    }
}

/// A page with the script before everything else, unless it loads the harness.
fn tagged(page: &[u8]) -> Option<Vec<u8>> {
    const HARNESS: &[u8] = b"/resources/testharness.js";
    if page.windows(HARNESS.len()).any(|part| part == HARNESS) {
        return None;
    }
    let doctype = page.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"<!doctype"));
    let at = match page.iter().position(|&byte| byte == b'>') {
        Some(end) if doctype => end + 1,
        Some(_) | None => 0,
    };
    let (before, after) = page.split_at(at);
    let tag = format!("<script src=\"/{SCRIPT}\"></script>");
    Some([before, tag.as_bytes(), after].concat())
}
