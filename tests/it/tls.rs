//! A page of the secure web.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::page::{Line, Page, Place, statuses};
use e2e::server::Server;
use e2e::tls::Tls;
use e2e::wait::{PATIENCE, until};
use e2e_page::report::{End, Status};
use e2e_page::request::{Options, Pour};
use e2e_page::tally::Runs;

/// The browser itself says that it opens no such line.
const SOON: Duration = Duration::from_secs(2);

in_each_engine!(a_secure_page_keeps_a_session_over_tls);

async fn a_secure_page_keeps_a_session_over_tls(engine: Engine) -> anyhow::Result<()> {
    const POUR: Pour = Pour { count: 200, batch: 20, every_ms: 5 };
    let mut server = Server::start().await?;
    let page = Page::start_over_tls(engine, Place::Window).await?;
    let tls = Tls::before(server.port()).await?;
    let line = page.open(&tls.wss("/session/echo"), Options::session()).await?;
    line.is_online(1).await?;
    line.pour(POUR).await?;
    line.adds_up("the echoes", PATIENCE, |tally| tally.heard == Runs::of(1, POUR.count)).await?;

    server.kill()?;
    server.start_again().await?;
    line.is_online(2).await?;
    line.say("and on").await?;
    line.hears_text("and on").await
}

in_each_engine!(a_secure_page_opens_no_insecure_line);

async fn a_secure_page_opens_no_insecure_line(engine: Engine) -> anyhow::Result<()> {
    // A Worker of WebKit tells of it as of any failure: see the story after this one.
    let places = if engine == Engine::WebKit { 1 } else { 3 };
    for place in [Place::Window, Place::Worker, Place::BlobWorker].into_iter().take(places) {
        let page = Page::start_over_tls(engine, place).await?;
        for diagnosis in [false, true] {
            let options = Options { diagnosis, ..Options::default() };
            // The name is never looked up.
            let line = page.open("ws://elsewhere.test/echo", options).await?;
            ends_as_refused(&line).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_secure_worker_of_webkit_learns_from_the_diagnosis_why_it_cannot_connect()
-> anyhow::Result<()> {
    for place in [Place::Worker, Place::BlobWorker] {
        let page = Page::start_over_tls(Engine::WebKit, place).await?;
        let options = Options { diagnosis: true, ..Options::default() };
        let line = page.open("ws://elsewhere.test/echo", options).await?;
        let end = end_of(&line).await?;
        assert!(matches!(&end, End::Diagnosed(why) if why.contains("insecure socket")), "{end:?}");
    }
    Ok(())
}

in_each_engine!(a_secure_page_talks_to_its_own_machine_where_the_browser_lets_it);

async fn a_secure_page_talks_to_its_own_machine_where_the_browser_lets_it(
    engine: Engine,
) -> anyhow::Result<()> {
    let server = Server::start().await?;
    let page = Page::start_over_tls(engine, Place::Window).await?;
    let line = page.open(&server.ws("/echo"), Options::default()).await?;
    if engine == Engine::WebKit {
        return ends_as_refused(&line).await;
    }
    line.say("hello").await?;
    line.hears_text("hello").await
}

async fn ends_as_refused(line: &Line<'_>) -> anyhow::Result<()> {
    let end = end_of(line).await?;
    assert!(matches!(end, End::Refused(_)), "{end:?}");
    Ok(())
}

async fn end_of(line: &Line<'_>) -> anyhow::Result<End> {
    let ended = until("the end", SOON, async || {
        let log = line.log().await?;
        Ok(statuses(&log).find_map(|status| match status {
            Status::Ended(end) => Some(end.clone()),
            _ => None,
        }))
    });
    match ended.await {
        Ok(end) => Ok(end),
        Err(error) => Err(error.context(format!("{:#?}", line.log().await?))),
    }
}
