//! With reconnection: what users of other reconnecting sockets expect.

use std::time::Duration;

use e2e::browser::{Browser, Engine};
use e2e::port::Port;
use e2e::raw_peer::RawPeer;
use e2e::server::Server;
use e2e::site::StaticSite;
use e2e::wait::{PATIENCE, until};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A page with one socket.
struct Page {
    browser: Browser,
    _site: StaticSite,
}

impl Page {
    async fn open(engine: Engine) -> anyhow::Result<Self> {
        let (site, browser) = (StaticSite::of_package().await?, Browser::start_of(engine).await?);
        browser.driver().goto(site.http("/dropin.html")).await?;
        let page = Self { browser, _site: site };
        until("the module to be there", PATIENCE, async || {
            let there: bool = page.browser.run("return !!globalThis.watch", vec![]).await?;
            Ok(there.then_some(()))
        })
        .await?;
        Ok(page)
    }

    /// What a function of `dropin.js` gives.
    async fn does<T: DeserializeOwned>(&self, name: &str, with: Value) -> anyhow::Result<T> {
        let script = format!("return {name}(...arguments[0])");
        self.browser.run(&script, vec![with]).await
    }

    /// Waits until the socket has told all of this, and nothing else.
    async fn has_told(&self, expected: &[&str]) -> anyhow::Result<()> {
        let mut told = Vec::<String>::new();
        let what = format!("{expected:?}");
        let all = until(&what, PATIENCE, async || {
            told = self.does("toldSoFar", json!([])).await?;
            Ok((told.len() >= expected.len()).then_some(()))
        })
        .await;
        assert_eq!(told, expected);
        all
    }

    /// Waits until the far end of the open socket has begun to close it.
    async fn is_being_closed(&self) -> anyhow::Result<()> {
        until("the far end to close", PATIENCE, async || {
            let state: u32 = self.does("ask", json!(["readyState"])).await?;
            Ok((state == 2).then_some(()))
        })
        .await
    }

    /// Waits until the last thing that the socket told is this.
    async fn has_last_told(&self, expected: &str) -> anyhow::Result<Vec<String>> {
        until(expected, PATIENCE, async || {
            let told: Vec<String> = self.does("toldSoFar", json!([])).await?;
            Ok((told.last().map(String::as_str) == Some(expected)).then_some(told))
        })
        .await
    }
}

in_chromium_and_firefox!(a_restarted_server_gets_what_was_sent_while_it_was_away);

async fn a_restarted_server_gets_what_was_sent_while_it_was_away(
    engine: Engine,
) -> anyhow::Result<()> {
    let (page, mut server) = (Page::open(engine).await?, Server::start().await?);
    page.does::<u32>("watch", json!([server.ws("/echo")])).await?;
    assert_eq!(page.does::<String>("act", json!(["send", "early"])).await?, "undefined");
    page.has_told(&["open open", "message early"]).await?;

    server.kill()?;
    let told = page.has_last_told("close 1006 connecting").await?;
    assert!(told.iter().all(|line| !line.contains("closed")), "{told:?}");
    page.does::<String>("act", json!(["send", "late"])).await?;
    let buffered: u32 = page.does("ask", json!(["bufferedAmount"])).await?;
    assert_eq!((buffered, page.does::<u32>("ask", json!(["readyState"])).await?), (4, 0));
    server.start_again().await?;
    page.has_last_told("message late").await?;
    assert_eq!(page.does::<u32>("ask", json!(["bufferedAmount"])).await?, 0);
    Ok(())
}

in_chromium_and_firefox!(a_code_that_says_not_to_come_back_is_the_end);

async fn a_code_that_says_not_to_come_back_is_the_end(engine: Engine) -> anyhow::Result<()> {
    let (page, peer) = (Page::open(engine).await?, RawPeer::start().await?);
    page.does::<u32>("watch", json!([peer.ws("/close/1000")])).await?;
    page.has_told(&["open open", "close 1000 closed"]).await?;
    page.does::<String>("act", json!(["reconnect"])).await?;
    let once = ["open open", "close 1000 closed"];
    page.has_told(&[once, once].concat()).await
}

in_chromium_and_firefox!(the_application_may_judge_a_close_itself);

async fn the_application_may_judge_a_close_itself(engine: Engine) -> anyhow::Result<()> {
    let (page, peer) = (Page::open(engine).await?, RawPeer::start().await?);
    page.does::<u32>("watchUnless", json!([peer.ws("/close/4000"), 4000])).await?;
    page.has_told(&["open open", "close 4000 closed"]).await
}

in_chromium_and_firefox!(attempts_end_when_they_are_counted);

async fn attempts_end_when_they_are_counted(engine: Engine) -> anyhow::Result<()> {
    let (page, refused) = (Page::open(engine).await?, Port::hold()?);
    let few = json!({"maxAttempts": 2, "retryBaseMs": 20, "retryCapMs": 40});
    page.does::<u32>("watch", json!([refused.ws("/"), [], few])).await?;
    let [again, over] = ["close 1006 connecting", "close 1006 closed"];
    page.has_told(&["error connecting", again, "error connecting", over]).await?;
    assert_eq!(page.does::<u32>("ask", json!(["retryCount"])).await?, 1);
    Ok(())
}

in_chromium_and_firefox!(an_address_is_asked_for_before_each_attempt);

async fn an_address_is_asked_for_before_each_attempt(engine: Engine) -> anyhow::Result<()> {
    let (page, server) = (Page::open(engine).await?, Server::start().await?);
    page.does::<u32>("watchAsked", json!([[Value::Null, server.ws("/echo")]])).await?;
    page.has_told(&["error connecting", "close 1006 connecting", "open open"]).await?;
    assert_eq!(page.does::<String>("ask", json!(["url"])).await?, server.ws("/echo"));
    Ok(())
}

in_chromium_and_firefox!(a_socket_may_begin_closed_and_be_closed_while_it_waits);

async fn a_socket_may_begin_closed_and_be_closed_while_it_waits(
    engine: Engine,
) -> anyhow::Result<()> {
    let (page, refused) = (Page::open(engine).await?, Port::hold()?);
    let slow = json!({"startClosed": true, "retryBaseMs": 40_000, "retryCapMs": 40_000});
    assert_eq!(page.does::<u32>("watch", json!([refused.ws("/"), [], slow])).await?, 3);
    page.does::<String>("act", json!(["reconnect"])).await?;
    page.has_last_told("close 1006 connecting").await?;
    page.does::<String>("act", json!(["close"])).await?;
    let told = page.has_last_told("close 1006 closed").await?;
    assert_eq!(told.iter().filter(|line| line.starts_with("error")).count(), 2, "{told:?}");
    Ok(())
}

in_chromium_and_firefox!(a_full_queue_fails_the_socket_instead_of_losing_a_message);

async fn a_full_queue_fails_the_socket_instead_of_losing_a_message(
    engine: Engine,
) -> anyhow::Result<()> {
    let (page, peer) = (Page::open(engine).await?, RawPeer::start().await?);
    let small = json!({"outboxMessages": 2});
    page.does::<u32>("watch", json!([peer.ws("/hang"), [], small])).await?;
    for message in ["one", "two", "three"] {
        page.does::<String>("act", json!(["send", message])).await?;
    }
    page.has_told(&["error closed", "close 1006 closed"]).await
}

in_chromium_and_firefox!(an_open_socket_may_be_left_for_a_new_one);

async fn an_open_socket_may_be_left_for_a_new_one(engine: Engine) -> anyhow::Result<()> {
    let (page, server) = (Page::open(engine).await?, Server::start().await?);
    page.does::<u32>("watch", json!([server.ws("/echo")])).await?;
    page.has_told(&["open open"]).await?;
    page.does::<String>("act", json!(["reconnect", 4000, "elsewhere"])).await?;
    page.does::<String>("act", json!(["send", "on the new one"])).await?;
    let told = ["open open", "close 4000 connecting", "open open", "message on the new one"];
    page.has_told(&told).await
}

in_chromium_and_firefox!(a_handshake_that_hangs_may_be_left_with_what_waits_for_it);

async fn a_handshake_that_hangs_may_be_left_with_what_waits_for_it(
    engine: Engine,
) -> anyhow::Result<()> {
    let (page, peer) = (Page::open(engine).await?, RawPeer::start().await?);
    let server = Server::start().await?;
    let urls = json!([[peer.ws("/hang"), server.ws("/echo")]]);
    page.does::<u32>("watchAsked", urls).await?;
    page.does::<String>("act", json!(["send", "patient"])).await?;
    until("the first handshake", PATIENCE, async || Ok((peer.accepted() > 0).then_some(())))
        .await?;
    page.does::<String>("act", json!(["reconnect"])).await?;
    page.has_told(&["close 1000 connecting", "open open", "message patient"]).await
}

in_chromium_and_firefox!(a_socket_that_reconnects_whenever_it_is_closed_keeps_the_pace);

async fn a_socket_that_reconnects_whenever_it_is_closed_keeps_the_pace(
    engine: Engine,
) -> anyhow::Result<()> {
    let (page, peer) = (Page::open(engine).await?, RawPeer::start().await?);
    page.does::<Value>("watchRestless", json!([peer.ws("/close/1000")])).await?;
    let once = ["open open", "close 1000 closed"];
    page.has_told(&once.repeat(3)).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    page.has_told(&once.repeat(3)).await
}

/// Firefox says that such a socket is open until it is closed.
#[tokio::test]
async fn a_close_wins_over_a_far_end_that_closes_and_stays() -> anyhow::Result<()> {
    let (page, peer) = (Page::open(Engine::Chromium).await?, RawPeer::start().await?);
    let quick = json!({"closeTimeoutMs": 500});
    page.does::<u32>("watch", json!([peer.ws("/linger/1012"), [], quick])).await?;
    page.is_being_closed().await?;
    page.does::<String>("act", json!(["close", 4001])).await?;
    page.has_told(&["open open", "error closed", "close 1006 closed"]).await
}

#[tokio::test]
async fn what_is_sent_while_the_far_end_closes_goes_to_the_next_connection() -> anyhow::Result<()> {
    let (page, peer) = (Page::open(Engine::Chromium).await?, RawPeer::start().await?);
    let server = Server::start().await?;
    let urls = json!([[peer.ws("/linger/1012"), server.ws("/echo")]]);
    page.does::<u32>("watchAsked", urls).await?;
    page.is_being_closed().await?;
    page.does::<String>("act", json!(["send", "late"])).await?;
    assert_eq!(page.does::<u32>("ask", json!(["bufferedAmount"])).await?, 4);
    page.has_last_told("message late").await?;
    assert_eq!(page.does::<u32>("ask", json!(["bufferedAmount"])).await?, 0);
    Ok(())
}

in_chromium_and_firefox!(a_socket_that_does_not_queue_says_so);

async fn a_socket_that_does_not_queue_says_so(engine: Engine) -> anyhow::Result<()> {
    let (page, peer) = (Page::open(engine).await?, RawPeer::start().await?);
    let unqueued = json!({"queueWhileConnecting": false});
    page.does::<u32>("watch", json!([peer.ws("/hang"), [], unqueued])).await?;
    let sent: String = page.does("act", json!(["send", "early"])).await?;
    assert_eq!(sent, "throws DOMException InvalidStateError");
    page.does::<String>("act", json!(["close"])).await?;
    page.has_told(&["error closed", "close 1006 closed"]).await
}

in_chromium_and_firefox!(an_option_that_means_nothing_is_refused);

async fn an_option_that_means_nothing_is_refused(engine: Engine) -> anyhow::Result<()> {
    let page = Page::open(engine).await?;
    let outcomes: Vec<String> = page.does("refusedOptions", json!([])).await?;
    let (refused, accepted) = outcomes.split_at(21);
    assert!(refused.iter().all(|outcome| outcome == "throws Error TypeError"), "{outcomes:?}");
    assert!(accepted.iter().all(|outcome| outcome == "undefined"), "{outcomes:?}");
    Ok(())
}

/// As those say it who come from partysocket.
async fn null_is_no_subprotocol(engine: Engine) -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::open(engine).await?);
    page.does::<Value>("watch", json!([server.ws("/echo"), null])).await?;
    until("the socket to be open", PATIENCE, async || {
        let state: u32 = page.does("ask", json!(["readyState"])).await?;
        Ok((state == 1).then_some(()))
    })
    .await?;
    assert_eq!(page.does::<String>("ask", json!(["protocol"])).await?, "");
    Ok(())
}
in_chromium_and_firefox!(null_is_no_subprotocol);
