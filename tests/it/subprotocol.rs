//! The SDK offers subprotocols, and says which one the server chose.

use e2e::browser::Engine;
use e2e::page::{Page, Place, statuses};
use e2e::server::Server;
use e2e_page::report::{Closed, Down, Status};
use e2e_page::request::Options;

fn offering(subprotocols: &[&str]) -> Options {
    let subprotocols = subprotocols.iter().map(|&token| token.to_owned()).collect();
    Options { subprotocols, ..Options::default() }
}

#[tokio::test]
async fn the_status_names_the_one_that_the_server_chose() -> anyhow::Result<()> {
    the_server_chooses(Engine::Chromium).await
}

#[tokio::test]
async fn the_status_names_the_one_that_the_server_chose_in_firefox() -> anyhow::Result<()> {
    the_server_chooses(Engine::Firefox).await
}

async fn the_server_chooses(engine: Engine) -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);

    let line = page.open(&server.ws("/echo"), offering(&["chat.v2", "chat.v1"])).await?;
    line.is_online(1).await?;

    let online = Status::Online { protocol: "chat.v2".to_owned() };
    assert_eq!(line.statuses().await?.last(), Some(&online));
    line.say("in the second version").await?;
    line.hears_text("in the second version").await
}

#[tokio::test]
async fn chromium_loses_a_line_whose_server_chose_none() -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start(Place::Window).await?);

    let line = page.open(&server.ws("/broadcast"), offering(&["chat.v1"])).await?;

    let lost = Closed { code: 1006, reason: String::new(), clean: false };
    line.shows("the loss", |log| {
        let is_lost = |status: &Status| {
            matches!(status, Status::Waiting { why: Down::Closed(why), .. } if *why == lost)
        };
        statuses(log).any(is_lost).then_some(())
    })
    .await
}

#[tokio::test]
async fn firefox_opens_a_line_whose_server_chose_none() -> anyhow::Result<()> {
    let server = Server::start().await?;
    let page = Page::start_in(Engine::Firefox, Place::Window).await?;

    let line = page.open(&server.ws("/broadcast"), offering(&["chat.v1"])).await?;
    line.is_online(1).await?;

    let online = Status::Online { protocol: String::new() };
    assert_eq!(line.statuses().await?.last(), Some(&online));
    Ok(())
}
