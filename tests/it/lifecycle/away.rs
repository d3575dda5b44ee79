//! A page that is left, and to which one comes back.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::page::{Page, Place};
use e2e::wait::{PATIENCE, until};
use tokio::time::Instant;

use super::pouring::Pouring;

const WITHIN: Duration = Duration::from_secs(2);

/// The page says of itself whether it came back from the cache.
const LISTEN: &str = "addEventListener('pageshow', ({ persisted }) => {
  globalThis.restored = persisted;
}); return true";

#[tokio::test]
async fn a_page_in_the_back_forward_cache_leaves_at_once_and_goes_on() -> anyhow::Result<()> {
    let page = Page::start(Place::Window).await?;
    let pouring = Pouring::start(&page).await?;
    let browser = page.browser();
    browser.run::<bool>(LISTEN, vec![]).await?;

    browser.driver().goto(page.elsewhere()).await?;
    pouring.is_let_go().await?;
    browser.driver().back().await?;
    let woke = Instant::now();
    until("the page to come back as it was", PATIENCE, async || {
        let restored = browser.run::<bool>("return globalThis.restored === true", vec![]).await?;
        Ok(restored.then_some(()))
    })
    .await?;
    let took = pouring.is_proven_after(woke).await?;

    println!("Chromium: proven {took:.1?} after it came back");
    assert_eq!(pouring.most_open(), 1);
    let tally = pouring.ends_well().await?;
    assert_eq!(tally.losses.len(), 1, "{tally:#?}");
    assert!(took <= WITHIN, "{took:?}");
    Ok(())
}

#[tokio::test]
async fn a_page_that_is_left_for_good_lets_go_at_once() -> anyhow::Result<()> {
    a_page_is_left(Engine::Chromium).await
}

#[tokio::test]
async fn a_page_that_is_left_for_good_lets_go_at_once_in_firefox() -> anyhow::Result<()> {
    a_page_is_left(Engine::Firefox).await
}

async fn a_page_is_left(engine: Engine) -> anyhow::Result<()> {
    let page = Page::start_in(engine, Place::Window).await?;
    let pouring = Pouring::start(&page).await?;
    page.browser().driver().goto(page.elsewhere()).await?;
    pouring.is_let_go().await
}
