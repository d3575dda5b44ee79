//! The dashboard as its users see it.

use std::fs;
use std::time::Duration;

use anyhow::Context;
use e2e::browser::Browser;
use e2e::environment;
use e2e::http_peer::{Answer, HttpPeer};
use e2e::server::Server;
use e2e::tab::Tab;
use e2e::wait::{PATIENCE, until};
use serde_json::json;

/// How much sooner a page may think that a time has passed.
const COARSE_CLOCKS: Duration = Duration::from_millis(10);

const ENTER: &str = "\u{e007}";

async fn join(tab: &Tab<'_>, name: &str, room: &str) -> anyhow::Result<()> {
    tab.fill("#chat-name", name).await?;
    tab.fill("#chat-room", room).await?;
    tab.click("#chat-join").await?;
    tab.reads("#connection-state", "online").await
}

async fn say(tab: &Tab<'_>, text: &str) -> anyhow::Result<()> {
    tab.fill("#chat-text", text).await?;
    tab.click("#chat-send").await
}

async fn mentions(tab: &Tab<'_>, selector: &str, words: &str) -> anyhow::Result<()> {
    let what = format!("{selector} to mention {words:?}");
    tab.shows(&what, selector, |texts| texts.iter().any(|text| text.contains(words))).await?;
    Ok(())
}

/// Whether this says in how many seconds something is.
fn is_countdown(texts: &[String]) -> bool {
    let words = texts.first().and_then(|text| text.strip_prefix("in ")?.strip_suffix(" s"));
    words.is_some_and(|seconds| seconds.parse::<u32>().is_ok())
}

#[tokio::test]
async fn two_tabs_chat() -> anyhow::Result<()> {
    let (server, browser) = (Server::start().await?, Browser::start().await?);
    let ada = Tab::open(&browser, &server.http("/")).await?;
    let bob = Tab::open(&browser, &server.http("/")).await?;

    join(&ada, "Ada", "library").await?;
    ada.reads("#people-count", "1").await?;
    join(&bob, "Bob", "library").await?;
    mentions(&ada, "#chat-messages .note", "Bob joined").await?;
    for tab in [&ada, &bob] {
        tab.shows("both people", "#people li", |people| people == ["Ada", "Bob"]).await?;
    }

    say(&ada, "Is anybody reading?").await?;
    mentions(&bob, "#chat-messages .said:not(.mine) .text", "Is anybody reading?").await?;
    say(&bob, "Quietly.").await?;
    mentions(&ada, "#chat-messages .said:not(.mine) .text", "Quietly.").await?;
    assert_eq!(ada.count("#chat-messages .mine[data-fate=sent]").await?, 1);

    bob.click("#chat-leave").await?;
    mentions(&ada, "#chat-messages .note", "Bob left").await?;
    ada.reads("#people-count", "1").await
}

#[tokio::test]
async fn the_stream_moves() -> anyhow::Result<()> {
    let (server, browser) = (Server::start().await?, Browser::start().await?);
    let tab = Tab::open(&browser, &server.http("/#/stream?hz=50")).await?;
    tab.reads("#connection-state", "online").await?;

    let reading = new_reading(&tab, "").await?;
    let curve: String = tab.run(CURVE, vec![]).await?;
    new_reading(&tab, &reading).await?;

    let fast = |texts: &[String]| {
        texts.first().and_then(|rate| rate.parse::<f64>().ok()).is_some_and(|rate| rate > 20.0)
    };
    tab.shows("more than 20 messages a second", "#stream-rate", fast).await?;
    let later: String = tab.run(CURVE, vec![]).await?;
    assert!(later != curve, "the canvas has not changed");
    Ok(())
}

/// Waits until the stream has drawn a reading other than `former`, and returns it.
async fn new_reading(tab: &Tab<'_>, former: &str) -> anyhow::Result<String> {
    let is_new = |text: &String| text.contains('.') && text != former;
    let texts = tab.shows("a new reading", "#stream-value", |texts| texts.iter().any(is_new));
    Ok(texts.await?.concat())
}

/// What is drawn, after the browser's next frame.
const CURVE: &str = "const canvas = document.getElementById('stream-canvas');
    return new Promise(resolve => requestAnimationFrame(() => resolve(canvas.toDataURL())))";

#[tokio::test]
async fn a_stopped_server_is_counted_down_to_and_come_back_to() -> anyhow::Result<()> {
    let (mut server, browser) = (Server::start().await?, Browser::start().await?);
    let tab = Tab::open(&browser, &server.http("/")).await?;
    join(&tab, "Ada", "library").await?;

    server.stop().await?;
    tab.reads("#connection-state", "waiting").await?;
    tab.shows("the countdown", "#next-attempt", is_countdown).await?;
    say(&tab, "Hold this for me.").await?;
    mentions(&tab, "#chat-messages .mine[data-fate=queued]", "Hold this for me.").await?;
    tab.click("#view-connection").await?;
    tab.reads("#chat-line-opened", "1").await?;
    mentions(&tab, "#chat-line-outbox", "1 message").await?;

    server.start_again().await?;
    tab.reads("#chat-line-state", "online").await?;
    tab.reads("#chat-line-opened", "2").await?;
    mentions(&tab, "#chat-line-outbox", "0 messages").await?;
    mentions(&tab, "#chat-line-log li", "waiting").await?;
    tab.click("#view-chat").await?;
    assert_eq!(tab.count("#banner").await?, 0);
    mentions(&tab, "#chat-messages .mine[data-fate=sent]", "Hold this for me.").await
}

#[tokio::test]
async fn a_server_that_asks_for_time_is_given_it_and_the_page_says_so() -> anyhow::Result<()> {
    let (mut server, browser) = (Server::start().await?, Browser::start().await?);
    let tab = Tab::open(&browser, &server.http("/")).await?;
    join(&tab, "Ada", "library").await?;

    server.stop().await?;
    let busy = Answer { status: 503, retry_after: Some("10"), cors: false };
    let busy = HttpPeer::start_at(server.port(), busy).await?;
    let words = "(HTTP 503). The server has asked not to be tried sooner.";
    mentions(&tab, "#banner", words).await?;
    tab.shows("a button that does nothing", "#try-now[aria-disabled=true]", |it| it.len() == 1)
        .await?;
    tab.shows("a countdown", "#next-attempt", is_countdown).await?;
    photograph(&browser, &tab, "advice").await?;
    let advised = *busy.others().last().context("it was not asked what it answers")?;
    let later = async || Ok(busy.handshakes().into_iter().find(|tried| *tried > advised));
    let left_alone = until("another attempt", PATIENCE, later).await? - advised;
    let asked_for = Duration::from_secs(10) - COARSE_CLOCKS;
    assert!(left_alone >= asked_for, "it was left alone for {left_alone:?} only");

    busy.stop().await;
    server.start_again().await?;
    tab.reads("#connection-state", "online").await?;
    assert_eq!(tab.count("#banner").await?, 0);
    Ok(())
}

#[tokio::test]
async fn hostile_names_and_messages_are_shown_as_text() -> anyhow::Result<()> {
    const NAME: &str = "<img src=x onerror='hacked=1'>";
    const ROOM: &str = "../<script>hacked=1</script>?#%2e";
    const TEXT: &str = "<img src=x onerror='hacked=1'><script>hacked=1</script>&lt;";
    let (server, browser) = (Server::start().await?, Browser::start().await?);
    let ada = Tab::open(&browser, &server.http("/")).await?;
    let eve = Tab::open(&browser, &server.http("/")).await?;

    join(&ada, "Ada", ROOM).await?;
    join(&eve, NAME, ROOM).await?;
    say(&eve, TEXT).await?;

    ada.reads("#room-name", ROOM).await?;
    ada.shows("both people", "#people li", |people| people == ["Ada", NAME]).await?;
    ada.reads("#chat-messages .said .text", TEXT).await?;
    for tab in [&ada, &eve] {
        assert_eq!(tab.count("#app img, #app script").await?, 0);
        assert!(!tab.run::<bool>("return 'hacked' in globalThis", vec![]).await?);
    }
    Ok(())
}

#[tokio::test]
async fn a_room_that_no_address_can_name_is_refused_with_words() -> anyhow::Result<()> {
    let (server, browser) = (Server::start().await?, Browser::start().await?);
    let tab = Tab::open(&browser, &server.http("/")).await?;
    tab.fill("#chat-name", "Ada").await?;
    let long = "a".repeat(65);
    let unseen = ("lob\u{200b}by", "cannot be seen");
    for (room, words) in [("..", "dots"), (" ", "at least one"), (&long, "at most 64"), unseen] {
        tab.fill("#chat-room", room).await?;
        tab.click("#chat-join").await?;
        mentions(&tab, "#chat-room-error", words).await?;
        assert_eq!(tab.count("#room-name").await?, 0, "{room:?} was entered");
        assert_eq!(focus(&tab).await?, "chat-room");
    }
    join(&tab, "Ada", "lobby").await
}

#[tokio::test]
async fn a_dashboard_without_its_wasm_says_so() -> anyhow::Result<()> {
    let (server, browser) = (Server::start().await?, Browser::start().await?);
    let devtools = browser.driver().cdp();
    devtools.send_raw("Network.enable", json!({})).await?;
    devtools.send_raw("Network.setBlockedURLs", json!({"urls": ["*.wasm"]})).await?;

    browser.driver().goto(server.http("/")).await?;

    let tab = Tab::present(&browser).await?;
    tab.reads("#failure-title", "The dashboard is not running").await?;
    let said = |texts: &[String]| texts.first().is_some_and(|words| !words.is_empty());
    tab.shows("what failed", "#failure-words", said).await?;
    let seen = "return document.getElementById('failure').checkVisibility()";
    assert!(tab.run::<bool>(seen, vec![]).await?);
    Ok(())
}

#[tokio::test]
async fn a_dashboard_whose_wasm_is_late_is_shown_after_all() -> anyhow::Result<()> {
    let (server, browser) = (Server::start().await?, Browser::start().await?);
    let late = json!({"source": LATE});
    browser.driver().cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", late).await?;

    browser.driver().goto(server.http("/")).await?;

    let tab = Tab::present(&browser).await?;
    tab.reads("#failure:not([hidden]) #failure-title", "The dashboard is not running").await?;
    assert_eq!(tab.count("#view-chat").await?, 0);
    let _: () = tab.run("arrive()", vec![]).await?;
    tab.reads("#view-chat", "Chat").await?;
    tab.shows("no word of failure", "#failure:not([hidden])", <[_]>::is_empty).await?;
    Ok(())
}

/// Holds back what the page fetches until `arrive()`, on a clock that runs a hundred times as fast.
const LATE: &str = "const [soon, now] = [setTimeout, fetch];
    const arrival = new Promise(resolve => { globalThis.arrive = resolve; });
    globalThis.setTimeout = (act, after) => soon(act, after / 100);
    globalThis.fetch = async (...request) => { await arrival; return now(...request); };";

#[tokio::test]
async fn the_keyboard_alone_is_enough() -> anyhow::Result<()> {
    let (server, browser) = (Server::start().await?, Browser::start().await?);
    let tab = Tab::open(&browser, &server.http("/")).await?;
    tab.reads("#view-chat", "Chat").await?;

    tab.tab_to("chat-name").await?;
    tab.press("Ada").await?;
    tab.press(ENTER).await?;
    tab.reads("#room-name", "lobby").await?;
    tab.reads("#connection-state", "online").await?;
    tab.tab_to("chat-text").await?;
    tab.press("hands off the mouse").await?;
    tab.press(ENTER).await?;
    tab.reads("#chat-messages .mine .text", "hands off the mouse").await?;

    tab.tab_to("view-stream").await?;
    tab.press(ENTER).await?;
    tab.reads("#stream-title", "Stream").await?;
    tab.tab_to("view-connection").await?;
    tab.press(ENTER).await?;
    tab.reads("#connection-title", "Connection").await?;
    tab.tab_to("chat-line-log").await
}

#[tokio::test]
async fn an_outage_keeps_its_words_and_the_focus_through_each_attempt() -> anyhow::Result<()> {
    let (mut server, browser) = (Server::start().await?, Browser::start().await?);
    let tab = Tab::open(&browser, &server.http("/")).await?;
    join(&tab, "Ada", "library").await?;

    server.stop().await?;
    tab.shows("the countdown", "#next-attempt", is_countdown).await?;
    let _: () = tab.run(WATCH, vec![]).await?;
    tab.tab_to("try-now").await?;
    tab.press(ENTER).await?;
    mentions(&tab, "#banner", "Attempt 4").await?;
    assert_eq!(focus(&tab).await?, "try-now");
    assert!(!tab.run::<bool>("return globalThis.vanished", vec![]).await?);

    server.start_again().await?;
    tab.reads("#connection-state", "online").await?;
    assert_eq!(tab.count("#banner").await?, 0);
    assert_eq!(focus(&tab).await?, "chat-messages");
    Ok(())
}

/// Notes whether the banner, which is there, is ever away.
const WATCH: &str = "globalThis.vanished = false;
    const look = () => { globalThis.vanished ||= !document.getElementById('banner'); };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true });";

/// The id of the element that has the focus.
async fn focus(tab: &Tab<'_>) -> anyhow::Result<String> {
    tab.run("return document.activeElement.id", vec![]).await
}

#[tokio::test]
async fn a_reading_of_a_while_ago_is_not_called_the_present_one() -> anyhow::Result<()> {
    let (mut server, browser) = (Server::start().await?, Browser::start().await?);
    let tab = Tab::open(&browser, &server.http("/#/stream?hz=10")).await?;
    new_reading(&tab, "").await?;
    mentions(&tab, "#stream-summary", ": now ").await?;
    let curve: String = tab.run(CURVE, vec![]).await?;

    server.stop().await?;
    mentions(&tab, "#stream-summary", "The last reading, 3 s ago: ").await?;
    let later: String = tab.run(CURVE, vec![]).await?;
    assert!(later != curve, "the curve stands still");
    server.start_again().await?;
    mentions(&tab, "#stream-summary", ": now ").await
}

#[tokio::test]
async fn every_view_fits_every_width_in_light_and_dark() -> anyhow::Result<()> {
    let (server, browser) = (Server::start().await?, Browser::start().await?);
    let tab = Tab::open(&browser, &server.http("/")).await?;
    tab.reads("#view-chat", "Chat").await?;
    photograph(&browser, &tab, "join").await?;
    join(&tab, "Ada", "library").await?;
    say(&tab, "A few words that anybody may read, and one that is long:").await?;
    say(&tab, &"w".repeat(300)).await?;
    mentions(&tab, "#chat-messages .mine .text", "www").await?;
    photograph(&browser, &tab, "chat").await?;
    tab.click("#view-stream").await?;
    new_reading(&tab, "").await?;
    photograph(&browser, &tab, "stream").await?;
    let reading = new_reading(&tab, "").await?;
    new_reading(&tab, &reading).await?;
    let share = "return document.getElementById('stream-canvas').clientHeight / innerHeight";
    assert!(tab.run::<f64>(share, vec![]).await? < 1.0, "the curve is higher than the screen");
    tab.click("#view-connection").await?;
    tab.reads("#chat-line-state", "online").await?;
    photograph(&browser, &tab, "connection").await
}

/// The page and everything in it that scrolls, as far as it is wider inside than outside.
const TOO_WIDE: &str = "const scrolls = (part) => part === document.documentElement
        || ['auto', 'scroll'].includes(getComputedStyle(part).overflowY);
    return [...document.querySelectorAll('*')]
        .filter(part => scrolls(part) && part.scrollWidth > part.clientWidth)
        .map(part => `${part.cloneNode().outerHTML}: ${part.scrollWidth} px wide`)";

async fn photograph(browser: &Browser, tab: &Tab<'_>, view: &str) -> anyhow::Result<()> {
    let folder = environment::path(environment::SCREENSHOTS)?;
    fs::create_dir_all(&folder).with_context(|| format!("no {}", folder.display()))?;
    for (width, scheme) in [360, 768, 1440]
        .into_iter()
        .flat_map(|width| ["light", "dark"].map(|scheme| (width, scheme)))
    {
        browser.show_as(width, scheme).await?;
        let too_wide: Vec<String> = tab.run(TOO_WIDE, vec![]).await?;
        assert!(too_wide.is_empty(), "{view} at {width} px, {scheme}: {too_wide:#?}");
        let file = folder.join(format!("{view}-{width}-{scheme}.png"));
        browser.driver().screenshot(&file).await?;
    }
    Ok(())
}
