//! An application that is called with its messages.

use e2e::browser::Engine;
use e2e::page::{Page, Place};
use e2e::relay::Relay;
use e2e::server::Server;
use e2e::wait::{self, PATIENCE};
use e2e_page::report::{Entry, Status};
use e2e_page::request::{
    ANSWER_BYTES, ASKS, CLOSES, CROWDS, HOPPERS, HOPS, LEAVES, Options, Payload, Pour, QUESTION,
    QUESTIONS, THROWS,
};
use e2e_page::tally::{Runs, Tally};

/// So many frames of a listener that throws would fill the stack of a page's module.
const FRAMES: usize = 40;

fn called(options: Options) -> Options {
    Options { by_callback: true, ..options }
}

fn heard(log: &[Entry]) -> Vec<&str> {
    let texts = log.iter().filter_map(|entry| {
        let Entry::Message(Payload::Text(text)) = entry else { return None };
        Some(text.as_str())
    });
    texts.collect()
}

in_chromium_and_firefox!(what_is_poured_out_is_called_back_in_order);

async fn what_is_poured_out_is_called_back_in_order(engine: Engine) -> anyhow::Result<()> {
    const POUR: Pour = Pour { count: 500, batch: 50, every_ms: 1 };
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let plain = page.open(&server.ws("/echo"), called(Options::default())).await?;
    let session = page.open(&server.ws("/session/echo"), called(Options::session())).await?;
    for line in [plain, session] {
        line.is_online(1).await?;
        line.pour(POUR).await?;
        let all = |tally: &Tally| tally.heard.count() == POUR.count;
        let tally = line.adds_up("every echo", PATIENCE, all).await?;
        assert_eq!(tally.heard, Runs::of(1, POUR.count), "{tally:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_javascript_throws_in_a_callback_loses_no_other_message() -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start(Place::Window).await?);
    let plain = page.open(&server.ws("/echo"), called(Options::default())).await?;
    // What is said before a session is online comes back in one frame.
    let session = page.open(&server.ws("/session/echo"), called(Options::session())).await?;
    for line in [plain, session] {
        for text in ["before", THROWS, "between", THROWS, "after"] {
            line.say(text).await?;
        }
        line.hears_text("after").await?;
        line.say("and on").await?;
        line.hears_text("and on").await?;
        assert_eq!(heard(&line.log().await?), ["before", "between", "after", "and on"]);
    }
    Ok(())
}

/// What is thrown leaves the frames that it passes on the stack of the page's module.
#[tokio::test]
async fn a_callback_that_throws_each_time_does_not_exhaust_the_stack() -> anyhow::Result<()> {
    let (mut server, page) = (Server::start().await?, Page::start(Place::Window).await?);
    server.stop().await?;
    let line = page.open(&server.ws("/session/echo"), called(Options::session())).await?;
    for text in [THROWS; FRAMES] {
        line.say(text).await?;
    }
    line.say("after").await?;
    // All of it comes back in one frame.
    server.start_again().await?;
    line.hears_text("after").await
}

#[tokio::test]
async fn a_session_that_finishes_waits_for_a_callback_that_has_heard_nothing_yet()
-> anyhow::Result<()> {
    let (mut server, page) = (Server::start().await?, Page::start(Place::Window).await?);
    server.stop().await?;
    let line = page.open(&server.ws("/session/echo"), called(Options::session())).await?;
    let words = ["one", "two", "three"];
    for text in words {
        line.say(text).await?;
    }
    line.finish().await?;
    // That all is taken comes in the same frame as the echoes.
    server.start_again().await?;
    let is_over = |entry: &Entry| matches!(entry, Entry::Status(Status::Ended(_)));
    line.shows("the end", |log| log.iter().find(|it| is_over(it)).map(|_| ())).await?;
    assert_eq!(heard(&line.log().await?), words);
    Ok(())
}

#[tokio::test]
async fn a_callback_may_drop_its_socket() -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start(Place::Window).await?);
    let plain = page.open(&server.ws("/echo"), called(Options::default())).await?;
    let session = page.open(&server.ws("/session/echo"), called(Options::session())).await?;
    for line in [plain, session] {
        for text in ["before", LEAVES] {
            line.say(text).await?;
        }
        let is_over = |entry: &Entry| matches!(entry, Entry::Status(Status::Ended(_)));
        line.shows("the end", |log| log.iter().find(|it| is_over(it)).map(|_| ())).await?;
        assert_eq!(heard(&line.log().await?), ["before", LEAVES]);
    }
    Ok(())
}

in_chromium_and_firefox!(what_a_callback_answers_leaves_together);

async fn what_a_callback_answers_leaves_together(engine: Engine) -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let relay = Relay::start(server.ws("/session/echo"), Some("keepline.v1")).await?;
    let line = page.open(&relay.ws(), called(Options::session())).await?;
    line.say(ASKS).await?;
    let all = |log: &[Entry]| (heard(log).len() == 1 + 2 * QUESTIONS).then_some(());
    line.shows("every question and every answer", all).await?;

    // The questions come back in one frame or in few, as the server's tasks have had their turns.
    let count = |sizes: &[usize], least| sizes.iter().filter(|size| **size >= least).count();
    let (said, heard) = (relay.sizes(), relay.sizes_of_answers());
    let with_questions = count(&heard, QUESTION.len()) - count(&heard, ANSWER_BYTES);
    let with_answers = count(&said, ANSWER_BYTES);
    // One more if the event loop had its turn in between.
    assert!(with_answers <= with_questions + 1, "said {said:?} bytes, heard {heard:?}");
    Ok(())
}

in_chromium_and_firefox!(answers_to_a_crowd_of_plain_messages_are_gathered_and_leave_in_order);

async fn answers_to_a_crowd_of_plain_messages_are_gathered_and_leave_in_order(
    engine: Engine,
) -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let line = page.open(&server.ws("/echo"), called(Options::default())).await?;
    line.say(CROWDS).await?;
    let all = HOPS + HOPPERS;
    let tally = line.adds_up("every hop", PATIENCE, |it| it.heard.count() == all).await?;
    assert_eq!(tally.heard, Runs::of(1, all), "{tally:#?}");
    // What is not gathered never waits; of what is, 64 are enough.
    assert!((2..=64).contains(&tally.most_queued), "{tally:#?}");

    // When the crowd has gone, it goes on one by one.
    line.say("hop 1").await?;
    let more = |it: &Tally| it.heard.count() == all + HOPS / HOPPERS + 1;
    line.adds_up("one more round of hops", PATIENCE, more).await?;
    Ok(())
}

in_chromium_and_firefox!(what_is_gathered_leaves_before_its_socket_is_closed_or_dropped);

async fn what_is_gathered_leaves_before_its_socket_is_closed_or_dropped(
    engine: Engine,
) -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    for how in [CLOSES, LEAVES] {
        let relay = Relay::start(server.ws("/echo"), None).await?;
        let line = page.open(&relay.ws(), called(Options::default())).await?;
        let crowd = format!("{CROWDS} {how}");
        line.say(&crowd).await?;
        let is_over = |entry: &Entry| matches!(entry, Entry::Status(Status::Ended(_)));
        line.shows("the end", |log| log.iter().find(|it| is_over(it)).map(|_| ())).await?;
        let tally = line.tally().await?;
        assert!(tally.hopped < HOPS, "it was left half-way: {tally:#?}");
        let all = tally.hopped as usize + 1;
        let has_all = async || Ok((relay.sizes().len() >= all).then_some(()));
        wait::until("everything that was sent", PATIENCE, has_all).await?;
        assert_eq!(relay.sizes().len(), all);
    }
    Ok(())
}

#[tokio::test]
async fn nothing_is_gathered_where_nobody_would_say_that_the_page_goes() -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start(Place::Window).await?);
    let options = Options { ignores_page: true, ..called(Options::default()) };
    let line = page.open(&server.ws("/echo"), options).await?;
    line.say(CROWDS).await?;
    let all = HOPS + HOPPERS;
    let tally = line.adds_up("every hop", PATIENCE, |it| it.heard.count() == all).await?;
    assert_eq!((tally.heard, tally.most_queued), (Runs::of(1, all), 0));
    Ok(())
}

#[tokio::test]
async fn a_line_that_has_ended_keeps_no_message_port() -> anyhow::Result<()> {
    const COUNTS: &str = "window.closedPorts = 0;
        const { close } = MessagePort.prototype;
        MessagePort.prototype.close = function () { window.closedPorts += 1; close.call(this); };";
    let (server, page) = (Server::start().await?, Page::start(Place::Window).await?);
    page.run::<()>(COUNTS, vec![]).await?;
    let line = page.open(&server.ws("/echo"), called(Options::default())).await?;
    line.say(&format!("{CROWDS} {CLOSES}")).await?;
    let is_over = |entry: &Entry| matches!(entry, Entry::Status(Status::Ended(_)));
    line.shows("the end", |log| log.iter().find(|it| is_over(it)).map(|_| ())).await?;
    // The page holds on to the line, which tells how it has been.
    assert!(line.tally().await?.hopped > 0);
    assert_eq!(page.run::<u32>("return window.closedPorts", vec![]).await?, 2);
    Ok(())
}
