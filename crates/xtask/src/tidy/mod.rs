//! `cargo xtask tidy`: the rules of the house, and what breaks them.

mod absences;
mod arrows;
mod compiler;
mod files;
mod functions;
mod manifest;
mod source;
mod tree;
mod versions;

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use self::tree::Tree;
use crate::clock::{Spoken, Stopwatch};
use crate::project::Project;
use crate::setup;

/// What a rule found.
#[derive(Debug, Default)]
struct Verdict {
    findings: Vec<Finding>,
    /// What was measured, for people to read.
    note: String,
}

/// One place where a rule is broken.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// A path from the root, with a line where there is one.
    place: String,
    what: String,
}

/// How many rules hold, and how many do not.
pub(crate) struct Outcome {
    pub(crate) held: usize,
    pub(crate) broken: usize,
    pub(crate) took: Duration,
}

/// A rule that reads the sources.
type Rule = fn(&Tree) -> Result<Verdict>;

const RULES: [(&str, Rule); 6] = [
    ("files open with a sentence and end in time", files::check),
    ("functions are short", functions::check),
    ("dependencies point one way", arrows::check),
    ("versions are pinned in one place", versions::check),
    ("the core has no std", absences::std_in_core),
    ("the SDK leaks no closure and needs no window", absences::page_only_words_in_sdk),
];

pub(crate) fn run(project: &Project) -> Result<ExitCode> {
    setup::for_tidy(project)?;
    let Outcome { held, broken, took } = check(project)?;
    say!("\ntidy: {held} rules hold, {broken} are broken, {}", Spoken(took));
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks every rule and prints what it finds.
pub(crate) fn check(project: &Project) -> Result<Outcome> {
    let watch = Stopwatch::start();
    let tree = Tree::read(&project.root)?;
    let mut held = Vec::new();
    for (name, rule) in RULES {
        held.push(announce(name, &rule(&tree)?));
    }
    held.extend(compiler::check(project)?);
    let broken = held.iter().filter(|held| !**held).count();
    Ok(Outcome { held: held.len() - broken, broken, took: watch.elapsed() })
}

/// Says whether the rule holds, and returns it.
fn announce(name: &str, verdict: &Verdict) -> bool {
    let Verdict { findings, note } = verdict;
    let held = findings.is_empty();
    say!("▸ {name}: {}{note}", if held { "ok" } else { "BROKEN" });
    for finding in findings {
        say!("    {finding}");
    }
    held
}

impl Finding {
    fn new(place: impl fmt::Display, what: impl Into<String>) -> Self {
        Self { place: place.to_string(), what: what.into() }
    }

    fn at_line(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self::new(format_args!("{path}:{line}"), what)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl From<Vec<Finding>> for Verdict {
    fn from(findings: Vec<Finding>) -> Self {
        Self { findings, note: String::new() }
    }
}
