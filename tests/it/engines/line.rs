//! What a line of the SDK makes of it: within the connect timeout and a second its status is the
//! right one, nothing is left unhandled, and nothing stands on the console.

use std::time::Duration;

use anyhow::Context;
use e2e::bad_peer::{BadPeer, Manner};
use e2e::browser::Engine;
use e2e::page::{Line, Page, Place, statuses};
use e2e::raw_peer::RawPeer;
use e2e::server::Server;
use e2e::wait::{PATIENCE, until};
use e2e_page::report::{Down, End, Status};
use e2e_page::request::Options;
use serde_json::{Value, json};

use crate::story;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const A_SECOND_MORE: Duration = Duration::from_secs(1);

fn impatient() -> Options {
    let millis = u64::try_from(CONNECT_TIMEOUT.as_millis()).expect("two seconds are few");
    Options { connect_timeout_ms: Some(millis), ..Options::default() }
}

/// Waits until the line has been in a state as `wanted`, which it must be within `within`.
async fn stands(
    line: &Line<'_>,
    what: &str,
    within: Duration,
    wanted: impl Fn(&Status) -> bool,
) -> anyhow::Result<()> {
    let stood =
        until(what, within, async || Ok(statuses(&line.log().await?).any(&wanted).then_some(())))
            .await;
    match stood {
        Ok(()) => Ok(()),
        Err(error) => Err(error.context(format!("it went through {:#?}", line.statuses().await?))),
    }
}

async fn is_at_peace(page: &Page) -> anyhow::Result<()> {
    assert_eq!(page.complaints().await?, Vec::<String>::new());
    Ok(())
}

in_each_engine!(a_handshake_that_hangs_is_given_up_in_time_and_closed);

async fn a_handshake_that_hangs_is_given_up_in_time_and_closed(
    engine: Engine,
) -> anyhow::Result<()> {
    let (peer, page) =
        (BadPeer::start(Manner::NeverAnswers).await?, Page::start_in(engine, Place::Window).await?);

    let line = page.open(&peer.ws(), impatient()).await?;

    stands(&line, "the handshake to be given up", CONNECT_TIMEOUT + A_SECOND_MORE, |status| {
        matches!(status, Status::Waiting { why: Down::TimedOut, .. })
    })
    .await?;
    line.close(1000, "").await?;
    let left_open = match engine {
        Engine::Chromium | Engine::WebKit => 0,
        // It keeps the TCP connection of a closed handshake until the far end ends it.
        Engine::Firefox => 1,
    };
    until("its socket to be closed", PATIENCE, async || {
        Ok((peer.open() == left_open).then_some(()))
    })
    .await?;
    assert_eq!(peer.most_open(), 1);
    story::is_unbroken(&line.statuses().await?)?;
    is_at_peace(&page).await
}

in_each_engine!(a_port_that_browsers_forbid_is_refused);

async fn a_port_that_browsers_forbid_is_refused(engine: Engine) -> anyhow::Result<()> {
    let page = Page::start_in(engine, Place::Window).await?;

    let refused = page.try_open("ws://127.0.0.1:9/", impatient()).await?;

    let failure = refused.err().context("it was accepted")?;
    assert!(failure.kind.contains("ForbiddenPort"), "{failure}");
    is_at_peace(&page).await
}

in_each_engine!(a_url_that_the_policy_forbids_ends_the_line);

async fn a_url_that_the_policy_forbids_ends_the_line(engine: Engine) -> anyhow::Result<()> {
    let server = Server::start().await?;
    let policy = "default-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
    let page = Page::start_in_under(engine, policy).await?;

    let line = page.open(&server.ws("/echo?token=1"), impatient()).await?;

    stands(
        &line,
        "the end",
        A_SECOND_MORE,
        |status| matches!(status, Status::Ended(End::Refused(reason)) if !reason.is_empty()),
    )
    .await?;
    is_at_peace(&page).await
}

in_each_engine!(a_line_waits_while_the_browser_has_too_many_sockets);

async fn a_line_waits_while_the_browser_has_too_many_sockets(engine: Engine) -> anyhow::Result<()> {
    let (peer, server) = (RawPeer::start().await?, Server::start().await?);
    let page = Page::start_in(engine, Place::Window).await?;
    let hold = "return facts.hold(...arguments[0])";
    let held: Value = page.run(hold, vec![json!([peer.ws("/polite"), 260, 10_000])]).await?;

    let line = page.open(&server.ws("/echo"), impatient()).await?;

    let waits = |status: &Status| matches!(status, Status::Waiting { .. });
    let within = CONNECT_TIMEOUT + A_SECOND_MORE;
    let waited = stands(&line, "a failed attempt", within, waits).await;
    waited.with_context(|| format!("of 260 sockets {held}"))?;
    page.run::<Value>("return facts.letGo()", vec![]).await?;
    line.is_online(1).await?;
    story::is_unbroken(&line.statuses().await?)?;
    is_at_peace(&page).await
}

in_each_engine!(a_silent_peer_does_not_hold_up_the_end_of_a_closed_line);

async fn a_silent_peer_does_not_hold_up_the_end_of_a_closed_line(
    engine: Engine,
) -> anyhow::Result<()> {
    const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
    let (peer, page) =
        (BadPeer::start(Manner::GoesSilent).await?, Page::start_in(engine, Place::Window).await?);
    let line = page.open(&peer.ws(), impatient()).await?;
    line.is_online(1).await?;

    line.close(1000, "enough").await?;

    stands(&line, "the end", CLOSE_TIMEOUT + A_SECOND_MORE, |status| {
        matches!(status, Status::Ended(End::Application))
    })
    .await?;
    is_at_peace(&page).await
}
