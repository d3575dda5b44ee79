//! Credentials are renewed while the line is open.

use keepline_core::wire::{Credentials, Record};
use keepline_core::{Caller, ConfigError, End, ServerConfig, SessionEvent, Status};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::{CODINGS, Pair, session_with};
use crate::world::secs;

fn secret(text: &str) -> Credentials {
    Credentials(text.to_owned())
}

/// A client that alice's first credentials have opened a session for.
fn alice(coding: keepline_core::wire::Coding) -> Pair {
    let config = session_with(|it| {
        (it.coding, it.credentials) = (coding, Some(secret("alice, first")));
    });
    let mut pair = Pair::at_rest(config, ServerConfig::default());
    let known = [("alice, first", "alice"), ("alice, second", "alice"), ("bob, first", "bob")];
    for (secret, subject) in known {
        pair.subjects.insert(secret.into(), Some(subject.into()));
    }
    pair.connect();
    assert!(pair.is_online());
    pair
}

fn renew(pair: &mut Pair, credentials: &str) {
    pair.client.renew(secret(credentials)).unwrap();
    pair.settle();
}

fn ended_with(pair: &Pair) -> u16 {
    match pair.client.status() {
        Status::Ended { why: End::Closed(closed) } => closed.code.0,
        other => panic!("{other}"),
    }
}

#[test]
fn renewed_credentials_are_accepted_and_used_from_then_on() {
    for &coding in CODINGS {
        let mut pair = alice(coding);
        renew(&mut pair, "alice, second");
        assert!(pair.heard.contains(&(pair.conn(), Record::Renewed(None))));
        pair.subjects.remove("alice, first");
        pair.cut();
        pair.run_for(secs(1));
        assert!(pair.is_online());
        assert_eq!(pair.hellos()[1].credentials, Some(secret("alice, second")));
        assert_eq!(pair.begun.len(), 1, "it is the same session");
    }
}

#[test]
fn credentials_renewed_while_the_line_is_down_go_with_the_next_hello() {
    let mut pair = alice(Default::default());
    pair.cut();
    renew(&mut pair, "alice, second");
    pair.run_for(secs(1));
    assert_eq!(pair.hellos()[1].credentials, Some(secret("alice, second")));
    let is_renew = |record: &Record| matches!(record, Record::Renew(_));
    assert!(!pair.passed.iter().any(|(_, records)| records.iter().any(is_renew)));
}

#[test]
fn renewed_credentials_that_are_refused_close_the_line_and_keep_the_session() {
    for &coding in CODINGS {
        let mut pair = alice(coding);
        renew(&mut pair, "forged");
        assert_eq!(ended_with(&pair), 4401);
        assert_eq!(pair.over(pair.key()), None);
        assert!(pair.told.contains(&(pair.key(), SessionEvent::Detached)));
    }
}

#[test]
fn a_renewal_does_not_make_a_session_somebody_elses() {
    for &coding in CODINGS {
        let mut pair = alice(coding);
        renew(&mut pair, "bob, first");
        assert_eq!(ended_with(&pair), 4456);
        assert_eq!(pair.over(pair.key()), None);
    }
}

#[test]
fn credentials_that_expire_close_the_line_and_keep_the_session() {
    let mut pair = alice(Default::default());
    pair.cut();
    pair.expires = Some(secs(60));
    pair.run_for(secs(1));
    let conn = pair.conn();
    assert_eq!(pair.greeting_on(conn).unwrap().expires, Some(secs(60)));
    pair.run_for(secs(50));
    assert!(pair.is_online());
    pair.run_for(secs(10));
    assert_eq!(ended_with(&pair), 4401);
    assert_eq!(pair.close_of(conn), Some((4401, "the credentials have expired")));
    assert_eq!(pair.over(pair.key()), None);
}

#[test]
fn credentials_that_are_renewed_in_time_do_not_expire() {
    let mut pair = alice(Default::default());
    pair.cut();
    pair.expires = Some(secs(60));
    pair.run_for(secs(1));
    for _ in 0..5 {
        pair.run_for(secs(50));
        renew(&mut pair, "alice, second");
    }
    pair.expires = None;
    renew(&mut pair, "alice, second");
    pair.run_for(secs(3_600));
    assert!(pair.is_online());
}

/// A client whose credentials hold for a minute, and who has just handed in others to a verifier
/// that takes its time, a second before that minute is over.
fn alice_at_the_last_second() -> Pair {
    let mut pair = alice(Default::default());
    pair.cut();
    pair.expires = Some(secs(60));
    pair.run_for(secs(1));
    pair.run_for(secs(58));
    pair.verifier_sleeps = true;
    renew(&mut pair, "alice, second");
    pair
}

#[test]
fn credentials_that_came_in_time_are_looked_at_beyond_the_end_of_the_old_ones() {
    let mut pair = alice_at_the_last_second();
    let conn = pair.conn();
    pair.run_for(secs(5));
    assert!(pair.is_online());
    let alice = Caller { subject: Some("alice".to_owned()), expires: Some(secs(60)) };
    pair.server.verified(conn, Ok(alice), pair.now);
    pair.run_for(secs(58));
    assert!(pair.is_online());
    pair.run_for(secs(2));
    assert_eq!(pair.close_of(conn), Some((4401, "the credentials have expired")));
}

#[test]
fn credentials_that_come_after_the_old_ones_are_over_are_late_though_the_alarm_is_too() {
    let mut pair = alice(Default::default());
    pair.cut();
    pair.expires = Some(secs(60));
    pair.run_for(secs(1));
    let conn = pair.conn();
    pair.now = pair.now + secs(61);
    renew(&mut pair, "alice, second");
    assert_eq!(pair.close_of(conn), Some((4401, "the credentials have expired")));
}

#[test]
fn a_verifier_that_never_answers_does_not_make_credentials_hold_for_ever() {
    let mut pair = alice_at_the_last_second();
    let conn = pair.conn();
    pair.run_for(secs(11));
    assert_eq!(pair.close_of(conn), Some((4408, "nobody could say who is there")));
    assert_eq!(pair.over(pair.key()), None);
}

#[test]
fn credentials_renewed_twice_in_a_row_are_handed_in_one_after_the_other() {
    let mut pair = alice(keepline_core::wire::Coding::Binary);
    pair.passed.clear();
    pair.client.renew(secret("alice, second")).unwrap();
    renew(&mut pair, "alice, first");
    let is_renew = |record: &Record| matches!(record, Record::Renew(_));
    let frames = pair.passed.iter().filter(|(_, records)| records.iter().any(is_renew));
    assert_eq!(frames.count(), 2, "each in a frame of its own");
    assert!(pair.is_online());
}

#[test]
fn credentials_that_no_hello_could_carry_are_refused() {
    let mut pair = alice(keepline_core::wire::Coding::Binary);
    let mut secrets = vec![String::new(), "x".repeat(8 * 1024 + 1)];
    // In JSON each of these has an escape.
    secrets.extend(cfg!(feature = "json").then(|| "\"".repeat(8 * 1024)));
    for refused in secrets {
        let renewed = pair.client.renew(Credentials(refused));
        assert_eq!(renewed, Err(ConfigError::Credentials));
    }
}
