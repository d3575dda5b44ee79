//! What becomes of messages that were sent on terms, on a plain line.

use keepline_core::{
    Config, Doubt, Event, Key, Limits, Loss, MessageId, MessageIds, Payload, Queued, SendError,
    SendOptions, WhenFull,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::{World, millis, secs, text};

fn ids(first: u64, last: u64) -> MessageIds {
    MessageIds { first: MessageId(first), last: MessageId(last) }
}

fn latest(key: impl Into<Key>) -> SendOptions {
    SendOptions { key: Some(key.into()), ..SendOptions::default() }
}

fn dropping() -> SendOptions {
    SendOptions { when_full: WhenFull::DropOldest, ..SendOptions::default() }
}

fn expiring(seconds: u64) -> SendOptions {
    SendOptions { expires: Some(secs(seconds)), ..SendOptions::default() }
}

fn undeliverable(first: u64, last: u64, loss: Loss) -> Event {
    Event::Undeliverable(ids(first, last), loss)
}

/// A line that is not open, with room for so many messages.
fn waiting(outbox_messages: usize) -> World {
    let limits = Limits { outbox_messages, ..Limits::default() };
    let mut world = World::connecting(Config { limits, ..Config::default() });
    world.events.clear();
    world
}

#[test]
fn after_an_outage_only_the_latest_cursor_goes_out() {
    let mut world = waiting(100);
    world.send_with("cursor at 1", latest("cursor")).unwrap();
    world.send("look here").unwrap();
    world.send_with("cursor at 2", latest("cursor")).unwrap();
    world.send_with("zoom", latest(7)).unwrap();
    world.send_with("cursor at 3", latest("cursor")).unwrap();
    let replaced = |id| undeliverable(id, id, Loss::Replaced);
    assert_eq!(world.events, [replaced(1), replaced(3)]);
    world.accept();
    assert_eq!(world.on_this_socket(), [&text("look here"), &text("zoom"), &text("cursor at 3")]);
}

#[test]
fn who_is_told_that_there_is_room_finds_it_whatever_the_keys_take() {
    let limits = Limits { outbox_bytes: 100, message_bytes: 40, ..Limits::default() };
    let mut world = World::connecting(Config { limits, ..Config::default() });
    let mut sent = 0;
    while world.client.has_room_for(20 + 10) {
        world.send_with(&"x".repeat(20), latest(format!("key {sent:06}").as_str())).unwrap();
        sent += 1;
    }
    let full = |refused| matches!(refused, Err(SendError::Full { .. }));
    assert!(full(world.send_with(&"x".repeat(20), latest("key 123456"))), "after {sent}");
    assert!(world.client.has_room_for(10) && !full(world.send(&"x".repeat(10))));
    assert!(!world.client.has_room_for(1) && full(world.send("x")));
}

#[test]
fn what_never_fits_with_its_key_is_too_large_and_does_not_wait_for_room() {
    let limits = Limits { outbox_bytes: 100, message_bytes: 90, ..Limits::default() };
    let mut world = World::online(Config { limits, ..Config::default() });
    let refused = world.send_with(&"x".repeat(60), latest("k".repeat(41).as_str()));
    assert_eq!(refused, Err(SendError::TooLarge { size: 101, limit: 100 }));
    world.send_with(&"x".repeat(60), latest("k".repeat(40).as_str())).unwrap();
}

#[test]
fn what_expired_while_no_alarm_rang_does_not_leave_with_a_close() {
    let limits = Limits { buffer_high: 10, buffer_low: 1, ..Limits::default() };
    let mut world = World::online(Config { limits, ..Config::default() });
    world.buffered = Some(0);
    world.send("fills the buffer").unwrap();
    world.send_with("now or never", expiring(2)).unwrap();
    assert_eq!(world.client.queued().messages, 1);
    world.now = world.now + secs(30);
    world.close();
    assert_eq!(world.on_this_socket(), [&text("fills the buffer")]);
    assert!(world.events.contains(&undeliverable(2, 2, Loss::Expired)));
}

#[test]
fn what_a_socket_was_given_is_neither_replaced_nor_cancelled_nor_does_it_expire() {
    let mut world = waiting(100);
    world.send_with("cursor at 1", latest("cursor")).unwrap();
    world.send_with("soon", expiring(1)).unwrap();
    world.accept();
    world.events.clear();
    world.send_with("cursor at 2", latest("cursor")).unwrap();
    assert!(!world.cancel(1) && !world.cancel(2) && !world.cancel(3) && !world.cancel(4));
    world.run_for(secs(5));
    assert_eq!(world.events, []);
    assert_eq!(world.on_this_socket().len(), 3);
    world.cut();
    assert_eq!(world.events[0], Event::Unknown(ids(1, 3), Doubt::LineLost));
}

#[test]
fn a_full_outbox_drops_the_oldest_samples_and_nothing_else() {
    let mut world = waiting(4);
    world.send("order").unwrap();
    world.send_with("sample 1", dropping()).unwrap();
    world.send_with("sample 2", dropping()).unwrap();
    world.send("another order").unwrap();
    world.send_with("sample 3", dropping()).unwrap();
    world.send_with("sample 4", dropping()).unwrap();
    let dropped = |id| undeliverable(id, id, Loss::Dropped);
    assert_eq!(world.events, [dropped(2), dropped(3)]);
    assert!(matches!(world.send("a third order"), Err(SendError::Full { .. })));
    world.accept();
    let left = ["order", "another order", "sample 3", "sample 4"].map(text);
    assert_eq!(world.on_this_socket(), left.each_ref());
}

#[test]
fn a_message_that_finds_no_room_costs_no_other_its_place() {
    let limits = Limits { message_bytes: 8, outbox_bytes: 10, ..Limits::default() };
    let mut world = World::connecting(Config { limits, ..Config::default() });
    world.events.clear();
    world.send("12345").unwrap();
    world.send_with("k", latest("k")).unwrap();
    world.send_with("12", dropping()).unwrap();
    let queued = Queued { messages: 3, bytes: 8 };
    let full = Err(SendError::Full { queued });
    assert_eq!(world.send_with("123456", dropping()), full, "even without the sample");
    assert_eq!(world.send_with("123456", latest("k")), full, "even without the one replaced");
    assert_eq!(world.events, []);
    world.send_with("12", latest("k")).unwrap();
    assert_eq!(world.events, [undeliverable(2, 2, Loss::Replaced)]);
    assert_eq!(world.client.queued(), Queued { messages: 3, bytes: 9 });
}

#[test]
fn the_names_of_keys_count_for_the_outbox() {
    let limits = Limits { message_bytes: 8, outbox_bytes: 10, ..Limits::default() };
    let mut world = World::connecting(Config { limits, ..Config::default() });
    assert!(world.send_with("1", latest("a name of 20 letters")).is_err());
    world.send_with("1", latest("nine byte")).unwrap();
    assert!(world.send_with("2", latest("b")).is_err());
    world.send_with("2", latest("nine byte")).unwrap();
}

#[test]
fn a_message_that_waits_for_too_long_is_not_sent_any_more() {
    let mut world = waiting(100);
    world.cut();
    world.events.clear();
    world.send_with("now or never", expiring(2)).unwrap();
    world.send("whenever").unwrap();
    world.send_with("now or in a while", expiring(5)).unwrap();
    world.client.handle_timeout(world.now + millis(1_999));
    world.perform();
    assert!(!world.events.iter().any(|event| matches!(event, Event::Undeliverable(..))));
    world.run_for(secs(2));
    assert!(world.events.contains(&undeliverable(1, 1, Loss::Expired)), "{:?}", world.events);
    world.accept();
    assert_eq!(world.on_this_socket(), [&text("whenever"), &text("now or in a while")]);
    world.run_for(secs(10));
    let told = world.events.iter().filter(|it| matches!(it, Event::Undeliverable(..))).count();
    assert_eq!(told, 1);
}

#[test]
fn a_message_that_is_taken_back_never_leaves() {
    let mut world = waiting(100);
    for message in ["one", "two", "three"] {
        world.send(message).unwrap();
    }
    assert!(world.cancel(2));
    assert!(!world.cancel(2), "once is enough");
    assert!(!world.cancel(9), "there is no such message");
    assert_eq!(world.events, [undeliverable(2, 2, Loss::Cancelled)]);
    world.accept();
    assert_eq!(world.on_this_socket(), [&text("one"), &text("three")]);
    world.events.clear();
    world.cut();
    let unknown = |id| Event::Unknown(ids(id, id), Doubt::LineLost);
    assert_eq!(world.events[..2], [unknown(1), unknown(3)], "what was taken back is not in doubt");
}

#[test]
fn what_waits_at_the_end_is_told_once_with_what_was_dropped_before() {
    let mut world = waiting(100);
    for number in 0..4 {
        world.send_with("x", latest(number)).unwrap();
    }
    world.send_with("x", latest(1)).unwrap();
    world.send_with("x", expiring(1)).unwrap();
    world.close();
    let told: Vec<&Event> = world.events.iter().filter(|it| it.to_string().contains("x")).collect();
    assert!(told.is_empty());
    assert_eq!(
        world.events[..3],
        [
            undeliverable(2, 2, Loss::Replaced),
            undeliverable(1, 1, Loss::NeverSent),
            undeliverable(3, 6, Loss::NeverSent),
        ]
    );
    world.run_for(secs(5));
    assert_eq!(world.events.len(), 4, "an ended line has nothing that could expire");
}

#[test]
fn thousands_of_keys_are_kept_apart() {
    let mut world = waiting(8_192);
    for round in 0..3 {
        for key in 0..8_192_u64 {
            world.send_with(&format!("{round} {key}"), latest(key)).unwrap();
        }
    }
    assert_eq!(world.client.queued().messages, 8_192);
    assert_eq!(world.events.len(), 2 * 8_192);
    world.accept();
    let sent = world.on_this_socket();
    assert_eq!((sent.len(), sent[0]), (8_192, &text("2 0")));
}

#[test]
fn an_account_with_too_many_gaps_lets_the_oldest_go_as_unknown() {
    let mut world = waiting(8_192);
    for _ in 0..2_500 {
        world.client.send(Payload::Text(String::new())).unwrap();
    }
    (1..=1_250).for_each(|half| assert!(world.cancel(2 * half)));
    world.accept();
    let is_unknown = |event: &&Event| matches!(event, Event::Unknown(..));
    let forgotten = world.events.iter().filter(is_unknown).count();
    assert!((1..300).contains(&forgotten), "{forgotten}");
    world.cut();
    let unknown: Vec<&Event> = world.events.iter().filter(is_unknown).collect();
    assert_eq!(unknown.len(), 1_250, "each ends once");
}
