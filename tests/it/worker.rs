//! The SDK in a dedicated Worker.

use e2e::browser::Engine;
use e2e::page::{Page, Place};
use e2e::server::Server;
use e2e_page::report::{End, Entry, Status};
use e2e_page::request::{Codec, Options, Payload};

in_each_engine!(a_line_in_a_worker_echoes_closes_and_ends);

async fn a_line_in_a_worker_echoes_closes_and_ends(engine: Engine) -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Worker).await?);

    let texts = page.open(&server.ws("/echo"), Options::default()).await?;
    texts.say("from a worker").await?;
    texts.hears_text("from a worker").await?;

    let options = Options { codec: Codec::Bytes, ..Options::default() };
    let bytes = page.open(&server.ws("/echo"), options).await?;
    bytes.send(Payload::Bytes(vec![0, 255])).await?;
    bytes.hears(Payload::Bytes(vec![0, 255])).await?;

    texts.close(1000, "bye").await?;
    let end = Entry::Status(Status::Ended(End::Application));
    texts.shows("the end", |log| log.contains(&end).then_some(())).await
}

in_each_engine!(a_line_in_a_worker_comes_back_when_the_server_does);

async fn a_line_in_a_worker_comes_back_when_the_server_does(engine: Engine) -> anyhow::Result<()> {
    let (mut server, page) = (Server::start().await?, Page::start_in(engine, Place::Worker).await?);
    let line = page.open(&server.ws("/echo"), Options::default()).await?;
    line.is_online(1).await?;

    server.stop().await?;
    line.shows("the loss", |log| {
        let lost = |status: &Status| matches!(status, Status::Waiting { .. });
        e2e::page::statuses(log).any(lost).then_some(())
    })
    .await?;
    line.say("kept").await?;
    server.start_again().await?;

    line.hears_text("kept").await
}
