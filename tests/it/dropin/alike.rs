//! Without reconnection: what can be seen of the drop-in, beside the browser's own class.

use std::collections::BTreeMap;

use e2e::browser::{Browser, Engine};
use e2e::port::Port;
use e2e::raw_peer::RawPeer;
use e2e::server::Server;
use e2e::site::StaticSite;
use e2e::wait::{PATIENCE, until};
use serde_json::{Value, json};

/// A page with both classes, and far ends for them.
struct Pair {
    browser: Browser,
    server: Server,
    peer: RawPeer,
    _site: StaticSite,
}

impl Pair {
    async fn start(engine: Engine) -> anyhow::Result<Self> {
        let site = StaticSite::of_package().await?;
        let (server, peer) = (Server::start_with(&ANY_ORIGIN).await?, RawPeer::start().await?);
        let browser = Browser::start_of(engine).await?;
        browser.driver().goto(site.http("/dropin.html")).await?;
        until("the module to be there", PATIENCE, async || {
            let there: bool = browser.run("return !!globalThis.watch", vec![]).await?;
            Ok(there.then_some(()))
        })
        .await?;
        Ok(Self { browser, server, peer, _site: site })
    }

    /// Both go through these steps of `dropin.js`, and nobody can tell them apart.
    async fn is_alike(&self, steps: &str, with: Value) -> anyhow::Result<()> {
        let script = format!("return {steps}(...arguments[0])");
        let mut transcripts: BTreeMap<String, Vec<String>> =
            self.browser.run(&script, vec![with]).await?;
        let (native, ours) = (transcripts.remove("native"), transcripts.remove("ours"));
        let (native, ours) = (native.unwrap_or_default(), ours.unwrap_or_default());
        assert!(native.len() > 5, "{native:#?}");
        let pairs = ours.iter().zip(&native).filter(|(ours, native)| ours != native);
        let differences: Vec<_> = pairs.collect();
        assert!(differences.is_empty(), "ours, and the browser's own: {differences:#?}");
        assert_eq!(ours.len(), native.len(), "{:#?}", ours.last());
        Ok(())
    }
}

/// The pages of the stories come from a site of their own.
const ANY_ORIGIN: [&str; 2] = ["--allow-origin", "*"];

in_chromium_and_firefox!(code_that_looks_at_the_class_finds_what_it_knows);

async fn code_that_looks_at_the_class_finds_what_it_knows(engine: Engine) -> anyhow::Result<()> {
    Pair::start(engine).await?.is_alike("sameShape", json!([])).await
}

in_chromium_and_firefox!(what_the_constructor_refuses_is_refused_at_once_and_alike);

async fn what_the_constructor_refuses_is_refused_at_once_and_alike(
    engine: Engine,
) -> anyhow::Result<()> {
    let pair = Pair::start(engine).await?;
    pair.is_alike("sameConstruction", json!([pair.server.ws("/echo")])).await
}

in_chromium_and_firefox!(what_close_refuses_is_refused_alike);

async fn what_close_refuses_is_refused_alike(engine: Engine) -> anyhow::Result<()> {
    let pair = Pair::start(engine).await?;
    pair.is_alike("sameClosing", json!([pair.server.ws("/echo")])).await
}

in_chromium_and_firefox!(every_type_is_sent_and_comes_back_alike);

async fn every_type_is_sent_and_comes_back_alike(engine: Engine) -> anyhow::Result<()> {
    let pair = Pair::start(engine).await?;
    pair.is_alike("sameSending", json!([pair.server.ws("/echo")])).await
}

in_chromium_and_firefox!(events_come_in_the_same_order_with_the_same_contents);

async fn events_come_in_the_same_order_with_the_same_contents(
    engine: Engine,
) -> anyhow::Result<()> {
    let pair = Pair::start(engine).await?;
    let (peer, refused) = (&pair.peer, Port::hold()?);
    let mut paths = vec![
        json!([pair.server.ws("/hello"), []]),
        json!([peer.ws("/polite"), []]),
        json!([peer.ws("/polite"), ["not-echoed"]]),
        json!([refused.ws("/"), []]),
        json!(["ws://127.0.0.1:9/", []]),
    ];
    for path in ["/status/401", "/end", "/reset", "/close/1000", "/close/1001", "/close/4000"] {
        paths.push(json!([peer.ws(path), []]));
    }
    pair.is_alike("sameEvents", json!([pair.server.ws("/echo"), paths])).await
}

in_chromium_and_firefox!(handlers_keep_their_place_among_the_listeners);

async fn handlers_keep_their_place_among_the_listeners(engine: Engine) -> anyhow::Result<()> {
    let pair = Pair::start(engine).await?;
    pair.is_alike("sameHandlers", json!([pair.server.ws("/echo")])).await
}
