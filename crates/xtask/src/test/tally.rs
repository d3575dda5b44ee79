//! How many tests passed, failed and were skipped, read from what the test harnesses print.

use std::fmt;
use std::iter::Sum;
use std::time::Duration;

use crate::clock::Spoken;
use crate::step::Report;

/// The results of a whole run, step by step.
#[derive(Default)]
pub(super) struct Tally {
    steps: Vec<Line>,
}

/// One step of a run.
struct Line {
    name: String,
    took: Duration,
    counts: Counts,
    /// What failed beyond single tests.
    failure: Option<String>,
}

/// Passed, failed and skipped tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
}

impl Tally {
    /// Adds a step whose output was heard. A step that failed without a failed test, and one
    /// that ran no test at all or none of an integration test, counts as one failure.
    pub(super) fn count(&mut self, name: &str, report: &Report) {
        let mut counts: Counts = report.output.lines().filter_map(result_line).sum();
        let mut failure = report.failure.clone().or_else(|| empty_target(&report.output));
        if failure.is_none() && counts == Counts::default() {
            failure = Some("it ran no test".to_owned());
        }
        if failure.is_some() && counts.failed == 0 {
            counts.failed = 1;
        }
        self.steps.push(Line { name: name.to_owned(), took: report.took, counts, failure });
    }

    /// Adds a step that counts for itself.
    pub(super) fn add(&mut self, name: &str, took: Duration, passed: usize, failed: usize) {
        let counts = Counts { passed, failed, skipped: 0 };
        self.steps.push(Line { name: name.to_owned(), took, counts, failure: None });
    }

    /// Adds a step that could not be run.
    pub(super) fn fail(&mut self, name: &str, why: &str) {
        let counts = Counts { failed: 1, ..Counts::default() };
        let failure = Some(why.to_owned());
        self.steps.push(Line { name: name.to_owned(), took: Duration::ZERO, counts, failure });
    }

    pub(super) fn total(&self) -> Counts {
        self.steps.iter().map(|step| step.counts).sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:32} {:>7} {:>7} {:>7}  time", "step", "passed", "failed", "skipped")?;
        for Line { name, took, counts: Counts { passed, failed, skipped }, failure } in &self.steps
        {
            let took = Spoken(*took);
            writeln!(f, "{name:32} {passed:7} {failed:7} {skipped:7}  {took}")?;
            if let Some(why) = failure {
                writeln!(f, "  {why}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, skipped } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, next| Self {
            passed: sum.passed + next.passed,
            failed: sum.failed + next.failed,
            skipped: sum.skipped + next.skipped,
        })
    }
}

/// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; …`, which libtest, rustdoc and
/// wasm-bindgen-test-runner all print.
fn result_line(line: &str) -> Option<Counts> {
    let result = line.trim().strip_prefix("test result: ")?;
    let (_, counts) = result.split_once(". ")?;
    Some(Counts {
        passed: number_before(counts, " passed")?,
        failed: number_before(counts, " failed")?,
        skipped: number_before(counts, " ignored")?,
    })
}

/// Names an integration test in which wasm-bindgen-test-runner found no test. Unit tests and doc
/// tests are built even where a package has none.
fn empty_target(output: &str) -> Option<String> {
    let mut integration_test = None;
    for line in output.lines().map(str::trim) {
        if let Some(target) = line.strip_prefix("Running tests/") {
            integration_test = Some(target);
        } else if line.starts_with("Running unittests ") || line.starts_with("Doc-tests ") {
            integration_test = None;
        } else if let ("no tests to run!", Some(target)) = (line, integration_test) {
            return Some(format!("there is no test in tests/{target}"));
        }
    }
    None
}

fn number_before(counts: &str, word: &str) -> Option<usize> {
    counts
        .split(';')
        .find_map(|count| count.trim().strip_suffix(word.trim_start())?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NATIVE: &str = "
running 3 tests
test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.20s

   Doc-tests keepline
test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
";
    const WASM: &str = "
Running headless tests in Chrome on `http://127.0.0.1:40559/`
    test result: ok. 12 passed; 0 failed; 0 ignored; 0 filtered out; finished in 0.03s
";

    const NO_UNIT_TESTS_NO_DOC_TESTS: &str = "
     Running unittests src/lib.rs (target/wasm32-unknown-unknown/debug/deps/keepline-1.wasm)
no tests to run!
     Running tests/it/main.rs (target/wasm32-unknown-unknown/debug/deps/it-1.wasm)
Running headless tests in Chrome on `http://127.0.0.1:40559/`
    test result: ok. 12 passed; 0 failed; 0 ignored; 0 filtered out; finished in 0.03s
   Doc-tests keepline
no tests to run!
";
    const EMPTY_WORKER: &str = "
     Running tests/worker.rs (target/wasm32-unknown-unknown/debug/deps/worker-1.wasm)
no tests to run!
";

    fn tally(output: &str, failure: Option<&str>) -> Counts {
        let mut tally = Tally::default();
        let failure = failure.map(str::to_owned);
        let output = output.to_owned();
        tally.count("a step", &Report { took: Duration::ZERO, failure, output });
        tally.total()
    }

    #[test]
    fn unit_tests_and_doc_tests_are_added_up() {
        let counts = tally(NATIVE, Some("exit status: 101"));
        assert_eq!(counts, Counts { passed: 4, failed: 2, skipped: 1 });
    }

    #[test]
    fn tests_in_a_browser_count_too() {
        assert_eq!(tally(WASM, None), Counts { passed: 12, failed: 0, skipped: 0 });
    }

    #[test]
    fn a_step_that_fails_without_a_failed_test_is_a_failure() {
        let counts = tally(WASM, Some("not done within 20 min 0 s"));
        assert_eq!(counts, Counts { passed: 12, failed: 1, skipped: 0 });
    }

    #[test]
    fn a_step_that_ran_no_test_is_a_failure() {
        assert_eq!(tally("nothing to see", None).failed, 1);
    }

    #[test]
    fn an_integration_test_without_a_test_is_a_failure() {
        assert_eq!(tally(NO_UNIT_TESTS_NO_DOC_TESTS, None).failed, 0);
        let counts = tally(&[NO_UNIT_TESTS_NO_DOC_TESTS, EMPTY_WORKER].concat(), None);
        assert_eq!(counts, Counts { passed: 12, failed: 1, skipped: 0 });
    }

    #[test]
    fn a_test_that_prints_about_results_is_not_counted() {
        assert_eq!(result_line("the test result: ok. 3 passed; 0 failed; 0 ignored"), None);
        assert_eq!(result_line("test result: who knows"), None);
    }

    #[test]
    fn the_last_line_counts_passed_failed_and_skipped() {
        let counts = Counts { passed: 3, failed: 1, skipped: 2 };
        assert_eq!(counts.to_string(), "3 passed, 1 failed, 2 skipped");
    }
}
