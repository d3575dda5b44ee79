//! The SDK in a SharedWorker: pages come and go, and their line stays.

use e2e::browser::Engine;
use e2e::page::{Page, Place};
use e2e::proxy::Proxy;
use e2e::server::Server;
use e2e_page::report::{End, Entry, Status};
use e2e_page::request::Options;

use crate::story;

#[tokio::test]
async fn two_pages_share_a_plain_line_that_outlives_the_first() -> anyhow::Result<()> {
    two_pages_share(Engine::Chromium, "/echo", Options::default()).await
}

#[tokio::test]
async fn two_pages_share_a_plain_line_that_outlives_the_first_in_firefox() -> anyhow::Result<()> {
    two_pages_share(Engine::Firefox, "/echo", Options::default()).await
}

#[tokio::test]
async fn two_pages_share_a_plain_line_that_outlives_the_first_in_webkit() -> anyhow::Result<()> {
    two_pages_share(Engine::WebKit, "/echo", Options::default()).await
}

#[tokio::test]
async fn two_pages_share_a_session_that_outlives_the_first() -> anyhow::Result<()> {
    two_pages_share(Engine::Chromium, "/session/echo", Options::session()).await
}

#[tokio::test]
async fn two_pages_share_a_session_that_outlives_the_first_in_firefox() -> anyhow::Result<()> {
    two_pages_share(Engine::Firefox, "/session/echo", Options::session()).await
}

#[tokio::test]
async fn two_pages_share_a_session_that_outlives_the_first_in_webkit() -> anyhow::Result<()> {
    two_pages_share(Engine::WebKit, "/session/echo", Options::session()).await
}

async fn two_pages_share(engine: Engine, path: &str, options: Options) -> anyhow::Result<()> {
    let (server, page) =
        (Server::start().await?, Page::start_in(engine, Place::SharedWorker).await?);
    let proxy = Proxy::start(server.port()).await?;
    let first = page.window().await?;
    let line = page.open(&proxy.ws(path), options).await?;
    line.say("from the first").await?;
    line.hears_text("from the first").await?;

    let second = page.open_again().await?;
    line.say("from the second").await?;
    line.hears_text("from the second").await?;

    page.close(&first, &second).await?;
    line.say("after the first is gone").await?;
    line.hears_text("after the first is gone").await?;
    assert_eq!(line.statuses().await?.len(), 2, "it was connecting, and is online");

    proxy.cut();
    line.is_online(2).await?;
    line.say("over a new connection").await?;
    line.hears_text("over a new connection").await?;
    line.close(1000, "").await?;
    let end = Entry::Status(Status::Ended(End::Application));
    line.shows("the end", |log| log.contains(&end).then_some(())).await?;
    story::is_unbroken(&line.statuses().await?)
}
