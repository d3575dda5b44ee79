//! A session in a dedicated Worker.

use e2e::browser::Engine;
use e2e::page::{Page, Place};
use e2e::proxy::Proxy;
use e2e::server::Server;
use e2e::wait::PATIENCE;
use e2e_page::request::{Options, Pour};
use e2e_page::tally::Runs;

#[tokio::test]
async fn a_session_in_a_worker_goes_on_after_resets() -> anyhow::Result<()> {
    a_worker_is_reset(Engine::Chromium).await
}

#[tokio::test]
async fn a_session_in_a_worker_goes_on_after_resets_in_firefox() -> anyhow::Result<()> {
    a_worker_is_reset(Engine::Firefox).await
}

async fn a_worker_is_reset(engine: Engine) -> anyhow::Result<()> {
    const POUR: Pour = Pour { count: 1_000, batch: 5, every_ms: 10 };
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Worker).await?);
    let proxy = Proxy::start(server.port()).await?;
    let line = page.open(&proxy.ws("/session/echo"), Options::session()).await?;
    line.pour(POUR).await?;

    for part in 1..=3 {
        let some = part * POUR.count / 4;
        line.adds_up("some echoes", PATIENCE, |it| it.heard.count() >= some).await?;
        proxy.cut();
    }

    let tally = line.adds_up("all", PATIENCE, |it| it.heard.last() == Some(POUR.count)).await?;
    assert_eq!(tally.heard, Runs::of(1, POUR.count));
    assert_eq!((tally.losses.len(), tally.unknown.count()), (3, 0));
    Ok(())
}
