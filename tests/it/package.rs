//! The npm package as JavaScript uses it, without a bundler in between.

mod away;

use std::time::Duration;

use axum::http::HeaderValue;
use e2e::browser::{Browser, Engine};
use e2e::port::Port;
use e2e::proxy::Proxy;
use e2e::server::Server;
use e2e::site::StaticSite;
use e2e::tls::Tls;
use e2e::wait::{PATIENCE, until};
use serde_json::{Value, json};

/// A page that has loaded the package and its stories.
struct Stories {
    browser: Browser,
    site: StaticSite,
}

impl Stories {
    async fn open(engine: Engine) -> anyhow::Result<Self> {
        Self::open_on(engine, StaticSite::of_package().await?).await
    }

    async fn open_on(engine: Engine, site: StaticSite) -> anyhow::Result<Self> {
        let browser = Browser::start_of(engine).await?;
        browser.driver().goto(site.http("/package.html")).await?;
        Self::loaded(browser, site).await
    }

    /// As they are, in a page that was told to load them.
    async fn loaded(browser: Browser, site: StaticSite) -> anyhow::Result<Self> {
        let stories = Self { browser, site };
        until("the package to be loaded", PATIENCE, async || {
            let loaded = stories.run("return !!globalThis.stories", vec![]).await?;
            Ok((loaded == json!(true)).then_some(()))
        })
        .await?;
        Ok(stories)
    }

    async fn run(&self, script: &str, with: Vec<Value>) -> anyhow::Result<Value> {
        self.browser.run(script, with).await
    }

    /// Tells this story of `package.js`; it is an error if it goes wrong.
    async fn tell(&self, story: &str, with: Vec<Value>) -> anyhow::Result<Value> {
        self.run(&format!("return stories.{story}(...arguments)"), with).await
    }
}

async fn messages_come_back_in_order(engine: Engine) -> anyhow::Result<()> {
    let (server, stories) = (Server::start().await?, Stories::open(engine).await?);
    stories.tell("echo", vec![json!(server.ws("/echo")), json!(false)]).await?;
    stories.tell("echo", vec![json!(server.ws("/session/echo")), json!(true)]).await?;
    stories.tell("bytes", vec![json!(server.ws("/echo"))]).await?;
    stories.tell("bytes", vec![json!(server.http("/echo"))]).await?;
    Ok(())
}
in_chromium_and_firefox!(messages_come_back_in_order);

async fn bad_input_is_refused_by_name_and_the_line_stays_up(engine: Engine) -> anyhow::Result<()> {
    let (server, stories) = (Server::start().await?, Stories::open(engine).await?);
    let (plain, session) = (json!(server.ws("/echo")), json!(server.ws("/session/echo")));
    stories.tell("unsendable", vec![plain.clone(), json!(false)]).await?;
    stories.tell("unsendable", vec![session.clone(), json!(true)]).await?;
    stories.tell("options", vec![plain.clone()]).await?;
    stories.tell("throwing", vec![plain.clone()]).await?;
    stories.tell("asked", vec![plain.clone()]).await?;
    stories.tell("garbled", vec![json!(server.ws("/broadcast"))]).await?;
    stories.tell("abandoned", vec![plain, json!(false)]).await?;
    stories.tell("abandoned", vec![session, json!(true)]).await?;
    Ok(())
}
in_chromium_and_firefox!(bad_input_is_refused_by_name_and_the_line_stays_up);

async fn an_endpoint_function_is_asked_before_each_attempt(engine: Engine) -> anyhow::Result<()> {
    let (server, stories) = (Server::start().await?, Stories::open(engine).await?);
    stories.tell("endpoints", vec![json!(server.ws("/echo"))]).await?;
    Ok(())
}
in_chromium_and_firefox!(an_endpoint_function_is_asked_before_each_attempt);

async fn a_line_can_be_closed_at_any_time(engine: Engine) -> anyhow::Result<()> {
    let (server, stories) = (Server::start().await?, Stories::open(engine).await?);
    let (plain, session) = (json!(server.ws("/echo")), json!(server.ws("/session/echo")));
    stories.tell("closing", vec![plain, session]).await?;
    let verifying = Server::start_verifying().await?;
    stories.tell("refused", vec![json!(verifying.ws("/session/echo"))]).await?;
    Ok(())
}
in_chromium_and_firefox!(a_line_can_be_closed_at_any_time);

async fn what_waits_ends_by_its_terms(engine: Engine) -> anyhow::Result<()> {
    let (server, stories) = (Server::start().await?, Stories::open(engine).await?);
    let closed = Port::hold()?;
    stories.tell("nested", vec![json!(server.ws("/echo"))]).await?;
    stories.tell("full", vec![json!(server.ws("/echo"))]).await?;
    stories.tell("forgotten", vec![json!(closed.ws("/forgotten"))]).await?;
    stories.tell("terms", vec![json!(server.ws("/echo")), json!(closed.ws("/terms"))]).await?;
    Ok(())
}
in_chromium_and_firefox!(what_waits_ends_by_its_terms);

async fn a_session_loses_nothing_when_its_line_is_cut(engine: Engine) -> anyhow::Result<()> {
    let (server, stories) = (Server::start().await?, Stories::open(engine).await?);
    let proxy = Proxy::start(server.port()).await?;
    let cutting = async {
        let mut turns = tokio::time::interval(Duration::from_millis(300));
        loop {
            turns.tick().await;
            proxy.cut();
        }
    };
    tokio::select! {
        told = stories.tell("storm", vec![json!(proxy.ws("/session/echo"))]) => told.map(drop),
        () = cutting => Ok(()),
    }
}
in_chromium_and_firefox!(a_session_loses_nothing_when_its_line_is_cut);

/// Frozen, or in the back/forward cache, the page lets its line go, and loses nothing of it.
#[tokio::test]
async fn a_session_goes_on_when_the_page_does() -> anyhow::Result<()> {
    let (server, stories) = (Server::start().await?, Stories::open(Engine::Chromium).await?);
    let proxy = Proxy::start(server.port()).await?;
    let let_go = async || Ok((proxy.open() == 0).then_some(()));
    let taken_up = async || Ok((proxy.open() == 1).then_some(()));
    let driver = stories.browser.driver();

    stories.tell("pour", vec![json!(proxy.ws("/session/echo"))]).await?;
    let state = |state: &str| json!({ "state": state });
    driver.cdp().send_raw("Page.setWebLifecycleState", state("frozen")).await?;
    until("the frozen page to let go", PATIENCE, let_go).await?;
    driver.cdp().send_raw("Page.setWebLifecycleState", state("active")).await?;
    until("the page to go on", PATIENCE, taken_up).await?;
    stories.tell("poured", vec![json!(2)]).await?;

    stories.tell("pour", vec![json!(proxy.ws("/session/echo"))]).await?;
    driver.goto(stories.site.http("/worker.js")).await?;
    until("the page that was left to let go", PATIENCE, let_go).await?;
    driver.back().await?;
    until("the page to go on", PATIENCE, taken_up).await?;
    stories.tell("poured", vec![json!(2)]).await?;
    Ok(())
}

async fn a_policy_without_eval_lets_it_work(engine: Engine) -> anyhow::Result<()> {
    let server = Server::start().await?;
    let site = |script: &str| {
        let policy = format!("default-src 'self'; script-src 'self'{script}; connect-src *");
        let policy = HeaderValue::from_str(&policy);
        async { anyhow::Ok(StaticSite::of_package_under(Some(policy?)).await?) }
    };
    let allowed = Stories::open_on(engine, site(" 'wasm-unsafe-eval'").await?).await?;
    allowed.tell("echo", vec![json!(server.ws("/echo")), json!(false)]).await?;
    drop(allowed);
    let forbidden = Stories::open_on(engine, site("").await?).await?;
    let told = forbidden.tell("unsupported", vec![json!(server.ws("/echo"))]).await?;
    assert!(told.as_str().is_some_and(|told| told.contains("'wasm-unsafe-eval'")), "{told}");
    Ok(())
}
in_chromium_and_firefox!(a_policy_without_eval_lets_it_work);

async fn a_secure_page_opens_secure_lines_alone(engine: Engine) -> anyhow::Result<()> {
    let (server, site) = (Server::start().await?, StaticSite::of_package().await?);
    let (secure_site, secure) =
        (Tls::before(site.port()).await?, Tls::before(server.port()).await?);
    let browser = Browser::start_credulous(engine).await?;
    browser.driver().goto(secure_site.https("/package.html")).await?;
    let stories = Stories::loaded(browser, site).await?;
    stories.tell("echo", vec![json!(secure.wss("/session/echo")), json!(true)]).await?;
    // The name is never looked up.
    stories.tell("insecure", vec![json!("ws://elsewhere.test/echo")]).await?;
    Ok(())
}
in_each_engine!(a_secure_page_opens_secure_lines_alone);

#[tokio::test]
async fn without_webassembly_the_error_says_so() -> anyhow::Result<()> {
    let stories = Stories::open(Engine::Chromium).await?;
    stories.run("delete globalThis.WebAssembly", vec![]).await?;
    let told = stories.tell("unsupported", vec![json!("ws://127.0.0.1:8080/")]).await?;
    assert!(told.as_str().is_some_and(|told| told.contains("WebAssembly")), "{told}");
    Ok(())
}
