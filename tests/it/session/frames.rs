//! What leaves together.

use e2e::browser::Engine;
use e2e::page::{Page, Place};
use e2e::relay::Relay;
use e2e::server::Server;
use e2e::wait::PATIENCE;
use e2e_page::request::{Options, Pour};
use e2e_page::tally::Runs;

#[tokio::test]
async fn sends_of_one_turn_leave_in_one_frame() -> anyhow::Result<()> {
    sends_leave_together(Engine::Chromium).await
}

#[tokio::test]
async fn sends_of_one_turn_leave_in_one_frame_in_firefox() -> anyhow::Result<()> {
    sends_leave_together(Engine::Firefox).await
}

async fn sends_leave_together(engine: Engine) -> anyhow::Result<()> {
    const TURNS: usize = 5;
    const POUR: Pour = Pour { count: 64 * TURNS as u64, batch: 64, every_ms: 100 };
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let relay = Relay::start(server.ws("/session/echo"), Some("keepline.v1")).await?;
    let line = page.open(&relay.ws(), Options::session()).await?;
    line.is_online(1).await?;
    let before = relay.sizes().len();

    line.pour(POUR).await?;
    line.adds_up("the echoes", PATIENCE, |tally| tally.heard == Runs::of(1, POUR.count)).await?;

    let sizes = relay.sizes().split_off(before);
    println!("{engine:?}: frames of {sizes:?} bytes");
    // What else a client says is smaller than a frame of 64 messages by far.
    assert_eq!(sizes.iter().filter(|size| **size > 64 * 5).count(), TURNS, "{sizes:?}");
    assert!(sizes.iter().all(|size| !(32..=64 * 5).contains(size)), "{sizes:?}");
    Ok(())
}
