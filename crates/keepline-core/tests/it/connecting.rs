//! How a line comes up, or does not.

use keepline_core::{Closed, Config, ConnId, Down, End, Input, OpenFailure, Status};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::{DRAW, World, secs, text};

#[test]
fn a_line_comes_up_and_says_so() {
    let mut world = World::connecting(Config::default());
    assert_eq!(world.client.status(), Status::Connecting { attempt: 1 });
    world.input(Input::Opened(world.conn(), "chat.v1".to_owned(), DRAW));
    assert_eq!(world.client.status(), Status::Online { protocol: "chat.v1".to_owned() });
    assert_eq!(world.statuses(), ["connecting", "online"]);
}

#[test]
fn nothing_happens_before_connect() {
    let mut world = World::at_rest(Config::default());
    world.run_for(secs(3_600));
    assert_eq!(world.client.status(), Status::Idle);
    assert!(world.attempts.is_empty() && world.events.is_empty());
}

#[test]
fn connect_twice_opens_one_socket() {
    let mut world = World::connecting(Config::default());
    world.client.connect(world.now);
    world.perform();
    world.accept();
    world.client.connect(world.now);
    world.perform();
    assert_eq!(world.attempts.len(), 1);
}

#[test]
fn a_handshake_that_hangs_is_given_up_before_the_next_attempt() {
    let mut world = World::connecting(Config::default());
    let hung = world.conn();
    world.run_for(secs(7));
    assert!(world.abandoned.is_empty(), "8 s are allowed");
    world.run_for(secs(1));
    assert_eq!(world.abandoned, [hung]);
    assert!(matches!(world.client.status(), Status::Waiting { why: Down::TimedOut, .. }));
    world.run_to_next_attempt();
    assert_ne!(world.conn(), hung);
}

#[test]
fn news_of_an_abandoned_socket_is_harmless() {
    let mut world = World::connecting(Config::default());
    let hung = world.conn();
    world.run_for(secs(8));
    world.run_to_next_attempt();
    world.accept();
    let told = world.events.len();
    for late in [
        Input::Opened(hung, String::new(), DRAW),
        Input::Received(hung, text("late")),
        Input::Answered(hung, text("late")),
        Input::TooLarge(hung, 9),
        Input::PeerClosing(hung),
        Input::Buffered(hung, 0),
        Input::OpenFailed(hung, OpenFailure::Refused("late".to_owned())),
        Input::Closed(hung, Closed::abnormal(), None),
        Input::Closed(ConnId(99), Closed::abnormal(), None),
    ] {
        world.input(late);
    }
    assert_eq!(world.client.status().name(), "online");
    assert_eq!(world.events.len(), told);
    assert!(world.messages.is_empty() && world.refused.is_empty());
}

#[test]
fn a_connection_opens_once() {
    let mut world = World::online(Config::default());
    world.accept();
    assert_eq!(world.client.status().name(), "online");
    assert!(world.events.is_empty());
}

#[test]
fn a_socket_that_can_never_be_made_ends_the_line() {
    let mut world = World::connecting(Config::default());
    world.fail_to_open(OpenFailure::Refused("forbidden port".to_owned()));
    let why = End::Refused("forbidden port".to_owned());
    assert_eq!(world.client.status(), Status::Ended { why });
    world.run_for(secs(3_600));
    assert_eq!(world.attempts.len(), 1);
}

#[test]
fn a_socket_that_cannot_be_made_for_now_is_tried_again() {
    let mut world = World::connecting(Config::default());
    world.fail_to_open(OpenFailure::Unavailable("too many sockets".to_owned()));
    let Status::Waiting { why, attempt: 2, .. } = world.client.status() else { panic!() };
    assert_eq!(why, Down::Failed("too many sockets".to_owned()));
    world.run_to_next_attempt();
}

#[test]
fn an_open_socket_that_fails_is_lost_and_not_refused_for_ever() {
    let mut world = World::settled(Config::default());
    world.fail_to_open(OpenFailure::Refused("an error without a close".to_owned()));
    let why = Down::Closed(Closed::abnormal());
    assert!(matches!(world.client.status(), Status::Waiting { why: seen, .. } if seen == why));
}

#[test]
fn an_ended_line_can_be_connected_again_afresh() {
    let mut world = World::connecting(Config::default());
    for _ in 0..3 {
        world.cut();
        world.run_to_next_attempt();
    }
    world.close();
    world.client.connect(world.now);
    world.perform();
    assert_eq!(world.client.status(), Status::Connecting { attempt: 1 });
    world.accept();
    world.send("hello").unwrap();
    assert_eq!(world.on_this_socket(), [&text("hello")]);
}
