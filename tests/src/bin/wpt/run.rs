//! Runs tests in a browser, one after the other.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::ensure;
use e2e::browser::{Browser, Engine};
use e2e::wait::until;
use serde::Deserialize;

use crate::checkout::Serving;

/// Longer than the suite's own long timeout would be for a test of this folder.
const PATIENCE: Duration = Duration::from_secs(40);

/// The names of the tests of each page, and whether they passed.
pub(crate) type Results = BTreeMap<String, BTreeMap<String, Outcome>>;

/// How a test went.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Passed,
    /// And why.
    Failed(String),
}

/// What a page keeps when its tests are done.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reported {
    is_native: bool,
    status: u32,
    message: Option<String>,
    tests: Vec<(String, u32, Option<String>)>,
}

/// Runs them all in a browser of their own.
pub(crate) async fn all(
    engine: Engine,
    serving: &Serving,
    tests: &[String],
) -> anyhow::Result<Results> {
    let browser = Browser::start_at_home(engine, &NAMES).await?;
    let home = browser.driver().window().await?;
    let mut results = Results::new();
    for (number, test) in tests.iter().enumerate() {
        if number % 50 == 0 {
            eprintln!("{engine:?}, {}: {number} of {} pages", serving.class(), tests.len());
        }
        let outcome = one(&browser, serving, test).await.unwrap_or_else(|error| failed(&error));
        results.insert(test.clone(), outcome);
        for window in browser.driver().windows().await? {
            if window != home {
                browser.driver().switch_to_window(window).await?;
                browser.driver().close_window().await?;
            }
        }
        browser.driver().switch_to_window(home.clone()).await?;
    }
    Ok(results)
}

/// The names of the suite's hosts.
const NAMES: [&str; 8] = [
    "web-platform.test",
    "www.web-platform.test",
    "www1.web-platform.test",
    "www2.web-platform.test",
    "not-web-platform.test",
    "www.not-web-platform.test",
    "www1.not-web-platform.test",
    "www2.not-web-platform.test",
];

async fn one(
    browser: &Browser,
    serving: &Serving,
    test: &str,
) -> anyhow::Result<BTreeMap<String, Outcome>> {
    browser.driver().goto(serving.page(test)).await?;
    let reported = until("the tests to be done", PATIENCE, async || {
        browser.run::<Option<Reported>>("return globalThis.reported ?? null", vec![]).await
    });
    let Reported { is_native, status, message, tests } = reported.await?;
    ensure!(is_native == serving.is_native(), "the page ran with the other class");
    let named = tests
        .into_iter()
        .map(|(name, status, message)| (serving.portless(&name), outcome(status, message)));
    let mut outcomes: BTreeMap<_, _> = named.collect();
    if status != 0 {
        let why = message.unwrap_or_else(|| format!("the harness says {status}"));
        outcomes.insert(HARNESS.to_owned(), Outcome::Failed(why));
    }
    Ok(outcomes)
}

/// What stands for the page as a whole.
const HARNESS: &str = "(the harness)";

fn outcome(status: u32, message: Option<String>) -> Outcome {
    match status {
        0 => Outcome::Passed,
        other => Outcome::Failed(message.unwrap_or_else(|| format!("status {other}"))),
    }
}

fn failed(error: &anyhow::Error) -> BTreeMap<String, Outcome> {
    BTreeMap::from([(HARNESS.to_owned(), Outcome::Failed(format!("{error:#}")))])
}
