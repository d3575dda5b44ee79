//! What a bare WebSocket does: facts about the engines, which the SDK is built on.

use axum::http::HeaderValue;
use e2e::browser::{Browser, Engine};
use e2e::port::Port;
use e2e::raw_peer::RawPeer;
use e2e::site::StaticSite;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A page without the SDK, and a far end for it.
struct Bare {
    engine: Engine,
    browser: Browser,
    peer: RawPeer,
    _site: StaticSite,
}

impl Bare {
    async fn start(engine: Engine) -> anyhow::Result<Self> {
        Self::start_under(engine, None).await
    }

    async fn start_under(engine: Engine, policy: Option<&'static str>) -> anyhow::Result<Self> {
        let site = StaticSite::start(policy.map(HeaderValue::from_static)).await?;
        let (browser, peer) = (Browser::start_of(engine).await?, RawPeer::start().await?);
        browser.driver().goto(site.http("/facts.html")).await?;
        Ok(Self { engine, browser, peer, _site: site })
    }

    /// What `facts.js` promises to have seen.
    async fn sees<T: DeserializeOwned>(&self, fact: &str, with: Value) -> anyhow::Result<T> {
        let script = format!("return facts.{fact}(...arguments[0])");
        self.browser.run(&script, vec![with]).await
    }

    /// All that a socket to `url` fires, or what its constructor throws.
    async fn fires(&self, url: &str, subprotocols: &[&str]) -> anyhow::Result<Vec<String>> {
        self.sees("tried", json!([url, 1_000, subprotocols])).await
    }

    /// What a socket to this path of the far end fires.
    async fn fires_at(&self, path: &str) -> anyhow::Result<Vec<String>> {
        self.fires(&self.peer.ws(path), &[]).await
    }

    /// What is true of this engine, of what is true of each.
    fn of<T>(&self, chromium: T, firefox: T, webkit: T) -> T {
        match self.engine {
            Engine::Chromium => chromium,
            Engine::Firefox => firefox,
            Engine::WebKit => webkit,
        }
    }
}

in_each_engine!(what_is_not_allowed_throws);

async fn what_is_not_allowed_throws(engine: Engine) -> anyhow::Result<()> {
    let bare = Bare::start(engine).await?;
    let url = bare.peer.ws("/polite");

    let closing: Vec<String> = bare.sees("closeArguments", json!([url])).await?;
    let (allowed, forbidden) = closing.split_at(6);
    assert!(allowed.iter().all(|thrown| thrown == "nothing"), "{closing:?}");
    let (codes, reasons) = forbidden.split_at(10);
    assert!(codes.iter().all(|thrown| thrown == "InvalidAccessError"), "{closing:?}");
    assert_eq!(reasons, ["SyntaxError", "SyntaxError"]);

    let subprotocols: Vec<String> = bare.sees("subprotocols", json!([url])).await?;
    let (good, bad) = subprotocols.split_last().expect("several were tried");
    assert_eq!(good, "nothing");
    assert!(bad.iter().all(|thrown| thrown == "SyntaxError"), "{subprotocols:?}");

    for malformed in ["ws://127.0.0.1:99999/", "ftp://127.0.0.1/", "ws://127.0.0.1/#here"] {
        assert_eq!(bare.fires(malformed, &[]).await?, ["throws SyntaxError"], "{malformed}");
    }
    let spaced = bare.fires("ws://a b/", &[]).await?;
    let refused = vec!["throws SyntaxError".to_owned()];
    assert_eq!(spaced, bare.of(FAILS.map(str::to_owned).to_vec(), refused.clone(), refused));

    assert!(bare.sees::<bool>("longTimer", json!([])).await?, "2^31 ms are over at once");
    assert_eq!(bare.sees::<String>("binaryType", json!([url])).await?, "blob");
    Ok(())
}

/// What a failure fires.
const FAILS: [&str; 3] = ["error", "close 1006", "state 3"];
/// What a loss fires.
const LOST: [&str; 3] = ["open", "close 1006", "state 3"];
/// What a loss fires that the engine calls an error.
const BROKEN: [&str; 4] = ["open", "error", "close 1006", "state 3"];

in_each_engine!(failures_look_alike_and_losses_nearly);

async fn failures_look_alike_and_losses_nearly(engine: Engine) -> anyhow::Result<()> {
    let bare = Bare::start(engine).await?;
    let refused = Port::hold()?;

    assert_eq!(bare.fires(&refused.ws("/"), &[]).await?, FAILS);
    for path in ["/status/401", "/status/403", "/status/503"] {
        assert_eq!(bare.fires_at(path).await?, FAILS, "{path}");
    }
    assert_eq!(bare.fires_at("/end").await?, LOST);
    let reset = bare.fires_at("/reset").await?;
    assert_eq!(reset, bare.of(LOST.as_slice(), &BROKEN, &BROKEN));

    let not_echoed = bare.fires(&bare.peer.ws("/polite"), &["chat.v1"]).await?;
    let opens = ["open", "state 1"].as_slice();
    assert_eq!(not_echoed, bare.of(FAILS.as_slice(), opens, opens));

    let forbidden = bare.fires("ws://127.0.0.1:9/", &[]).await?;
    assert_eq!(forbidden, bare.of(FAILS.as_slice(), &FAILS, &["error", "state 3"]));
    Ok(())
}

in_each_engine!(a_url_that_the_policy_forbids_has_no_close_or_throws);

async fn a_url_that_the_policy_forbids_has_no_close_or_throws(
    engine: Engine,
) -> anyhow::Result<()> {
    let bare = Bare::start_under(engine, Some("connect-src 'self'")).await?;

    let fired = bare.fires_at("/polite").await?;

    let silent = ["error", "state 3"].as_slice();
    let (blocked, insecure) = (["throws NS_ERROR_CONTENT_BLOCKED"], ["throws SecurityError"]);
    assert_eq!(fired, bare.of(silent, &blocked, &insecure));
    Ok(())
}

in_each_engine!(close_codes_are_told_as_they_came_or_as_1006);

async fn close_codes_are_told_as_they_came_or_as_1006(engine: Engine) -> anyhow::Result<()> {
    let bare = Bare::start(engine).await?;
    for code in [1000, 1001, 1008, 1011, 3000, 4000, 4999] {
        assert_eq!(closed_with(&bare, code).await?, as_it_came(code), "{code}");
    }
    for code in [1005, 1006, 1015] {
        let broken = BROKEN.map(str::to_owned).to_vec();
        let told = bare.of(broken.clone(), as_it_came(code), broken);
        assert_eq!(closed_with(&bare, code).await?, told, "{code}");
    }
    for code in [0, 999, 1004, 1012, 1013, 1014, 1016, 2999, 5000, 65_535] {
        let broken = BROKEN.map(str::to_owned).to_vec();
        let told = bare.of(as_it_came(code), as_it_came(code), broken);
        assert_eq!(closed_with(&bare, code).await?, told, "{code}");
    }
    Ok(())
}

async fn closed_with(bare: &Bare, code: u16) -> anyhow::Result<Vec<String>> {
    bare.fires_at(&format!("/close/{code}")).await
}

fn as_it_came(code: u16) -> Vec<String> {
    vec!["open".to_owned(), format!("close {code} clean"), "state 3".to_owned()]
}

in_each_engine!(a_socket_that_is_not_open_swallows_what_it_is_given);

async fn a_socket_that_is_not_open_swallows_what_it_is_given(engine: Engine) -> anyhow::Result<()> {
    let bare = Bare::start(engine).await?;

    let seen: Value = bare.sees("sendsWhenNotOpen", json!([bare.peer.ws("/polite")])).await?;

    // WebKit counts the frame around the five bytes as well.
    let each = bare.of(5, 5, 11);
    assert_eq!(seen, json!(["InvalidStateError", "nothing", each, "nothing", 2 * each]));
    Ok(())
}

in_each_engine!(a_deaf_peer_delays_the_close_and_may_look_as_if_it_had_read_all);

async fn a_deaf_peer_delays_the_close_and_may_look_as_if_it_had_read_all(
    engine: Engine,
) -> anyhow::Result<()> {
    const BYTES: u64 = 32 << 20;
    let bare = Bare::start(engine).await?;
    let deaf = bare.peer.ws("/deaf");

    let within = bare.of(1_000, 1_000, 30_000);
    let [at_once, later]: [u64; 2] = bare.sees("buffers", json!([deaf, BYTES, within])).await?;
    assert_eq!(at_once, BYTES);
    match engine {
        Engine::Chromium | Engine::Firefox => assert!(later > BYTES / 2, "{later}"),
        Engine::WebKit => assert_eq!(later, 0, "nobody has read them"),
    }

    let closes: Value = bare.sees("closes", json!([deaf, 2_000])).await?;
    assert_eq!((&closes["events"], &closes["state"]), (&json!([]), &json!(2)), "{closes}");
    let polite: Value = bare.sees("closes", json!([bare.peer.ws("/polite"), 2_000])).await?;
    assert_eq!(polite["events"], json!(["close 1000 clean"]), "{polite}");
    Ok(())
}

in_each_engine!(a_handshake_that_hangs_may_block_all_others_to_that_address);

async fn a_handshake_that_hangs_may_block_all_others_to_that_address(
    engine: Engine,
) -> anyhow::Result<()> {
    let bare = Bare::start(engine).await?;
    let (hanging, other) = (bare.peer.ws("/hang"), bare.peer.ws("/polite"));

    let seen: [Vec<String>; 3] = bare.sees("hangs", json!([hanging, other, 1_000])).await?;

    let [meanwhile, after, first] = seen;
    assert_eq!(meanwhile, bare.of([].as_slice(), &[], &["open"]));
    assert_eq!(after, ["open"]);
    assert_eq!(first, ["error", "close 1006"]);
    Ok(())
}

in_each_engine!(above_a_number_of_sockets_the_rest_fail);

async fn above_a_number_of_sockets_the_rest_fail(engine: Engine) -> anyhow::Result<()> {
    const ALL: u64 = 260;
    let bare = Bare::start(engine).await?;

    let held: Value = bare.sees("hold", json!([bare.peer.ws("/polite"), ALL, 10_000])).await?;

    println!("{engine:?}: {held}");
    let count = |what: &str| held[what].as_u64().unwrap_or(0);
    assert!((195..=255).contains(&count("opened")), "{held}");
    let told = bare.of("failed", "failed", "errors");
    assert_eq!(count("opened") + count(told), ALL, "{held}");
    Ok(())
}

in_each_engine!(failures_in_a_row_are_held_back_by_the_browser_itself);

async fn failures_in_a_row_are_held_back_by_the_browser_itself(
    engine: Engine,
) -> anyhow::Result<()> {
    const HELD_BACK_MS: u64 = 700;
    let (bare, refused) = (Bare::start(engine).await?, Port::hold()?);

    let times = bare.of(20, 8, 20);
    let took: Vec<u64> = bare.sees("fails", json!([refused.ws("/"), times])).await?;

    println!("{engine:?}: {took:?} ms");
    let first = took.iter().position(|took| *took >= HELD_BACK_MS);
    match engine {
        Engine::Chromium => assert!(first.is_some_and(|first| first >= 10), "{took:?}"),
        Engine::Firefox => assert!(first.is_some_and(|first| first >= 1), "{took:?}"),
        Engine::WebKit => assert_eq!(first, None, "{took:?}"),
    }
    Ok(())
}
