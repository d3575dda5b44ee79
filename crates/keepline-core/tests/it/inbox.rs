//! What a slow reader finds.

use keepline_core::{Arrival, Inbox, Limits};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::text;

fn inbox(messages: usize, bytes: usize) -> Inbox {
    let (inbox_messages, inbox_bytes) = (messages, bytes);
    Inbox::new(Limits { message_bytes: 8, inbox_messages, inbox_bytes, ..Limits::default() })
}

#[test]
fn messages_come_out_in_order() {
    let mut inbox = inbox(8, 64);
    inbox.push(text("one"));
    inbox.push(text("two"));
    assert_eq!(inbox.pop(), Some(Arrival::Message(text("one"))));
    assert_eq!(inbox.pop(), Some(Arrival::Message(text("two"))));
    assert_eq!(inbox.pop(), None);
}

#[test]
fn a_full_inbox_drops_the_oldest_and_says_how_many() {
    let mut inbox = inbox(2, 64);
    for message in ["one", "two", "three", "four", "five"] {
        inbox.push(text(message));
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
        inbox.push(text(message));
    }
    assert_eq!(inbox.pop(), Some(Arrival::Dropped { count: 3 }));
    assert_eq!(inbox.pop(), Some(Arrival::Message(text("dddddddd"))));
}

#[test]
fn a_message_over_the_limit_leaves_a_mark_where_it_was() {
    let mut inbox = inbox(8, 64);
    inbox.push(text("one"));
    inbox.push(text("123456789"));
    inbox.push(text("two"));
    assert_eq!(inbox.pop(), Some(Arrival::Message(text("one"))));
    assert_eq!(inbox.pop(), Some(Arrival::TooLarge { size: 9, limit: 8 }));
    assert_eq!(inbox.pop(), Some(Arrival::Message(text("two"))));
}
