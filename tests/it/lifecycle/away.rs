//! A page that is left, and to which one comes back.

use std::time::Duration;

use e2e::browser::{Browser, Engine};
use e2e::page::{Page, Place};
use e2e::wait::{PATIENCE, until};
use tokio::time::Instant;

use super::pouring::Pouring;

const WITHIN: Duration = Duration::from_secs(2);

/// The page says of itself whether it came back from the cache.
const LISTEN: &str = "window.restored = false;
    addEventListener('pageshow', ({ persisted }) => (window.restored = persisted));
    return true";

in_chromium_and_webkit!(a_page_in_the_back_forward_cache_leaves_at_once_and_goes_on);

async fn a_page_in_the_back_forward_cache_leaves_at_once_and_goes_on(
    engine: Engine,
) -> anyhow::Result<()> {
    let page = Page::start_in(engine, Place::Window).await?;
    let pouring = Pouring::start(&page).await?;
    let browser = page.browser();
    browser.run::<bool>(LISTEN, vec![]).await?;

    browser.driver().goto(page.elsewhere()).await?;
    pouring.is_let_go().await?;
    browser.driver().back().await?;
    let woke = Instant::now();
    until("the page to come back as it was", PATIENCE, async || {
        Ok((restored(browser).await? == Some(true)).then_some(()))
    })
    .await?;
    let took = pouring.is_proven_after(woke).await?;

    println!("{engine:?}: proven {took:.1?} after it came back");
    assert_eq!(pouring.most_open(), 1);
    let tally = pouring.ends_well().await?;
    assert_eq!(tally.losses.len(), 1, "{tally:#?}");
    assert!(took <= WITHIN, "{took:?}");
    Ok(())
}

/// Whether the page came back from the cache; `None` of a page that was not asked to listen.
async fn restored(browser: &Browser) -> anyhow::Result<Option<bool>> {
    browser.run("return window.restored ?? null", vec![]).await
}

in_each_engine!(a_page_that_is_left_for_good_lets_go_at_once);

async fn a_page_that_is_left_for_good_lets_go_at_once(engine: Engine) -> anyhow::Result<()> {
    let page = Page::start_in(engine, Place::Window).await?;
    let pouring = Pouring::start(&page).await?;
    page.browser().driver().goto(page.elsewhere()).await?;
    pouring.is_let_go().await
}

/// It keeps no page with a socket; whoever comes back, comes to a new page.
#[tokio::test]
async fn a_page_to_which_one_comes_back_in_firefox_begins_anew() -> anyhow::Result<()> {
    let page = Page::start_in(Engine::Firefox, Place::Window).await?;
    let pouring = Pouring::start(&page).await?;
    let browser = page.browser();
    browser.run::<bool>(LISTEN, vec![]).await?;
    assert_eq!(restored(browser).await?, Some(false));

    browser.driver().goto(page.elsewhere()).await?;
    pouring.is_let_go().await?;
    browser.driver().back().await?;

    until("the page to load once more", PATIENCE, async || {
        let loaded: bool = browser.run("return 'ask' in window", vec![]).await?;
        Ok(loaded.then_some(()))
    })
    .await?;
    assert_eq!(restored(browser).await?, None);
    assert_eq!(pouring.proxy.open(), 0, "nothing goes on behind the new page");
    Ok(())
}
