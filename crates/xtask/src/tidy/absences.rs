//! Words that must not be where they would do harm.

use anyhow::Result;

use super::source::{Source, Word};
use super::tree::Tree;
use super::{Finding, Verdict};

const CORE: &str = "crates/keepline-core/src/";
const SDK: &str = "crates/keepline/src/";

/// The core says `#![no_std]` without a condition, and never calls std back in: then the
/// compiler itself refuses clocks, sockets and threads.
pub(super) fn std_in_core(tree: &Tree) -> Result<Verdict> {
    let root = tree.sources.iter().find(|source| source.path == format!("{CORE}lib.rs"));
    let says_so = root.is_some_and(|root| root.text.lines().any(|line| line == "#![no_std]"));
    let mut findings = words(tree, CORE, |_, word| word.text == "std");
    if !says_so {
        findings.push(Finding::new(format_args!("{CORE}lib.rs"), "does not say `#![no_std]`"));
    }
    Ok(findings.into())
}

/// A Worker has no window, and a forgotten closure never ends.
pub(super) fn page_only_words_in_sdk(tree: &Tree) -> Result<Verdict> {
    let harmful = |source: &Source, word: &Word| {
        let window = word.text == "window" && word.called && !source.path.ends_with("/page.rs");
        window || word.text == "forget"
    };
    Ok(words(tree, SDK, harmful).into())
}

fn words(tree: &Tree, room: &str, harmful: impl Fn(&Source, &Word) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in tree.sources.iter().filter(|source| source.path.starts_with(room)) {
        for word in source.words.iter().filter(|word| harmful(source, word)) {
            let what = format!("`{}` has no place here", word.text);
            findings.push(Finding::at_line(&source.path, word.line, what));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(path: &str, text: &str) -> Tree {
        let source = Source::read(path.into(), text.into()).unwrap();
        Tree { sources: vec![source], manifests: vec![] }
    }

    fn places(verdict: Result<Verdict>) -> Vec<String> {
        verdict.unwrap().findings.into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn the_core_says_no_std_without_a_condition() {
        let text = "//! Pure.\n#![no_std]\nextern crate alloc;\n";
        assert!(places(std_in_core(&tree("crates/keepline-core/src/lib.rs", text))).is_empty());
        let conditional = "//! Pure.\n#![cfg_attr(not(test), no_std)]\n";
        let found = std_in_core(&tree("crates/keepline-core/src/lib.rs", conditional));
        assert_eq!(places(found), ["crates/keepline-core/src/lib.rs"]);
    }

    #[test]
    fn std_does_not_come_back_into_the_core() {
        let text = "//! Pure.\n#![no_std]\nextern crate std;\n";
        let found = std_in_core(&tree("crates/keepline-core/src/lib.rs", text));
        assert_eq!(places(found), ["crates/keepline-core/src/lib.rs:3"]);
    }

    #[test]
    fn the_window_is_for_the_page_only_part() {
        let text = "//! Asks.\nfn ask() { web_sys::window(); }\n";
        let found = page_only_words_in_sdk(&tree("crates/keepline/src/driver.rs", text));
        assert_eq!(places(found), ["crates/keepline/src/driver.rs:2"]);
        let page = page_only_words_in_sdk(&tree("crates/keepline/src/page.rs", text));
        assert!(places(page).is_empty());
    }

    #[test]
    fn no_closure_is_forgotten() {
        let text =
            "//! Leaks.\nfn leak() {\n    closure.forget();\n    keep.map(Closure::forget);\n}\n";
        let found = page_only_words_in_sdk(&tree("crates/keepline/src/page.rs", text));
        assert_eq!(
            places(found),
            ["crates/keepline/src/page.rs:3", "crates/keepline/src/page.rs:4"]
        );
    }
}
