//! A provider gives a session its credentials, and new ones before they expire.

use std::time::Duration;

use keepline_core::wire::{Bye, Credentials, GoAway, Record};
use keepline_core::{
    Backoff, Config, Down, End, Input, NotProvided, Provision, ServerConfig, Status,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::{Pair, session};
use crate::world::{millis, secs};

fn gives(secret: &str) -> Option<Result<Provision, NotProvided>> {
    let credentials = Some(Credentials(secret.to_owned()));
    Some(Ok(Provision { credentials, expires: None }))
}

fn try_again() -> Option<Result<Provision, NotProvided>> {
    Some(Err(NotProvided::TryAgain("the token server is down".to_owned())))
}

fn config() -> Config {
    Config { provider: true, ..session() }
}

/// A client at rest whose provider gives the credentials "one" of alice.
fn alice(seed: u64) -> Pair {
    let mut pair = Pair::seeded(config(), ServerConfig::default(), seed);
    pair.subjects.extend(["one", "two"].map(|secret| (secret.into(), Some("alice".into()))));
    pair.subjects.insert("bob".into(), Some("bob".into()));
    pair.provides = gives("one");
    pair
}

/// The same, online, with credentials that hold for so long.
fn alice_for(expires: Duration, seed: u64) -> Pair {
    let mut pair = alice(seed);
    pair.expires = Some(expires);
    pair.connect();
    assert!(pair.is_online());
    pair
}

fn end_code(pair: &Pair) -> u16 {
    match pair.client.status() {
        Status::Ended { why: End::Closed(closed) } => closed.code.0,
        other => panic!("{other}"),
    }
}

fn renewed(pair: &Pair) -> usize {
    pair.heard.iter().filter(|(_, record)| matches!(record, Record::Renewed(_))).count()
}

#[test]
fn each_hello_carries_what_the_provider_gave_for_it() {
    let mut pair = alice(7);
    pair.connect();
    pair.provides = gives("two");
    pair.cut();
    pair.run_for(secs(1));
    let hellos = pair.hellos().into_iter().map(|hello| hello.credentials.clone());
    let given = ["one", "two"].map(|secret| Some(Credentials(secret.to_owned())));
    assert!(hellos.eq(given));
    assert_eq!(pair.begun.len(), 1, "it is the same session");
}

#[test]
fn credentials_that_no_hello_could_carry_end_the_line_by_name() {
    for refused in [String::new(), "x".repeat(8 * 1024 + 1)] {
        let mut pair = alice(7);
        pair.provides = gives(&refused);
        pair.connect();
        assert!(matches!(pair.client.status(), Status::Ended { why: End::BadEndpoint(_) }));
        assert!(pair.said.is_empty());
    }
}

#[test]
fn credentials_are_renewed_in_band_long_before_they_expire() {
    for seed in 0..20 {
        let mut pair = alice_for(secs(1_000), seed);
        let start = pair.now;
        pair.run_for(secs(10_000));
        assert!(pair.is_online());
        assert_eq!((pair.attempts(), pair.begun.len()), (1, 1), "the line never broke");
        let mut last = start;
        for &at in &pair.renewals {
            assert!((secs(800)..=secs(900)).contains(&(at - last)), "{:?}", at - last);
            last = at;
        }
        assert_eq!(renewed(&pair), pair.renewals.len());
    }
}

#[test]
fn a_crowd_that_came_at_once_does_not_renew_at_once() {
    let renewals = (0..50).map(|seed| {
        let mut pair = alice_for(secs(1_000), seed);
        pair.run_for(secs(950));
        pair.renewals[0]
    });
    let mut renewals: Vec<_> = renewals.collect();
    renewals.sort_unstable();
    renewals.dedup();
    assert!(renewals.len() > 45);
    assert!(renewals[renewals.len() - 1] - renewals[0] > secs(60));
}

#[test]
fn the_earlier_of_two_expiries_counts() {
    let mut pair = alice(7);
    pair.expires = Some(secs(10_000));
    let credentials = Some(Credentials("one".to_owned()));
    pair.provides = Some(Ok(Provision { credentials, expires: Some(secs(100)) }));
    pair.connect();
    pair.run_for(secs(95));
    assert_eq!(pair.renewals.len(), 1);
}

#[test]
fn a_life_too_short_to_renew_does_not_flood_the_provider() {
    let mut pair = alice_for(Duration::from_millis(1_100), 7);
    pair.run_for(secs(60));
    assert!(pair.renewals.len() <= 60, "{}", pair.renewals.len());
    let attempts = Backoff::default().attempts_per_minute;
    assert!(pair.attempts() <= usize::from(attempts));
}

#[test]
fn a_renewal_that_fails_is_tried_again_until_the_credentials_expire() {
    let mut pair = alice_for(secs(1_000), 7);
    pair.provides = try_again();
    pair.run_for(secs(950));
    let tried = pair.renewals.len();
    assert!((3..40).contains(&tried), "{tried}");
    assert!(pair.is_online(), "what it has holds still");
    pair.provides = gives("two");
    pair.run_for(secs(100));
    assert!(pair.is_online());
    assert_eq!((renewed(&pair), pair.attempts()), (1, 1));
}

#[test]
fn a_renewal_without_new_credentials_is_tried_again_too() {
    let mut pair = alice_for(secs(1_000), 7);
    pair.provides = Some(Ok(Provision { credentials: None, expires: Some(secs(1_000)) }));
    pair.run_for(secs(920));
    assert_eq!(renewed(&pair), 0);
    pair.provides = gives("two");
    pair.run_for(secs(130));
    assert_eq!((renewed(&pair), pair.attempts()), (1, 1));
}

#[test]
fn a_provider_whose_credentials_hold_on_is_asked_no_more_often_than_one_with_new_ones() {
    for expires in [None, Some(secs(100_000))] {
        let mut pair = alice(7);
        pair.expires = expires;
        let credentials = Some(Credentials("one".to_owned()));
        pair.provides = Some(Ok(Provision { credentials, expires: Some(secs(3_600)) }));
        pair.connect();
        pair.provides = Some(Ok(Provision { credentials: None, expires: Some(secs(3_600)) }));
        pair.run_for(secs(6 * 3_600));
        assert!((6..=8).contains(&pair.renewals.len()), "{}", pair.renewals.len());
        assert!(pair.is_online());
    }
}

#[test]
fn a_provider_that_says_nothing_new_leaves_its_promise_as_it_was() {
    let mut pair = alice(7);
    let credentials = Some(Credentials("one".to_owned()));
    pair.provides = Some(Ok(Provision { credentials, expires: Some(secs(1_000)) }));
    pair.connect();
    pair.provides = Some(Ok(Provision { credentials: None, expires: None }));
    pair.run_for(secs(920));
    pair.provides = gives("two");
    pair.run_for(secs(80));
    assert_eq!(renewed(&pair), 1);
}

#[test]
fn at_expiry_the_server_ends_the_connection_and_the_provider_is_asked_for_the_next() {
    let mut pair = alice_for(secs(100), 7);
    pair.provides = try_again();
    pair.run_for(secs(101));
    let status = pair.client.status();
    assert!(matches!(status, Status::Waiting { .. } | Status::Connecting { .. }), "{status}");
    assert_eq!(pair.closes[0].1, 4401);
    pair.provides = gives("two");
    pair.run_for(secs(60));
    assert!(pair.is_online());
    assert_eq!(pair.begun.len(), 1, "it is the same session");
}

#[test]
fn a_provider_that_says_stop_to_a_renewal_does_not_break_the_line_before_time() {
    let mut pair = alice_for(secs(100), 7);
    pair.provides = Some(Err(NotProvided::Stop("logged out".to_owned())));
    pair.run_for(secs(99));
    assert!(pair.is_online());
    assert_eq!(pair.renewals.len(), 1);
    pair.run_for(secs(5));
    let end = End::NotProvided("logged out".to_owned());
    assert_eq!(pair.client.status(), Status::Ended { why: end });
}

#[test]
fn refused_credentials_are_replaced_once() {
    let mut pair = alice(7);
    pair.provides = gives("forged");
    pair.connect();
    assert!(matches!(pair.client.status(), Status::Waiting { why: Down::Closed(_), .. }));
    assert!(pair.client.was_refused());
    pair.provides = gives("one");
    pair.run_for(secs(5));
    assert!(pair.is_online());
    assert!(!pair.client.was_refused());

    pair.provides = gives("forged");
    pair.cut();
    pair.run_for(secs(60));
    assert_eq!(end_code(&pair), 4401);
    assert_eq!(pair.attempts(), 4);
}

#[test]
fn a_refused_renewal_asks_the_provider_once_for_others() {
    let mut pair = alice_for(secs(100), 7);
    pair.subjects.remove("one");
    pair.run_for(secs(95));
    assert_eq!(end_code(&pair), 4401, "it gave the same again");

    let mut pair = alice_for(secs(100), 7);
    pair.subjects.remove("one");
    while pair.renewals.is_empty() {
        pair.run_for(millis(10));
    }
    pair.provides = gives("two");
    pair.run_for(secs(5));
    assert!(pair.is_online());
    assert_eq!(pair.begun.len(), 1, "it is the same session");
}

#[test]
fn a_renewal_to_another_subject_ends_the_line() {
    let mut pair = alice_for(secs(100), 7);
    pair.provides = gives("bob");
    pair.run_for(secs(95));
    assert_eq!(end_code(&pair), 4456);
}

#[test]
fn a_farewell_for_the_credentials_asks_the_provider_once() {
    let bye = |code: u16| {
        Record::Bye(Bye { code: code.into(), again: None, reason: "who are you?".into() })
    };
    let mut pair = alice(7);
    pair.connect();
    pair.server_says_records(&[bye(4401)]);
    pair.close_from_afar(1000);
    assert!(matches!(pair.client.status(), Status::Waiting { why: Down::Bye { .. }, .. }));
    pair.run_for(secs(5));
    assert!(pair.is_online());

    pair.server_says_records(&[bye(4400)]);
    pair.close_from_afar(1000);
    assert!(matches!(pair.client.status(), Status::Ended { why: End::Bye { .. } }));
}

#[test]
fn a_session_moves_with_credentials_of_its_own() {
    let mut pair = alice(7);
    pair.connect();
    pair.provides = gives("two");
    pair.server_says_records(&[Record::GoAway(GoAway { reachable: true, within: secs(10) })]);
    assert!(pair.is_online());
    assert_eq!(pair.hellos()[1].credentials, Some(Credentials("two".to_owned())));

    pair.provides = try_again();
    pair.server_says_records(&[Record::GoAway(GoAway { reachable: true, within: secs(10) })]);
    assert!(pair.is_online(), "the old connection is used as long as it lasts");
    assert_eq!((pair.attempts(), pair.hellos().len()), (3, 2));
}

#[test]
fn nothing_that_can_be_printed_tells_a_secret() {
    let mut pair = alice(7);
    pair.provides = gives("the secret one");
    pair.subjects.insert("the secret one".into(), Some("alice".into()));
    pair.client.connect(pair.now);
    let opened = format!("{:?}", pair.client);
    let Some(keepline_core::Output::Event(_) | keepline_core::Output::Open(_)) =
        pair.client.poll_output()
    else {
        panic!("{opened}")
    };
    let mut printed = opened;
    let held = Some(Credentials("the secret one".to_owned()));
    printed += &format!("{:?}", super::pair::session_with(|it| it.credentials = held));
    let given = Input::Provided(keepline_core::ConnId(1), gives("the secret one").unwrap());
    printed += &format!("{given:?}");
    pair.client.handle_input(given, pair.now);
    pair.let_in(keepline_core::ConnId(1));
    printed += &format!("{:?}", pair.client);
    while let Some(output) = pair.client.poll_output() {
        printed += &format!("{output:?}");
    }
    assert!(printed.contains("Transmit"), "the hello is among it");
    assert!(!printed.contains("secret") && !printed.contains("115, 101, 99"), "{printed}");
}

#[test]
fn a_provider_that_is_nearly_too_slow_leaves_the_move_all_its_time() {
    let mut pair = alice_for(secs(1_000), 7);
    (pair.provides, pair.hangs) = (None, true);
    let old = pair.conn();
    pair.server_says_records(&[Record::GoAway(GoAway { reachable: true, within: secs(60) })]);
    let new = pair.conn();
    assert_ne!(old, new);
    pair.run_for(millis(7_900));
    let given = Ok(Provision { credentials: Some(Credentials("two".into())), expires: None });
    pair.client.handle_input(Input::Provided(new, given), pair.now);
    pair.settle();
    pair.run_for(millis(7_900));
    assert!(!pair.abandoned.contains(&new), "it is still waited for");
    pair.hangs = false;
    pair.let_in(new);
    pair.run_for(secs(1));
    assert_eq!((pair.conn(), pair.is_online()), (new, true));
    assert_eq!(pair.attempts(), 2, "it has moved");
}
