//! What somebody says who means harm, or is broken: it ends that connection, with a code and a
//! reason of its own, and touches nobody else.

use keepline_core::wire::{
    Ack, Coding, Credentials, Credit, Finale, Hello, Instance, Record, SessionId,
};
use keepline_core::{CloseCode, ConnId, Counts, Payload, ServerConfig, SessionKey, Status};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::{CODINGS, Pair, hello, session_with};
use crate::world::{secs, text};

const NOTHING: Counts = Counts {
    malformed: 0,
    breaches: 0,
    superseded: 0,
    foreign: 0,
    full: 0,
    repeated: 0,
    given_up: 0,
};
const MALFORMED: Counts = Counts { malformed: 1, ..NOTHING };
const BREACH: Counts = Counts { breaches: 1, ..NOTHING };
const SUPERSEDED: Counts = Counts { superseded: 1, ..NOTHING };
const FOREIGN: Counts = Counts { foreign: 1, ..NOTHING };

/// An innocent client that is online, and the first that its server has.
fn innocent(coding: Coding) -> Pair {
    let mut pair = Pair::online_in(coding);
    pair.say(&["before"]);
    pair
}

/// A stranger with a session of its own, at the side of an innocent client.
fn greeted(pair: &mut Pair) -> (ConnId, SessionKey) {
    let conn = pair.stranger_says(1, &[Record::Hello(hello(200))]);
    assert!(pair.greeting_on(conn).is_some());
    (conn, pair.key())
}

fn check(pair: &mut Pair, conn: ConnId, code: u16, reason: &str, counts: Counts) {
    let (closed, said) = pair.close_of(conn).expect("the connection is closed");
    assert_eq!(closed, code, "{said}");
    assert!(said.contains(reason), "{said}");
    assert_eq!(pair.server.counts(), counts);
    let key = pair.begun[0];
    assert_eq!(pair.server.conn(key), Some(pair.conn()), "the innocent client keeps its line");
    pair.say(&["after"]);
    assert_eq!(pair.server_took, ["before", "after"]);
    pair.run_for(secs(60));
    assert!(pair.is_online() && pair.attempts() == 1);
    assert_eq!(pair.client.queued().messages, 0);
}

/// Somebody who has a session says this, in every encoding.
fn refused_in_conversation(records: &[Record], code: u16, reason: &str) {
    for &coding in CODINGS {
        let mut pair = innocent(coding);
        let (conn, key) = greeted(&mut pair);
        pair.say_on(conn, records);
        check(&mut pair, conn, code, reason, BREACH);
        assert_eq!(pair.over(key), None, "its own session waits for a better connection");
    }
}

/// Somebody who has a session sends this frame.
fn malformed_in_conversation(coding: Coding, frame: &Payload, code: u16, reason: &str) {
    let mut pair = innocent(coding);
    let (conn, key) = greeted(&mut pair);
    pair.forge(conn, frame);
    check(&mut pair, conn, code, reason, MALFORMED);
    assert_eq!(pair.over(key), None);
}

fn binary(bytes: &[u8]) -> Payload {
    Payload::Binary(bytes.to_vec())
}

fn ack(taken: u64, number: u64, bytes: u64) -> Record {
    Record::Ack(Ack { taken, credit: Credit { number, bytes } })
}

fn message(number: u64) -> Record {
    Record::Message(number, text("hm"))
}

#[test]
fn a_foreign_session_id_is_told_no_more_than_that() {
    for &coding in CODINGS {
        let config = session_with(|it| {
            (it.coding, it.credentials) = (coding, Some(Credentials("hers".into())));
        });
        let mut pair = Pair::at_rest(config, ServerConfig::default());
        for (secret, subject) in [("hers", "alice"), ("his", "mallory")] {
            pair.subjects.insert(secret.into(), Some(subject.into()));
        }
        pair.connect();
        pair.say(&["before"]);
        let stolen = pair.hellos()[0].clone();
        let his = Some(Credentials("his".into()));
        let hello = Hello { credentials: his, attempt: 9, ..stolen };
        let conn = pair.stranger_says(1, &[Record::Hello(hello)]);
        check(&mut pair, conn, 4500, "somebody else", FOREIGN);
    }
}

#[test]
fn a_guessed_session_id_does_not_open_the_session_of_somebody_known() {
    let config = session_with(|it| it.credentials = Some(Credentials("hers".into())));
    let mut pair = Pair::at_rest(config, ServerConfig::default());
    pair.subjects.insert("hers".into(), Some("alice".into()));
    pair.connect();
    pair.say(&["before"]);
    let guessed = Hello { session: SessionId([1; 16]), ..hello(200) };
    assert_eq!(pair.hellos()[0].session, guessed.session);
    let conn = pair.stranger_says(1, &[Record::Hello(guessed)]);
    check(&mut pair, conn, 4500, "somebody else", FOREIGN);
}

#[test]
fn a_foreign_id_of_a_session_that_is_over_is_told_no_more_than_that() {
    let config = session_with(|it| it.credentials = Some(Credentials("hers".into())));
    let mut pair = Pair::at_rest(config, ServerConfig::default());
    pair.subjects.insert("hers".into(), Some("alice".into()));
    pair.connect();
    pair.close();
    let guessed = Hello { session: SessionId([1; 16]), ..hello(200) };
    let conn = pair.stranger_says(1, &[Record::Hello(guessed)]);
    assert_eq!(pair.close_of(conn).unwrap().0, 4500);
    assert_eq!(pair.server.counts(), FOREIGN);
}

#[test]
fn a_second_instance_with_a_stolen_id_does_not_take_the_session_over() {
    for &coding in CODINGS {
        let mut pair = innocent(coding);
        let stolen = pair.hellos()[0].clone();
        let hello = Hello { instance: Instance([66; 8]), attempt: 1_000, ..stolen };
        let conn = pair.stranger_says(1, &[Record::Hello(hello)]);
        check(&mut pair, conn, 4452, "another instance", SUPERSEDED);
    }
}

#[test]
fn an_old_hello_that_is_replayed_does_not_take_the_session_over() {
    for &coding in CODINGS {
        let mut pair = innocent(coding);
        let old = pair.hellos()[0].clone();
        let conn = pair.stranger_says(1, &[Record::Hello(old)]);
        check(&mut pair, conn, 4452, "a later attempt", SUPERSEDED);
    }
}

#[test]
fn a_position_that_cannot_be_leaves_the_session_where_it_was() {
    for &coding in CODINGS {
        let mut pair = innocent(coding);
        let (first, key) = greeted(&mut pair);
        let known = pair.greeting_on(first).unwrap().epoch;
        let epoch = Some(known);
        let ahead = Hello { attempt: 2, epoch, received: 1, ..hello(200) };
        let conn = pair.stranger_says(2, &[Record::Hello(ahead)]);
        assert_eq!(pair.server.conn(key), Some(first), "nothing is touched");
        check(&mut pair, conn, 4504, "position", BREACH);
        let right = Hello { attempt: 2, epoch, ..hello(200) };
        let again = pair.stranger_says(3, &[Record::Hello(right)]);
        assert_eq!(pair.greeting_on(again).unwrap().epoch, known);
    }
}

#[test]
fn an_acknowledgement_of_what_was_never_sent() {
    refused_in_conversation(&[ack(1, 4_096, 1 << 20)], 4502, "never sent");
}

#[test]
fn a_level_that_goes_back() {
    for back in [ack(0, 4_095, 1 << 20), ack(0, 4_096, (1 << 20) - 1)] {
        refused_in_conversation(&[ack(0, 4_096, 1 << 20), back], 4505, "went back");
    }
}

#[test]
fn a_number_that_goes_back_or_ahead() {
    for numbers in [&[1, 1][..], &[1, 2, 1], &[2], &[0], &[1, 3], &[(1 << 53) - 1]] {
        let records: Vec<Record> = numbers.iter().map(|number| message(*number)).collect();
        for &coding in CODINGS {
            let mut pair = innocent(coding);
            let (conn, _) = greeted(&mut pair);
            pair.server_takes = false;
            pair.say_on(conn, &records);
            pair.server_inbox.clear();
            pair.server_takes = true;
            check(&mut pair, conn, 4501, "out of number", BREACH);
        }
    }
}

#[test]
fn a_message_beyond_the_credit() {
    let beyond: Vec<Record> = (1..=4_097).map(message).collect();
    for &coding in CODINGS {
        let mut pair = innocent(coding);
        let (conn, _) = greeted(&mut pair);
        pair.server_takes = false;
        pair.say_on(conn, &beyond);
        assert_eq!(pair.server_inbox.len(), 4_096);
        pair.server_inbox.clear();
        pair.server_takes = true;
        check(&mut pair, conn, 4503, "beyond the credit", BREACH);
    }
}

#[test]
fn a_message_over_the_limit() {
    let large = Record::Message(1, Payload::Binary(vec![0; (256 << 10) + 1]));
    refused_in_conversation(&[large], 4454, "over the limit");
}

#[test]
fn a_frame_over_the_limit_is_not_even_read() {
    malformed_in_conversation(Coding::Binary, &binary(&vec![0; 1 << 20]), 4454, "over the");
    let mut pair = innocent(Coding::Binary);
    let (conn, _) = greeted(&mut pair);
    pair.server.too_large(conn, pair.now);
    pair.settle();
    check(&mut pair, conn, 4454, "over the limit", BREACH);
    // What a driver still tells of it changes nothing, and closes nothing twice.
    pair.server.too_large(conn, pair.now);
    pair.settle();
    assert_eq!((pair.server.counts(), pair.closes.len()), (BREACH, 1));
}

#[test]
fn a_record_that_only_a_server_says_or_that_was_said_before() {
    let pair = Pair::online();
    let greeting = pair.greeting_on(pair.conn()).unwrap().clone();
    let again = Hello { attempt: 2, ..hello(200) };
    for record in [Record::Hello(again), Record::Greeting(greeting), Record::Renewed(None)] {
        refused_in_conversation(&[record], 4453, "not allowed here");
    }
}

#[test]
fn anything_before_hello_or_with_it() {
    let finale = Finale { taken: 0, code: CloseCode::NORMAL, reason: String::new() };
    let hello = || Record::Hello(hello(200));
    let firsts = [vec![message(1)], vec![Record::End(finale)], vec![hello(), message(1)]];
    for records in firsts {
        for &coding in CODINGS {
            let mut pair = innocent(coding);
            let conn = pair.stranger_says(1, &records);
            check(&mut pair, conn, 4453, "not allowed here", BREACH);
            assert_eq!(pair.begun.len(), 1);
        }
    }
}

#[test]
fn a_frame_of_a_million_records() {
    let million = binary(&[0x80, 0].repeat(100_000));
    malformed_in_conversation(Coding::Binary, &million, 4454, "too many records");
    let large = binary(&[0x80, 0].repeat(1_000_000));
    malformed_in_conversation(Coding::Binary, &large, 4454, "over the");
}

#[test]
fn half_a_record() {
    let mut pair = innocent(Coding::Binary);
    let (conn, _) = greeted(&mut pair);
    // A whole message before it may have been handled.
    pair.forge(conn, &binary(&[0x04, 2, 1, b'a', 0x04, 9, 2, b'b']));
    pair.server_took.retain(|words| words != "a");
    check(&mut pair, conn, 4451, "half a record", MALFORMED);
}

#[test]
fn half_a_hello() {
    let mut pair = innocent(Coding::Binary);
    let conn = pair.stranger(1);
    pair.forge(conn, &binary(&[0x01, 43, 1, 0, 1]));
    check(&mut pair, conn, 4451, "half a record", MALFORMED);
}

#[test]
fn a_hello_above_sixteen_kibibytes() {
    for &coding in CODINGS {
        let mut pair = innocent(coding);
        let credentials = Some(Credentials("x".repeat(16 << 10)));
        let conn = pair.stranger_says(1, &[Record::Hello(Hello { credentials, ..hello(200) })]);
        check(&mut pair, conn, 4454, "over the", MALFORMED);
    }
}

#[test]
fn another_version() {
    let mut pair = innocent(Coding::Binary);
    let conn = pair.stranger(1);
    pair.forge(conn, &binary(&[0x01, 3, 2, 0xff, 0xff]));
    check(&mut pair, conn, 4450, "version 2 is not spoken here", MALFORMED);
}

#[test]
fn a_text_frame_for_a_binary_one() {
    malformed_in_conversation(Coding::Binary, &text("[]"), 4451, "a text frame");
}

#[test]
fn an_unknown_record_closes_and_an_optional_one_does_not() {
    malformed_in_conversation(Coding::Binary, &binary(&[0x7f, 0]), 4455, "unknown type");
    let mut pair = innocent(Coding::Binary);
    let (conn, key) = greeted(&mut pair);
    pair.forge(conn, &binary(&[0x80, 1, 7]));
    assert_eq!((pair.close_of(conn), pair.server.conn(key)), (None, Some(conn)));
}

#[test]
fn no_hello_at_all() {
    let mut pair = innocent(Coding::Binary);
    let conn = pair.stranger(1);
    pair.run_for(secs(10));
    check(&mut pair, conn, 4408, "no hello came", NOTHING);
}

#[test]
fn what_still_comes_to_a_closed_connection_changes_nothing() {
    let mut pair = innocent(Coding::Binary);
    let (conn, key) = greeted(&mut pair);
    pair.server.received(conn, &binary(&[0x7f, 0]), pair.now);
    pair.server.received(conn, &binary(&[0x7f, 0]), pair.now);
    pair.say_on(conn, &[message(1), ack(0, 1, 1)]);
    check(&mut pair, conn, 4455, "unknown type", MALFORMED);
    assert_eq!((pair.closes.len(), pair.over(key)), (1, None));
}

#[test]
fn a_refused_message_is_not_lost_by_the_one_who_goes_on() {
    let mut pair = innocent(Coding::Binary);
    let (conn, _) = greeted(&mut pair);
    pair.say_on(conn, &[message(1), message(3)]);
    let epoch = Some(pair.greeting_on(conn).unwrap().epoch);
    let back = Hello { attempt: 2, epoch, ..hello(200) };
    let conn = pair.stranger_says(2, &[Record::Hello(back)]);
    assert_eq!(pair.greeting_on(conn).unwrap().received, 1);
    pair.say_on(conn, &[message(2), message(3)]);
    assert_eq!(pair.server_took, ["before", "hm", "hm", "hm"]);
    assert!(matches!(pair.client.status(), Status::Online { .. }));
}

#[test]
fn what_was_acknowledged_before_the_nonsense_does_not_take_up_room_for_ever() {
    let mut pair = innocent(Coding::Binary);
    let (conn, _) = greeted(&mut pair);
    let before = pair.server.total_bytes();
    pair.server_says("a message that takes up room").unwrap();
    assert!(pair.server.total_bytes() > before);
    pair.say_on(conn, &[ack(1, 4_096, 1 << 20), message(9)]);
    assert_eq!(pair.close_of(conn).map(|(code, _)| code), Some(4501));
    assert_eq!(pair.server.total_bytes(), before);
}

#[cfg(feature = "json")]
mod json {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn refused(frame: &str, code: u16, reason: &str) {
        malformed_in_conversation(Coding::Json, &text(frame), code, reason);
    }

    #[test]
    fn a_member_that_comes_twice() {
        refused(r#"[{"type":"ping","token":1,"token":1}]"#, 4451, "twice");
        refused(r#"[{"type":"ping","type":"ping","token":1}]"#, 4451, "twice");
    }

    #[test]
    fn deep_nesting() {
        let deep = format!("[{{\"type\":\"ping\",\"token\":{}", "[".repeat(100_000));
        refused(&deep, 4451, "");
        refused(&"[".repeat(300_000), 4451, "");
    }

    #[test]
    fn a_million_records() {
        let one = r#"{"type":"?"}"#;
        refused(&format!("[{}{one}]", format!("{one},").repeat(10_000)), 4454, "too many");
        let million = format!("[{}{one}]", format!("{one},").repeat(1_000_000));
        refused(&million, 4454, "over the");
    }

    #[test]
    fn half_a_record() {
        refused(r#"[{"type":"message","number":1,"te"#, 4451, "half a record");
    }

    #[test]
    fn another_version() {
        let mut pair = innocent(Coding::Json);
        let conn = pair.stranger(1);
        pair.forge(conn, &text(r#"[{"type":"hello","version":2,"later":{"#));
        check(&mut pair, conn, 4450, "version 2", MALFORMED);
    }

    #[test]
    fn a_binary_frame_for_a_text_one() {
        malformed_in_conversation(Coding::Json, &binary(b"[]"), 4451, "the reverse");
    }

    #[test]
    fn an_unknown_record_closes_and_an_optional_one_does_not() {
        refused(r#"[{"type":"shout"}]"#, 4455, "unknown type");
        let mut pair = innocent(Coding::Json);
        let (conn, key) = greeted(&mut pair);
        pair.forge(conn, &text(r#"[{"type":"?shout","at":[{}]}]"#));
        assert_eq!((pair.close_of(conn), pair.server.conn(key)), (None, Some(conn)));
    }
}
