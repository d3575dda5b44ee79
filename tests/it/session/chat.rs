//! A chat over a session: a reader that is away misses nothing.

use e2e::browser::Engine;
use e2e::page::{Page, Place, statuses};
use e2e::proxy::{Proxy, Stall};
use e2e::server::Server;
use e2e::wait::PATIENCE;
use e2e_page::report::{End, Entry, Status};
use e2e_page::request::{Options, Payload};

use crate::story;

const WORDS: [&str; 5] = ["one", "two", "three", "four", "five"];

#[tokio::test]
async fn a_reader_that_is_cut_off_misses_nothing_said_meanwhile() -> anyhow::Result<()> {
    a_reader_is_cut_off(Engine::Chromium).await
}

#[tokio::test]
async fn a_reader_that_is_cut_off_misses_nothing_said_meanwhile_in_firefox() -> anyhow::Result<()> {
    a_reader_is_cut_off(Engine::Firefox).await
}

async fn a_reader_is_cut_off(engine: Engine) -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let proxy = Proxy::start(server.port()).await?;
    let reader = page.open(&proxy.ws("/session/chat/den?name=Ada"), Options::session()).await?;
    reader.shows("the welcome", |log| said(log).next().map(|_| ())).await?;
    let speaker = page.open(&server.ws("/session/chat/den?name=Bob"), Options::session()).await?;

    proxy.stall(Stall::Hold);
    proxy.cut();
    reader.adds_up("the loss", PATIENCE, |it| it.losses.len() == 1).await?;
    for word in WORDS {
        speaker.say(&format!(r#"{{"type":"say","text":"{word}"}}"#)).await?;
    }
    speaker.adds_up("all to be taken", PATIENCE, |it| it.fates() == 5).await?;
    proxy.resume();

    let heard = reader.shows("all that was said", |log| {
        let heard: Vec<_> = said(log).filter(|event| event.contains("\"said\"")).collect();
        (heard.len() >= WORDS.len()).then(|| heard.join("\n"))
    });
    let heard = heard.await?;
    for (word, event) in WORDS.iter().zip(heard.lines()) {
        assert!(event.contains(&format!("\"text\":\"{word}\"")), "{heard}");
    }
    assert_eq!(heard.lines().count(), WORDS.len(), "{heard}");
    let joined = reader.log().await?;
    let left = said(&joined).filter(|event| event.contains("\"left\"")).count();
    assert_eq!(left, 0, "nobody has left: {joined:#?}");
    story::is_unbroken(&reader.statuses().await?)
}

#[tokio::test]
async fn who_says_no_name_is_told_so() -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start(Place::Window).await?);

    let line = page.open(&server.ws("/session/chat/den"), Options::session()).await?;

    let closed = line.shows("the end", |log| {
        statuses(log).find_map(|status| match status {
            Status::Ended(End::Closed(closed)) => Some((closed.code, closed.reason.clone())),
            _ => None,
        })
    });
    assert_eq!(closed.await?, (4400, "the name must not be empty".to_owned()));
    story::is_unbroken(&line.statuses().await?)
}

fn said(log: &[Entry]) -> impl Iterator<Item = &str> {
    log.iter().filter_map(|entry| match entry {
        Entry::Message(Payload::Text(text)) => Some(text.as_str()),
        _ => None,
    })
}
