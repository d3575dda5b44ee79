//! A page finds out why it cannot connect, as far as the browser lets it.

use e2e::bad_peer::{BadPeer, Manner};
use e2e::browser::Engine;
use e2e::http_peer::{Answer, HttpPeer};
use e2e::page::{Line, Page, Place, statuses};
use e2e::peer::Peer;
use e2e::port::Port;
use e2e::server::Server;
use e2e_page::report::{Down, End, Entry, Status};
use e2e_page::request::{Options, Provided};

const HIDDEN: &str = "a server answers, but does not say what is wrong";

fn curious() -> Options {
    Options { diagnosis: true, ..Options::default() }
}

fn open_to_all(status: u16) -> Answer {
    Answer { status, retry_after: None, cors: true }
}

/// What was found out, and whether that ended the line.
async fn finding(line: &Line<'_>) -> anyhow::Result<(String, bool)> {
    line.shows("what was found out", |log| {
        statuses(log).find_map(|status| match status {
            Status::Waiting { why: Down::Diagnosed(found), .. } => Some((found.clone(), false)),
            Status::Ended(End::Diagnosed(found)) => Some((found.clone(), true)),
            _ => None,
        })
    })
    .await
}

#[tokio::test]
async fn each_status_is_told_by_name_and_only_some_end_the_line() -> anyhow::Result<()> {
    every_status(Engine::Chromium, Place::Window).await
}

#[tokio::test]
async fn each_status_is_told_by_name_and_only_some_end_the_line_in_firefox() -> anyhow::Result<()> {
    every_status(Engine::Firefox, Place::Window).await
}

#[tokio::test]
async fn each_status_is_told_by_name_in_a_worker() -> anyhow::Result<()> {
    every_status(Engine::Chromium, Place::Worker).await
}

async fn every_status(engine: Engine, place: Place) -> anyhow::Result<()> {
    let page = Page::start_in(engine, place).await?;
    let cases = [
        (401, "the server wants credentials (HTTP 401)", true),
        (403, "the server forbids it (HTTP 403)", true),
        (404, "perhaps there is nothing at this address (HTTP 404)", false),
        (429, "the server has had too many requests (HTTP 429)", false),
        (503, "the server is not available (HTTP 503)", false),
        (426, "a server answers, but not as a WebSocket (HTTP 426)", false),
        (200, "a server answers, but not as a WebSocket (HTTP 200)", false),
        (302, "the server sends one elsewhere, perhaps to a login", false),
    ];
    for (status, words, ends) in cases {
        let peer = HttpPeer::start(open_to_all(status)).await?;
        let line = page.open(&peer.ws("/"), curious()).await?;
        assert_eq!(finding(&line).await?, (words.to_owned(), ends), "{status}");

        let silent = HttpPeer::start(Answer { cors: false, ..open_to_all(status) }).await?;
        let line = page.open(&silent.ws("/"), curious()).await?;
        let found = finding(&line).await?;
        assert_eq!(found, (HIDDEN.to_owned(), false), "{status}, without a word to other origins");
    }
    Ok(())
}

#[tokio::test]
async fn nobody_at_all_is_told_from_somebody_who_does_not_say() -> anyhow::Result<()> {
    for engine in [Engine::Chromium, Engine::Firefox] {
        let (port, page) = (Port::hold()?, Page::start_in(engine, Place::Window).await?);
        let line = page.open(&port.ws("/"), curious()).await?;
        assert_eq!(finding(&line).await?, ("the host cannot be reached".to_owned(), false));
    }
    Ok(())
}

in_chromium_and_firefox!(a_server_that_says_when_to_return_is_believed);

async fn a_server_that_says_when_to_return_is_believed(engine: Engine) -> anyhow::Result<()> {
    let page = Page::start_in(engine, Place::Window).await?;
    for status in [429, 503] {
        let answer = Answer { retry_after: Some("30"), ..open_to_all(status) };
        let peer = HttpPeer::start(answer).await?;
        let line = page.open(&peer.ws("/"), curious()).await?;
        let retry_in = line.shows("the server's own time", |log| {
            statuses(log).find_map(|status| match status {
                Status::Waiting { why: Down::Diagnosed(_), retry_in_ms, .. } => Some(*retry_in_ms),
                _ => None,
            })
        });
        let retry_in = retry_in.await?;
        assert!((29_000..=33_000).contains(&retry_in), "{retry_in} ms");
    }
    Ok(())
}

in_chromium_and_firefox!(a_server_that_is_down_is_not_asked_with_every_attempt);

async fn a_server_that_is_down_is_not_asked_with_every_attempt(
    engine: Engine,
) -> anyhow::Result<()> {
    let (peer, page) =
        (HttpPeer::start(open_to_all(500)).await?, Page::start_in(engine, Place::Window).await?);
    let line = page.open(&peer.ws("/"), curious()).await?;
    line.shows("five attempts", |log| {
        statuses(log).find(|it| matches!(it, Status::Connecting { attempt: 5 })).cloned()
    })
    .await?;
    assert_eq!(peer.others().len(), 1);
    Ok(())
}

in_chromium_and_firefox!(an_application_may_judge_a_404_by_what_it_knows);

async fn an_application_may_judge_a_404_by_what_it_knows(engine: Engine) -> anyhow::Result<()> {
    let (peer, page) =
        (HttpPeer::start(open_to_all(404)).await?, Page::start_in(engine, Place::Window).await?);
    let options = Options { ends_for_status: Some(404), ..curious() };
    let line = page.open(&peer.ws("/"), options).await?;
    let (found, ends) = line
        .shows("the end", |log| match statuses(log).last()? {
            Status::Ended(End::Diagnosed(found)) => Some((found.clone(), true)),
            _ => None,
        })
        .await?;
    assert_eq!(
        (found.as_str(), ends),
        ("perhaps there is nothing at this address (HTTP 404)", true)
    );
    Ok(())
}

#[tokio::test]
async fn what_the_pages_policy_forbids_to_ask_stays_unknown() -> anyhow::Result<()> {
    let policy = "default-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ws:";
    let (peer, page) = (HttpPeer::start(open_to_all(401)).await?, Page::start_under(policy).await?);
    let line = page.open(&peer.ws("/"), curious()).await?;
    line.shows("four attempts", |log| {
        statuses(log).find(|it| matches!(it, Status::Connecting { attempt: 4 })).cloned()
    })
    .await?;
    let is_told = |status: &&Status| {
        matches!(status, Status::Waiting { why: Down::Diagnosed(_), .. } | Status::Ended(_))
    };
    assert_eq!(line.statuses().await?.iter().find(is_told), None);
    assert_eq!(peer.others().len(), 0);
    Ok(())
}

in_chromium_and_firefox!(a_peer_that_never_answers_holds_nothing_up);

async fn a_peer_that_never_answers_holds_nothing_up(engine: Engine) -> anyhow::Result<()> {
    let page = Page::start_in(engine, Place::Window).await?;
    let peer = BadPeer::start(Manner::NeverAnswers).await?;
    let options = Options { connect_timeout_ms: Some(200), ..curious() };
    let line = page.open(&peer.ws(), options).await?;
    line.shows("four attempts", |log| {
        statuses(log).find(|it| matches!(it, Status::Connecting { attempt: 4 })).cloned()
    })
    .await?;
    line.close(1000, "").await?;
    line.shows("the end", |log| log.contains(&Entry::Over).then_some(())).await
}

/// Uvicorn answers 404 to a GET of a path that exists for upgrades only, and this server 426: a
/// hint, and no reason to give up.
#[tokio::test]
async fn what_real_servers_answer_to_a_get_does_not_end_a_line() -> anyhow::Result<()> {
    let page = Page::start(Place::Window).await?;
    let peer = Peer::start().await?;
    let line = page.open(&peer.ws("/refused"), curious()).await?;
    let words = "perhaps there is nothing at this address (HTTP 404)".to_owned();
    assert_eq!(finding(&line).await?, (words, false));

    // A page of a foreign origin may not know what this one says.
    let mut server = Server::start().await?;
    let line = page.open(&server.ws("/echo"), curious()).await?;
    line.is_online(1).await?;
    server.kill()?;
    assert_eq!(finding(&line).await?, ("the host cannot be reached".to_owned(), false));
    server.start_again().await?;
    line.is_online(2).await
}

in_chromium_and_firefox!(a_provider_is_asked_once_more_before_a_401_ends_the_line);

async fn a_provider_is_asked_once_more_before_a_401_ends_the_line(
    engine: Engine,
) -> anyhow::Result<()> {
    let (peer, page) =
        (HttpPeer::start(open_to_all(401)).await?, Page::start_in(engine, Place::Window).await?);
    let provider = vec![Provided::Token("secret".to_owned())];
    let line = page.open(&peer.ws("/"), Options { provider, ..curious() }).await?;
    line.shows("the end", |log| {
        statuses(log).any(|it| matches!(it, Status::Ended(End::Diagnosed(_)))).then_some(())
    })
    .await?;
    let log = line.log().await?;
    assert!(log.contains(&Entry::Asked("Refusal".to_owned())), "{log:#?}");
    assert!(!format!("{log:?}").contains("secret"));
    assert_eq!(peer.others().len(), 2);
    Ok(())
}
