//! A page that opens and loses lines all day holds no more in the evening than in the morning.

use std::time::Duration;

use anyhow::Context;
use e2e::bad_peer::{BadPeer, Manner};
use e2e::page::{Page, Place};
use e2e::scales::Held;
use e2e::server::Server;
use e2e::wait::until;
use e2e_page::request::{Cycle, Options, Request};

/// So many cycles come before what is held at the end is compared with.
const WARM: u64 = 100;
const ALL: u64 = 1_000;
/// A thousand take some seconds.
const PATIENCE: Duration = Duration::from_secs(120);
/// A socket has said goodbye long before.
const GOODBYE: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_thousand_lines_opened_and_closed_leave_nothing_behind() -> anyhow::Result<()> {
    let server = Server::start().await?;
    nothing_is_left_of(&server.ws("/echo"), Options::default(), Cycle::OpenAndClose).await
}

#[tokio::test]
async fn a_thousand_sessions_begun_and_ended_leave_nothing_behind() -> anyhow::Result<()> {
    let server = Server::start().await?;
    nothing_is_left_of(&server.ws("/session/echo"), Options::session(), Cycle::OpenAndClose).await
}

#[tokio::test]
async fn a_thousand_losses_and_reconnections_leave_nothing_behind() -> anyhow::Result<()> {
    let peer = BadPeer::start(Manner::SaysAWordAndGoes).await?;
    let options = Options { marks: Some("a line".to_owned()), ..Options::default() };
    nothing_is_left_of(&peer.ws(), options, Cycle::Lose).await?;
    assert!(peer.accepted() as u64 >= ALL);
    Ok(())
}

async fn nothing_is_left_of(url: &str, options: Options, cycle: Cycle) -> anyhow::Result<()> {
    let page = Page::start(Place::Window).await?;
    page.count_timers().await?;
    go_round(&page, url, &options, cycle, WARM).await?;
    let before = page.held().await?;

    go_round(&page, url, &options, cycle, ALL - WARM).await?;

    let after = page.held().await?;
    println!("after {WARM} cycles {before:?}\nafter {ALL} cycles {after:?}");
    let most = before.memory_bytes + before.memory_bytes / 20;
    assert!(after.memory_bytes <= most, "{before:?} became {after:?}");
    let memory_bytes = before.memory_bytes;
    assert_eq!(Held { memory_bytes, ..after }, before);
    Ok(())
}

/// Runs the cycles, and waits until they are done and their last line is gone.
async fn go_round(
    page: &Page,
    url: &str,
    options: &Options,
    cycle: Cycle,
    count: u64,
) -> anyhow::Result<()> {
    let done = page.weigh().await?.cycles + count;
    let (url, options) = (url.to_owned(), Box::new(options.clone()));
    page.ask::<()>(&Request::Cycle { url, options, cycle, count }).await??;
    until("the cycles to be done", PATIENCE, async || {
        Ok((page.weigh().await?.cycles >= done).then_some(()))
    })
    .await?;
    let gone = until("the last socket to be gone", GOODBYE, async || {
        Ok((page.held().await?.sockets == 0).then_some(()))
    })
    .await;
    let held = page.held().await?;
    gone.with_context(|| format!("the page holds {held:?}"))
}
