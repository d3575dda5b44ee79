//! What was sent is delivered once and in order, whatever happens to the line.

use std::time::Duration;

use keepline_core::wire::Record;
use keepline_core::{Doubt, Down, Event, Input, Loss, ServerOutput, SessionEvent, Status};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::{Pair, Side, ids};
use crate::world::{secs, text};

#[test]
fn what_is_sent_in_one_turn_leaves_in_one_frame() {
    let mut pair = Pair::online();
    pair.passed.clear();
    pair.say(&["one", "two", "three"]);
    assert_eq!(pair.server_took, ["one", "two", "three"]);
    let (side, records) = &pair.passed[0];
    assert_eq!((*side, records.len()), (Side::Client, 3));
}

#[test]
fn a_server_that_has_given_all_it_has_says_so_and_wakes_its_driver_for_the_next() {
    let mut pair = Pair::online();
    let (key, conn) = (pair.key(), pair.conn());
    for message in ["one", "two"] {
        pair.server.send(key, text(message), pair.now).unwrap();
        let told: Vec<_> = std::iter::from_fn(|| pair.server.poll_output()).collect();
        assert_eq!(told, [ServerOutput::Wake(conn)]);
        assert!(pair.server.has_frame(conn));
        assert!(pair.server.poll_frame(conn, pair.now).is_some());
        assert!(!pair.server.has_frame(conn), "{message} was all");
    }
    // More than a frame holds: there is another one behind it, and nobody is woken for that.
    for _ in 0..2 {
        pair.server.send(key, text(&"x".repeat(40_000)), pair.now).unwrap();
    }
    assert_eq!(pair.server.poll_output(), Some(ServerOutput::Wake(conn)));
    assert!(pair.server.poll_frame(conn, pair.now).is_some());
    assert!(pair.server.has_frame(conn));
    assert!(pair.server.poll_frame(conn, pair.now).is_some());
    assert!(!pair.server.has_frame(conn));
    assert_eq!(pair.server.poll_output(), None);
}

#[test]
fn a_message_is_delivered_when_the_far_application_has_taken_it() {
    let mut pair = Pair::online();
    pair.server_takes = false;
    pair.say(&["one", "two"]);
    pair.run_for(secs(5));
    assert_eq!(pair.fates(), Vec::<&Event>::new());
    pair.server_takes_all();
    pair.run_for(secs(1));
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 2))]);
}

#[test]
fn a_cut_line_loses_nothing_and_doubles_nothing() {
    let mut pair = Pair::online();
    pair.say(&["one"]);
    pair.swallow = Some(Side::Client);
    pair.say(&["two", "three"]);
    pair.swallow = None;
    pair.cut();
    pair.say(&["four"]);
    pair.run_for(secs(2));
    assert_eq!(pair.server_took, ["one", "two", "three", "four"]);
    pair.server_says("five").unwrap();
    pair.run_for(secs(1));
    assert_eq!(pair.client_took, ["five"]);
    assert_eq!(pair.begun.len(), 1, "it is the same session");
    let delivered: u64 = pair
        .fates()
        .iter()
        .map(|fate| match fate {
            Event::Delivered(ids) => ids.count(),
            other => panic!("{other}"),
        })
        .sum();
    assert_eq!(delivered, 4);
}

#[test]
fn acknowledgements_that_were_lost_are_said_again() {
    let mut pair = Pair::online();
    pair.swallow = Some(Side::Server);
    pair.say(&["one", "two"]);
    pair.run_for(secs(1));
    assert_eq!(pair.fates(), Vec::<&Event>::new());
    pair.swallow = None;
    pair.cut();
    pair.run_for(secs(2));
    assert_eq!(pair.server_took, ["one", "two"]);
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 2))]);
}

#[test]
fn a_lost_greeting_leaves_the_session_as_it_is() {
    let mut pair = Pair::at_rest(super::pair::session(), Default::default());
    pair.swallow = Some(Side::Server);
    pair.client.connect(pair.now);
    pair.settle();
    let key = pair.key();
    pair.server.send(key, text("welcome"), pair.now).unwrap();
    pair.settle();
    pair.swallow = None;
    pair.run_for(secs(30));
    assert!(pair.is_online());
    assert_eq!(pair.begun, [key]);
    assert_eq!(pair.client_took, ["welcome"]);
}

#[test]
fn one_way_streams_cost_one_acknowledgement_for_many_messages() {
    let mut pair = Pair::online();
    pair.passed.clear();
    for number in 0..500 {
        pair.say(&[&format!("message {number}")]);
        pair.run_for(Duration::from_millis(1));
    }
    pair.run_for(secs(1));
    let acks = pair.passed.iter().filter(|(side, _)| *side == Side::Server).count();
    assert!((1..=20).contains(&acks), "{acks} frames of acknowledgements");
    assert_eq!(pair.client.queued().messages, 0);
}

#[test]
fn a_slow_reader_stops_the_sender_and_loses_nothing() {
    let mut pair = Pair::online();
    pair.server_takes = false;
    for number in 0..6_000 {
        pair.send(&format!("{number}")).unwrap();
    }
    pair.settle();
    assert_eq!(pair.server_inbox.len(), 4_096, "the window");
    pair.server_takes = true;
    pair.server_takes_all();
    pair.run_for(secs(1));
    let expected: Vec<String> = (0..6_000).map(|number| number.to_string()).collect();
    assert_eq!(pair.server_took, expected);
}

#[test]
fn a_restarted_server_leaves_only_what_was_in_flight_in_doubt() {
    let mut pair = Pair::online();
    pair.say(&["one"]);
    pair.run_for(secs(1));
    pair.server_takes = false;
    pair.say(&["two", "three"]);
    pair.server_takes = true;
    pair.reachable = false;
    pair.restart_server();
    pair.say(&["four"]);
    pair.reachable = true;
    pair.run_for(secs(5));
    assert_eq!(pair.server_took, ["one", "four"]);
    assert_eq!(
        pair.fates(),
        [
            &Event::Delivered(ids(1, 1)),
            &Event::Unknown(ids(2, 3), Doubt::SessionLost),
            &Event::Delivered(ids(4, 4)),
        ]
    );
    assert!(pair.events.contains(&Event::Restarted { missed: None }));
}

#[test]
fn an_expired_session_says_exactly_what_was_taken_and_what_was_missed() {
    let mut pair = Pair::online();
    pair.say(&["one"]);
    pair.swallow = Some(Side::Server);
    pair.say(&["two"]);
    pair.server_says("missed").unwrap();
    pair.swallow = Some(Side::Client);
    pair.say(&["three"]);
    pair.reachable = false;
    pair.swallow = None;
    pair.cut();
    pair.run_for(secs(3_700));
    assert_eq!(pair.server.len(), 0);
    pair.reachable = true;
    pair.run_for(secs(31));
    assert_eq!(pair.server_took, ["one", "two"]);
    let told = pair.fates();
    assert_eq!(told.last(), Some(&&Event::Undeliverable(ids(3, 3), Loss::NotTaken)));
    assert!(pair.events.contains(&Event::Restarted { missed: Some(1) }));
    let unknown = SessionEvent::Unknown(ids(1, 1), Doubt::SessionLost);
    assert!(pair.told.iter().any(|(_, event)| *event == unknown), "{:?}", pair.told);
}

#[test]
fn a_black_hole_is_noticed_within_fifteen_seconds() {
    let mut pair = Pair::online();
    pair.run_for(secs(60));
    assert!(pair.is_online(), "the server pings a quiet line");
    pair.swallow = Some(Side::Server);
    pair.run_for(secs(15));
    assert!(
        !pair.is_online()
            || pair.passed.iter().any(|(_, it)| { matches!(it[..], [Record::Hello(_)]) })
    );
    assert!(
        pair.events
            .iter()
            .any(|event| matches!(event, Event::Status(Status::Waiting { why: Down::Silent, .. })))
    );
}

#[test]
fn a_page_that_talks_into_a_black_hole_notices_it_in_fifteen_seconds() {
    let mut pair = Pair::online();
    pair.say(&["one"]);
    pair.swallow = Some(Side::Server);
    for _ in 0..15 {
        pair.run_for(secs(1));
        pair.say(&["anybody?"]);
        pair.client.handle_input(Input::Buffered(pair.conn(), 0), pair.now);
    }
    let silent =
        |event: &Event| matches!(event, Event::Status(Status::Waiting { why: Down::Silent, .. }));
    assert!(pair.events.iter().any(silent), "{}", pair.client.status());
}
