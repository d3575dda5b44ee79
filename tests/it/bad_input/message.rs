//! Messages that are wrong or too large.

use e2e::page::{Page, Place, statuses};
use e2e::peer::Peer;
use e2e::server::Server;
use e2e_page::report::{Closed, End, Entry, Status};
use e2e_page::request::{Codec, Note, Options, Payload};

use crate::story;

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn json_of_the_wrong_shape_is_reported_and_the_line_stays_up() -> anyhow::Result<()> {
    let (peer, page) = (Peer::start().await?, Page::start(Place::Window).await?);
    let options = Options { codec: Codec::Json, ..Options::default() };
    let notes = page.open(&peer.ws("/broadcast?name=Ada"), options).await?;
    let texts = page.open(&peer.ws("/broadcast?name=Bob"), Options::default()).await?;
    notes.is_online(1).await?;

    let wrong = r#"{"id": "seven", "text": "hello"}"#;
    texts.say(wrong).await?;
    texts.say("no JSON at all").await?;
    texts.say(r#"{"id": 7, "text": "hello"}"#).await?;

    notes.hears(Payload::Note(Note { id: 7, text: "hello".to_owned() })).await?;
    let log = notes.log().await?;
    let reported: Vec<_> = log.iter().filter_map(undecodable).collect();
    assert_eq!(reported.len(), 2, "{log:#?}");
    assert_eq!(reported[0].1, wrong);
    assert!(reported[0].0.contains("seven"), "{}", reported[0].0);
    assert_eq!(reported[1].1, "no JSON at all");
    assert_eq!(statuses(&log).count(), 2, "{log:#?}");
    Ok(())
}

fn undecodable(entry: &Entry) -> Option<(&str, &str)> {
    if let Entry::Undecodable { error, payload } = entry { Some((error, payload)) } else { None }
}

#[tokio::test]
async fn a_message_over_the_pages_limit_is_refused_with_its_size_and_the_limit()
-> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start(Place::Window).await?);
    let options = Options { codec: Codec::Bytes, ..Options::default() };
    let line = page.open(&server.ws("/echo"), options).await?;

    let refused = line.try_send(Payload::Zeros(12 * MIB + 1)).await?;

    let failure = refused.expect_err("12 MiB is the limit");
    assert_eq!(failure.kind, "TooLarge { size: 12582913, limit: 12582912 }");
    assert!(failure.message.contains("12582913") && failure.message.contains("12582912"));
    line.send(Payload::Bytes(vec![1])).await?;
    line.hears(Payload::Bytes(vec![1])).await?;
    story::is_unbroken(&line.statuses().await?)
}

#[tokio::test]
async fn a_message_over_the_servers_limit_ends_the_line_with_1009() -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start(Place::Window).await?);
    let options =
        Options { codec: Codec::Bytes, message_bytes: Some(13 * MIB), ..Options::default() };
    let line = page.open(&server.ws("/echo"), options).await?;
    let neighbour = page.open(&server.ws("/echo"), Options::default()).await?;

    line.send(Payload::Zeros(12 * MIB + 1)).await?;

    line.shows("the end with 1009", |log| {
        let end = statuses(log).last()?;
        matches!(end, Status::Ended(End::Closed(Closed { code: 1009, .. }))).then_some(())
    })
    .await?;
    neighbour.say("undisturbed").await?;
    neighbour.hears_text("undisturbed").await?;
    story::is_unbroken(&line.statuses().await?)
}

#[tokio::test]
async fn a_message_that_is_too_large_to_receive_is_reported() -> anyhow::Result<()> {
    let (peer, page) = (Peer::start().await?, Page::start(Place::Window).await?);
    let ten_bytes = Options { message_bytes: Some(10), ..Options::default() };
    let narrow = page.open(&peer.ws("/broadcast?name=Ada"), ten_bytes).await?;
    let wide = page.open(&peer.ws("/broadcast?name=Bob"), Options::default()).await?;
    narrow.is_online(1).await?;

    wide.say("these are more than ten bytes").await?;
    wide.say("these not").await?;

    narrow.hears_text("these not").await?;
    let log = narrow.log().await?;
    let lost = log.iter().filter(|entry| matches!(entry, Entry::Lost(_)));
    assert_eq!(lost.count(), 1, "{log:#?}");
    story::is_unbroken(&narrow.statuses().await?)
}
