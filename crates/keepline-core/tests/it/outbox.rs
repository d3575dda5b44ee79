//! What becomes of what is sent.

use keepline_core::{
    Config, Doubt, Event, Input, Limits, Loss, MessageId, MessageIds, Payload, Queued, SendError,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::{World, secs, text};

fn ids(first: u64, last: u64) -> MessageIds {
    MessageIds { first: MessageId(first), last: MessageId(last) }
}

#[test]
fn what_is_sent_offline_goes_out_in_order_on_the_next_line() {
    let mut world = World::connecting(Config::default());
    world.send("one").unwrap();
    world.cut();
    world.send("two").unwrap();
    world.run_to_next_attempt();
    world.send("three").unwrap();
    world.accept();
    world.send("four").unwrap();
    assert_eq!(world.on_this_socket(), [&text("one"), &text("two"), &text("three"), &text("four")]);
    assert_eq!(world.client.queued(), Queued::default());
}

#[test]
fn nothing_is_handed_to_two_sockets() {
    let mut world = World::online(Config::default());
    world.send("one").unwrap();
    world.cut();
    world.run_to_next_attempt();
    world.accept();
    assert!(world.on_this_socket().is_empty());
}

#[test]
fn what_a_lost_socket_was_given_is_reported_as_unknown_and_what_waits_is_not() {
    let mut world = World::connecting(Config::default());
    world.send("one").unwrap();
    world.accept();
    world.send("two").unwrap();
    world.events.clear();
    world.input(Input::PeerClosing(world.conn()));
    world.send("three").unwrap();
    world.cut();
    assert_eq!(world.events[0], Event::Unknown(ids(1, 2), Doubt::LineLost));
    world.run_to_next_attempt();
    world.accept();
    assert_eq!(world.on_this_socket(), [&text("three")]);
}

#[test]
fn a_lost_socket_that_was_given_nothing_leaves_no_doubt() {
    let mut world = World::online(Config::default());
    world.send("one").unwrap();
    world.cut();
    world.run_to_next_attempt();
    world.accept();
    world.events.clear();
    world.cut();
    assert_eq!(world.statuses(), ["waiting"]);
    assert_eq!(world.events.len(), 1);
}

#[test]
fn what_still_waits_at_the_end_was_never_sent() {
    let mut world = World::connecting(Config::default());
    world.send("one").unwrap();
    world.send("two").unwrap();
    world.events.clear();
    world.close();
    assert_eq!(world.events[0], Event::Undeliverable(ids(1, 2), Loss::NeverSent));
    assert_eq!(world.statuses(), ["ended"]);
    assert_eq!(world.client.queued(), Queued::default());
}

#[test]
fn a_line_ended_by_the_far_end_accounts_for_everything() {
    let mut world = World::online(Config::default());
    world.send("one").unwrap();
    world.input(Input::PeerClosing(world.conn()));
    world.send("two").unwrap();
    world.close_from_afar(1000);
    assert_eq!(
        world.events[..2],
        [
            Event::Unknown(ids(1, 1), Doubt::LineLost),
            Event::Undeliverable(ids(2, 2), Loss::NeverSent)
        ]
    );
    assert_eq!(world.send("three"), Err(SendError::Ended));
}

#[test]
fn a_full_outbox_refuses_by_count_and_by_bytes() {
    let limits =
        Limits { message_bytes: 10, outbox_messages: 3, outbox_bytes: 16, ..Limits::default() };
    let mut world = World::connecting(Config { limits, ..Config::default() });
    world.send("0123456789").unwrap();
    let queued = Queued { messages: 1, bytes: 10 };
    assert_eq!(world.send("0123456"), Err(SendError::Full { queued }));
    world.send("012345").unwrap();
    world.send("").unwrap();
    let queued = Queued { messages: 3, bytes: 16 };
    assert_eq!(world.send(""), Err(SendError::Full { queued }));
    assert!(!world.client.has_room_for(0));
    world.accept();
    assert!(world.client.has_room_for(10));
    assert_eq!(world.send("room again"), Ok(MessageId(4)), "a refused message takes no number");
}

#[test]
fn a_message_over_the_limit_is_refused_with_its_size() {
    let limits = Limits { message_bytes: 4, ..Limits::default() };
    let mut world = World::online(Config { limits, ..Config::default() });
    assert_eq!(world.send("12345"), Err(SendError::TooLarge { size: 5, limit: 4 }));
    let sent = world.client.send(Payload::Binary(vec![0; 5]));
    assert_eq!(sent, Err(SendError::TooLarge { size: 5, limit: 4 }));
    assert_eq!(world.send("1234"), Ok(MessageId(1)));
}

#[test]
fn a_socket_that_is_closing_swallows_nothing() {
    let mut world = World::settled(Config::default());
    world.events.clear();
    world.input(Input::PeerClosing(world.conn()));
    assert_eq!(world.client.status().name(), "online", "not news for the application yet");
    world.send("kept").unwrap();
    assert_eq!(world.client.queued(), Queued { messages: 1, bytes: 4 });
    world.close_from_afar(1001);
    world.run_to_next_attempt();
    world.accept();
    assert_eq!(world.on_this_socket(), [&text("kept")]);
    assert_eq!(world.statuses(), ["waiting", "connecting", "online"]);
}

#[test]
fn a_far_end_that_begins_to_close_and_never_ends_is_given_up() {
    let mut world = World::settled(Config::default());
    let leaving = world.conn();
    world.input(Input::PeerClosing(leaving));
    world.run_for(secs(5));
    assert_eq!(world.abandoned, [leaving]);
    world.run_for(secs(1));
    assert_eq!(world.attempts.len(), 2);
}
