//! What files weigh on their way to a page, and what the npm package may weigh.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::project::Project;

/// The sizes of one thing that a page downloads, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) bytes: u64,
    /// At level 9.
    pub(crate) gzip: u64,
    /// At quality 11.
    pub(crate) brotli: u64,
}

impl Weight {
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            gzip: self.gzip + other.gzip,
            brotli: self.brotli + other.brotli,
        }
    }

    /// What it is, as an object of JSON.
    pub(crate) fn json(&self, what: &str) -> String {
        let Self { bytes, gzip, brotli } = self;
        format!(r#"{{"what": "{what}", "bytes": {bytes}, "gzip": {gzip}, "brotli": {brotli}}}"#)
    }

    fn read(line: &str) -> Option<Self> {
        let number = |name: &str| number_after(line, name);
        Some(Self { bytes: number("bytes")?, gzip: number("gzip")?, brotli: number("brotli")? })
    }
}

/// The number after this name in a flat object of JSON.
fn number_after(json: &str, name: &str) -> Option<u64> {
    let (_, rest) = json.split_once(&format!("\"{name}\":"))?;
    let digits = rest.trim_start();
    let end = digits.find(|it: char| !it.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// Weighs files, in their order.
pub(crate) fn weigh(project: &Project, files: &[PathBuf]) -> Result<Vec<Weight>> {
    let mut node = Command::new("node");
    node.arg(project.root.join("crates/keepline-js/tools/weigh.mjs")).args(files);
    let output = node.output().context("cannot start node")?;
    ensure!(
        output.status.success(),
        "weighing failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let told = String::from_utf8(output.stdout)?;
    told.lines().map(|line| Weight::read(line).context("node says no sizes")).collect()
}

/// How much more than its budget the package may weigh, in hundredths.
const SLACK: u64 = 2;

/// Compares what the npm package weighs, by gzip, with the file that says what it may.
pub(crate) fn hold_budget(file: &Path, gzip: u64) -> Result<()> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let budget = number_after(&text, "gzip").context("the budget has no number \"gzip\"")?;
    if gzip * 100 > budget * (100 + SLACK) {
        bail!(
            "the npm package weighs {gzip} bytes by gzip, more than {SLACK} % above its budget of \
             {budget}: make it smaller, or say in {} why it is worth more",
            file.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{env, process};

    use super::*;

    #[test]
    fn what_is_told_is_read() {
        let weight = Weight { bytes: 1, gzip: 22, brotli: 333 };
        assert_eq!(Weight::read(&weight.json("npm total")), Some(weight));
        assert_eq!(Weight::read("{}"), None);
    }

    #[test]
    fn a_package_that_has_grown_by_more_than_two_hundredths_fails_the_build() {
        let file = env::temp_dir().join(format!("keepline-budget-{}.json", process::id()));
        fs::write(&file, r#"{"gzip": 1000}"#).unwrap();
        let (within, beyond) = (hold_budget(&file, 1_020), hold_budget(&file, 1_021));
        fs::remove_file(&file).unwrap();
        within.unwrap();
        assert!(beyond.unwrap_err().to_string().contains("1021 bytes"));
    }
}
