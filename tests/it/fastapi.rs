//! A page on the SDK talks to a FastAPI application that knows nothing of Keepline.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::page::{Page, Place, statuses};
use e2e::peer::Peer;
use e2e_page::report::{Closed, Down, End, Entry, Status};
use e2e_page::request::{Codec, Note, Options, Payload, Probe};
use tokio::time::sleep;

use crate::story;

fn note(id: u32, text: &str) -> Payload {
    Payload::Note(Note { id, text: text.to_owned() })
}

fn with(codec: Codec) -> Options {
    Options { codec, ..Options::default() }
}

#[tokio::test]
async fn typed_json_text_and_binary_go_both_ways() -> anyhow::Result<()> {
    everything_goes_both_ways(Engine::Chromium).await
}

#[tokio::test]
async fn typed_json_text_and_binary_go_both_ways_in_firefox() -> anyhow::Result<()> {
    everything_goes_both_ways(Engine::Firefox).await
}

async fn everything_goes_both_ways(engine: Engine) -> anyhow::Result<()> {
    let (peer, page) = (Peer::start().await?, Page::start_in(engine, Place::Window).await?);

    let notes = page.open(&peer.ws("/notes"), with(Codec::Json)).await?;
    notes.send(note(7, "grüße \"all\"")).await?;
    notes.hears(note(7, "GRÜSSE \"ALL\"")).await?;

    let texts = page.open(&peer.ws("/echo"), with(Codec::Text)).await?;
    texts.say("世界 🦀").await?;
    texts.hears_text("世界 🦀").await?;

    let bytes = page.open(&peer.ws("/echo"), with(Codec::Bytes)).await?;
    let every_byte = Payload::Bytes((0..=255).collect());
    bytes.send(every_byte.clone()).await?;
    bytes.hears(every_byte).await
}

#[tokio::test]
async fn a_token_in_the_query_opens_the_item() -> anyhow::Result<()> {
    let (peer, page) = (Peer::start().await?, Page::start(Place::Window).await?);
    let query = [("token", "a&b=ü"), ("q", "3")];
    let query = query.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let options = Options { query, ..Options::default() };

    let item = page.open(&peer.ws("/items/lamp/ws"), options).await?;
    item.say("how much?").await?;

    item.hears_text("credential: a&b=ü").await?;
    item.hears_text("q: 3").await?;
    item.hears_text("item lamp: how much?").await
}

#[tokio::test]
async fn without_a_token_the_item_ends_the_line_with_1008() -> anyhow::Result<()> {
    let (peer, page) = (Peer::start().await?, Page::start(Place::Window).await?);

    let item = page.open(&peer.ws("/items/lamp/ws"), Options::default()).await?;

    let reason = "no session and no token".to_owned();
    let refused = End::Closed(Closed { code: 1008, reason, clean: true });
    let end = Entry::Status(Status::Ended(refused));
    item.shows("the end with 1008", |log| log.contains(&end).then_some(())).await?;
    item.shows("the end of the messages", |log| log.contains(&Entry::Over).then_some(())).await?;
    story::is_unbroken(&item.statuses().await?)
}

#[tokio::test]
async fn a_dropped_socket_leaves_the_broadcast_and_the_others_hear_it() -> anyhow::Result<()> {
    let (peer, page) = (Peer::start().await?, Page::start(Place::Window).await?);
    let ada = page.open(&peer.ws("/broadcast?name=Ada"), Options::default()).await?;
    let bob = page.open(&peer.ws("/broadcast?name=Bob"), Options::default()).await?;
    ada.is_online(1).await?;

    bob.say("hello").await?;
    ada.hears_text("hello").await?;

    bob.drop_socket().await?;
    ada.hears_text("client Bob left").await
}

#[tokio::test]
async fn a_stream_keeps_coming() -> anyhow::Result<()> {
    let (peer, page) = (Peer::start().await?, Page::start(Place::Window).await?);

    let stream = page.open(&peer.ws("/stream"), with(Codec::Json)).await?;

    let numbers = stream.shows("three notes", |log| {
        let notes = log.iter().filter_map(|entry| {
            if let Entry::Message(Payload::Note(note)) = entry { Some(note.id) } else { None }
        });
        let numbers: Vec<u32> = notes.collect();
        (numbers.len() >= 3).then_some(numbers)
    });
    assert!(numbers.await?.starts_with(&[0, 1, 2]));
    Ok(())
}

#[tokio::test]
async fn an_answered_probe_measures_the_round_trip_and_stays_out_of_the_messages()
-> anyhow::Result<()> {
    let (peer, page) = (Peer::start().await?, Page::start(Place::Window).await?);
    let probe = Probe {
        question: "ping".to_owned(),
        answer: "pong".to_owned(),
        by_function: false,
        idle_ms: 100,
        within_ms: 5_000,
    };
    let options = Options { probe: Some(probe), ..Options::default() };

    let line = page.open(&peer.ws("/probe"), options).await?;

    line.shows("two answered probes", |log| {
        let answered = log.iter().filter(|entry| **entry == Entry::RoundTrip);
        (answered.count() >= 2).then_some(())
    })
    .await?;
    let log = line.log().await?;
    assert!(!log.iter().any(|entry| matches!(entry, Entry::Message(_))), "{log:#?}");
    assert_eq!(statuses(&log).count(), 2, "{log:#?}");
    Ok(())
}

#[tokio::test]
async fn a_page_is_back_by_itself_with_all_that_was_queued() -> anyhow::Result<()> {
    let (mut peer, page) = (Peer::start().await?, Page::start(Place::Window).await?);
    let line = page.open(&peer.ws("/echo"), Options::default()).await?;
    line.say("before").await?;
    line.hears_text("before").await?;

    peer.kill()?;
    let some_seconds = sleep(Duration::from_secs(3));
    line.shows("two attempts in vain", |log| {
        let attempts = statuses(log).skip(2).filter(|s| matches!(s, Status::Connecting { .. }));
        (attempts.count() >= 2).then_some(())
    })
    .await?;
    line.say("while it was down").await?;
    line.say("and once more").await?;
    some_seconds.await;
    peer.start_again().await?;

    line.is_online(2).await?;
    line.hears_text("and once more").await?;
    let log = line.log().await?;
    let heard = log.iter().filter(|entry| matches!(entry, Entry::Message(_)));
    let echoes = ["before", "while it was down", "and once more"];
    assert!(heard.eq(&echoes.map(|text| Entry::Message(Payload::Text(text.to_owned())))));
    let seen = line.statuses().await?;
    assert_eq!(seen[1], Status::Online { protocol: String::new() });
    let lost = Closed { code: 1006, reason: String::new(), clean: false };
    assert!(matches!(&seen[2], Status::Waiting { why: Down::Closed(why), .. } if *why == lost));
    story::is_unbroken(&seen)
}
