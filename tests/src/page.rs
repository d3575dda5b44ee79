//! The page of `tests/page` in a browser, and the lines that a test opens in it.

mod windows;

use std::time::Duration;

use anyhow::Context;
use axum::http::HeaderValue;
use e2e_page::report::{Entry, Failure, Status};
use e2e_page::request::{LineId, Options, Payload, Pour, Request, Upload};
use e2e_page::tally::Tally;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::browser::{Browser, Engine};
use crate::site::StaticSite;
use crate::tls::Tls;
use crate::wait::{PATIENCE, until};

/// Where the SDK runs.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// In the window of the page.
    Window,
    /// In a dedicated Worker that the page starts.
    Worker,
    /// In a dedicated Worker whose script is a Blob: it has no address of the site.
    BlobWorker,
    /// In a Worker that all pages of the site share.
    SharedWorker,
}

impl Place {
    fn path(self) -> &'static str {
        match self {
            Self::Window => "/index.html",
            Self::Worker => "/index.html?worker",
            Self::BlobWorker => "/index.html?blob",
            Self::SharedWorker => "/index.html?shared",
        }
    }
}

/// A page that runs the SDK, in a browser and from a site of its own.
#[derive(Debug)]
pub struct Page {
    browser: Browser,
    site: StaticSite,
    /// Before the site, if it is a page of the secure web.
    tls: Option<Tls>,
    place: Place,
}

impl Page {
    /// Opens the page in a new Chromium.
    ///
    /// # Errors
    ///
    /// When the browser does not start, or the page does not load.
    pub async fn start(place: Place) -> anyhow::Result<Self> {
        Self::start_in(Engine::Chromium, place).await
    }

    /// Opens the page in a new browser of this engine.
    ///
    /// # Errors
    ///
    /// When the browser does not start, or the page does not load.
    pub async fn start_in(engine: Engine, place: Place) -> anyhow::Result<Self> {
        Self::load(engine, place, None).await
    }

    /// Opens the page in a new Chromium under a Content-Security-Policy.
    ///
    /// # Errors
    ///
    /// When the browser does not start, or the page does not load.
    pub async fn start_under(policy: &'static str) -> anyhow::Result<Self> {
        let policy = HeaderValue::from_static(policy);
        Self::load(Engine::Chromium, Place::Window, Some(policy)).await
    }

    async fn load(
        engine: Engine,
        place: Place,
        policy: Option<HeaderValue>,
    ) -> anyhow::Result<Self> {
        Self::load_in(Browser::start_of(engine).await?, place, policy).await
    }

    /// Opens the page in a browser that does nothing else.
    ///
    /// # Errors
    ///
    /// When the page does not load.
    pub async fn in_browser(browser: Browser, place: Place) -> anyhow::Result<Self> {
        Self::load_in(browser, place, None).await
    }

    async fn load_in(
        browser: Browser,
        place: Place,
        policy: Option<HeaderValue>,
    ) -> anyhow::Result<Self> {
        let site = StaticSite::start(policy).await?;
        let page = Self { browser, site, tls: None, place };
        page.visit().await?;
        Ok(page)
    }

    /// Opens the page over TLS in a new browser of this engine.
    ///
    /// # Errors
    ///
    /// When the browser does not start, or the page does not load.
    pub async fn start_over_tls(engine: Engine, place: Place) -> anyhow::Result<Self> {
        let browser = Browser::start_credulous(engine).await?;
        let site = StaticSite::start(None).await?;
        let tls = Some(Tls::before(site.port()).await?);
        let page = Self { browser, site, tls, place };
        page.visit().await?;
        Ok(page)
    }

    /// Loads the page in the present window.
    async fn visit(&self) -> anyhow::Result<()> {
        let path = self.place.path();
        let address = self.tls.as_ref().map_or_else(|| self.site.http(path), |it| it.https(path));
        self.browser.driver().goto(address).await?;
        until("the page to load", PATIENCE, async || {
            let loaded: bool = self.browser.run("return 'ask' in globalThis", vec![]).await?;
            Ok(loaded.then_some(()))
        })
        .await
        .context(self.browser.console().await?)
    }

    /// The address of another page of the same site.
    #[must_use]
    pub fn elsewhere(&self) -> String {
        self.site.http("/worker.js")
    }

    /// Opens a line that the SDK accepts to open.
    ///
    /// # Errors
    ///
    /// When the SDK refuses.
    pub async fn open(&self, url: &str, options: Options) -> anyhow::Result<Line<'_>> {
        Ok(self.try_open(url, options).await??)
    }

    /// Opens a line, or gives the SDK's reason to refuse it.
    ///
    /// # Errors
    ///
    /// When the page does not answer.
    pub async fn try_open(
        &self,
        url: &str,
        options: Options,
    ) -> anyhow::Result<Result<Line<'_>, Failure>> {
        let request = Request::Open { url: url.to_owned(), options: Box::new(options) };
        let opened = self.ask::<LineId>(&request).await?;
        Ok(opened.map(|id| Line { page: self, id }))
    }

    /// Opens the page in a new browser of this engine, under a Content-Security-Policy.
    ///
    /// # Errors
    ///
    /// When the browser does not start, or the page does not load.
    pub async fn start_in_under(engine: Engine, policy: &'static str) -> anyhow::Result<Self> {
        Self::load(engine, Place::Window, Some(HeaderValue::from_static(policy))).await
    }

    /// Runs `script` in the page, waits for the promise it may return, and reads its answer.
    ///
    /// # Errors
    ///
    /// When it throws, or answers something else.
    pub async fn run<T: DeserializeOwned>(
        &self,
        script: &str,
        arguments: Vec<Value>,
    ) -> anyhow::Result<T> {
        self.browser.run(script, arguments).await
    }

    /// Errors and rejections that nobody in the page took care of, and every word that the page
    /// itself put on the console.
    ///
    /// # Errors
    ///
    /// When the page does not answer.
    pub async fn complaints(&self) -> anyhow::Result<Vec<String>> {
        self.run("return complaints", vec![]).await
    }

    /// The browser that it is in.
    #[must_use]
    pub fn browser(&self) -> &Browser {
        &self.browser
    }

    /// Asks the page, which answers as the request says.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> anyhow::Result<Result<T, Failure>> {
        let request = Value::String(serde_json::to_string(request)?);
        let answer: String = self.browser.run("return ask(arguments[0])", vec![request]).await?;
        Ok(serde_json::from_str(&answer)?)
    }
}

/// A line of the page under test.
#[derive(Debug)]
pub struct Line<'page> {
    page: &'page Page,
    id: LineId,
}

impl Line<'_> {
    /// Sends a message, and returns its id.
    ///
    /// # Errors
    ///
    /// When the SDK refuses.
    pub async fn send(&self, payload: Payload) -> anyhow::Result<u64> {
        Ok(self.try_send(payload).await??)
    }

    /// Sends a text, and returns its id.
    ///
    /// # Errors
    ///
    /// When the SDK refuses.
    pub async fn say(&self, text: &str) -> anyhow::Result<u64> {
        self.send(Payload::Text(text.to_owned())).await
    }

    /// Sends a message, or gives the SDK's reason to refuse it.
    ///
    /// # Errors
    ///
    /// When the page does not answer.
    pub async fn try_send(&self, payload: Payload) -> anyhow::Result<Result<u64, Failure>> {
        self.page.ask(&Request::Send { line: self.id, payload }).await
    }

    /// Starts to send many messages; [`Line::tally`] tells how far that is.
    ///
    /// # Errors
    ///
    /// When the page does not answer.
    pub async fn pour(&self, pour: Pour) -> anyhow::Result<()> {
        Ok(self.page.ask(&Request::Pour { line: self.id, pour }).await??)
    }

    /// Hands in new credentials.
    ///
    /// # Errors
    ///
    /// When the SDK refuses.
    pub async fn renew(&self, credentials: &str) -> anyhow::Result<()> {
        let credentials = credentials.to_owned();
        Ok(self.page.ask(&Request::Renew { line: self.id, credentials }).await??)
    }

    /// Starts to send large messages; [`Line::tally`] tells how far that is.
    ///
    /// # Errors
    ///
    /// When the page does not answer.
    pub async fn upload(&self, upload: Upload) -> anyhow::Result<()> {
        Ok(self.page.ask(&Request::Upload { line: self.id, upload }).await??)
    }

    /// What all that the line has reported adds up to.
    ///
    /// # Errors
    ///
    /// When the page does not answer.
    pub async fn tally(&self) -> anyhow::Result<Tally> {
        Ok(self.page.ask(&Request::Tally { line: self.id }).await??)
    }

    /// Waits until the line's tally is as `wanted`, and returns it.
    ///
    /// # Errors
    ///
    /// When that takes too long; the error holds the tally and the statuses.
    pub async fn adds_up(
        &self,
        what: &str,
        within: Duration,
        wanted: impl Fn(&Tally) -> bool,
    ) -> anyhow::Result<Tally> {
        let found = until(what, within, async || {
            let tally = self.tally().await?;
            Ok(wanted(&tally).then_some(tally))
        })
        .await;
        match found {
            Ok(tally) => Ok(tally),
            Err(error) => {
                let (tally, statuses) = (self.tally().await?, self.statuses().await?);
                Err(error.context(format!("the tally: {tally:#?}\nthe statuses: {statuses:#?}")))
            }
        }
    }

    /// Closes the line.
    ///
    /// # Errors
    ///
    /// When the SDK refuses.
    pub async fn close(&self, code: u16, reason: &str) -> anyhow::Result<()> {
        let request = Request::Close { line: self.id, code, reason: reason.to_owned() };
        Ok(self.page.ask(&request).await??)
    }

    /// Closes the line once all is taken.
    ///
    /// # Errors
    ///
    /// When the page does not answer.
    pub async fn finish(&self) -> anyhow::Result<()> {
        Ok(self.page.ask(&Request::Finish { line: self.id }).await??)
    }

    /// Drops the line's socket.
    ///
    /// # Errors
    ///
    /// When the page does not answer.
    pub async fn drop_socket(&self) -> anyhow::Result<()> {
        Ok(self.page.ask(&Request::Drop { line: self.id }).await??)
    }

    /// All that the SDK knows of the line.
    ///
    /// # Errors
    ///
    /// When the page does not answer.
    pub async fn export(&self) -> anyhow::Result<Value> {
        let json: String = self.page.ask(&Request::Export { line: self.id }).await??;
        Ok(serde_json::from_str(&json)?)
    }

    /// Everything the line has reported, in order.
    ///
    /// # Errors
    ///
    /// When the page does not answer.
    pub async fn log(&self) -> anyhow::Result<Vec<Entry>> {
        Ok(self.page.ask(&Request::Log { line: self.id }).await??)
    }

    /// The statuses that the line went through, in order.
    ///
    /// # Errors
    ///
    /// When the page does not answer.
    pub async fn statuses(&self) -> anyhow::Result<Vec<Status>> {
        Ok(statuses(&self.log().await?).cloned().collect())
    }

    /// Waits until the line's log shows `what`, which is what `look` finds in it.
    ///
    /// # Errors
    ///
    /// When that takes too long; the error holds the log and the console.
    pub async fn shows<T>(
        &self,
        what: &str,
        look: impl Fn(&[Entry]) -> Option<T>,
    ) -> anyhow::Result<T> {
        let found = until(what, PATIENCE, async || Ok(look(&self.log().await?))).await;
        match found {
            Ok(found) => Ok(found),
            Err(error) => {
                let log = self.log().await?;
                let console = self.page.browser.console().await?;
                Err(error.context(format!("the line's log: {log:#?}\nthe console:\n{console}")))
            }
        }
    }

    /// Waits until the line has heard this message.
    ///
    /// # Errors
    ///
    /// When that takes too long.
    pub async fn hears(&self, payload: Payload) -> anyhow::Result<()> {
        let heard = Entry::Message(payload);
        self.shows(&format!("{heard:?}"), |log| log.contains(&heard).then_some(())).await
    }

    /// Waits until the line has heard this text.
    ///
    /// # Errors
    ///
    /// When that takes too long.
    pub async fn hears_text(&self, text: &str) -> anyhow::Result<()> {
        self.hears(Payload::Text(text.to_owned())).await
    }

    /// Waits until the line has come online `times` times.
    ///
    /// # Errors
    ///
    /// When that takes too long.
    pub async fn is_online(&self, times: usize) -> anyhow::Result<()> {
        let online = |status: &&Status| matches!(status, Status::Online { .. });
        self.shows(&format!("the line to be online {times} times"), |log| {
            (statuses(log).filter(online).count() >= times).then_some(())
        })
        .await
    }
}

/// The statuses in a log, in order.
pub fn statuses(log: &[Entry]) -> impl Iterator<Item = &Status> {
    log.iter().filter_map(Entry::status)
}
