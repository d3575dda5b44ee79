//! What a slow reader finds.

use keepline_core::{
    Arrival, Client, CloseCode, Config, ConfigError, Inbox, Key, Limits, Overflow, Queued,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::text;

fn inbox(messages: usize, bytes: usize) -> Inbox {
    inbox_that(Overflow::default(), messages, bytes)
}

fn inbox_that(overflow: Overflow, messages: usize, bytes: usize) -> Inbox {
    let (inbox_messages, inbox_bytes) = (messages, bytes);
    let limits = Limits { message_bytes: 8, inbox_messages, inbox_bytes, ..Limits::default() };
    Inbox::new(limits, overflow)
}

fn push(inbox: &mut Inbox, message: &str) {
    assert_eq!(inbox.push(text(message), None), None);
}

fn push_under(inbox: &mut Inbox, key: u64, message: &str) {
    assert_eq!(inbox.push(text(message), Some(Key::from(key))), None);
}

/// All that a reader finds, in words.
fn read(inbox: &mut Inbox) -> Vec<String> {
    let words = |arrival| match arrival {
        Arrival::Message(keepline_core::Payload::Text(text)) => text,
        other => format!("{other:?}"),
    };
    std::iter::from_fn(|| inbox.pop().map(words)).collect()
}

#[test]
fn messages_come_out_in_order() {
    let mut inbox = inbox(8, 64);
    push(&mut inbox, "one");
    push(&mut inbox, "two");
    assert_eq!(inbox.pop(), Some(Arrival::Message(text("one"))));
    assert_eq!(inbox.pop(), Some(Arrival::Message(text("two"))));
    assert_eq!(inbox.pop(), None);
}

#[test]
fn a_full_inbox_drops_the_oldest_and_says_how_many() {
    let mut inbox = inbox(2, 64);
    for message in ["one", "two", "three", "four", "five"] {
        push(&mut inbox, message);
    }
    assert_eq!(inbox.pop(), Some(Arrival::Dropped { count: 3 }));
    assert_eq!(inbox.pop(), Some(Arrival::Message(text("four"))));
    assert_eq!(inbox.pop(), Some(Arrival::Message(text("five"))));
    assert_eq!(inbox.pop(), None);
}

#[test]
fn bytes_are_bounded_as_well_as_messages() {
    let mut inbox = inbox(100, 10);
    for message in ["aaaa", "bbbb", "cccc", "dddddddd"] {
        push(&mut inbox, message);
    }
    assert_eq!(inbox.pop(), Some(Arrival::Dropped { count: 3 }));
    assert_eq!(inbox.pop(), Some(Arrival::Message(text("dddddddd"))));
}

#[test]
fn a_message_over_the_limit_leaves_a_mark_where_it_was() {
    let mut inbox = inbox(8, 64);
    push(&mut inbox, "one");
    push(&mut inbox, "123456789");
    push(&mut inbox, "two");
    assert_eq!(inbox.pop(), Some(Arrival::Message(text("one"))));
    assert_eq!(inbox.pop(), Some(Arrival::TooLarge { size: 9, limit: 8 }));
    assert_eq!(inbox.pop(), Some(Arrival::Message(text("two"))));
}

#[test]
fn an_inbox_that_drops_the_newest_tells_of_them_where_they_are_missing() {
    let mut inbox = inbox_that(Overflow::DropNewest, 2, 64);
    for message in ["one", "two", "three", "four"] {
        push(&mut inbox, message);
    }
    assert_eq!(inbox.pop(), Some(Arrival::Message(text("one"))));
    push(&mut inbox, "five");
    assert_eq!(inbox.pop(), Some(Arrival::Message(text("two"))));
    push(&mut inbox, "six");
    let gap = |count| format!("{:?}", Arrival::Dropped { count });
    assert_eq!(read(&mut inbox), [gap(3), "six".to_owned()]);
    assert_eq!((inbox.dropped(), inbox.unread()), (3, Queued::default()));
}

#[test]
fn an_inbox_that_closes_the_line_keeps_what_was_unread() {
    let code = CloseCode(4408);
    let mut inbox = inbox_that(Overflow::Close(code), 2, 64);
    push(&mut inbox, "one");
    push(&mut inbox, "two");
    assert_eq!(inbox.push(text("three"), None), Some(code));
    assert_eq!(read(&mut inbox), ["one", "two", "Dropped { count: 1 }"]);
}

#[test]
fn a_price_takes_the_place_of_the_one_before() {
    let mut inbox = inbox(3, 64);
    push_under(&mut inbox, 1, "A 1");
    push_under(&mut inbox, 2, "B 1");
    push(&mut inbox, "news");
    push_under(&mut inbox, 1, "A 2");
    push_under(&mut inbox, 2, "B 2");
    push_under(&mut inbox, 1, "A 3");
    assert_eq!((inbox.replaced(), inbox.dropped()), (3, 0));
    assert_eq!(inbox.pop(), Some(Arrival::Message(text("A 3"))));
    push_under(&mut inbox, 1, "A 4");
    push_under(&mut inbox, 2, "B 3");
    assert_eq!(read(&mut inbox), ["B 3", "news", "A 4"]);
    assert_eq!(inbox.unread(), Queued::default());
}

#[test]
fn a_price_that_is_renewed_all_the_time_is_read_all_the_same() {
    let mut inbox = inbox(100, 6_400);
    for round in 0..10_000_u64 {
        push_under(&mut inbox, 7, "hot");
        push_under(&mut inbox, round % 50 + 8, "cold");
    }
    assert_eq!(inbox.pop(), Some(Arrival::Message(text("hot"))));
}

#[test]
fn with_more_keys_than_places_the_oldest_make_room() {
    let mut inbox = inbox(2, 64);
    for key in [1, 2, 3, 1, 3] {
        push_under(&mut inbox, key, &key.to_string());
    }
    assert_eq!(read(&mut inbox), ["Dropped { count: 2 }", "3", "1"]);
    assert_eq!((inbox.replaced(), inbox.dropped()), (1, 2));
}

#[test]
fn a_newer_message_that_is_larger_makes_room_for_itself() {
    let mut inbox = inbox(10, 10);
    push(&mut inbox, "1234");
    push_under(&mut inbox, 1, "12");
    push_under(&mut inbox, 1, "12345678");
    assert_eq!(read(&mut inbox), ["Dropped { count: 1 }", "12345678"]);
    push_under(&mut inbox, 1, "1");
    push(&mut inbox, "12345678");
    push_under(&mut inbox, 1, "1234567");
    assert_eq!(read(&mut inbox), ["Dropped { count: 2 }", "1234567"]);
    push_under(&mut inbox, 1, "again");
    assert_eq!(read(&mut inbox), ["again"]);
}

#[test]
fn an_inbox_that_was_forgotten_begins_anew() {
    let mut inbox = inbox(2, 64);
    push_under(&mut inbox, 1, "old");
    inbox.clear();
    push_under(&mut inbox, 1, "new");
    assert_eq!((read(&mut inbox), inbox.replaced()), (vec!["new".to_owned()], 0));
}

#[test]
fn policies_that_cannot_be_kept_are_refused_by_name() {
    let overflow = Some(Overflow::Close(CloseCode(1006)));
    let error = Client::new(Config { overflow, ..Config::default() }, 1).unwrap_err();
    assert_eq!(error, ConfigError::OverflowCode);
    let config = Config {
        overflow: Some(Overflow::DropOldest),
        session: Some(keepline_core::SessionConfig::default()),
        ..Config::default()
    };
    let error = Client::new(config, 1).unwrap_err();
    assert_eq!(error, ConfigError::OverflowInSession);
    let said = error.to_string();
    assert!(said.contains("overflow") && said.contains("session"), "{said}");
}
