//! The page of `tests/bench` in a browser.

use e2e::browser::{Browser, Engine};
use e2e::site::StaticSite;
use e2e::wait::{PATIENCE, until};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A page with the clients to measure.
pub(crate) struct Page {
    browser: Browser,
    _site: StaticSite,
}

impl Page {
    pub(crate) async fn start(engine: Engine) -> anyhow::Result<Self> {
        let site = StaticSite::of_benchmarks().await?;
        let browser = Browser::start_of(engine).await?;
        browser.driver().goto(site.http("/index.html")).await?;
        let page = Self { browser, _site: site };
        until("the page to load", PATIENCE, async || {
            let loaded: bool = page.run("return 'turn' in globalThis", vec![]).await?;
            Ok(loaded.then_some(()))
        })
        .await?;
        Ok(page)
    }

    /// Runs `script`, and waits for the promise that it may return.
    pub(crate) async fn run<T: DeserializeOwned>(
        &self,
        script: &str,
        arguments: Vec<Value>,
    ) -> anyhow::Result<T> {
        self.browser.run(script, arguments).await
    }
}
