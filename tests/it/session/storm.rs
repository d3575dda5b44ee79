//! Ten thousand messages each way through a storm.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::page::{Line, Page, Place};
use e2e::peer::Peer;
use e2e::proxy::{Mix, Proxy, Storm};
use e2e::server::Server;
use e2e_page::request::{Coding, Options, Pour, Session};
use e2e_page::tally::{Runs, Tally};
use tokio::time::Instant;

const MESSAGES: u64 = 10_000;
/// Some fifteen seconds of pouring, which the storm prolongs.
const POUR: Pour = Pour { count: MESSAGES, batch: 33, every_ms: 50 };
const PATIENCE: Duration = Duration::from_secs(90);

/// Without black holes, each of which takes up to 15 s to be noticed: they have a story of their
/// own.
const MIX: Mix = Mix { resets: 5, ends: 2, black_holes: 0, stalls: 1 };

fn options(coding: Coding) -> Options {
    // The storm cuts the line more often than the default pace of 20 a minute would ever mend it.
    let attempts_per_minute = Some(1_000);
    let session = Some(Session { coding, ..Session::default() });
    Options { attempts_per_minute, session, ..Options::default() }
}

#[tokio::test]
async fn echoes_come_once_and_in_order_through_a_storm() -> anyhow::Result<()> {
    echoes_survive(Engine::Chromium, Coding::Binary, 1).await
}

#[tokio::test]
async fn echoes_come_once_and_in_order_through_a_storm_in_firefox() -> anyhow::Result<()> {
    echoes_survive(Engine::Firefox, Coding::Binary, 2).await
}

#[tokio::test]
async fn echoes_come_once_and_in_order_in_json() -> anyhow::Result<()> {
    echoes_survive(Engine::Chromium, Coding::Json, 3).await
}

async fn echoes_survive(engine: Engine, coding: Coding, seed: u64) -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let proxy = Proxy::start(server.port()).await?;
    let line = page.open(&proxy.ws("/session/echo"), options(coding)).await?;
    line.is_online(1).await?;

    let tally = weather(&line, &proxy, seed, |tally| tally.heard.count() >= MESSAGES).await?;

    assert_eq!(tally.heard, Runs::of(1, MESSAGES));
    all_is_delivered(&tally);
    Ok(())
}

#[tokio::test]
async fn both_ways_at_once_through_a_storm_to_the_second_server() -> anyhow::Result<()> {
    both_ways_survive(Engine::Chromium, 4).await
}

#[tokio::test]
async fn both_ways_at_once_through_a_storm_to_the_second_server_in_firefox() -> anyhow::Result<()> {
    both_ways_survive(Engine::Firefox, 5).await
}

/// The second server pours as well, and looks at what comes to it.
async fn both_ways_survive(engine: Engine, seed: u64) -> anyhow::Result<()> {
    let page = Page::start_in(engine, Place::Window).await?;
    let peer = Peer::start_second_server().await?;
    let proxy = Proxy::start(peer.port()).await?;
    let address = proxy.ws(&format!("/session/both?to={MESSAGES}"));
    let line = page.open(&address, options(Coding::Json)).await?;

    let tally = weather(&line, &proxy, seed, |tally| tally.heard.count() >= MESSAGES).await?;

    assert_eq!(tally.heard, Runs::of(0, MESSAGES - 1));
    all_is_delivered(&tally);
    line.say("report").await?;
    let report = format!(r#"{{"taken": {MESSAGES}, "in_order": true, "doubled": 0}}"#);
    line.hears_text(&report).await
}

/// Pours through a storm until the tally is `done`, and prints what happened.
async fn weather(
    line: &Line<'_>,
    proxy: &Proxy,
    seed: u64,
    done: impl Fn(&Tally) -> bool,
) -> anyhow::Result<Tally> {
    let began = Instant::now();
    line.pour(POUR).await?;
    let storm = Storm::start(proxy, seed, MIX)?;
    let poured = |tally: &Tally| tally.poured.count() == MESSAGES && tally.fates() >= MESSAGES;
    let tally = line.adds_up("all fates and all that was heard", PATIENCE, |tally| {
        poured(tally) && done(tally)
    });
    let (tally, took) = (tally.await?, began.elapsed());
    let faults = storm.stop().await;
    println!("{took:.1?}: {faults:?}, back {} times, {}", tally.onlines - 1, after(&tally));
    Ok(tally)
}

fn after(tally: &Tally) -> String {
    let mut times: Vec<_> = tally.losses.iter().filter_map(|loss| loss.heard_after_ms).collect();
    times.sort_unstable();
    let (half, most) = (times.get(times.len() / 2), times.last());
    format!("heard again after {half:?} ms, {most:?} ms at most")
}

fn all_is_delivered(tally: &Tally) {
    assert_eq!(tally.poured, Runs::of(1, MESSAGES));
    assert_eq!(tally.delivered, Runs::of(1, MESSAGES));
    assert_eq!((tally.restarts, tally.unknown.count(), tally.undeliverable.count()), (0, 0, 0));
}
