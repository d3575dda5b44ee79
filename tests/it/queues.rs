//! Slow networks and slow readers: where messages wait, and what becomes of those that cannot.

use e2e::browser::Engine;
use e2e::page::{Page, Place};
use e2e::proxy::Proxy;
use e2e::server::Server;
use e2e::wait::PATIENCE;
use e2e_page::report::{End, Entry, Status};
use e2e_page::request::{Options, Overflow, Pour, Probe, Reading, Session, THROWS, Upload, Window};
use e2e_page::tally::Runs;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

#[tokio::test]
async fn a_slow_uplink_fills_the_outbox_and_not_the_browser() -> anyhow::Result<()> {
    an_upload_over_a_slow_network(Engine::Chromium).await
}

#[tokio::test]
async fn a_slow_uplink_fills_the_outbox_and_not_the_browser_in_firefox() -> anyhow::Result<()> {
    an_upload_over_a_slow_network(Engine::Firefox).await
}

/// More than the system's buffers and the proxy's take together, so that the browser's fills.
async fn an_upload_over_a_slow_network(engine: Engine) -> anyhow::Result<()> {
    const MESSAGE: u64 = 64 * KIB;
    const UPLOAD: Upload = Upload { count: 256, bytes: MESSAGE as usize };
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let proxy = Proxy::start(server.port()).await?;
    let line = page.open(&proxy.ws("/echo"), Options::default()).await?;
    line.is_online(1).await?;
    proxy.throttle(Some(4 * MIB as u32));
    line.upload(UPLOAD).await?;
    let tally = line
        .adds_up("all to come back", PATIENCE, |tally| tally.heard.count() == UPLOAD.count)
        .await?;
    println!(
        "{engine:?}: {} bytes and {} messages at most",
        tally.most_buffered, tally.most_queued
    );
    assert_eq!(tally.heard, Runs::of(1, UPLOAD.count), "{tally:#?}");
    assert!(tally.most_buffered <= MIB + MESSAGE + KIB, "{tally:#?}");
    assert!(tally.most_buffered > MIB / 2 && tally.most_queued > 0, "it was not slow: {tally:#?}");
    Ok(())
}

#[tokio::test]
async fn a_slow_reader_of_a_session_slows_the_server_down() -> anyhow::Result<()> {
    a_session_is_read_slowly(Engine::Chromium).await
}

#[tokio::test]
async fn a_slow_reader_of_a_session_slows_the_server_down_in_firefox() -> anyhow::Result<()> {
    a_session_is_read_slowly(Engine::Firefox).await
}

/// A session whose server may have 32 messages in flight, and a page that reads one in so long.
fn narrow(every_ms: u32) -> Options {
    let window = Some(Window { message_bytes: 1_024, messages: 32, bytes: 32 * 1_024 });
    let session = Some(Session { window, ..Session::default() });
    Options { session, reading: Reading { every_ms, work_us: 0 }, ..Options::default() }
}

async fn a_session_is_read_slowly(engine: Engine) -> anyhow::Result<()> {
    const POUR: Pour = Pour { count: 1_000, batch: 1_000, every_ms: 0 };
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let line = page.open(&server.ws("/session/echo"), narrow(1)).await?;
    let stream = page.open(&server.ws("/session/stream?hz=1000"), narrow(20)).await?;
    line.pour(POUR).await?;
    let tally =
        line.adds_up("every echo", PATIENCE, |tally| tally.heard.count() == POUR.count).await?;
    assert_eq!(tally.heard, Runs::of(1, POUR.count), "nothing is lost: {tally:#?}");
    assert!(tally.most_unread <= 32 && tally.dropped == 0, "{tally:#?}");
    let streamed = stream.tally().await?;
    assert!((16..=32).contains(&streamed.most_unread), "{streamed:#?}");
    assert_eq!((streamed.dropped, streamed.losses.len()), (0, 0), "{streamed:#?}");
    Ok(())
}

/// A plain line of which at most ten messages are unread, and a page that reads slowly.
fn small_inbox(overflow: Option<Overflow>) -> Options {
    let reading = Reading { every_ms: 5, work_us: 0 };
    Options { overflow, reading, inbox_messages: Some(10), ..Options::default() }
}

const BURST: Pour = Pour { count: 200, batch: 200, every_ms: 0 };

in_chromium_and_firefox!(a_small_inbox_keeps_what_its_policy_says_and_tells_of_the_rest);

async fn a_small_inbox_keeps_what_its_policy_says_and_tells_of_the_rest(
    engine: Engine,
) -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let url = server.ws("/echo");
    let newest = page.open(&url, small_inbox(None)).await?;
    let oldest = page.open(&url, small_inbox(Some(Overflow::DropNewest))).await?;
    for line in [&newest, &oldest] {
        line.is_online(1).await?;
        line.pour(BURST).await?;
    }
    for line in [&newest, &oldest] {
        let tally = line
            .adds_up("all to be heard or dropped", PATIENCE, |tally| {
                tally.dropped > 0 && tally.heard.count() + tally.dropped == BURST.count
            })
            .await?;
        assert!(tally.most_unread <= 11, "{tally:#?}");
        let numbers: Vec<u64> = tally.heard.numbers().collect();
        assert!(numbers.is_sorted(), "{tally:#?}");
    }
    assert_eq!(newest.tally().await?.heard.last(), Some(BURST.count));
    assert_eq!(oldest.tally().await?.heard.numbers().next(), Some(1));
    Ok(())
}

in_chromium_and_firefox!(a_line_that_is_read_too_slowly_is_closed_if_the_application_says_so);

async fn a_line_that_is_read_too_slowly_is_closed_if_the_application_says_so(
    engine: Engine,
) -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let options = small_inbox(Some(Overflow::Close(4408)));
    let line = page.open(&server.ws("/echo"), options).await?;
    line.is_online(1).await?;
    line.pour(BURST).await?;
    let log = line
        .shows("the end of the messages", |log| log.contains(&Entry::Over).then(|| log.to_vec()))
        .await?;
    let tally = line.tally().await?;
    assert!(tally.heard.count() >= 10 && tally.dropped > 0, "{tally:#?}");
    assert!(matches!(log[log.len() - 2], Entry::Lost(_)), "the gap is told at its place: {log:#?}");
    assert!(log.contains(&Entry::Status(Status::Ended(End::Application))), "{log:#?}");
    Ok(())
}

in_chromium_and_firefox!(of_messages_with_one_key_a_slow_reader_finds_the_latest);

async fn of_messages_with_one_key_a_slow_reader_finds_the_latest(
    engine: Engine,
) -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let reading = Reading { every_ms: 50, work_us: 0 };
    let options = Options { reading, latest_by_word: true, ..Options::default() };
    let line = page.open(&server.ws("/echo"), options).await?;
    line.is_online(1).await?;
    line.pour(BURST).await?;
    let tally =
        line.adds_up("the last", PATIENCE, |tally| tally.heard.last() == Some(BURST.count)).await?;
    let numbers: Vec<u64> = tally.heard.numbers().collect();
    assert!(numbers.is_sorted() && tally.most_unread <= 1, "{tally:#?}");
    assert_eq!(tally.heard.count() + tally.replaced, BURST.count, "{tally:#?}");
    assert!(tally.replaced > BURST.count / 2 && tally.dropped == 0, "{tally:#?}");
    Ok(())
}

in_chromium_and_firefox!(what_javascript_throws_in_a_key_function_loses_no_message);

async fn what_javascript_throws_in_a_key_function_loses_no_message(
    engine: Engine,
) -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let options = Options { latest_by_word: true, ..Options::default() };
    let line = page.open(&server.ws("/echo"), options).await?;
    line.is_online(1).await?;
    for text in [THROWS, "and on"] {
        line.say(text).await?;
        line.hears_text(text).await?;
    }
    Ok(())
}

in_chromium_and_firefox!(
    what_javascript_throws_in_the_function_that_knows_an_answer_loses_no_message
);

async fn what_javascript_throws_in_the_function_that_knows_an_answer_loses_no_message(
    engine: Engine,
) -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let (question, answer) = ("are you there?".to_owned(), "are you there?".to_owned());
    let probe = Probe { question, answer, by_function: true, idle_ms: 100, within_ms: 5_000 };
    let options = Options { probe: Some(probe), ..Options::default() };
    let line = page.open(&server.ws("/echo"), options).await?;
    line.is_online(1).await?;
    for text in [THROWS, "and on"] {
        line.say(text).await?;
        line.hears_text(text).await?;
    }
    let answered = |log: &[Entry]| log.contains(&Entry::RoundTrip).then_some(());
    line.shows("an answered probe", answered).await?;
    assert_eq!(line.tally().await?.onlines, 1, "the line stayed up");
    Ok(())
}

in_each_engine!(a_flood_does_not_keep_a_page_from_being_drawn);

async fn a_flood_does_not_keep_a_page_from_being_drawn(engine: Engine) -> anyhow::Result<()> {
    a_page_works_on_a_flood(engine, false).await
}

#[tokio::test]
async fn nor_does_a_flood_of_callbacks() -> anyhow::Result<()> {
    a_page_works_on_a_flood(Engine::Chromium, true).await
}

/// Two seconds of work arrive in a few frames of hundreds of messages. Without a pause the page is
/// drawn once for each of those.
async fn a_page_works_on_a_flood(engine: Engine, by_callback: bool) -> anyhow::Result<()> {
    const POUR: Pour = Pour { count: 4_000, batch: 4_000, every_ms: 0 };
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let reading = Reading { every_ms: 0, work_us: 500 };
    let options = Options { reading, by_callback, ..Options::session() };
    let line = page.open(&server.ws("/session/echo"), options).await?;
    line.is_online(1).await?;
    line.pour(POUR).await?;
    let tally =
        line.adds_up("every echo", PATIENCE, |tally| tally.heard.count() == POUR.count).await?;
    assert_eq!(tally.heard, Runs::of(1, POUR.count), "{tally:#?}");
    println!("{engine:?}: {} frames, the longest {} ms", tally.frames, tally.longest_still_ms);
    assert!(tally.frames >= 40, "{tally:#?}");
    Ok(())
}
