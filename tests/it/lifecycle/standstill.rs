//! A page that is frozen and runs again.

use std::time::Duration;

use e2e::browser::{Browser, Engine};
use e2e::page::{Page, Place};
use serde_json::json;
use tokio::time::Instant;

use super::pouring::Pouring;

/// With the network there.
const GOAL: Duration = Duration::from_secs(1);
/// A busy machine's part of it.
const TO_MEASURE: Duration = Duration::from_secs(1);

in_each_engine!(a_frozen_page_lets_go_and_goes_on_when_it_resumes);

async fn a_frozen_page_lets_go_and_goes_on_when_it_resumes(engine: Engine) -> anyhow::Result<()> {
    let page = Page::start_in(engine, Place::Window).await?;
    let pouring = Pouring::start(&page).await?;

    Standstill::Frozen.told(page.browser()).await?;
    pouring.is_let_go().await?;
    Standstill::Active.told(page.browser()).await?;
    let took = pouring.is_proven_after(Instant::now()).await?;

    println!("{engine:?}: proven {took:.1?} after it resumed");
    assert_eq!(pouring.most_open(), 1);
    let tally = pouring.ends_well().await?;
    assert_eq!(tally.losses.len(), 1, "{tally:#?}");
    assert!(took <= GOAL + TO_MEASURE, "{took:?}");
    Ok(())
}

enum Standstill {
    Frozen,
    Active,
}

impl Standstill {
    /// Chromium does it. The others freeze no page and have no such events; a page that is told
    /// them all the same must heed them, for an engine may learn it.
    async fn told(self, browser: &Browser) -> anyhow::Result<()> {
        let (state, event) = match self {
            Self::Frozen => ("frozen", "freeze"),
            Self::Active => ("active", "resume"),
        };
        match browser.engine() {
            Engine::Chromium => {
                let state = json!({ "state": state });
                browser.driver().cdp().send_raw("Page.setWebLifecycleState", state).await?;
            }
            Engine::Firefox | Engine::WebKit => {
                let dispatch = "return document.dispatchEvent(new Event(arguments[0]))";
                browser.run::<bool>(dispatch, vec![json!(event)]).await?;
            }
        }
        Ok(())
    }
}
