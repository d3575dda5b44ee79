//! A page that is frozen and runs again.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::page::{Page, Place};
use serde_json::json;
use tokio::time::Instant;

use super::pouring::Pouring;

/// With the network there.
const GOAL: Duration = Duration::from_secs(1);
/// A busy machine's part of it.
const TO_MEASURE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_frozen_page_lets_go_and_goes_on_when_it_resumes() -> anyhow::Result<()> {
    let page = Page::start(Place::Window).await?;
    let pouring = Pouring::start(&page).await?;
    let devtools = page.browser().driver().cdp();

    devtools.send_raw("Page.setWebLifecycleState", json!({"state": "frozen"})).await?;
    pouring.is_let_go().await?;
    devtools.send_raw("Page.setWebLifecycleState", json!({"state": "active"})).await?;
    let took = pouring.is_proven_after(Instant::now()).await?;

    println!("Chromium: proven {took:.1?} after it resumed");
    assert_eq!(pouring.most_open(), 1);
    let tally = pouring.ends_well().await?;
    assert_eq!(tally.losses.len(), 1, "{tally:#?}");
    assert!(took <= GOAL + TO_MEASURE, "{took:?}");
    Ok(())
}

/// Firefox freezes no page; its events are told all the same.
#[tokio::test]
async fn a_page_that_is_told_to_stand_still_lets_go_in_firefox() -> anyhow::Result<()> {
    let page = Page::start_in(Engine::Firefox, Place::Window).await?;
    let pouring = Pouring::start(&page).await?;
    let browser = page.browser();

    browser.run::<bool>("return document.dispatchEvent(new Event('freeze'))", vec![]).await?;
    pouring.is_let_go().await?;
    browser.run::<bool>("return document.dispatchEvent(new Event('resume'))", vec![]).await?;
    let took = pouring.is_proven_after(Instant::now()).await?;

    println!("Firefox: proven {took:.1?} after it resumed");
    assert_eq!(pouring.most_open(), 1);
    pouring.ends_well().await?;
    assert!(took <= GOAL + TO_MEASURE, "{took:?}");
    Ok(())
}
