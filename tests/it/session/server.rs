//! A server that dies, and one that goes in peace.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use e2e::browser::Engine;
use e2e::page::{Line, Page, Place};
use e2e::proxy::{Proxy, Stall};
use e2e::server::Server;
use e2e::wait::PATIENCE;
use e2e_page::report::{Down, Status};
use e2e_page::request::{Options, Pour};
use e2e_page::tally::{Runs, Tally};
use tokio::time::sleep;

#[tokio::test]
async fn after_a_killed_server_no_fate_is_false_and_none_is_missing() -> anyhow::Result<()> {
    a_server_is_killed_in_the_middle(Engine::Chromium, Server::start().await?).await?;
    Ok(())
}

#[tokio::test]
async fn after_a_killed_server_no_fate_is_false_and_none_is_missing_in_firefox()
-> anyhow::Result<()> {
    a_server_is_killed_in_the_middle(Engine::Firefox, Server::start().await?).await?;
    Ok(())
}

#[tokio::test]
async fn a_killed_server_had_taken_what_its_client_was_told() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let ledger = folder.path().join("taken.txt");
    let server = Server::start_writing(&ledger).await?;
    let tally = a_server_is_killed_in_the_middle(Engine::Chromium, server).await?;
    agrees_with(&tally, &fs::read_to_string(&ledger)?)
}

async fn a_server_is_killed_in_the_middle(
    engine: Engine,
    mut server: Server,
) -> anyhow::Result<Tally> {
    const POUR: Pour = Pour { count: 6_000, batch: 30, every_ms: 10 };
    let page = Page::start_in(engine, Place::Window).await?;
    let line = page.open(&server.ws("/session/echo"), Options::session()).await?;
    line.pour(POUR).await?;
    line.adds_up("the first echoes", PATIENCE, |tally| tally.heard.count() > 500).await?;

    server.kill()?;
    sleep(Duration::from_millis(300)).await;
    server.start_again().await?;

    let tally = all_has_its_fate(&line, POUR.count).await?;
    each_ends_once(&tally, POUR.count);
    no_fate_is_false(&tally);
    assert_eq!((tally.losses.len(), tally.restarts), (1, 1), "{tally:#?}");
    let lost = tally.losses[0];
    for id in tally.unknown.numbers() {
        assert!(id <= lost.last_poured, "{id} was not sent when the line was lost: {tally:#?}");
    }
    println!("{engine:?}: unknown {}, undeliverable {}", tally.unknown, tally.undeliverable);
    Ok(tally)
}

#[tokio::test]
async fn a_killed_server_leaves_in_doubt_only_what_was_in_flight() -> anyhow::Result<()> {
    const WINDOW: u64 = 64;
    const POUR: Pour = Pour { count: 1_000, batch: 1_000, every_ms: 0 };
    let mut server = Server::start_with(&["--session-window", "64"]).await?;
    let (page, proxy) = (Page::start(Place::Window).await?, Proxy::start(server.port()).await?);
    let line = page.open(&proxy.ws("/session/echo"), Options::session()).await?;
    line.is_online(1).await?;

    // All that leaves is under way when the server dies, and the window bounds it.
    proxy.stall(Stall::Hold);
    line.pour(POUR).await?;
    line.adds_up("all to be poured", PATIENCE, |it| it.poured.count() == POUR.count).await?;
    server.kill()?;
    proxy.cut();
    proxy.resume();
    server.start_again().await?;

    let tally = all_has_its_fate(&line, POUR.count).await?;
    assert_eq!(tally.unknown, Runs::of(1, WINDOW));
    assert_eq!(tally.delivered, Runs::of(WINDOW + 1, POUR.count));
    line.adds_up("the echoes of the rest", PATIENCE, |tally| {
        tally.heard == Runs::of(WINDOW + 1, POUR.count)
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn an_orderly_stop_leaves_nothing_in_doubt() -> anyhow::Result<()> {
    a_server_stops_and_comes_back(Engine::Chromium).await
}

#[tokio::test]
async fn an_orderly_stop_leaves_nothing_in_doubt_in_firefox() -> anyhow::Result<()> {
    a_server_stops_and_comes_back(Engine::Firefox).await
}

async fn a_server_stops_and_comes_back(engine: Engine) -> anyhow::Result<()> {
    const POUR: Pour = Pour { count: 6_000, batch: 30, every_ms: 10 };
    let (mut server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let line = page.open(&server.ws("/session/echo"), Options::session()).await?;
    line.pour(POUR).await?;
    line.adds_up("the first echoes", PATIENCE, |tally| tally.heard.count() > 500).await?;

    server.stop().await?;
    server.start_again().await?;

    let tally = all_has_its_fate(&line, POUR.count).await?;
    assert_eq!(tally.delivered, Runs::of(1, POUR.count));
    no_fate_is_false(&tally);
    let seen = line.statuses().await?;
    let left = |status: &&Status| matches!(status, Status::Waiting { why: Down::GoneAway, .. });
    assert_eq!(seen.iter().filter(left).count(), 1, "{seen:#?}");
    println!("{engine:?}: delivered {}, heard {}", tally.delivered, tally.heard);
    Ok(())
}

async fn all_has_its_fate(line: &Line<'_>, count: u64) -> anyhow::Result<Tally> {
    line.adds_up("the fate of all", PATIENCE, |tally| {
        let is_quiet = tally.heard.last() == Some(count);
        tally.poured.count() == count && tally.fates() >= count && is_quiet
    })
    .await
}

fn each_ends_once(tally: &Tally, count: u64) {
    let fates = [&tally.delivered, &tally.undeliverable, &tally.unknown];
    let mut ids: Vec<u64> = fates.into_iter().flat_map(Runs::numbers).collect();
    ids.sort_unstable();
    assert!(ids.iter().copied().eq(1..=count), "{tally:#?}");
}

/// The server has written down what it took: in order, each once, and as the client was told.
fn agrees_with(tally: &Tally, ledger: &str) -> anyhow::Result<()> {
    let number = |line: &str| line.trim_start_matches("up ").parse();
    let taken: Vec<u64> = ledger.lines().map(number).collect::<Result<_, _>>()?;
    assert!(taken.is_sorted_by(|one, next| one < next), "{taken:?}");
    let taken: BTreeSet<u64> = taken.into_iter().collect();
    let of = |fates: &Runs| fates.numbers().collect::<BTreeSet<u64>>();
    let (delivered, unknown) = (of(&tally.delivered), of(&tally.unknown));
    assert_eq!(delivered.difference(&taken).next(), None, "delivered, and yet not taken");
    let in_doubt: BTreeSet<u64> = taken.difference(&delivered).copied().collect();
    assert!(in_doubt.is_subset(&unknown), "undeliverable, and yet taken: {in_doubt:?}");
    let waited = unknown.difference(&taken).count();
    assert!(waited > 0, "nothing had come that was not taken: {tally:#?}");
    println!("of those in doubt {} were taken, {waited} were not", in_doubt.len());
    Ok(())
}

/// What came back as an echo was taken; and echoes come in order, each at most once.
fn no_fate_is_false(tally: &Tally) {
    let heard: BTreeSet<u64> = tally.heard.numbers().collect();
    assert!(heard.iter().copied().eq(tally.heard.numbers()), "{tally:#?}");
    let taken = tally.undeliverable.numbers().find(|id| heard.contains(id));
    assert_eq!(taken, None, "undeliverable, and yet taken: {tally:#?}");
}
