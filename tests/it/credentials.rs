//! Credentials that a provider gives: accepted, refused, expired and renewed.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::page::{Line, Page, Place, statuses};
use e2e::peer::Peer;
use e2e::proxy::Proxy;
use e2e::server::Server;
use e2e::wait::PATIENCE;
use e2e_page::report::{Closed, Down, End, Entry, Status};
use e2e_page::request::{Options, Pour, Provided, Session};

use crate::story;

fn credentials(given: &[&str]) -> Vec<Provided> {
    given.iter().map(|&one| Provided::Credentials(one.to_owned())).collect()
}

fn tokens(given: &[&str]) -> Vec<Provided> {
    given.iter().map(|&one| Provided::Token(one.to_owned())).collect()
}

/// A session whose provider gives these, one after the other.
fn session(given: &[&str]) -> Options {
    Options { provider: credentials(given), ..Options::session() }
}

fn plain(given: &[&str]) -> Options {
    Options { provider: tokens(given), ..Options::default() }
}

/// Why the provider was asked, each time.
fn asked(log: &[Entry]) -> Vec<&str> {
    log.iter().filter_map(occasion).collect()
}

fn occasion(entry: &Entry) -> Option<&str> {
    if let Entry::Asked(why) = entry { Some(why) } else { None }
}

async fn ended_with(line: &Line<'_>) -> anyhow::Result<u16> {
    line.shows("the end, by a close code", |log| match statuses(log).last()? {
        Status::Ended(End::Closed(Closed { code, .. })) => Some(*code),
        _ => None,
    })
    .await
}

/// Waits until the provider was asked so often, and returns why each time.
async fn was_asked(line: &Line<'_>, times: usize) -> anyhow::Result<Vec<String>> {
    line.shows("the provider to be asked", |log| {
        let asked = asked(log);
        (asked.len() >= times).then(|| asked.into_iter().map(str::to_owned).collect())
    })
    .await
}

async fn talks(line: &Line<'_>) -> anyhow::Result<()> {
    line.say("are you there?").await?;
    line.hears_text("are you there?").await
}

#[tokio::test]
async fn a_session_says_who_it_is_with_what_its_provider_gives() -> anyhow::Result<()> {
    hello_is_accepted(Engine::Chromium, Place::Window).await
}

#[tokio::test]
async fn a_session_says_who_it_is_with_what_its_provider_gives_in_firefox() -> anyhow::Result<()> {
    hello_is_accepted(Engine::Firefox, Place::Worker).await
}

async fn hello_is_accepted(engine: Engine, place: Place) -> anyhow::Result<()> {
    let (server, page) = (Server::start_verifying().await?, Page::start_in(engine, place).await?);
    let line = page.open(&server.ws("/session/echo"), session(&["alice"])).await?;
    talks(&line).await?;
    assert_eq!(was_asked(&line, 1).await?, ["Attempt"]);

    // Without a provider, too: what the configuration says is as good.
    let own = Session { credentials: Some("alice".to_owned()), ..Session::default() };
    let options = Options { session: Some(own), ..Options::default() };
    talks(&page.open(&server.ws("/session/echo"), options).await?).await?;

    let nobody = page.open(&server.ws("/session/echo"), Options::session()).await?;
    assert_eq!(ended_with(&nobody).await?, 4401);
    Ok(())
}

in_chromium_and_firefox!(refused_credentials_are_replaced_once);

async fn refused_credentials_are_replaced_once(engine: Engine) -> anyhow::Result<()> {
    let (server, page) =
        (Server::start_verifying().await?, Page::start_in(engine, Place::Window).await?);
    let url = server.ws("/session/echo");

    let line = page.open(&url, session(&["nobody", "alice"])).await?;
    talks(&line).await?;
    assert_eq!(was_asked(&line, 2).await?, ["Attempt", "Refusal"]);
    story::is_unbroken(&line.statuses().await?)?;

    let line = page.open(&url, session(&["nobody"])).await?;
    assert_eq!(ended_with(&line).await?, 4401);
    assert_eq!(was_asked(&line, 2).await?, ["Attempt", "Refusal"]);
    Ok(())
}

#[tokio::test]
async fn a_session_outlives_its_credentials_by_renewing_them_in_band() -> anyhow::Result<()> {
    renews_in_band(Engine::Chromium).await
}

#[tokio::test]
async fn a_session_outlives_its_credentials_by_renewing_them_in_band_in_firefox()
-> anyhow::Result<()> {
    renews_in_band(Engine::Firefox).await
}

async fn renews_in_band(engine: Engine) -> anyhow::Result<()> {
    let (server, page) =
        (Server::start_verifying().await?, Page::start_in(engine, Place::Window).await?);
    // They hold for 12 s and are renewed after 9.6 to 10.8 s. It goes on for longer than that.
    const POUR: Pour = Pour { count: 65, batch: 1, every_ms: 200 };
    let given = session(&["alice 12000", "alice"]);
    let line = page.open(&server.ws("/session/echo"), given).await?;
    line.is_online(1).await?;
    line.pour(POUR).await?;
    line.adds_up("all echoes", PATIENCE, |it| it.heard.count() == POUR.count).await?;
    assert_eq!(asked(&line.log().await?), ["Attempt", "Renewal"]);
    let online = |status: &&Status| matches!(status, Status::Online { .. });
    assert_eq!(line.statuses().await?.iter().filter(online).count(), 1, "the line never broke");
    Ok(())
}

in_chromium_and_firefox!(a_session_that_cannot_renew_comes_back_with_others_after_the_expiry);

async fn a_session_that_cannot_renew_comes_back_with_others_after_the_expiry(
    engine: Engine,
) -> anyhow::Result<()> {
    let (server, page) =
        (Server::start_verifying().await?, Page::start_in(engine, Place::Window).await?);
    let mut provider = credentials(&["alice 12000"]);
    provider.push(Provided::Stop("not now".to_owned()));
    provider.extend(credentials(&["alice"]));
    let options = Options { provider, ..Options::session() };
    let line = page.open(&server.ws("/session/echo"), options).await?;
    line.say("before").await?;
    line.is_online(2).await?;
    talks(&line).await?;

    let log = line.log().await?;
    assert_eq!(asked(&log), ["Attempt", "Renewal", "Refusal"]);
    let expired = statuses(&log).any(|status| match status {
        Status::Waiting { why: Down::Closed(closed), .. } => closed.code == 4401,
        _ => false,
    });
    assert!(expired, "{log:#?}");
    assert!(!log.iter().any(|entry| matches!(entry, Entry::Restarted { .. })), "the same session");
    Ok(())
}

in_chromium_and_firefox!(an_application_renews_by_itself);

async fn an_application_renews_by_itself(engine: Engine) -> anyhow::Result<()> {
    const POUR: Pour = Pour { count: 65, batch: 1, every_ms: 200 };
    let (server, page) =
        (Server::start_verifying().await?, Page::start_in(engine, Place::Window).await?);
    let own = Session { credentials: Some("alice 12000".to_owned()), ..Session::default() };
    let options = Options { session: Some(own), ..Options::default() };
    let line = page.open(&server.ws("/session/echo"), options).await?;
    line.is_online(1).await?;
    line.renew("alice").await?;
    // It goes on for longer than the first ones would have held.
    line.pour(POUR).await?;
    line.adds_up("all echoes", PATIENCE, |it| it.heard.count() == POUR.count).await?;
    assert_eq!(line.tally().await?.losses.len(), 0);
    Ok(())
}

in_chromium_and_firefox!(a_session_does_not_become_somebody_elses_by_a_renewal);

async fn a_session_does_not_become_somebody_elses_by_a_renewal(
    engine: Engine,
) -> anyhow::Result<()> {
    let (server, page) =
        (Server::start_verifying().await?, Page::start_in(engine, Place::Window).await?);
    let line = page.open(&server.ws("/session/echo"), session(&["alice"])).await?;
    talks(&line).await?;
    line.renew("bob").await?;
    assert_eq!(ended_with(&line).await?, 4456);
    Ok(())
}

in_chromium_and_firefox!(a_session_comes_back_with_new_credentials_and_is_the_same);

async fn a_session_comes_back_with_new_credentials_and_is_the_same(
    engine: Engine,
) -> anyhow::Result<()> {
    let (server, page) =
        (Server::start_verifying().await?, Page::start_in(engine, Place::Window).await?);
    let proxy = Proxy::start(server.port()).await?;
    let given = session(&["alice 60000", "alice 61000", "alice 62000"]);
    let line = page.open(&proxy.ws("/session/echo"), given).await?;
    for times in 1..=3 {
        line.is_online(times).await?;
        talks(&line).await?;
        proxy.cut();
    }
    line.is_online(4).await?;
    let log = line.log().await?;
    assert_eq!(asked(&log), ["Attempt"; 4]);
    assert!(!log.iter().any(|entry| matches!(entry, Entry::Restarted { .. })));
    Ok(())
}

#[tokio::test]
async fn a_token_that_expires_on_a_plain_line_is_replaced_once() -> anyhow::Result<()> {
    plain_tokens_expire(Engine::Chromium).await
}

#[tokio::test]
async fn a_token_that_expires_on_a_plain_line_is_replaced_once_in_firefox() -> anyhow::Result<()> {
    plain_tokens_expire(Engine::Firefox).await
}

async fn plain_tokens_expire(engine: Engine) -> anyhow::Result<()> {
    let (peer, page) = (Peer::start().await?, Page::start_in(engine, Place::Window).await?);
    for first in ["expired", "short"] {
        let line = page.open(&peer.ws("/guarded"), plain(&[first, "good"])).await?;
        assert_eq!(was_asked(&line, 2).await?, ["Attempt", "Refusal"]);
        talks(&line).await?;
        let statuses = line.statuses().await?;
        let why = statuses.iter().find_map(|status| match status {
            Status::Waiting { why: Down::Closed(closed), .. } => Some(closed.code),
            _ => None,
        });
        assert_eq!(why, Some(4401));
    }
    let line = page.open(&peer.ws("/guarded"), plain(&["expired"])).await?;
    assert_eq!(ended_with(&line).await?, 4401);
    assert_eq!(was_asked(&line, 2).await?.len(), 2);

    let alone = page.open(&peer.ws("/guarded?token=expired"), Options::default()).await?;
    assert_eq!(ended_with(&alone).await?, 4401, "nobody has another");
    Ok(())
}

in_chromium_and_firefox!(a_provider_that_fails_is_named_by_the_status);

async fn a_provider_that_fails_is_named_by_the_status(engine: Engine) -> anyhow::Result<()> {
    let (peer, page) = (Peer::start().await?, Page::start_in(engine, Place::Window).await?);
    let url = peer.ws("/guarded");
    let mut provider = vec![Provided::TryAgain("the token server is down".to_owned())];
    provider.extend(tokens(&["good"]));
    let line = page.open(&url, Options { provider, ..Options::default() }).await?;
    talks(&line).await?;
    let down = Down::NotProvided("the token server is down".to_owned());
    let named = |it: &&Status| matches!(it, Status::Waiting { why, .. } if *why == down);
    assert!(line.statuses().await?.iter().any(|status| named(&status)));

    let ends = [
        (Provided::Stop("logged out".to_owned()), End::NotProvided("logged out".to_owned())),
        (Provided::Nonsense, End::BadEndpoint("the endpoint's URL: it is not a URL".into())),
    ];
    for (given, end) in ends {
        let options = Options { provider: vec![given], ..Options::default() };
        let line = page.open(&url, options).await?;
        let end = Status::Ended(end);
        line.shows("the end", |log| (statuses(log).last() == Some(&end)).then_some(())).await?;
    }

    let mut provider = vec![Provided::Throws];
    provider.extend(tokens(&["good"]));
    let line = page.open(&url, Options { provider, ..Options::default() }).await?;
    talks(&line).await?;
    let thrown = |it: &Status| matches!(it, Status::Waiting { why: Down::NotProvided(_), .. });
    assert!(line.statuses().await?.iter().any(thrown));

    let provider = vec![Provided::Never];
    let timeout = Duration::from_millis(200).as_millis().try_into().ok();
    let options = Options { provider, connect_timeout_ms: timeout, ..Options::default() };
    let line = page.open(&url, options).await?;
    line.shows("three attempts that were not answered", |log| {
        let silent = |it: &&Status| matches!(it, Status::Waiting { why: Down::ProviderSilent, .. });
        (statuses(log).filter(silent).count() == 3).then_some(())
    })
    .await?;
    assert_eq!(asked(&line.log().await?), ["Attempt"], "one call at a time");
    Ok(())
}

#[tokio::test]
async fn a_provider_that_hangs_is_asked_anew_after_a_minute() -> anyhow::Result<()> {
    const A_MINUTE_LATER: &str = "const { now } = Date; Date.now = () => now() + 61_000;
        return dispatchEvent(new Event('online'))";
    let (server, page) = (Server::start().await?, Page::start(Place::Window).await?);
    let mut provider = vec![Provided::Never];
    provider.extend(tokens(&["good"]));
    let connect_timeout_ms = Some(200);
    let options = Options { provider, connect_timeout_ms, ..Options::default() };
    let line = page.open(&server.ws("/echo"), options).await?;
    line.shows("two attempts that were not answered", |log| {
        let silent = |it: &&Status| matches!(it, Status::Waiting { why: Down::ProviderSilent, .. });
        (statuses(log).filter(silent).count() == 2).then_some(())
    })
    .await?;
    assert_eq!(asked(&line.log().await?), ["Attempt"]);

    // A page that compares its clocks sees no difference between this and a machine that slept.
    page.run::<bool>(A_MINUTE_LATER, vec![]).await?;

    talks(&line).await?;
    assert_eq!(asked(&line.log().await?), ["Attempt", "Attempt"]);
    Ok(())
}
