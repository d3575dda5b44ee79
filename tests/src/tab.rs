//! A tab of a browser, as somebody who looks and types uses it.

use anyhow::{Context, bail};
use serde_json::{Value, json};
use thirtyfour::{By, Key, WebElement, WindowHandle};

use crate::browser::Browser;
use crate::wait::{PATIENCE, until};

/// The texts of all elements of a selector, without what is there for the eye only.
const TEXTS: &str = "return [...document.querySelectorAll(arguments[0])].map(found => {
    const heard = found.cloneNode(true);
    heard.querySelectorAll('[aria-hidden=true]').forEach(seen => seen.remove());
    return heard.textContent;
})";

/// A tab; elements are named by CSS selectors. Every act brings the tab to the front first.
#[derive(Debug)]
pub struct Tab<'browser> {
    browser: &'browser Browser,
    window: WindowHandle,
}

impl<'browser> Tab<'browser> {
    /// Opens `url` in a new tab.
    ///
    /// # Errors
    ///
    /// When the browser cannot load it.
    pub async fn open(browser: &'browser Browser, url: &str) -> anyhow::Result<Self> {
        let driver = browser.driver();
        let window = driver.new_tab().await?;
        driver.switch_to_window(window.clone()).await?;
        driver.goto(url).await?;
        Ok(Self { browser, window })
    }

    /// The tab that the browser shows now.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub async fn present(browser: &'browser Browser) -> anyhow::Result<Self> {
        Ok(Self { browser, window: browser.driver().window().await? })
    }

    /// Waits until the first element of `selector` reads exactly `words`.
    ///
    /// # Errors
    ///
    /// When it does not in time; the error holds what the page shows.
    pub async fn reads(&self, selector: &str, words: &str) -> anyhow::Result<()> {
        self.shows(&format!("{selector} to read {words:?}"), selector, |texts| {
            texts.first().is_some_and(|text| text == words)
        })
        .await
        .map(|_| ())
    }

    /// Waits until the texts of the elements of `selector` are as `wanted`, and returns them.
    ///
    /// # Errors
    ///
    /// When they are not in time; the error names `what`, and holds what the page shows.
    pub async fn shows(
        &self,
        what: &str,
        selector: &str,
        wanted: impl Fn(&[String]) -> bool,
    ) -> anyhow::Result<Vec<String>> {
        self.front().await?;
        let shown = until(what, PATIENCE, async || {
            let texts = self.texts(selector).await?;
            Ok(wanted(&texts).then_some(texts))
        })
        .await;
        match shown {
            Ok(texts) => Ok(texts),
            Err(error) => {
                let page: String = self.run("return document.body.innerText", vec![]).await?;
                let console = self.browser.console().await?;
                Err(error.context(format!("the page shows:\n{page}\nthe console:\n{console}")))
            }
        }
    }

    /// How many elements `selector` has now.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub async fn count(&self, selector: &str) -> anyhow::Result<usize> {
        self.front().await?;
        Ok(self.texts(selector).await?.len())
    }

    /// Writes `text` into a field, in place of what is there.
    ///
    /// # Errors
    ///
    /// When there is no such field.
    pub async fn fill(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        let field = self.element(selector).await?;
        field.send_keys(Key::Control + "a").await?;
        Ok(field.send_keys(text).await?)
    }

    /// Clicks an element.
    ///
    /// # Errors
    ///
    /// When there is no such element, or something covers it.
    pub async fn click(&self, selector: &str) -> anyhow::Result<()> {
        Ok(self.element(selector).await?.click().await?)
    }

    /// Presses keys, wherever the focus is.
    ///
    /// # Errors
    ///
    /// When the browser refuses.
    pub async fn press(&self, keys: &str) -> anyhow::Result<()> {
        self.front().await?;
        Ok(self.browser.driver().action_chain().send_keys(keys).perform().await?)
    }

    /// Presses Tab until the element `id` has the focus.
    ///
    /// # Errors
    ///
    /// When that element cannot be reached.
    pub async fn tab_to(&self, id: &str) -> anyhow::Result<()> {
        const MOST_STOPS: usize = 30;
        let mut stops = Vec::new();
        for _ in 0..MOST_STOPS {
            self.press(&Key::Tab.value().to_string()).await?;
            let stop: String = self.run("return document.activeElement.id", vec![]).await?;
            if stop == id {
                return Ok(());
            }
            stops.push(stop);
        }
        bail!("{id} cannot be reached; Tab stops at {stops:?}")
    }

    /// Runs `script` in the page, and reads its answer.
    ///
    /// # Errors
    ///
    /// When it throws, or answers something else.
    pub async fn run<T: serde::de::DeserializeOwned>(
        &self,
        script: &str,
        arguments: Vec<Value>,
    ) -> anyhow::Result<T> {
        self.front().await?;
        self.browser.run(script, arguments).await
    }

    async fn element(&self, selector: &str) -> anyhow::Result<WebElement> {
        self.shows(&format!("{selector} to be there"), selector, |texts| !texts.is_empty()).await?;
        let found = self.browser.driver().find(By::Css(selector)).await;
        found.with_context(|| format!("{selector} is gone again"))
    }

    async fn texts(&self, selector: &str) -> anyhow::Result<Vec<String>> {
        self.browser.run(TEXTS, vec![json!(selector)]).await
    }

    async fn front(&self) -> anyhow::Result<()> {
        Ok(self.browser.driver().switch_to_window(self.window.clone()).await?)
    }
}
