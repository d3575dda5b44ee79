//! A network that goes and returns, and the zombie that it leaves behind.

use std::time::Duration;

use e2e::browser::{Browser, Engine};
use e2e::page::{Page, Place, statuses};
use e2e::proxy::Stall;
use e2e_page::report::{Down, Status};
use serde_json::json;
use tokio::time::Instant;

use super::pouring::Pouring;

/// A dead line is found out two and a half seconds after the network returned, and the next one is
/// proven then.
const GOAL: Duration = Duration::from_secs(3);
/// A busy machine's part; the usual silence of a dead line is 15 s.
const TO_MEASURE: Duration = Duration::from_secs(2);

in_each_engine!(a_zombie_is_replaced_within_three_seconds_after_the_network_is_back);

async fn a_zombie_is_replaced_within_three_seconds_after_the_network_is_back(
    engine: Engine,
) -> anyhow::Result<()> {
    let page = Page::start_in(engine, Place::Window).await?;
    let pouring = Pouring::start(&page).await?;
    let browser = page.browser();

    // Its sockets stay open and hear nothing, whatever the network does.
    pouring.proxy.stall(Stall::Swallow);
    take_offline(browser, true).await?;
    pouring.proxy.resume();
    take_offline(browser, false).await?;
    let took = pouring.is_proven_after(Instant::now()).await?;

    println!("{engine:?}: proven {took:.1?} after the network was back");
    let tally = pouring.ends_well().await?;
    assert_eq!(tally.losses.len(), 1, "{tally:#?}");
    assert!(took <= GOAL + TO_MEASURE, "{took:?}");
    Ok(())
}

/// Chromium does it. The other drivers cannot: there the page is told so.
async fn take_offline(browser: &Browser, offline: bool) -> anyhow::Result<()> {
    match browser.engine() {
        Engine::Chromium => browser.emulate_offline(offline).await,
        Engine::Firefox | Engine::WebKit => tell_offline(browser, offline).await,
    }
}

async fn tell_offline(browser: &Browser, offline: bool) -> anyhow::Result<()> {
    let event = json!(if offline { "offline" } else { "online" });
    let told = "return dispatchEvent(new Event(arguments[0]))";
    browser.run::<bool>(told, vec![event]).await.map(|_| ())
}

in_each_engine!(a_line_that_is_lost_without_a_network_says_so_and_comes_back);

async fn a_line_that_is_lost_without_a_network_says_so_and_comes_back(
    engine: Engine,
) -> anyhow::Result<()> {
    let page = Page::start_in(engine, Place::Window).await?;
    let pouring = Pouring::start(&page).await?;
    let browser = page.browser();

    // The page alone is told, so that it is no browser's work that the line goes.
    tell_offline(browser, true).await?;
    pouring.proxy.stall(Stall::Hold);
    pouring.proxy.cut();
    pouring
        .line
        .shows("the line to be down for want of a network", |log| {
            let offline = |it: &Status| matches!(it, Status::Waiting { why: Down::Offline, .. });
            statuses(log).any(offline).then_some(())
        })
        .await?;
    pouring.proxy.resume();
    tell_offline(browser, false).await?;
    let took = pouring.is_proven_after(Instant::now()).await?;

    println!("{engine:?}: proven {took:.1?} after the network was back");
    assert_eq!(pouring.most_open(), 1);
    pouring.ends_well().await?;
    assert!(took <= Duration::from_secs(2), "{took:?}");
    Ok(())
}
