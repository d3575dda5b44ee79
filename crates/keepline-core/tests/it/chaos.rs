//! Any sequence of inputs, however absurd, leaves the client in order.

use keepline_core::{
    CloseCode, Closed, Config, ConnId, Event, Input, Limits, MessageIds, OpenFailure, Output,
    Payload, Probe, Status,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::{World, millis, secs, text};

/// A little generator of our own, so that a failure is replayed by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn config() -> Config {
    let limits =
        Limits { message_bytes: 64, outbox_messages: 16, outbox_bytes: 256, ..Limits::default() };
    Config { limits, heartbeat: Some(Probe::text("ping", "pong")), ..Config::default() }
}

fn any_input(world: &World, dice: &mut Dice) -> Input {
    let newest = world.attempts.len() as u64;
    let conn = ConnId(newest.saturating_sub(dice.roll(3)));
    match dice.roll(9) {
        0..=2 => Input::Opened(conn, String::new()),
        3 => Input::Received(conn, text("news")),
        4 => Input::Received(conn, text("pong")),
        5 => Input::Closing(conn),
        6 => Input::Buffered(conn, dice.roll(1_000)),
        7 => Input::OpenFailed(conn, OpenFailure::Unavailable(String::new())),
        _ => {
            let code = CloseCode(1_000 + dice.roll(4_000) as u16);
            Input::Closed(conn, Closed { code, reason: String::new(), clean: dice.roll(2) == 0 })
        }
    }
}

fn step(world: &mut World, dice: &mut Dice) {
    match dice.roll(10) {
        0..=3 => {
            let input = any_input(world, dice);
            world.input(input);
        }
        4 | 5 => {
            let _full_or_ended = world.send(&"x".repeat(dice.roll(70) as usize));
        }
        6 | 7 => world.run_for(millis(dice.roll(9_000))),
        8 => world.now = world.now + secs(dice.roll(100)),
        _ if dice.roll(20) == 0 => world.close(),
        _ => world.client.connect(world.now),
    }
    world.ring();
}

fn check(world: &World) {
    let queued = world.client.queued();
    assert!(queued.messages <= 16 && queued.bytes <= 256);
    let mut ids: Vec<MessageIds> = Vec::new();
    for event in &world.events {
        if let Event::Unknown(some) | Event::NeverSent(some) = event {
            assert!(some.first <= some.last);
            assert!(ids.last().is_none_or(|earlier| earlier.last < some.first), "told twice");
            ids.push(*some);
        }
    }
    let ended = matches!(world.client.status(), Status::Ended { .. });
    let idle = matches!(world.client.status(), Status::Idle | Status::Online { .. });
    assert!(!ended || world.client.poll_timeout().is_none(), "a deadline after the end");
    assert!(ended || idle || world.client.poll_timeout().is_some(), "a wait without a deadline");
}

#[test]
fn whatever_happens_the_books_are_right_and_every_wait_ends() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let mut world = World::with_seed(config(), seed);
        for _ in 0..200 {
            step(&mut world, &mut dice);
        }
        check(&world);
        let probes = world.transmitted.iter().filter(|(_, payload)| *payload == text("ping"));
        let handed = world.transmitted.len() - probes.count();
        assert!(handed <= 200, "seed {seed}: a message was handed over twice");
    }
}

#[test]
fn a_line_that_may_come_back_does() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let mut world = World::with_seed(config(), seed);
        for _ in 0..50 {
            step(&mut world, &mut dice);
        }
        world.client.connect(world.now);
        world.perform();
        world.run_for(secs(120));
        while world.client.status().name() != "connecting" {
            assert_ne!(world.client.status().name(), "idle", "seed {seed}");
            if world.client.status().name() == "ended" {
                world.client.connect(world.now);
                world.perform();
            } else {
                world.run_for(millis(50));
            }
        }
        world.accept();
        assert_eq!(world.client.status().name(), "online", "seed {seed}");
    }
}

#[test]
fn a_payload_passes_through_untouched() {
    let mut world = World::online(Config::default());
    let odd = Payload::Binary(vec![0, 255, 0xc0, 0x80]);
    world.client.send(odd.clone()).unwrap();
    assert_eq!(world.client.poll_output(), Some(Output::Transmit(world.conn(), odd.clone())));
    world.input(Input::Received(world.conn(), odd.clone()));
    assert_eq!(world.messages, [odd]);
}
