//! Which tests of the suite there are, and at which addresses they run.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// The folder of the suite that is run.
const FOLDER: &str = "websockets";

/// What is no test, or one of another interface (`WebSocketStream`).
const BESIDE: [&str; 4] = ["handlers", "resources", "stream", "support"];

/// The addresses of all tests over `ws:`, in windows and dedicated Workers, that contain `only`.
pub(crate) fn found(suite: &Path, only: &str) -> anyhow::Result<Vec<String>> {
    let mut addresses = Vec::new();
    walk(&suite.join(FOLDER), &format!("/{FOLDER}"), &mut addresses)?;
    addresses.retain(|address| address.contains(only));
    Ok(addresses)
}

fn walk(folder: &Path, address: &str, found: &mut Vec<String>) -> anyhow::Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let address = format!("{address}/{name}");
        if !entry.file_type()?.is_dir() {
            file(&entry.path(), &address, found)?;
        } else if !BESIDE.contains(&name.as_str()) {
            walk(&entry.path(), &address, found)?;
        }
    }
    Ok(())
}

fn file(path: &Path, address: &str, found: &mut Vec<String>) -> anyhow::Result<()> {
    if address.contains(".https.") {
        return Ok(());
    }
    let pages = pages(address);
    if pages.is_empty() {
        return Ok(());
    }
    let source = String::from_utf8_lossy(&fs::read(path)?).into_owned();
    if address.ends_with("ml") && !source.contains("testharness.js") {
        return Ok(());
    }
    let variants = variants(&source);
    for page in pages.iter().filter(|page| is_meant_for(&source, page)) {
        found.extend(variants.iter().map(|variant| format!("{page}{variant}")));
    }
    Ok(())
}

/// The pages that the suite's server makes of a file.
fn pages(address: &str) -> Vec<String> {
    let named =
        |kind: &str, page: &str| address.strip_suffix(kind).map(|stem| [stem, page].concat());
    let made = [
        named(".any.js", ".any.html"),
        named(".any.js", ".any.worker.html"),
        named(".worker.js", ".worker.html"),
        named(".window.js", ".window.html"),
        named(".html", ".html"),
        named(".xhtml", ".xhtml"),
    ];
    made.into_iter().flatten().collect()
}

/// Whether the file names the global scope of this page, or none (which means these two).
fn is_meant_for(source: &str, page: &str) -> bool {
    let Some(scopes) = source.lines().find_map(|line| line.strip_prefix("// META: global=")) else {
        return true;
    };
    let mut scopes = scopes.trim().split(',');
    match page.contains(".any.worker.") {
        true => scopes.any(|scope| ["worker", "dedicatedworker"].contains(&scope)),
        false => scopes.any(|scope| scope == "window"),
    }
}

/// The queries that a test is to be run with, without those for TLS and HTTP/2.
fn variants(source: &str) -> Vec<String> {
    let named = source.lines().filter_map(|line| {
        line.strip_prefix("// META: variant=").map(str::trim).or_else(|| html_variant(line))
    });
    let named: Vec<_> = named.map(str::to_owned).collect();
    if named.is_empty() {
        return vec![String::new()];
    }
    let is_plain = |variant: &String| !variant.contains("wss") && !variant.contains("h2");
    named.into_iter().filter(is_plain).collect()
}

/// The value of `<meta name=variant content=…>`, quoted or not.
fn html_variant(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("<meta name=")?;
    let rest = rest.trim_start_matches('"').strip_prefix("variant")?;
    let (_, value) = rest.split_once("content=")?;
    let value = value.trim_start_matches('"');
    value.split(['"', '>']).next()
}
