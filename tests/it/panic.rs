//! What becomes of a page whose application panics.

use e2e::bad_peer::{BadPeer, Manner};
use e2e::browser::Engine;
use e2e::page::{Page, Place};
use e2e::wait::{PATIENCE, until};
use e2e_page::request::{Options, Request};

/// Remembers in the document what is told: Firefox gives each script of a driver another global
/// object.
const LISTEN: &str = "
    const { dataset } = document.documentElement;
    dataset.panics = '[]';
    addEventListener('keepline-panic', ({ detail }) => {
        dataset.panics = JSON.stringify([...JSON.parse(dataset.panics), detail]);
    });
";
const TOLD: &str = "return JSON.parse(document.documentElement.dataset.panics)";

#[tokio::test]
async fn a_panic_closes_every_socket_and_the_page_can_tell() -> anyhow::Result<()> {
    sockets_close_and_the_page_is_told(Engine::Chromium).await
}

#[tokio::test]
async fn a_panic_closes_every_socket_and_the_page_can_tell_in_firefox() -> anyhow::Result<()> {
    sockets_close_and_the_page_is_told(Engine::Firefox).await
}

async fn sockets_close_and_the_page_is_told(engine: Engine) -> anyhow::Result<()> {
    let (page, peer) = (
        Page::start_in(engine, Place::Window).await?,
        BadPeer::start(Manner::TellsHowItEnds).await?,
    );
    page.browser().run::<()>(LISTEN, vec![]).await?;
    let one = page.open(&peer.ws(), Options::default()).await?;
    let two = page.open(&peer.ws(), Options::default()).await?;
    let closed = page.open(&peer.ws(), Options::default()).await?;
    for line in [&one, &two, &closed] {
        line.is_online(1).await?;
    }
    closed.close(1000, "").await?;
    until("one to be closed", PATIENCE, async || Ok((peer.ends() == [1000]).then_some(()))).await?;

    let message = "the application made a mistake".to_owned();
    let failed = page.ask::<()>(&Request::Panic { message }).await;

    assert!(failed.is_err(), "a panic has no answer");
    until("the others to be closed", PATIENCE, async || {
        Ok((peer.ends() == [1000, 4999, 4999]).then_some(()))
    })
    .await?;
    let told: Vec<String> = page.browser().run(TOLD, vec![]).await?;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("the application made a mistake"), "{told:?}");
    assert_eq!(peer.accepted(), 3, "nobody comes back");
    Ok(())
}
