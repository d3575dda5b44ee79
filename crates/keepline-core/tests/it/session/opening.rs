//! How a session's line comes up, and what is believed before it has.

use std::time::Duration;

use keepline_core::wire::{Coding, Credentials, Record};
use keepline_core::{Down, End, ServerConfig, ServerOutput, Status};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::{CODINGS, Pair, Side, session, session_with};
use crate::world::{millis, secs};

fn why_waiting(pair: &Pair) -> Down {
    match pair.client.status() {
        Status::Waiting { why, .. } => why,
        other => panic!("{other}"),
    }
}

/// How long the client waits from now on.
fn wait(pair: &Pair) -> Duration {
    match pair.client.status() {
        Status::Waiting { retry_at, .. } => retry_at - pair.now,
        other => panic!("{other}"),
    }
}

fn run_to_next_attempt(pair: &mut Pair) {
    pair.run_for(wait(pair));
}

/// A client that has said hello to a server whose answers the test makes up.
fn asking(seed: u64) -> Pair {
    let mut pair = Pair::seeded(session(), ServerConfig::default(), seed);
    pair.swallow = Some(Side::Server);
    pair.connect();
    pair
}

fn real_greeting() -> keepline_core::wire::Greeting {
    let pair = Pair::online();
    pair.greeting_on(pair.conn()).unwrap().clone()
}

#[test]
fn a_server_that_echoes_no_subprotocol_is_no_keepline_server() {
    for echo in ["", "chat", "keepline.v2"] {
        let mut pair = Pair::at_rest(session(), ServerConfig::default());
        pair.echo = echo.to_owned();
        pair.connect();
        assert_eq!(pair.client.status(), Status::Ended { why: End::NotKeepline });
        assert_eq!(pair.abandoned, [pair.conn()]);
        assert_eq!(pair.hellos().len(), 0, "no secret is told to a stranger");
        pair.run_for(secs(3_600));
        assert_eq!(pair.attempts(), 1);
    }
}

#[test]
fn both_encodings_open_a_session() {
    for &coding in CODINGS {
        let mut pair = Pair::online_in(coding);
        pair.say(&["one"]);
        pair.server_says("two").unwrap();
        assert_eq!((pair.server_took, pair.client_took), (vec!["one".into()], vec!["two".into()]));
    }
}

#[test]
fn three_attempts_that_never_opened_make_one_doubt_what_is_there() {
    let mut pair = Pair::at_rest(session(), ServerConfig::default());
    pair.reachable = false;
    pair.connect();
    for _ in 0..2 {
        assert!(matches!(why_waiting(&pair), Down::Closed(_)));
        run_to_next_attempt(&mut pair);
    }
    assert!(matches!(why_waiting(&pair), Down::PerhapsNotKeepline(_)));
    pair.reachable = true;
    run_to_next_attempt(&mut pair);
    assert!(pair.is_online(), "it is a doubt, and no end");
}

#[test]
fn nobody_doubts_a_server_that_a_session_once_existed_on() {
    let mut pair = Pair::online();
    pair.reachable = false;
    pair.cut();
    for _ in 0..6 {
        assert!(matches!(why_waiting(&pair), Down::Closed(_)));
        run_to_next_attempt(&mut pair);
    }
}

#[test]
fn failures_are_forgotten_at_the_greeting_and_not_before() {
    let mut pair = Pair::at_rest(session(), ServerConfig::default());
    pair.swallow = Some(Side::Server);
    pair.connect();
    for attempt in 2..=4 {
        pair.run_for(secs(8));
        assert!(
            matches!(pair.client.status(), Status::Waiting { attempt: it, .. } if it == attempt)
        );
        run_to_next_attempt(&mut pair);
    }
    pair.run_for(secs(8));
    pair.swallow = None;
    run_to_next_attempt(&mut pair);
    assert!(pair.is_online());
    pair.cut();
    assert!(matches!(pair.client.status(), Status::Waiting { attempt: 1, .. }));
    assert!(wait(&pair) <= millis(500), "the first retry is prompt");
}

#[test]
fn a_server_that_never_greets_is_given_up_after_eight_seconds() {
    let mut pair = asking(7);
    pair.run_for(millis(7_999));
    assert_eq!(pair.client.status().name(), "connecting");
    pair.run_for(millis(1));
    assert_eq!(why_waiting(&pair), Down::TimedOut);
    assert_eq!(pair.abandoned, [pair.conn()]);
}

#[test]
fn a_slow_handshake_leaves_the_greeting_only_what_is_left() {
    let mut pair = Pair::at_rest(session(), ServerConfig::default());
    (pair.hangs, pair.swallow) = (true, Some(Side::Server));
    pair.connect();
    pair.run_for(secs(5));
    pair.let_in(pair.conn());
    pair.run_for(millis(2_999));
    assert_eq!(pair.client.status().name(), "connecting");
    pair.run_for(millis(1));
    assert_eq!(why_waiting(&pair), Down::TimedOut);
}

#[test]
fn a_hello_carries_the_credentials_and_nothing_shows_them() {
    let secret = "correct horse battery staple";
    let config = session_with(|session| session.credentials = Some(Credentials(secret.into())));
    let mut pair = Pair::at_rest(config, ServerConfig::default());
    pair.client.connect(pair.now);
    let mut shown = format!("{:?}", pair.client);
    pair.subjects.insert(secret.into(), Some("alice".into()));
    pair.settle();
    assert!(pair.is_online());
    let hello = pair.hellos()[0].clone();
    assert_eq!(hello.credentials, Some(Credentials(secret.into())));
    let conn = pair.stranger(1);
    pair.server.received(
        conn,
        &super::pair::frame(Coding::Binary, &[Record::Hello(hello)]),
        pair.now,
    );
    shown += &format!("{:?} {:?} {:?}", pair.client, pair.server, pair.passed);
    while let Some(output) = pair.server.poll_output() {
        assert!(matches!(output, ServerOutput::Verify(_, Some(_))));
        shown += &format!("{output:?}");
    }
    assert!(!shown.contains(secret) && shown.contains("Credentials(..)"));
    let id = "1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1";
    assert!(!shown.contains(id), "the id of a session is a secret too");
}

#[test]
fn credentials_that_are_refused_end_the_line_with_the_reason() {
    let config = session_with(|session| session.credentials = Some(Credentials("old".into())));
    let mut pair = Pair::at_rest(config, ServerConfig::default());
    pair.connect();
    let Status::Ended { why: End::Closed(closed) } = pair.client.status() else { panic!() };
    assert_eq!((closed.code.0, closed.reason.as_str()), (4401, "nobody knows you"));
    assert!(pair.server.is_empty());
}

#[test]
fn the_greeting_spreads_the_first_retry_of_a_crowd() {
    let waits: Vec<Duration> = (0..50)
        .map(|seed| {
            let mut pair = asking(seed);
            let greeting = keepline_core::wire::Greeting { spread: secs(60), ..real_greeting() };
            pair.server_says_records(&[Record::Greeting(greeting)]);
            assert!(pair.is_online());
            pair.cut();
            wait(&pair)
        })
        .collect();
    assert!(waits.iter().all(|wait| *wait <= secs(60)));
    for part in 0..4 {
        let within = secs(15 * part)..secs(15 * (part + 1));
        assert!(waits.iter().any(|wait| within.contains(wait)), "{waits:?}");
    }
}

#[test]
fn no_greeting_spreads_the_first_retry_over_more_than_five_minutes() {
    let longest = (0..50).map(|seed| {
        let mut pair = asking(seed);
        let greeting = keepline_core::wire::Greeting { spread: secs(86_400), ..real_greeting() };
        pair.server_says_records(&[Record::Greeting(greeting)]);
        pair.cut();
        wait(&pair)
    });
    let longest = longest.max().unwrap();
    assert!((secs(200)..=secs(300)).contains(&longest), "{longest:?}");
}

#[test]
fn a_server_of_many_lines_spreads_its_clients_wider_than_one_of_few() {
    let few = Pair::online();
    assert!(few.greeting_on(few.conn()).unwrap().spread <= millis(10));
    let mut many = Pair::at_rest(session(), ServerConfig::default());
    for number in 0..20_000 {
        many.stranger(number);
    }
    many.connect();
    assert!(many.greeting_on(many.conn()).unwrap().spread >= secs(20));
}
