//! What is told of two runs: how much of what the browser's own class passes ours does too.

use std::collections::BTreeMap;

use e2e::browser::Engine;

use crate::exceptions::Exceptions;
use crate::run::{Outcome, Results};

/// The mark: so much of what the browser's own class passes, in percent.
const MARK: f64 = 99.0;

/// Two runs of the same tests in the same browser.
pub(crate) struct Account<'a> {
    pub(crate) engine: Engine,
    pub(crate) native: Results,
    pub(crate) ours: Option<Results>,
    pub(crate) exceptions: &'a Exceptions,
}

impl Account<'_> {
    /// Prints it, and says whether all is as it should be: the mark is reached, and only what is
    /// listed failed.
    pub(crate) fn print(&self) -> bool {
        let total: usize = self.native.values().map(BTreeMap::len).sum();
        let passed = passed(&self.native);
        println!("\n{:?}: {} pages, {total} tests", self.engine, self.native.len());
        println!("  native passes  {}", passed.len());
        let Some(ours) = &self.ours else {
            self.print_native_failures();
            return true;
        };
        let failed: Vec<_> = passed
            .iter()
            .filter_map(|&(page, test)| Some((page, test, failure(ours, page, test)?)))
            .collect();
        let kept = passed.len() - failed.len();
        let percent = 100.0 * kept as f64 / passed.len().max(1) as f64;
        println!("  ours passes    {kept} of those: {percent:.2} %");
        let mut unexpected = 0;
        for (page, test, why) in failed {
            let is_listed = self.exceptions.hold(page, test);
            unexpected += usize::from(!is_listed);
            let mark = if is_listed { "expected" } else { "FAILED" };
            println!("  {mark}  {page}\n    {test}\n    {why}");
        }
        percent >= MARK && unexpected == 0
    }

    fn print_native_failures(&self) {
        for (page, tests) in &self.native {
            for (test, outcome) in tests {
                if let Outcome::Failed(why) = outcome {
                    println!("  fails  {page}\n    {test}\n    {why}");
                }
            }
        }
    }
}

fn passed(results: &Results) -> Vec<(&str, &str)> {
    let tests = results.iter().flat_map(|(page, tests)| tests.iter().map(move |it| (page, it)));
    let passed = tests.filter(|(_, (_, outcome))| matches!(outcome, Outcome::Passed));
    passed.map(|(page, (test, _))| (page.as_str(), test.as_str())).collect()
}

/// Why it failed, if it did.
fn failure<'a>(results: &'a Results, page: &str, test: &str) -> Option<&'a str> {
    match results.get(page).and_then(|tests| tests.get(test)) {
        Some(Outcome::Passed) => None,
        Some(Outcome::Failed(why)) => Some(why),
        None => Some("it was not run"),
    }
}
