//! What a page can learn of its lines.

use e2e::bad_peer::{BadPeer, Manner};
use e2e::browser::Engine;
use e2e::page::{Page, Place};
use e2e::server::Server;
use e2e::wait::{PATIENCE, until};
use e2e_page::request::{Options, Pour, Probe, Reading, Session};

const MEASURES: &str = "return performance.getEntriesByType('measure')
    .map(({ name, duration }) => [name, duration])";

#[tokio::test]
async fn the_performance_panel_shows_how_long_connecting_and_resuming_took() -> anyhow::Result<()> {
    the_panel_shows_both(Engine::Chromium).await
}

#[tokio::test]
async fn the_performance_panel_shows_both_in_firefox() -> anyhow::Result<()> {
    the_panel_shows_both(Engine::Firefox).await
}

async fn the_panel_shows_both(engine: Engine) -> anyhow::Result<()> {
    let peer = BadPeer::start(Manner::SaysAWordAndGoes).await?;
    let page = Page::start_in(engine, Place::Window).await?;
    let options = Options { marks: Some("chat".to_owned()), ..Options::default() };

    let line = page.open(&peer.ws(), options).await?;
    line.is_online(3).await?;
    line.close(1000, "").await?;

    let measures: Vec<(String, f64)> = page.browser().run(MEASURES, vec![]).await?;
    let names = measures.iter().map(|(name, _)| name.as_str());
    assert!(names.eq(["chat: connect", "chat: resume"]), "one of each stays: {measures:?}");
    assert!(measures.iter().all(|(_, took)| *took > 0.0), "{measures:?}");
    Ok(())
}

in_chromium_and_firefox!(the_export_adds_up_and_holds_no_secret);

async fn the_export_adds_up_and_holds_no_secret(engine: Engine) -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let session = Session { credentials: Some("secret".to_owned()), ..Session::default() };
    let plain =
        Options { query: vec![("token".to_owned(), "secret".to_owned())], ..Options::default() };
    let plain = page.open(&server.ws("/echo"), plain).await?;
    let options = Options { session: Some(session), ..Options::default() };
    let session = page.open(&server.ws("/session/echo"), options).await?;
    for line in [&plain, &session] {
        line.say("12345 secret").await?;
        line.say("67890").await?;
        line.hears_text("67890").await?;
    }

    let told = plain.export().await?;
    for (name, count) in [
        ("attempts", 1),
        ("connects", 1),
        ("losses", 0),
        ("messages_sent", 2),
        ("frames_sent", 2),
        ("bytes_sent", 17),
        ("messages_received", 2),
        ("frames_received", 2),
        ("bytes_received", 17),
    ] {
        assert_eq!(told[name], count, "{name} in {told}");
    }
    assert_eq!(told["status"], "online");
    assert!(!told.to_string().contains("secret"), "{told}");

    let told = session.export().await?;
    assert_eq!((&told["messages_sent"], &told["messages_received"]), (&2.into(), &2.into()));
    assert!(told["bytes_sent"].as_u64() > Some(17), "records have heads: {told}");
    assert!(!told.to_string().contains("secret"), "{told}");
    let journal = told["journal"].as_array().map_or(&[][..], Vec::as_slice);
    assert!(journal.iter().any(|entry| entry["what"] == "delivered"), "{told}");
    Ok(())
}

in_chromium_and_firefox!(what_a_full_inbox_drops_is_known_before_anybody_reads);

async fn what_a_full_inbox_drops_is_known_before_anybody_reads(
    engine: Engine,
) -> anyhow::Result<()> {
    const POUR: Pour = Pour { count: 100, batch: 100, every_ms: 0 };
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    // It reads the first message, and is busy with it for longer than anybody waits.
    let reading = Reading { every_ms: 10 * 60 * 1_000, work_us: 0 };
    let options = Options { reading, inbox_messages: Some(9), ..Options::default() };
    let line = page.open(&server.ws("/echo"), options).await?;
    line.is_online(1).await?;
    line.pour(POUR).await?;
    let told = until("all to be there or dropped", PATIENCE, async || {
        let told = line.export().await?;
        Ok((told["messages_received"] == POUR.count).then_some(told))
    })
    .await?;
    assert_eq!(told["dropped"], POUR.count - 10, "{told}");
    let journal = told["journal"].as_array().map_or(&[][..], Vec::as_slice);
    let drops: Vec<_> = journal.iter().filter(|entry| entry["what"] == "dropped").collect();
    let [drop] = drops[..] else { anyhow::bail!("a flood is one entry: {told}") };
    assert_eq!(drop["text"], "90 messages dropped from a full inbox");
    Ok(())
}

in_chromium_and_firefox!(a_probe_that_is_not_answered_is_counted);

async fn a_probe_that_is_not_answered_is_counted(engine: Engine) -> anyhow::Result<()> {
    let (peer, page) =
        (BadPeer::start(Manner::GoesSilent).await?, Page::start_in(engine, Place::Window).await?);
    let [question, answer] = ["anybody there?", "yes"].map(str::to_owned);
    let probe = Some(Probe { question, answer, by_function: false, idle_ms: 200, within_ms: 300 });
    let line = page.open(&peer.ws(), Options { probe, ..Options::default() }).await?;
    line.is_online(2).await?;
    let told = line.export().await?;
    assert!(told["silences"].as_u64() >= Some(1), "{told}");
    assert_eq!(told["losses"], told["silences"], "{told}");
    Ok(())
}
