//! A slow uplink: what the browser's buffer holds stays between two marks.

use keepline_core::{
    Config, ConfigError, Doubt, Event, Input, Key, Limits, Loss, MessageId, MessageIds, Queued,
    SendError, SendOptions,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::{World, secs, text};

/// Ten bytes.
const TEN: &str = "0123456789";

/// An open line whose socket should hold 100 bytes, on a network that takes nothing.
fn slow() -> World {
    let limits = Limits {
        message_bytes: 1_000,
        outbox_messages: 20,
        buffer_high: 100,
        buffer_low: 30,
        ..Limits::default()
    };
    let mut world = World::online(Config { limits, ..Config::default() });
    world.buffered = Some(0);
    world
}

fn sent(world: &World) -> usize {
    world.on_this_socket().len()
}

#[test]
fn a_slow_uplink_is_given_no_more_than_the_high_mark() {
    let mut world = slow();
    (0..20).for_each(|_| assert!(world.send(TEN).is_ok()));
    assert_eq!((sent(&world), world.buffered), (10, Some(100)));
    assert_eq!(world.client.queued(), Queued { messages: 10, bytes: 100 });
    world.run_for(secs(1));
    assert_eq!(sent(&world), 10, "nothing has drained");
}

#[test]
fn what_waits_goes_on_in_order_when_the_low_mark_is_reached() {
    let mut world = slow();
    for number in 10..40 {
        world.send(&format!("number  {number}")).unwrap();
    }
    world.drain_to(31);
    assert_eq!(sent(&world), 10);
    world.drain_to(30);
    assert_eq!((sent(&world), world.rooms), (17, 1));
    world.drain_to(0);
    world.drain_to(0);
    let expected: Vec<_> = (10..40).map(|it| text(&format!("number  {it}"))).collect();
    assert_eq!(world.on_this_socket(), expected.iter().collect::<Vec<_>>());
    assert_eq!(world.client.queued(), Queued::default());
    world.send("at once again").unwrap();
    assert_eq!(sent(&world), 31);
}

#[test]
fn the_buffer_is_not_looked_at_before_the_high_mark_may_be_reached() {
    let mut world = slow();
    (0..10).for_each(|_| assert!(world.send(TEN).is_ok()));
    assert_eq!(world.measures, 0);
    world.buffered = Some(0);
    world.send(TEN).unwrap();
    assert_eq!((world.measures, sent(&world)), (1, 11), "the network had taken it all");
    (0..9).for_each(|_| assert!(world.send(TEN).is_ok()));
    assert_eq!((world.measures, sent(&world)), (1, 20));
}

#[test]
fn a_message_larger_than_the_high_mark_goes_when_nothing_is_in_its_way() {
    let mut world = slow();
    world.send(&TEN.repeat(50)).unwrap();
    world.send(&TEN.repeat(50)).unwrap();
    assert_eq!((sent(&world), world.buffered), (1, Some(500)));
    world.drain_to(0);
    assert_eq!(sent(&world), 2);
}

#[test]
fn a_buffer_that_is_full_leaves_messages_where_they_can_be_taken_back() {
    let mut world = slow();
    (0..10).for_each(|_| assert!(world.send(TEN).is_ok()));
    let cursor = SendOptions { key: Some(Key::from("cursor")), ..SendOptions::default() };
    world.send_with("1", cursor.clone()).unwrap();
    world.send("kept").unwrap();
    world.send_with("2", cursor).unwrap();
    world.send("taken back").unwrap();
    assert!(world.cancel(14));
    let one = |id, loss| {
        Event::Undeliverable(MessageIds { first: MessageId(id), last: MessageId(id) }, loss)
    };
    assert_eq!(world.events, [one(11, Loss::Replaced), one(14, Loss::Cancelled)]);
    world.drain_to(0);
    assert_eq!(world.on_this_socket()[10..], [&text("kept"), &text("2")]);
}

#[test]
fn an_open_line_with_a_full_outbox_refuses() {
    let mut world = slow();
    (0..30).for_each(|_| assert!(world.send(TEN).is_ok()));
    let queued = Queued { messages: 20, bytes: 200 };
    assert_eq!(world.send(TEN), Err(SendError::Full { queued }));
    assert!(!world.client.has_room_for(10));
    world.drain_to(0);
    assert!(world.client.has_room_for(10));
}

#[test]
fn a_message_that_arrives_is_a_good_moment_to_look() {
    let mut world = slow();
    (0..12).for_each(|_| assert!(world.send(TEN).is_ok()));
    world.buffered = Some(0);
    world.hear("something");
    assert_eq!(sent(&world), 12);
    let measures = world.measures;
    world.hear("something else");
    assert_eq!(world.measures, measures, "there is nothing to look for any more");
}

#[test]
fn what_waited_when_the_line_broke_is_not_in_doubt() {
    let mut world = slow();
    (0..12).for_each(|_| assert!(world.send(TEN).is_ok()));
    world.cut();
    let ids = MessageIds { first: MessageId(1), last: MessageId(10) };
    assert_eq!(world.events[0], Event::Unknown(ids, Doubt::LineLost));
    world.buffered = None;
    world.run_to_next_attempt();
    world.accept();
    assert_eq!(sent(&world), 2);
}

#[test]
fn an_outbox_that_filled_while_the_line_was_down_does_not_flood_the_next_one() {
    let mut world = slow();
    world.cut();
    (0..20).for_each(|_| assert!(world.send(TEN).is_ok()));
    world.run_to_next_attempt();
    world.buffered = Some(0);
    world.accept();
    assert_eq!(sent(&world), 10);
    world.drain_to(0);
    assert_eq!(sent(&world), 20);
}

#[test]
fn what_was_sent_before_a_close_goes_out_before_it() {
    let mut world = slow();
    (0..20).for_each(|_| assert!(world.send(TEN).is_ok()));
    world.close();
    assert_eq!((sent(&world), world.close_frames.len()), (20, 1));
    world.close_from_afar(1000);
    assert_eq!(world.statuses(), ["closing", "ended"]);
    assert_eq!(world.events.len(), 2, "nothing is in doubt");
}

#[test]
fn news_of_the_buffer_of_a_line_that_is_closing_changes_nothing() {
    let mut world = slow();
    (0..20).for_each(|_| assert!(world.send(TEN).is_ok()));
    world.input(Input::PeerClosing(world.conn()));
    world.drain_to(0);
    assert_eq!(sent(&world), 10);
}

#[test]
fn marks_that_cross_are_refused_by_name() {
    let limits = Limits { buffer_high: 100, buffer_low: 100, ..Limits::default() };
    let error = keepline_core::Client::new(Config { limits, ..Config::default() }, 1).unwrap_err();
    assert_eq!(error, ConfigError::LowNotBelowHigh);
    let said = error.to_string();
    assert!(said.contains("buffer_low") && said.contains("buffer_high"), "{said}");
}
