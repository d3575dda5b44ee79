//! A session is asked of a server that does not speak `keepline.v1`.

use e2e::browser::Engine;
use e2e::page::{Page, Place, statuses};
use e2e::peer::Peer;
use e2e_page::report::{Down, End, Status};
use e2e_page::request::Options;

use crate::story;

#[tokio::test]
async fn firefox_ends_the_line() -> anyhow::Result<()> {
    let peer = Peer::start().await?;
    let page = Page::start_in(Engine::Firefox, Place::Window).await?;

    let line = page.open(&peer.ws("/echo"), Options::session()).await?;

    line.shows("the end", |log| {
        let end = Status::Ended(End::NotKeepline);
        statuses(log).any(|status| *status == end).then_some(())
    })
    .await?;
    story::is_unbroken(&line.statuses().await?)
}

#[tokio::test]
async fn chromium_doubts_after_three_attempts() -> anyhow::Result<()> {
    let (peer, page) = (Peer::start().await?, Page::start(Place::Window).await?);

    let line = page.open(&peer.ws("/echo"), Options::session()).await?;

    let doubted_after = line.shows("the doubt", |log| {
        let waits = statuses(log).filter(|status| matches!(status, Status::Waiting { .. }));
        let doubts =
            |status| matches!(status, &Status::Waiting { why: Down::PerhapsNotKeepline(_), .. });
        waits.map(doubts).position(|doubts| doubts)
    });
    assert_eq!(doubted_after.await?, 2);
    story::is_unbroken(&line.statuses().await?)
}
