//! Far ends that misbehave.

use std::time::Duration;

use e2e::bad_peer::{BadPeer, Manner};
use e2e::page::{Page, Place, statuses};
use e2e::server::Server;
use e2e::wait::{PATIENCE, until};
use e2e_page::report::{Closed, Down, End, Entry, Status};
use e2e_page::request::{Options, Payload, Probe};

use crate::story;

#[tokio::test]
async fn a_handshake_that_hangs_is_closed_before_the_next_attempt() -> anyhow::Result<()> {
    let (peer, page) =
        (BadPeer::start(Manner::NeverAnswers).await?, Page::start(Place::Window).await?);
    let options = Options { connect_timeout_ms: Some(300), ..Options::default() };

    let line = page.open(&peer.ws(), options).await?;

    line.shows("three handshakes in vain", |log| {
        let timed_out = statuses(log)
            .filter(|status| matches!(status, Status::Waiting { why: Down::TimedOut, .. }));
        (timed_out.count() >= 3).then_some(())
    })
    .await?;
    until("its socket to be closed", PATIENCE, async || Ok((peer.open() == 0).then_some(())))
        .await?;
    assert!(peer.accepted() >= 3);
    assert_eq!(peer.most_open(), 1);
    story::is_unbroken(&line.statuses().await?)
}

#[tokio::test]
async fn a_peer_that_goes_silent_is_noticed_by_the_probe_and_dialled_anew() -> anyhow::Result<()> {
    let (peer, page) =
        (BadPeer::start(Manner::GoesSilent).await?, Page::start(Place::Window).await?);
    let probe = Probe {
        question: "ping".to_owned(),
        answer: "pong".to_owned(),
        by_function: false,
        idle_ms: 300,
        within_ms: 300,
    };
    let options = Options { probe: Some(probe), ..Options::default() };

    let line = page.open(&peer.ws(), options).await?;
    let id = line.say("did you get this?").await?;

    line.is_online(2).await?;
    let unknown = Entry::Unknown { first: id, last: id };
    line.shows("the word that nobody knows", |log| log.contains(&unknown).then_some(())).await?;
    let seen = line.statuses().await?;
    assert!(matches!(seen[1], Status::Online { .. }), "{seen:#?}");
    assert!(matches!(seen[2], Status::Waiting { why: Down::Silent, .. }), "{seen:#?}");
    assert!(peer.accepted() >= 2);
    story::is_unbroken(&seen)
}

#[tokio::test]
async fn a_server_that_closes_at_once_is_asked_less_and_less_often() -> anyhow::Result<()> {
    let (peer, page) =
        (BadPeer::start(Manner::ClosesAtOnce).await?, Page::start(Place::Window).await?);
    let line = page.open(&peer.ws(), Options::default()).await?;
    line.is_online(1).await?;

    // Not a wait for anything: a look at how often it tries meanwhile.
    tokio::time::sleep(Duration::from_secs(4)).await;

    let attempts = peer.accepted();
    assert!((2..=12).contains(&attempts), "{attempts} attempts in four seconds");
    let seen = line.statuses().await?;
    for status in &seen {
        if let Status::Waiting { why, attempt, retry_in_ms } = status {
            assert!(matches!(why, Down::Closed(Closed { code: 1011, .. })), "{why:?}");
            let ceiling = 500 << attempt.saturating_sub(1).min(6);
            assert!(*retry_in_ms <= ceiling, "{retry_in_ms} ms before attempt {attempt}");
        }
    }
    story::is_unbroken(&seen)
}

#[tokio::test]
async fn a_connection_dropped_without_a_word_is_dialled_anew() -> anyhow::Result<()> {
    let (peer, page) = (BadPeer::start(Manner::Drops).await?, Page::start(Place::Window).await?);

    let line = page.open(&peer.ws(), Options::default()).await?;

    line.is_online(2).await?;
    let seen = line.statuses().await?;
    let lost = Closed { code: 1006, reason: String::new(), clean: false };
    assert!(matches!(&seen[2], Status::Waiting { why: Down::Closed(why), .. } if *why == lost));
    story::is_unbroken(&seen)
}

#[tokio::test]
async fn a_far_end_that_says_goodbye_ends_the_line_with_1000() -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start(Place::Window).await?);

    let line = page.open(&server.ws("/hello"), Options::default()).await?;

    line.shows("the end with 1000", |log| {
        let end = statuses(log).last()?;
        matches!(end, Status::Ended(End::Closed(Closed { code: 1000, clean: true, .. })))
            .then_some(())
    })
    .await?;
    line.shows("the greeting, and then nothing", |log| {
        let greeted = log.iter().any(|entry| matches!(entry, Entry::Message(Payload::Text(_))));
        (greeted && log.contains(&Entry::Over)).then_some(())
    })
    .await?;
    story::is_unbroken(&line.statuses().await?)
}

#[tokio::test]
async fn dropping_the_socket_closes_its_connection() -> anyhow::Result<()> {
    let (peer, page) =
        (BadPeer::start(Manner::NeverAnswers).await?, Page::start(Place::Window).await?);
    let line = page.open(&peer.ws(), Options::default()).await?;
    until("the handshake to begin", PATIENCE, async || Ok((peer.open() == 1).then_some(())))
        .await?;

    line.drop_socket().await?;

    until("the connection to be closed", PATIENCE, async || Ok((peer.open() == 0).then_some(())))
        .await?;
    assert_eq!(peer.accepted(), 1);
    Ok(())
}
