//! The npm package on a page whose network goes, and on a machine that sleeps, with traffic.

use e2e::browser::Engine;
use e2e::proxy::{Proxy, Stall};
use e2e::server::Server;
use e2e::wait::{PATIENCE, until};
use serde_json::json;

use super::Stories;

/// An hour.
const SLEPT_MS: u32 = 3_600_000;

/// A page that pours numbers into a session of the npm package, through a proxy.
struct Pouring {
    stories: Stories,
    proxy: Proxy,
    _server: Server,
}

impl Pouring {
    async fn start() -> anyhow::Result<Self> {
        let (server, stories) = (Server::start().await?, Stories::open(Engine::Chromium).await?);
        let proxy = Proxy::start(server.port()).await?;
        stories.tell("pour", vec![json!(proxy.ws("/session/echo"))]).await?;
        Ok(Self { stories, proxy, _server: server })
    }

    /// Waits until the line was down for these reasons.
    async fn was_down(&self, reasons: &[&str]) -> anyhow::Result<()> {
        until("the line to say why it is down", PATIENCE, async || {
            Ok((self.stories.tell("downs", vec![]).await? == json!(reasons)).then_some(()))
        })
        .await
    }

    /// Whether each number came back once and in order, over two connections.
    async fn ends_well(&self) -> anyhow::Result<()> {
        self.stories.tell("poured", vec![json!(2)]).await.map(drop)
    }
}

#[tokio::test]
async fn a_zombie_is_found_when_the_network_is_back_and_nothing_is_lost() -> anyhow::Result<()> {
    let pouring = Pouring::start().await?;
    let browser = &pouring.stories.browser;
    // Its socket stays open and hears nothing, whatever the network does.
    pouring.proxy.stall(Stall::Swallow);
    browser.emulate_offline(true).await?;
    pouring.proxy.resume();
    browser.emulate_offline(false).await?;
    pouring.was_down(&["silent"]).await?;
    pouring.ends_well().await
}

#[tokio::test]
async fn a_line_that_is_lost_without_a_network_waits_for_it_and_nothing_is_lost()
-> anyhow::Result<()> {
    let pouring = Pouring::start().await?;
    let browser = &pouring.stories.browser;
    browser.emulate_offline(true).await?;
    pouring.proxy.cut();
    pouring.was_down(&["offline"]).await?;
    browser.emulate_offline(false).await?;
    pouring.ends_well().await
}

/// The page's own clock does not know of the sleep, in which the far end has forgotten the socket.
#[tokio::test]
async fn a_machine_that_has_slept_finds_its_line_dead_and_nothing_is_lost() -> anyhow::Result<()> {
    let pouring = Pouring::start().await?;
    let browser = &pouring.stories.browser;
    browser.emulate_offline(true).await?;
    pouring.proxy.stall(Stall::Swallow);
    pouring.stories.tell("sleep", vec![json!(SLEPT_MS)]).await?;
    pouring.proxy.resume();
    browser.emulate_offline(false).await?;
    pouring.was_down(&["silent"]).await?;
    pouring.ends_well().await
}

async fn a_plain_line_is_replaced_after_a_sleep_without_a_wait(
    engine: Engine,
) -> anyhow::Result<()> {
    let (server, stories) = (Server::start().await?, Stories::open(engine).await?);
    stories.tell("replaced", vec![json!(server.ws("/echo"))]).await.map(drop)
}
in_chromium_and_firefox!(a_plain_line_is_replaced_after_a_sleep_without_a_wait);
