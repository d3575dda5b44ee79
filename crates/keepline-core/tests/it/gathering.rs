//! What is sent on a plain line while messages come in a crowd leaves together.

use keepline_core::{
    Client, Config, Doubt, Event, Input, Key, Limits, MessageId, MessageIds, Notice, Queued,
    SendError, SendOptions, SessionConfig,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::{World, millis, secs, text};

/// An open line that gathers what is sent.
fn gathering(limits: Limits) -> World {
    let mut world = World::online(Config { limits, ..Config::default() });
    world.client.gather();
    world
}

fn flush(world: &mut World) {
    world.client.flush(world.now);
    world.perform();
}

fn say(world: &mut World, messages: &[&str]) {
    for message in messages {
        world.send(message).unwrap();
    }
}

fn left(world: &World) -> Vec<String> {
    world.on_this_socket().iter().map(|payload| format!("{payload:?}")).collect()
}

fn texts(messages: &[&str]) -> Vec<String> {
    messages.iter().map(|message| format!("{:?}", text(message))).collect()
}

#[test]
fn what_is_gathered_leaves_in_order_and_then_all_goes_at_once_again() {
    let mut world = gathering(Limits::default());
    say(&mut world, &["one", "two"]);
    world.run_for(secs(1));
    assert!(left(&world).is_empty());
    assert_eq!(world.client.queued(), Queued { messages: 2, bytes: 6 });
    flush(&mut world);
    assert_eq!(left(&world), texts(&["one", "two"]));
    assert_eq!(world.rooms, 1, "whoever waits for room is told");
    say(&mut world, &["three"]);
    assert_eq!(left(&world), texts(&["one", "two", "three"]));
}

#[test]
fn what_is_gathered_can_still_be_taken_back_and_replaced() {
    let mut world = gathering(Limits::default());
    let cursor = SendOptions { key: Some(Key::from("cursor")), ..SendOptions::default() };
    world.send_with("here", cursor.clone()).unwrap();
    say(&mut world, &["taken back"]);
    world.send_with("there", cursor).unwrap();
    assert!(world.cancel(2));
    flush(&mut world);
    assert_eq!(left(&world), texts(&["there"]));
}

#[test]
fn sixty_four_are_enough_to_leave_together() {
    let mut world = gathering(Limits::default());
    (0..64).for_each(|_| say(&mut world, &["x"]));
    assert!(left(&world).is_empty());
    say(&mut world, &["x"]);
    assert_eq!(left(&world).len(), 65);
    say(&mut world, &["x"]);
    assert_eq!(left(&world).len(), 66, "at once, until it is to gather again");
}

#[test]
fn an_outbox_that_is_full_of_what_was_gathered_refuses_nothing() {
    let mut world = gathering(Limits { outbox_messages: 2, ..Limits::default() });
    say(&mut world, &["one", "two"]);
    assert!(world.client.has_room_for(1));
    say(&mut world, &["three"]);
    assert_eq!(left(&world), texts(&["one", "two", "three"]));
}

#[test]
fn a_socket_that_holds_too_much_is_given_no_more_of_it() {
    let limits = Limits {
        message_bytes: 10,
        outbox_messages: 4,
        buffer_high: 20,
        buffer_low: 5,
        ..Limits::default()
    };
    let mut world = gathering(limits);
    world.buffered = Some(0);
    let ten = "0123456789";
    say(&mut world, &[ten; 4]);
    flush(&mut world);
    assert_eq!(left(&world).len(), 2);
    world.client.gather();
    say(&mut world, &[ten; 2]);
    let queued = Queued { messages: 4, bytes: 40 };
    assert_eq!(world.send(ten), Err(SendError::Full { queued }));
    flush(&mut world);
    assert_eq!(left(&world).len(), 2, "a gate that is shut stays shut");
    world.drain_to(0);
    assert_eq!(left(&world).len(), 4);
}

/// How a line is left, and by which name.
type Way<'a> = (&'a str, &'a dyn Fn(&mut World));

#[test]
fn what_is_gathered_goes_before_the_line_is_closed_or_left() {
    let notice = |world: &mut World, notice| world.input(Input::Noticed(notice));
    let ways: [Way<'_>; 4] = [
        ("closed", &World::close),
        ("abandoned", &|world| world.client.abandon(world.now)),
        ("suspended", &|world| notice(world, Notice::Suspended)),
        ("left", &|world| notice(world, Notice::Left)),
    ];
    for (way, leave) in ways {
        let mut world = gathering(Limits::default());
        say(&mut world, &["last words"]);
        leave(&mut world);
        world.perform();
        assert_eq!(left(&world), texts(&["last words"]), "{way}");
    }
}

#[test]
fn what_is_gathered_when_the_line_breaks_goes_by_the_next_one_and_is_not_in_doubt() {
    let mut world = World::online(Config::default());
    say(&mut world, &["gone"]);
    world.client.gather();
    say(&mut world, &["kept"]);
    world.cut();
    flush(&mut world);
    let gone = MessageIds { first: MessageId(1), last: MessageId(1) };
    assert_eq!(world.events[0], Event::Unknown(gone, Doubt::LineLost));
    world.run_to_next_attempt();
    world.accept();
    assert_eq!(left(&world), texts(&["kept"]));
    say(&mut world, &["at once"]);
    assert_eq!(left(&world), texts(&["kept", "at once"]), "another line does not gather");
}

#[test]
fn a_message_that_may_expire_waits_for_no_others_and_follows_those_before_it() {
    let mut world = gathering(Limits::default());
    say(&mut world, &["before"]);
    let brief = SendOptions { expires: Some(millis(1)), ..SendOptions::default() };
    world.send_with("brief", brief).unwrap();
    assert_eq!(left(&world), texts(&["before", "brief"]));
}

#[test]
fn no_more_is_gathered_than_the_socket_may_hold() {
    let limits =
        Limits { message_bytes: 40, buffer_high: 100, buffer_low: 30, ..Limits::default() };
    let forty = "0123456789".repeat(4);
    let mut world = gathering(limits);
    world.buffered = Some(0);
    say(&mut world, &[&forty, &forty]);
    assert!(left(&world).is_empty());
    say(&mut world, &[&forty]);
    assert_eq!(left(&world).len(), 3);

    // The network has taken it all, which nobody has told yet: all the same, all leaves in time.
    world.buffered = Some(0);
    for _ in 0..2 {
        world.client.gather();
        say(&mut world, &["more"; 10]);
    }
    world.client.abandon(world.now);
    world.perform();
    assert!(!world.events.iter().any(|it| matches!(it, Event::Undeliverable(..))));
}

#[test]
fn the_room_that_keys_take_counts_when_messages_are_gathered() {
    let limits = Limits { message_bytes: 10, outbox_bytes: 40, ..Limits::default() };
    let mut world = gathering(limits);
    for key in ["one", "two", "three", "four", "five"] {
        let options = SendOptions { key: Some(Key::from(key)), ..SendOptions::default() };
        world.send_with("0123456789", options).unwrap();
        assert!(world.client.has_room_for(10));
    }
    flush(&mut world);
    assert_eq!(left(&world).len(), 5, "none is refused, and none is replaced");
}

#[test]
fn a_session_gathers_by_itself_and_is_asked_for_nothing() {
    let config = Config { session: Some(SessionConfig::default()), ..Config::default() };
    let mut client = Client::new(config, 1).unwrap();
    client.gather();
    client.send(text("it waits for the hello")).unwrap();
    assert_eq!(client.queued().messages, 1);
}

#[test]
fn a_line_that_is_not_open_gathers_nothing() {
    let mut world = World::connecting(Config::default());
    world.client.gather();
    world.accept();
    say(&mut world, &["at once"]);
    assert_eq!(left(&world), texts(&["at once"]));
}
