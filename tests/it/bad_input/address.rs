//! Addresses that cannot be opened, or not yet.

use anyhow::Context;
use e2e::page::{Page, Place, statuses};
use e2e::port::Port;
use e2e::server::Server;
use e2e_page::report::{End, Entry, Status};
use e2e_page::request::Options;

use crate::story;

#[tokio::test]
async fn a_url_that_is_none_is_refused_at_connect() -> anyhow::Result<()> {
    let page = Page::start(Place::Window).await?;
    for url in ["ws://", "ws://[::1", "ws://host:99999/"] {
        let refused = page.try_open(url, Options::default()).await?;
        let failure = refused.err().with_context(|| format!("{url} was accepted"))?;
        assert!(failure.kind.contains("Malformed"), "{url}: {failure}");
    }
    Ok(())
}

#[tokio::test]
async fn a_scheme_that_is_not_the_webs_is_refused_at_connect() -> anyhow::Result<()> {
    let page = Page::start(Place::Window).await?;
    for url in ["ftp://127.0.0.1/", "file:///etc/passwd", "javascript:alert(1)"] {
        let refused = page.try_open(url, Options::default()).await?;
        let failure = refused.err().with_context(|| format!("{url} was accepted"))?;
        assert!(failure.kind.contains("Scheme"), "{url}: {failure}");
    }
    Ok(())
}

#[tokio::test]
async fn a_refused_port_is_tried_again_and_again_with_a_reason() -> anyhow::Result<()> {
    let page = Page::start(Place::Window).await?;
    let refused = Port::hold()?;

    let line = page.open(&refused.ws("/"), Options::default()).await?;

    line.shows("a third attempt", |log| {
        let third = Status::Connecting { attempt: 3 };
        statuses(log).any(|status| *status == third).then_some(())
    })
    .await?;
    let id = line.say("too late").await?;
    line.close(1000, "enough").await?;
    let never_sent = Entry::Undeliverable { first: id, last: id };
    line.shows("the word that never left", |log| log.contains(&never_sent).then_some(())).await?;
    story::is_unbroken(&line.statuses().await?)
}

#[tokio::test]
async fn a_port_that_browsers_forbid_is_refused_at_connect() -> anyhow::Result<()> {
    let page = Page::start(Place::Window).await?;
    for url in ["ws://127.0.0.1:9/", "ws://127.0.0.1:25/"] {
        let refused = page.try_open(url, Options::default()).await?;
        let failure = refused.err().with_context(|| format!("{url} was accepted"))?;
        assert!(failure.kind.contains("ForbiddenPort"), "{url}: {failure}");
    }
    Ok(())
}

#[tokio::test]
async fn a_url_that_the_pages_policy_forbids_ends_the_line_with_a_reason() -> anyhow::Result<()> {
    let server = Server::start().await?;
    let policy = "default-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
    let page = Page::start_under(policy).await?;

    let line = page.open(&server.ws("/echo"), Options::default()).await?;

    let reason = line.shows("the browser's refusal", |log| {
        let end = statuses(log).last()?;
        if let Status::Ended(End::Refused(reason)) = end { Some(reason.clone()) } else { None }
    });
    assert!(!reason.await?.is_empty());
    story::is_unbroken(&line.statuses().await?)
}
