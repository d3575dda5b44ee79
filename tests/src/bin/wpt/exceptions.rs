//! What a class of JavaScript cannot pass, as `docs/websocket-conformance.md` lists it.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// The rows of the table: which page, and which of its tests.
pub(crate) struct Exceptions(Vec<(String, String)>);

impl Exceptions {
    /// Reads the rows `| page | test | reason |`; both are in backquotes, and may end with `*`.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let text =
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let rows = text.lines().filter_map(|line| {
            let mut cells = line.strip_prefix("| `/")?.split("` | ");
            let page = format!("/{}", cells.next()?);
            let test = cells.next()?.strip_prefix('`')?.to_owned();
            Some((page, test))
        });
        Ok(Self(rows.collect()))
    }

    pub(crate) fn hold(&self, page: &str, test: &str) -> bool {
        self.0.iter().any(|(pages, tests)| fits(pages, page) && fits(tests, test))
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => pattern == text,
    }
}
