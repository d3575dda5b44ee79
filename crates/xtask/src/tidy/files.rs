//! How files begin, how long they are, and how wide.

use anyhow::Result;

use super::source::Source;
use super::tree::Tree;
use super::{Finding, Verdict};

const LONGEST: usize = 400;
const WIDEST: usize = 100;

pub(super) fn check(tree: &Tree) -> Result<Verdict> {
    let findings: Vec<_> = tree.sources.iter().flat_map(complaints).collect();
    let lines: usize = tree.sources.iter().map(|source| source.text.lines().count()).sum();
    Ok(Verdict { findings, note: format!(" ({} files, {lines} lines)", tree.sources.len()) })
}

fn complaints(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !source.text.starts_with("//! ") {
        findings.push(Finding::at_line(&source.path, 1, "does not open with a `//!` sentence"));
    }
    let lines = source.text.lines().count() - source.test_lines;
    if lines > LONGEST && !source.is_test() {
        let what = format!("has {lines} lines without its tests, {LONGEST} are the most");
        findings.push(Finding::new(&source.path, what));
    }
    findings.extend(wide_lines(source));
    findings
}

fn wide_lines(source: &Source) -> impl Iterator<Item = Finding> {
    source.text.lines().enumerate().filter_map(|(before, line)| {
        let width = line.chars().count();
        let what = format!("is {width} columns wide, {WIDEST} are the most");
        (width > WIDEST).then(|| Finding::at_line(&source.path, before + 1, what))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str, text: String) -> Vec<String> {
        let source = Source::read(path.into(), text).unwrap();
        complaints(&source).into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn a_file_opens_with_a_sentence() {
        assert_eq!(places("src/a.rs", "fn a() {}\n".into()), ["src/a.rs:1"]);
        assert!(places("src/a.rs", "//! Says what it is for.\n".into()).is_empty());
    }

    #[test]
    fn a_line_has_a_hundred_columns() {
        let line = |columns: usize| format!("//! {}\n", "é".repeat(columns - 4));
        assert!(places("src/a.rs", line(100)).is_empty());
        assert_eq!(places("src/a.rs", line(101)), ["src/a.rs:1"]);
    }

    #[test]
    fn a_file_has_four_hundred_lines_without_its_tests() {
        let code = format!("//! A file.\n{}", "fn a() {}\n".repeat(399));
        let tests = "#[cfg(test)]\nmod tests {\n    fn a() {}\n}\n";
        assert!(places("src/a.rs", code.clone() + tests).is_empty());
        assert_eq!(places("src/a.rs", code.clone() + "fn b() {}\n" + tests), ["src/a.rs"]);
        assert!(places("crates/a/tests/it/main.rs", code + "fn b() {}\n").is_empty());
    }
}
