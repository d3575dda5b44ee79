//! How a silent line is noticed.

use keepline_core::{Config, Down, Event, Input, Payload, Probe, Status};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::{World, millis, secs, text};

fn probing() -> Config {
    Config { heartbeat: Some(Probe::text("ping", "pong")), ..Config::default() }
}

#[test]
fn without_a_probe_silence_proves_nothing() {
    let mut world = World::online(Config::default());
    world.run_for(secs(24 * 3_600));
    assert_eq!(world.client.status().name(), "online");
    assert!(world.transmitted.is_empty());
}

#[test]
fn a_quiet_line_is_probed_and_the_answer_is_measured_and_kept() {
    let mut world = World::online(probing());
    world.run_for(secs(10));
    assert_eq!(world.on_this_socket(), [&text("ping")]);
    world.run_for(millis(120));
    world.hear("pong");
    assert_eq!(world.events, [Event::RoundTrip(millis(120))]);
    assert!(world.messages.is_empty(), "the answer is the heartbeat's own");
}

#[test]
fn a_stalled_line_is_replaced_within_the_deadline() {
    let mut world = World::settled(probing());
    let stalled = world.conn();
    world.run_for(secs(14));
    assert_eq!(world.client.status().name(), "online");
    world.run_for(secs(1));
    assert_eq!(world.abandoned, [stalled]);
    assert!(matches!(world.client.status(), Status::Waiting { why: Down::Silent, .. }));
    world.run_for(millis(500));
    assert_eq!(world.attempts.len(), 2);
}

#[test]
fn any_message_is_a_sign_of_life() {
    let mut world = World::online(probing());
    for _ in 0..100 {
        world.run_for(secs(9));
        world.hear("news");
    }
    assert!(world.transmitted.is_empty(), "a busy line needs no probe");
    world.run_for(secs(12));
    world.hear("news");
    world.run_for(secs(9));
    assert_eq!(world.client.status().name(), "online", "news saved the line from its probe");
}

#[test]
fn a_late_answer_still_belongs_to_the_heartbeat_and_a_second_one_to_the_application() {
    let mut world = World::online(probing());
    world.hear("pong");
    assert_eq!(world.messages, [text("pong")], "nobody had asked");
    world.run_for(secs(10));
    world.hear("news");
    world.hear("pong");
    world.hear("pong");
    assert_eq!(world.messages, [text("pong"), text("news"), text("pong")]);
    assert_eq!(world.events.len(), 1, "one probe, one round trip");
}

#[test]
fn an_answer_that_is_late_by_a_whole_probe_proves_only_what_its_own_probe_can() {
    let mut world = World::online(probing());
    world.run_for(secs(10));
    world.hear("news");
    world.send("after the first probe").unwrap();
    world.run_for(secs(10));
    world.hear("pong");
    world.cut();
    assert_eq!(world.events[0], Event::RoundTrip(secs(10)));
    assert!(matches!(world.events[1], Event::Unknown(ids, _) if ids.count() == 1));
}

#[test]
fn a_message_over_the_limit_is_a_sign_of_life_too() {
    let mut world = World::online(probing());
    world.run_for(secs(9));
    world.input(Input::TooLarge(world.conn(), 13_000_000));
    world.run_for(secs(9));
    assert!(world.transmitted.is_empty());
    assert_eq!(world.refused, [13_000_000]);
}

#[test]
fn an_upload_that_still_drains_is_a_sign_of_life() {
    let mut world = World::online(probing());
    world.send(&"x".repeat(9_000_000)).unwrap();
    world.input(Input::Buffered(world.conn(), 9_000_000));
    world.run_for(secs(10));
    for left in [8_000_000, 5_000_000, 1_000_000] {
        world.run_for(millis(4_900));
        world.input(Input::Buffered(world.conn(), left));
    }
    assert_eq!(world.client.status().name(), "online");
    world.run_for(secs(4));
    world.input(Input::Buffered(world.conn(), 1_000_000));
    world.run_for(secs(1));
    assert!(matches!(world.client.status(), Status::Waiting { why: Down::Silent, .. }));
}

#[test]
fn an_upload_that_grows_faster_than_it_drains_is_a_sign_of_life_too() {
    let mut world = World::online(probing());
    world.send(&"x".repeat(5_000_000)).unwrap();
    world.input(Input::Buffered(world.conn(), 3_000_000));
    world.run_for(millis(14_900));
    world.send(&"x".repeat(4_000_000)).unwrap();
    world.input(Input::Buffered(world.conn(), 4_000_000));
    world.run_for(secs(1));
    assert_eq!(world.client.status().name(), "online");
}

#[test]
fn a_draining_upload_asks_for_nothing_by_itself() {
    let mut world = World::online(probing());
    world.send(&"x".repeat(9_000_000)).unwrap();
    world.input(Input::Buffered(world.conn(), 9_000_000));
    world.input(Input::Buffered(world.conn(), 1_000_000));
    world.run_for(secs(9));
    assert_eq!(world.client.status().name(), "online");
}

#[test]
fn talking_into_a_black_hole_is_no_draining_upload() {
    let mut world = World::online(probing());
    world.run_for(millis(14_900));
    world.send("anybody?").unwrap();
    world.input(Input::Buffered(world.conn(), 0));
    world.run_for(millis(100));
    assert!(matches!(world.client.status(), Status::Waiting { why: Down::Silent, .. }));
}

#[test]
fn what_went_out_ahead_of_an_answered_probe_is_not_in_doubt() {
    let mut world = World::online(probing());
    world.send("one").unwrap();
    world.run_for(secs(10));
    let doubtful = world.send("two").unwrap();
    world.hear("pong");
    world.cut();
    let Some(Event::Unknown(ids, _)) = world.events.get(1) else { panic!("{:?}", world.events) };
    assert_eq!((ids.first, ids.last), (doubtful, doubtful));
}

#[test]
fn an_answer_may_be_told_by_a_function() {
    let is_pong = |payload: &Payload| matches!(payload, Payload::Text(t) if t.starts_with("pong"));
    let answer = keepline_core::Answer::Matching(std::rc::Rc::new(is_pong));
    let probe = Probe::new(text("ping"), answer).idle(secs(1)).within(secs(1));
    let mut world = World::online(Config { heartbeat: Some(probe), ..Config::default() });
    world.run_for(secs(1));
    world.hear("pong 17:31");
    assert!(matches!(world.events[..], [Event::RoundTrip(_)]));
}

#[test]
fn a_driver_may_take_out_how_the_answer_is_told() {
    let mut probe = Probe::text("ping", "pong");
    let answer = probe.take_answer();
    assert!(matches!(answer, keepline_core::Answer::Exactly(pong) if pong == text("pong")));
    assert!(!probe.is_answered_by(&text("pong")));
}
