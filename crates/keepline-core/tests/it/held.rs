//! Messages that a driver keeps in its own memory: they wait, count and end as all others.

use keepline_core::{
    Config, Doubt, Event, Held, Key, Limits, Loss, MessageId, MessageIds, Queued, SendError,
    SendOptions, SessionConfig,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::{World, text};

fn keep(world: &mut World, handle: u32, bytes: usize) -> Result<MessageId, SendError> {
    keep_on(world, handle, bytes, SendOptions::default())
}

fn keep_on(
    world: &mut World,
    handle: u32,
    bytes: usize,
    terms: SendOptions,
) -> Result<MessageId, SendError> {
    let sent = world.client.send_held(Held { handle, bytes }, terms, world.now);
    world.perform();
    sent
}

fn handles(world: &World) -> Vec<u32> {
    world.handed_over.iter().map(|(_, held)| held.handle).collect()
}

#[test]
fn what_is_kept_waits_for_the_line_in_order_with_all_else() {
    let mut world = World::connecting(Config::default());
    assert_eq!(keep(&mut world, 7, 3), Ok(MessageId(1)));
    world.send("between").unwrap();
    assert_eq!(keep(&mut world, 9, 5), Ok(MessageId(3)));
    assert_eq!(world.client.queued(), Queued { messages: 3, bytes: 15 });
    world.accept();
    assert_eq!((handles(&world), world.on_this_socket()), (vec![7, 9], vec![&text("between")]));
    assert_eq!(keep(&mut world, 8, 1), Ok(MessageId(4)), "and then goes at once");
    assert_eq!(handles(&world), [7, 9, 8]);
    world.events.clear();
    world.cut();
    let lost = MessageIds { first: MessageId(1), last: MessageId(4) };
    assert_eq!(world.events[0], Event::Unknown(lost, Doubt::LineLost));
}

#[test]
fn what_is_kept_counts_for_the_bounds_and_the_marks() {
    let limits = Limits {
        message_bytes: 100,
        outbox_bytes: 100,
        inbox_bytes: 100,
        buffer_high: 50,
        buffer_low: 10,
        ..Limits::default()
    };
    let mut world = World::online(Config { limits, ..Config::default() });
    world.buffered = Some(0);
    assert_eq!(keep(&mut world, 1, 101), Err(SendError::TooLarge { size: 101, limit: 100 }));
    keep(&mut world, 2, 60).unwrap();
    keep(&mut world, 3, 60).unwrap();
    let queued = Queued { messages: 1, bytes: 60 };
    assert_eq!(keep(&mut world, 4, 60), Err(SendError::Full { queued }));
    assert_eq!(handles(&world), [2]);
    world.drain_to(10);
    assert_eq!(handles(&world), [2, 3]);
}

#[test]
fn the_latest_by_key_replaces_what_is_kept() {
    let mut world = World::connecting(Config::default());
    let terms = SendOptions { key: Some(Key::from("cursor")), ..SendOptions::default() };
    keep_on(&mut world, 1, 1, terms.clone()).unwrap();
    keep_on(&mut world, 2, 1, terms).unwrap();
    let first = MessageIds { first: MessageId(1), last: MessageId(1) };
    assert!(world.events.contains(&Event::Undeliverable(first, Loss::Replaced)));
    world.accept();
    assert_eq!(handles(&world), [2]);
}

#[test]
fn a_session_takes_nothing_that_is_not_there() {
    let session = Some(SessionConfig::default());
    let mut world = World::at_rest(Config { session, ..Config::default() });
    assert_eq!(keep(&mut world, 1, 10), Err(SendError::TooLarge { size: 10, limit: 0 }));
    assert_eq!(world.client.queued(), Queued::default());
}
