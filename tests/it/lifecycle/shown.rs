//! A page that is hidden, and shown again: its window is minimized and restored.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::page::{Page, Place};
use e2e::proxy::Stall;
use tokio::time::{Instant, sleep_until};

use super::pouring::Pouring;

/// So long a line that was heard of is not doubted.
const FRESH: Duration = Duration::from_secs(5);
/// A dead line is found out within three seconds of being shown, and the next one is proven then.
const GOAL: Duration = Duration::from_secs(3);
/// A busy machine's part.
const TO_MEASURE: Duration = Duration::from_secs(1);

in_each_engine!(a_page_that_is_hidden_and_shown_keeps_its_line);

async fn a_page_that_is_hidden_and_shown_keeps_its_line(engine: Engine) -> anyhow::Result<()> {
    let page = Page::start_in(engine, Place::Window).await?;
    let pouring = Pouring::start(&page).await?;

    page.hide().await?;
    pouring.hears_more().await?;
    page.show().await?;
    let took = pouring.hears_more().await?;

    println!("{engine:?}: heard of {took:.1?} after it was shown");
    assert_eq!(pouring.most_open(), 1);
    let tally = pouring.ends_well().await?;
    assert_eq!(tally.losses.len(), 0, "{tally:#?}");
    Ok(())
}

in_each_engine!(a_line_that_died_while_nobody_looked_is_replaced_when_somebody_does);

async fn a_line_that_died_while_nobody_looked_is_replaced_when_somebody_does(
    engine: Engine,
) -> anyhow::Result<()> {
    let page = Page::start_in(engine, Place::Window).await?;
    let pouring = Pouring::start(&page).await?;

    page.hide().await?;
    pouring.proxy.stall(Stall::Swallow);
    let died = Instant::now();
    pouring.proxy.resume();
    // Before that nobody would doubt it; without a doubt its silence counts only after 15 s.
    sleep_until(died + FRESH + TO_MEASURE).await;
    page.show().await?;
    let took = pouring.is_proven_after(Instant::now()).await?;

    println!("{engine:?}: proven {took:.1?} after it was shown");
    let tally = pouring.ends_well().await?;
    assert_eq!(tally.losses.len(), 1, "{tally:#?}");
    assert!(took <= GOAL + TO_MEASURE, "{took:?}");
    Ok(())
}
