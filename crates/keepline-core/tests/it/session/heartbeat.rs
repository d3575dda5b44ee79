//! How each end notices that the other is gone, and how neither is fooled by a quiet line.

use keepline_core::wire::{Record, Window};
use keepline_core::{Down, Event, Input, ServerConfig, SessionEvent, Status};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::{CODINGS, Pair, Side, session, session_with};
use crate::world::{millis, secs};

fn fell_silent(pair: &Pair) -> bool {
    let silent =
        |event: &Event| matches!(event, Event::Status(Status::Waiting { why: Down::Silent, .. }));
    pair.events.iter().any(silent)
}

#[test]
fn a_quiet_line_is_pinged_every_ten_seconds_and_stays_up() {
    for &coding in CODINGS {
        let mut pair = Pair::online_in(coding);
        pair.passed.clear();
        pair.run_for(secs(60));
        let pings = (Side::Server, vec![Record::Ping(0)]);
        assert_eq!(pair.passed.iter().filter(|it| **it == pings).count(), 6);
        let pongs = (Side::Client, vec![Record::Pong(0)]);
        assert_eq!(pair.passed.iter().filter(|it| **it == pongs).count(), 6);
        assert_eq!(pair.attempts(), 1);
    }
}

#[test]
fn a_busy_line_is_not_pinged() {
    let mut pair = Pair::online();
    pair.passed.clear();
    for _ in 0..60 {
        pair.run_for(secs(1));
        pair.server_says("news").unwrap();
    }
    assert!(pair.passed.iter().all(|(_, records)| !records.contains(&Record::Ping(0))));
}

#[test]
fn either_end_answers_a_ping_with_its_token() {
    let mut pair = Pair::online();
    pair.server_says_records(&[Record::Ping(77)]);
    assert_eq!(pair.passed.last().unwrap(), &(Side::Client, vec![Record::Pong(77)]));
    let conn = pair.conn();
    pair.say_on(conn, &[Record::Ping(78)]);
    assert!(pair.heard.contains(&(conn, Record::Pong(78))));
}

#[test]
fn a_far_end_that_asks_for_pongs_and_reads_none_costs_little() {
    let mut pair = Pair::online();
    let conn = pair.conn();
    let pings: Vec<Record> = (0..8_000).map(Record::Ping).collect();
    pair.passed.clear();
    pair.say_on(conn, &pings);
    let answered: usize = pair.passed.iter().map(|(_, records)| records.len()).sum();
    assert!(answered <= 64, "{answered} pongs were kept");
    assert!(pair.is_online());
}

#[test]
fn a_black_hole_is_noticed_fifteen_seconds_after_the_last_frame() {
    let mut pair = Pair::online();
    pair.run_for(secs(30));
    pair.server_says("the last frame").unwrap();
    pair.swallow = Some(Side::Server);
    pair.run_for(millis(14_999));
    assert!(pair.is_online());
    pair.run_for(millis(1));
    assert!(fell_silent(&pair));
}

#[test]
fn a_larger_message_limit_gives_the_message_time_to_come() {
    let window = Window { message_bytes: 4 << 20, messages: 4_096, bytes: 4 << 20 };
    let mut pair = Pair::online_with(session_with(|it| it.window = window), Default::default());
    pair.swallow = Some(Side::Server);
    // A ping's interval, 4 MiB at 64 KiB a second, and a second.
    pair.run_for(millis(74_999));
    assert!(!fell_silent(&pair));
    pair.run_for(millis(1));
    assert!(fell_silent(&pair));
}

#[test]
fn a_greeting_cannot_make_the_client_give_up_at_once_or_never() {
    let quick =
        ServerConfig { ping: millis(1), client_silence: millis(1), ..ServerConfig::default() };
    let mut pair = Pair::online_with(session(), quick);
    pair.swallow = Some(Side::Server);
    // The least ping's interval, the largest message, and a second.
    pair.run_for(millis(5_999));
    assert!(!fell_silent(&pair));

    let day = secs(86_400);
    let slow = ServerConfig { ping: day, client_silence: day, silence: day, ..Default::default() };
    let mut pair = Pair::online_with(session(), slow);
    pair.swallow = Some(Side::Server);
    pair.run_for(secs(15 * 60));
    assert!(fell_silent(&pair));
}

#[test]
fn the_server_gives_a_silent_client_up_after_twenty_five_seconds() {
    let mut pair = Pair::online();
    pair.say(&["the last frame"]);
    let (key, conn) = (pair.key(), pair.conn());
    pair.swallow = Some(Side::Client);
    pair.run_for(millis(24_999));
    assert_eq!(pair.server.conn(key), Some(conn));
    pair.run_for(millis(1));
    assert_eq!(pair.close_of(conn), Some((4408, "silent for too long")));
    assert!(pair.told.contains(&(key, SessionEvent::Detached)));
    pair.swallow = None;
    pair.run_for(secs(2));
    assert_eq!(pair.begun, [key], "the client comes back to its session");
    assert!(pair.is_online());
}

#[test]
fn a_server_gives_a_larger_message_time_to_come_too() {
    let window = Window { message_bytes: 4 << 20, messages: 4_096, bytes: 4 << 20 };
    let config = ServerConfig { window, ..ServerConfig::default() };
    let mut pair = Pair::online_with(session(), config);
    let (key, conn) = (pair.key(), pair.conn());
    pair.swallow = Some(Side::Client);
    // A ping's interval, 4 MiB at 64 KiB a second, and a second.
    pair.run_for(millis(74_999));
    assert_eq!(pair.server.conn(key), Some(conn));
    pair.run_for(millis(1));
    assert_eq!(pair.close_of(conn), Some((4408, "silent for too long")));
}

#[test]
fn a_page_that_pours_into_a_black_hole_notices_it_as_soon() {
    let mut pair = Pair::online();
    pair.swallow = Some(Side::Server);
    pair.say(&[&"x".repeat(100_000), &"y".repeat(100_000)]);
    // The system's buffers take it bit by bit, as if a network did.
    for second in 0..15 {
        let buffered = Input::Buffered(pair.conn(), 200_000 - second * 13_000);
        pair.client.handle_input(buffered, pair.now);
        pair.run_for(secs(1));
    }
    assert!(fell_silent(&pair));
}
