//! What becomes of messages that were sent on terms, in a session.

use keepline_core::wire::{Record, Window};
use keepline_core::{
    AfterLoss, Config, Event, Key, Limits, Loss, SendOptions, ServerConfig, WhenFull,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::{Pair, Side, ids, session, session_with};
use crate::world::secs;

fn cursor() -> SendOptions {
    SendOptions { key: Some(Key::from("cursor")), ..SendOptions::default() }
}

/// A server that takes so many messages before it must acknowledge some.
fn window(messages: u64) -> ServerConfig {
    ServerConfig { window: Window { messages, ..Window::default() }, ..ServerConfig::default() }
}

/// A session whose server takes two messages, and then no more: two are under way, the rest waits.
fn stuck(config: Config) -> Pair {
    let mut pair = Pair::online_with(config, window(2));
    pair.server_takes = false;
    pair.say(&["one", "two"]);
    pair.events.clear();
    pair
}

fn undeliverable(first: u64, last: u64, loss: Loss) -> Event {
    Event::Undeliverable(ids(first, last), loss)
}

#[test]
fn in_one_turn_only_the_latest_under_a_key_leaves() {
    let mut pair = Pair::online();
    pair.events.clear();
    for place in ["at 1", "at 2", "at 3"] {
        pair.send_with(place, cursor()).unwrap();
    }
    pair.settle();
    pair.run_for(secs(1));
    assert_eq!(pair.server_took, ["at 3"]);
    assert_eq!(
        pair.events,
        [
            undeliverable(1, 1, Loss::Replaced),
            undeliverable(2, 2, Loss::Replaced),
            Event::Delivered(ids(3, 3))
        ]
    );
}

#[test]
fn what_waits_for_credit_is_replaced_and_what_is_under_way_is_not() {
    let mut pair = Pair::online_with(session(), window(2));
    pair.server_takes = false;
    for place in ["at 1", "at 2", "at 3", "at 4", "at 5"] {
        pair.send_with(place, cursor()).unwrap();
        pair.settle();
    }
    pair.server_takes = true;
    pair.server_takes_all();
    pair.run_for(secs(1));
    assert_eq!(pair.server_took, ["at 1", "at 2", "at 5"]);
    let count = |event: &&Event| match event {
        Event::Delivered(ids) | Event::Undeliverable(ids, _) => ids.count(),
        other => panic!("{other}"),
    };
    assert_eq!(pair.fates().iter().map(count).sum::<u64>(), 5, "each has ended once");
}

#[test]
fn a_message_that_is_under_way_cannot_be_taken_back_even_when_the_line_is_lost() {
    let mut pair = stuck(session());
    pair.send("three").unwrap();
    assert!(!pair.cancel(2));
    assert!(pair.cancel(3));
    pair.cut();
    assert!(!pair.cancel(2));
    pair.server_takes = true;
    pair.run_for(secs(5));
    pair.server_takes_all();
    pair.run_for(secs(1));
    assert_eq!(pair.server_took, ["one", "two"]);
    assert!(pair.events.contains(&undeliverable(3, 3, Loss::Cancelled)));
}

#[test]
fn what_a_lost_session_had_under_way_is_not_replaced_when_it_is_sent_again() {
    let config = session_with(|it| it.after_loss = AfterLoss::SendAgain);
    let mut pair = Pair::online_with(config, window(2));
    pair.server_takes = false;
    pair.send_with("at 1", cursor()).unwrap();
    pair.settle();
    pair.swallow = Some(Side::Client);
    pair.restart_server();
    pair.cut();
    pair.events.clear();
    pair.send_with("at 2", cursor()).unwrap();
    assert_eq!(pair.events, [], "the first may have been taken");
    pair.send_with("at 3", cursor()).unwrap();
    pair.swallow = None;
    pair.server_takes = true;
    pair.run_for(secs(5));
    assert_eq!(pair.server_took.last().map(String::as_str), Some("at 3"));
    assert!(pair.server_took.contains(&"at 1".to_owned()));
    assert!(pair.events.contains(&undeliverable(2, 2, Loss::Replaced)));
}

#[test]
fn what_waits_for_credit_expires_and_leaves_no_gap_in_the_numbers() {
    let mut pair = stuck(session());
    let soon = SendOptions { expires: Some(secs(2)), ..SendOptions::default() };
    pair.send_with("three", soon).unwrap();
    pair.send("four").unwrap();
    pair.run_for(secs(3));
    assert!(pair.events.contains(&undeliverable(3, 3, Loss::Expired)), "{:?}", pair.events);
    pair.server_takes = true;
    pair.server_takes_all();
    pair.run_for(secs(1));
    assert_eq!(pair.server_took, ["one", "two", "four"]);
    assert!(pair.attempts() == 1 && pair.is_online(), "the server has found no fault");
}

#[test]
fn a_full_outbox_drops_what_waits_and_not_what_is_under_way() {
    let limits = Limits { outbox_messages: 4, ..Limits::default() };
    let mut pair = Pair::online_with(Config { limits, ..session() }, window(2));
    pair.server_takes = false;
    let sample = SendOptions { when_full: WhenFull::DropOldest, ..SendOptions::default() };
    for number in 1..=6 {
        pair.send_with(&format!("sample {number}"), sample.clone()).unwrap();
        pair.settle();
    }
    pair.server_takes = true;
    pair.server_takes_all();
    pair.run_for(secs(1));
    assert_eq!(pair.server_took, ["sample 1", "sample 2", "sample 5", "sample 6"]);
}

/// A session whose socket holds more than it should; the first message is taken.
fn full_buffer() -> Pair {
    let limits = Limits { buffer_high: 1_000, buffer_low: 100, ..Limits::default() };
    let mut pair = Pair::online_with(Config { limits, ..session() }, ServerConfig::default());
    pair.buffered = 5_000;
    pair.say(&["x".repeat(2_000).as_str()]);
    pair.run_for(secs(1));
    assert_eq!(pair.server_took.len(), 1);
    pair
}

#[test]
fn a_line_that_is_to_end_when_all_is_taken_does_not_wait_for_what_is_taken_back() {
    let mut pair = full_buffer();
    pair.say(&["held back"]);
    pair.finish_within(secs(60));
    assert!(pair.is_online());
    assert!(pair.cancel(2));
    assert!(!pair.is_online(), "{}", pair.client.status());
}

#[test]
fn a_line_that_is_to_end_when_all_is_taken_does_not_wait_for_what_expires() {
    let mut pair = full_buffer();
    let soon = SendOptions { expires: Some(secs(2)), ..SendOptions::default() };
    pair.send_with("held back", soon).unwrap();
    pair.finish_within(secs(60));
    pair.run_for(secs(3));
    assert!(!pair.is_online(), "{}", pair.client.status());
}

#[test]
fn a_full_buffer_holds_back_messages_and_nothing_else() {
    let mut pair = full_buffer();
    pair.say(&["held back"]);
    pair.server_says("answer me").unwrap();
    pair.run_for(secs(1));
    assert_eq!((pair.server_took.len(), pair.client_took.len()), (1, 1));
    let acks = pair.said.iter().filter(|(_, record)| matches!(record, Record::Ack(_))).count();
    assert!(acks > 0, "how far the page is must be said all the same");
    assert!(pair.cancel(2) && pair.is_online(), "it has not left");
    pair.say(&["goes on"]);
    pair.buffered = 100;
    pair.run_for(secs(1));
    assert_eq!(pair.server_took.last().map(String::as_str), Some("goes on"));
}
