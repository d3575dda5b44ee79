//! How long functions are, in each package and in all.

use std::collections::BTreeMap;

use anyhow::Result;

use super::source::Function;
use super::tree::Tree;
use super::{Finding, Verdict};

const MEDIAN: usize = 8;
const NINETIETH_PERCENTILE: usize = 25;
const LONGEST: usize = 70;

pub(super) fn check(tree: &Tree) -> Result<Verdict> {
    let mut findings = too_long(tree);
    let mut packages: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for source in &tree.sources {
        let package = tree.package_of(&source.path).map_or("", |package| &package.name);
        let lengths = source.functions.iter().filter(|function| !function.in_tests);
        packages.entry(package).or_default().extend(lengths.map(|function| function.length));
    }
    let all: Vec<_> = packages.values().flatten().copied().collect();
    for (package, lengths) in packages {
        findings.extend(Spread::of(lengths).complaint(package));
    }
    let spread = Spread::of(all);
    findings.extend(spread.complaint("the whole workspace"));
    Ok(Verdict { findings, note: spread.note() })
}

fn too_long(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &tree.sources {
        for Function { name, line, length, .. } in &source.functions {
            if *length > LONGEST {
                let what = format!("{name} has {length} lines, {LONGEST} are the most");
                findings.push(Finding::at_line(&source.path, *line, what));
            }
        }
    }
    findings
}

/// How the lengths of functions are spread.
struct Spread {
    count: usize,
    median: usize,
    ninetieth: usize,
    longest: usize,
}

impl Spread {
    fn of(mut lengths: Vec<usize>) -> Self {
        lengths.sort_unstable();
        let rank = |percent: usize| {
            let place = (lengths.len() * percent).div_ceil(100).saturating_sub(1);
            lengths.get(place).copied().unwrap_or(0)
        };
        Self { count: lengths.len(), median: rank(50), ninetieth: rank(90), longest: rank(100) }
    }

    fn complaint(&self, whose: &str) -> Option<Finding> {
        let Self { median, ninetieth, .. } = self;
        let fits = *median <= MEDIAN && *ninetieth <= NINETIETH_PERCENTILE;
        let what = format!(
            "functions have a median of {median} lines and a 90th percentile of {ninetieth}; \
             {MEDIAN} and {NINETIETH_PERCENTILE} are the most"
        );
        (!fits).then(|| Finding::new(whose, what))
    }

    fn note(&self) -> String {
        let Self { count, median, ninetieth, longest } = self;
        format!(" ({count}; median {median}, 90th percentile {ninetieth}, longest {longest})")
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Manifest;
    use super::super::source::Source;
    use super::*;

    fn function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines))
    }

    fn check_text(text: String) -> Vec<Finding> {
        let manifest = Manifest::read("crates/a/Cargo.toml".into(), "[package]\nname = \"a\"\n");
        let source = Source::read("crates/a/src/lib.rs".into(), text).unwrap();
        check(&Tree { sources: vec![source], manifests: vec![manifest] }).unwrap().findings
    }

    #[test]
    fn ranks_are_those_of_the_nearest_function() {
        let spread = Spread::of((1..=10).collect());
        assert_eq!((spread.median, spread.ninetieth, spread.longest), (5, 9, 10));
        assert_eq!(Spread::of(vec![]).median, 0);
    }

    #[test]
    fn short_functions_pass() {
        assert_eq!(check_text(function(8).repeat(9) + &function(70)), []);
    }

    #[test]
    fn one_function_above_seventy_lines_is_found() {
        let findings = check_text(function(8).repeat(9) + &function(71));
        assert_eq!(findings[0].place, "crates/a/src/lib.rs:91");
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn many_functions_of_nine_lines_are_found() {
        let findings = check_text(function(9).repeat(3));
        assert_eq!(
            findings.iter().map(|f| f.place.as_str()).collect::<Vec<_>>(),
            ["a", "the whole workspace"]
        );
    }
}
