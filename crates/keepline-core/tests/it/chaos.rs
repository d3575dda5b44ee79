//! Any sequence of inputs, however absurd, leaves the client in order.

use std::collections::{BTreeMap, BTreeSet};

use keepline_core::{
    CloseCode, Closed, Config, ConnId, Event, Input, Limits, Loss, MessageId, Notice, OpenFailure,
    Output, Payload, Probe, Status, Wake,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::{DRAW, World, millis, secs, text};

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
    let limits = Limits {
        message_bytes: 64,
        outbox_messages: 16,
        outbox_bytes: 256,
        buffer_high: 400,
        buffer_low: 100,
        ..Limits::default()
    };
    Config { limits, heartbeat: Some(Probe::text("ping", "pong")), ..Config::default() }
}

fn any_input(world: &World, dice: &mut Dice) -> Input {
    let newest = world.attempts.len() as u64;
    let conn = ConnId(newest.saturating_sub(dice.roll(3)));
    match dice.roll(13) {
        11 => Input::Noticed(any_notice(dice)),
        12 => Input::Noticed(Notice::Woke(Wake::Shown)),
        0..=2 => Input::Opened(conn, String::new(), DRAW),
        3 => Input::Received(conn, text("news")),
        4 => Input::Answered(conn, text("pong")),
        5 => Input::PeerClosing(conn),
        6 => Input::Buffered(conn, dice.roll(1_000)),
        7 => Input::OpenFailed(conn, OpenFailure::Unavailable(String::new())),
        8 if dice.roll(10) == 0 => Input::OpenFailed(conn, OpenFailure::Refused(String::new())),
        8 | 9 => Input::TooLarge(conn, 100),
        _ => {
            let code = CloseCode(1_000 + dice.roll(3_999) as u16);
            Input::Closed(
                conn,
                Closed { code, reason: String::new(), clean: dice.roll(2) == 0 },
                None,
            )
        }
    }
}

fn any_notice(dice: &mut Dice) -> Notice {
    match dice.roll(8) {
        0 => Notice::Hidden,
        1 => Notice::NetworkDown,
        2 => Notice::Suspended,
        3 => Notice::Left,
        4 => Notice::Woke(Wake::Restored),
        5 => Notice::Woke(Wake::Resumed),
        6 => Notice::Woke(Wake::NetworkUp),
        _ => Notice::Woke(Wake::Slept(secs(dice.roll(60)))),
    }
}

/// What happened to each message, kept beside the client and apart from it.
#[derive(Default)]
struct Books {
    accepted: u64,
    /// The far end has certainly read these.
    proven: BTreeSet<u64>,
    answers: BTreeMap<u64, usize>,
    /// The far end of these has begun to close, after which no browser shows a message.
    leaving: BTreeSet<u64>,
}

impl Books {
    fn send(&mut self, world: &mut World, dice: &mut Dice) {
        let id = self.accepted + 1;
        let padding = "x".repeat(dice.roll(70) as usize);
        if let Ok(accepted) = world.send(&format!("{id} {padding}")) {
            assert_eq!(accepted, MessageId(id));
            self.accepted = id;
        }
    }

    /// An answer on the present connection proves what went out ahead of the probe it belongs to.
    fn witness(&mut self, world: &World, input: &Input) {
        let conn = match input {
            Input::Answered(conn, _) if !self.leaving.contains(&conn.0) => conn,
            Input::PeerClosing(conn) if is_online(world, *conn) => {
                self.leaving.insert(conn.0);
                return;
            }
            _ => return,
        };
        if !is_online(world, *conn) {
            return;
        }
        let sent: Vec<Option<u64>> = on(world, *conn).map(id_of).collect();
        let answered = self.answers.entry(conn.0).or_default();
        let probes = sent.iter().enumerate().filter(|(_, id)| id.is_none());
        if let Some((position, _)) = probes.clone().nth(*answered) {
            *answered += 1;
            self.proven.extend(sent[..position].iter().flatten());
        }
    }

    /// Every accepted message is accounted for, and truly.
    fn close(&self, world: &World) {
        let handed: Vec<u64> = world.transmitted.iter().filter_map(|(_, it)| id_of(it)).collect();
        assert!(handed.is_sorted_by(|one, next| one < next), "twice, or out of order: {handed:?}");
        let (mut unknown, mut never) = (BTreeSet::new(), BTreeSet::new());
        for event in &world.events {
            match event {
                Event::Unknown(ids, _) => unknown.extend(ids.first.0..=ids.last.0),
                Event::Undeliverable(ids, Loss::NeverSent) => {
                    never.extend(ids.first.0..=ids.last.0);
                }
                Event::Status(_) | Event::RoundTrip(_) => {}
                Event::Delivered(_) | Event::Undeliverable(..) | Event::Restarted { .. } => {
                    panic!("a plain line knows nothing of {event}")
                }
            }
        }
        let handed = BTreeSet::from_iter(handed);
        for id in 1..=self.accepted {
            assert_eq!(never.contains(&id), !handed.contains(&id), "message {id}");
            assert_eq!(unknown.contains(&id), handed.contains(&id) && !self.proven.contains(&id));
        }
    }
}

fn is_online(world: &World, conn: ConnId) -> bool {
    world.client.conn() == Some(conn) && world.client.status().name() == "online"
}

fn on(world: &World, conn: ConnId) -> impl Iterator<Item = &Payload> {
    world.transmitted.iter().filter(move |(on, _)| *on == conn).map(|(_, payload)| payload)
}

/// The id that a message carries; `None` for a probe.
fn id_of(payload: &Payload) -> Option<u64> {
    let Payload::Text(text) = payload else { return None };
    text.split(' ').next()?.parse().ok()
}

fn step(world: &mut World, books: &mut Books, dice: &mut Dice) {
    match dice.roll(14) {
        12 => world.client.gather(),
        13 => {
            world.client.flush(world.now);
            world.perform();
        }
        0..=4 => {
            let input = any_input(world, dice);
            books.witness(world, &input);
            world.input(input);
        }
        5..=7 => books.send(world, dice),
        8 | 9 => world.run_for(millis(dice.roll(9_000))),
        10 => world.now = world.now + secs(dice.roll(100)),
        _ if dice.roll(20) == 0 => {
            // Never answered by its own code here, so never a proof.
            world.client.close(CloseCode(4_999), "", world.now).unwrap();
            world.perform();
        }
        _ => world.client.connect(world.now),
    }
    world.ring();
    check(world);
}

fn check(world: &World) {
    let queued = world.client.queued();
    assert!(queued.messages <= 16 && queued.bytes <= 256);
    let ended = matches!(world.client.status(), Status::Ended { .. });
    let idle = matches!(world.client.status(), Status::Idle | Status::Online { .. });
    assert!(!ended || world.client.poll_timeout().is_none(), "a deadline after the end");
    assert!(ended || idle || world.client.poll_timeout().is_some(), "a wait without a deadline");
}

#[test]
fn whatever_happens_the_books_are_right_and_every_wait_ends() {
    for seed in 0..1_000 {
        let mut dice = Dice(seed);
        let mut world = World::with_seed(config(), seed);
        let mut books = Books::default();
        for _ in 0..300 {
            step(&mut world, &mut books, &mut dice);
        }
        world.client.abandon(world.now);
        world.perform();
        books.close(&world);
    }
}

#[test]
fn a_line_that_may_come_back_does() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let mut world = World::with_seed(config(), seed);
        let mut books = Books::default();
        for _ in 0..50 {
            step(&mut world, &mut books, &mut dice);
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
