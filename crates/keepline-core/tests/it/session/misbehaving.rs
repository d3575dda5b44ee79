//! What a server may say that means harm, or is broken: the client closes with the right code, and
//! comes back if that can mend it.

use std::time::Duration;

use keepline_core::wire::{
    Ack, Bye, Credit, Epoch, Greeting, Hello, Instance, Record, Return, SessionId,
};
use keepline_core::{Broken, CloseCode, Doubt, Down, End, Event, Payload, Status};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::{CODINGS, Pair, Side, hello, ids, session};
use crate::world::{secs, text};

fn ack(taken: u64, number: u64) -> Record {
    Record::Ack(Ack { taken, credit: Credit { number, bytes: 1 << 20 } })
}

fn message(number: u64) -> Record {
    Record::Message(number, text("hm"))
}

fn end(pair: &Pair) -> End {
    match pair.client.status() {
        Status::Ended { why } => why,
        other => panic!("{other}"),
    }
}

fn down(pair: &Pair) -> Down {
    match pair.client.status() {
        Status::Waiting { why, .. } => why,
        other => panic!("{other}"),
    }
}

/// The line ends for good, and says so to the server.
fn check_end(pair: &mut Pair, code: u16) {
    assert_eq!(pair.close_frames, [(pair.conn(), code)]);
    assert!(matches!(end(pair), End::Broken(Broken { code: it, .. }) if it.0 == code));
    pair.run_for(secs(600));
    assert_eq!(pair.attempts(), 1);
}

/// What the server says now has the client come back, and go on.
fn check_resync(pair: &mut Pair, records: &[Record], code: u16) {
    let conn = pair.conn();
    pair.server_says_records(records);
    assert_eq!(pair.close_frames.last(), Some(&(conn, code)));
    assert!(matches!(down(pair), Down::Broken(Broken { code: it, .. }) if it.0 == code));
    pair.run_for(secs(31));
    assert!(pair.is_online());
}

#[test]
fn a_record_that_a_server_must_not_say_ends_the_line() {
    let greeting = |pair: &Pair| pair.greeting_on(pair.conn()).unwrap().clone();
    for &coding in CODINGS {
        let mut pair = Pair::online_in(coding);
        let again = Record::Greeting(greeting(&pair));
        pair.server_says_records(&[again]);
        check_end(&mut pair, 4453);
        let mut pair = Pair::online_in(coding);
        pair.server_says_records(&[Record::Hello(hello(9))]);
        check_end(&mut pair, 4453);
    }
}

#[test]
fn a_server_that_talks_before_it_greets_ends_the_line() {
    let mut pair = Pair::at_rest(session(), Default::default());
    pair.swallow = Some(Side::Server);
    pair.connect();
    pair.server_says_records(&[message(1)]);
    check_end(&mut pair, 4453);
    assert!(pair.client_took.is_empty());
}

#[test]
fn a_message_over_the_limit_ends_the_line() {
    let mut pair = Pair::online();
    let large = Payload::Binary(vec![0; (256 << 10) + 1]);
    pair.server_says_records(&[Record::Message(1, large)]);
    check_end(&mut pair, 4454);

    let mut pair = Pair::online();
    let too_large = keepline_core::Input::TooLarge(pair.conn(), 1 << 30);
    pair.client.handle_input(too_large, pair.now);
    pair.settle();
    check_end(&mut pair, 4454);
}

#[test]
fn a_frame_that_cannot_be_read_ends_the_line() {
    let frames: [(&[u8], u16); 5] = [
        (&[0x04, 9, 1, b'a'], 4451),
        (&[], 4451),
        (&[0x7f, 0], 4455),
        (&[0x03, 3, 0x80, 0, 0], 4451),
        (&[0x80, 0].repeat(8_193), 4454),
    ];
    for (bytes, code) in frames {
        let mut pair = Pair::online();
        pair.forge_from_server(Payload::Binary(bytes.to_vec()));
        check_end(&mut pair, code);
    }
    let mut pair = Pair::online();
    pair.forge_from_server(text("[]"));
    check_end(&mut pair, 4451);
}

#[cfg(feature = "json")]
#[test]
fn json_that_cannot_be_read_ends_the_line() {
    let deep = format!("[{{\"type\":\"ping\",\"token\":{}", "[".repeat(100_000));
    let twice = r#"[{"type":"ping","token":1,"token":2}]"#;
    for frame in [&deep, twice, "[", "[]", "{}", "null"] {
        let mut pair = Pair::online_in(keepline_core::wire::Coding::Json);
        pair.forge_from_server(text(frame));
        check_end(&mut pair, 4451);
    }
}

#[test]
fn a_server_that_counts_wrongly_is_asked_again_where_both_are() {
    let wrong: [(&[Record], u16); 5] = [
        (&[message(5)], 4501),
        (&[message(0)], 4501),
        (&[ack(1, 4_096)], 4502),
        (&[ack(0, 4_096), ack(0, 4_000)], 4505),
        (&[ack((1 << 53) - 1, (1 << 53) - 1)], 4502),
    ];
    for (records, code) in wrong {
        for &coding in CODINGS {
            let mut pair = Pair::online_in(coding);
            check_resync(&mut pair, records, code);
            assert_eq!(pair.begun.len(), 1);
            pair.say(&["on we go"]);
            assert_eq!(pair.server_took, ["on we go"]);
        }
    }
}

#[test]
fn a_message_that_comes_twice_on_one_connection_is_not_taken_twice() {
    let mut pair = Pair::online();
    pair.server_says("once").unwrap();
    check_resync(&mut pair, &[message(1)], 4501);
    assert_eq!(pair.client_took, ["once"]);
}

#[test]
fn a_server_that_sends_beyond_the_credit_is_asked_again_where_both_are() {
    let mut pair = Pair::online();
    pair.client_takes = false;
    let beyond: Vec<Record> = (1..=4_097).map(message).collect();
    pair.server_says_records(&beyond);
    assert_eq!(pair.close_frames, [(pair.conn(), 4503)]);
    assert_eq!(pair.client_inbox.len(), 4_096);
}

#[test]
fn a_greeting_with_a_position_that_cannot_be_is_not_believed() {
    let mut pair = Pair::online();
    let greeting = pair.greeting_on(pair.conn()).unwrap().clone();
    let other = Epoch::new([9; 8]).unwrap();
    for (epoch, received) in [(greeting.epoch, 7), (other, 1)] {
        pair.swallow = Some(Side::Server);
        pair.cut();
        pair.run_for(secs(1));
        let wrong = Greeting { epoch, received, ..greeting.clone() };
        pair.server_says_records(&[Record::Greeting(wrong)]);
        assert_eq!(pair.close_frames.last(), Some(&(pair.conn(), 4504)));
        pair.swallow = None;
        pair.run_for(secs(31));
        assert!(pair.is_online());
    }
    pair.say(&["on we go"]);
    assert_eq!((pair.server_took.as_slice(), pair.begun.len()), (&["on we go".to_owned()][..], 1));
}

#[test]
fn the_third_of_the_same_in_a_row_ends_the_line() {
    let mut pair = Pair::online();
    check_resync(&mut pair, &[message(5)], 4501);
    check_resync(&mut pair, &[message(5)], 4501);
    pair.server_says_records(&[message(5)]);
    assert!(matches!(end(&pair), End::Broken(Broken { code: CloseCode(4501), .. })));
}

#[test]
fn the_third_of_the_same_from_afar_ends_the_line() {
    let mut pair = Pair::online();
    for _ in 0..2 {
        pair.close_from_afar(4505);
        assert!(matches!(down(&pair), Down::Closed(_)));
        pair.run_for(secs(31));
        assert!(pair.is_online());
    }
    pair.close_from_afar(4505);
    assert!(matches!(end(&pair), End::Closed(closed) if closed.code == 4505));
}

#[test]
fn a_server_that_says_goodbye_before_each_of_them_is_come_back_to_for_ever() {
    let again = Return { after: Duration::ZERO, spread: Duration::ZERO };
    let bye = Bye { code: CloseCode(4503), again: Some(again), reason: String::new() };
    let mut pair = Pair::online();
    for _ in 0..300 {
        pair.server_says_records(&[Record::Bye(bye.clone())]);
        pair.close_from_afar(4503);
        pair.run_for(secs(31));
        assert!(pair.is_online());
    }
}

#[test]
fn different_ones_do_not_end_it() {
    let mut pair = Pair::online();
    for _ in 0..4 {
        check_resync(&mut pair, &[message(5)], 4501);
        check_resync(&mut pair, &[ack(9, 4_096)], 4502);
    }
}

#[test]
fn an_acknowledged_message_between_them_does_not_let_it_end() {
    let mut pair = Pair::online();
    for _ in 0..6 {
        check_resync(&mut pair, &[message(5)], 4501);
        pair.say(&["still understood"]);
        pair.run_for(secs(1));
    }
    assert_eq!(pair.server_took.len(), 6);
}

#[test]
fn a_line_that_ended_so_counts_from_the_beginning_when_it_is_connected_again() {
    let mut pair = Pair::online();
    check_resync(&mut pair, &[message(5)], 4501);
    check_resync(&mut pair, &[message(5)], 4501);
    pair.server_says_records(&[message(5)]);
    end(&pair);
    pair.connect();
    check_resync(&mut pair, &[message(5)], 4501);
}

#[test]
fn a_close_that_another_attempt_cannot_mend_ends_the_line() {
    for code in [4401, 4450, 4451, 4452, 4453, 4454, 4455, 4456, 4470, 4499] {
        let mut pair = Pair::online();
        pair.close_from_afar(code);
        assert!(matches!(end(&pair), End::Closed(closed) if closed.code == code));
    }
    for code in [1001, 1006, 1012, 4408, 4429, 4500, 4505, 4549] {
        let mut pair = Pair::online();
        pair.close_from_afar(code);
        pair.run_for(secs(2));
        assert!(pair.is_online(), "{code}");
    }
}

#[test]
fn a_session_id_that_belongs_to_somebody_else_is_given_up_for_a_new_one() {
    let mut pair = Pair::online();
    pair.server_says("before").unwrap();
    pair.say(&["one"]);
    pair.run_for(secs(1));
    pair.server_takes = false;
    pair.say(&["in flight"]);
    pair.server_inbox.clear();
    pair.server_takes = true;
    pair.close_from_afar(4500);
    pair.say(&["two"]);
    pair.run_for(secs(2));
    let [first, second] = pair.hellos()[..] else { panic!() };
    assert_ne!(first.session, second.session);
    assert_eq!((second.epoch, second.received), (None, 0), "of the old session nothing is said");
    assert_eq!(first.instance, second.instance);
    assert_eq!(pair.server_took, ["one", "two"]);
    pair.run_for(secs(1));
    let unknown = Event::Unknown(ids(2, 2), Doubt::SessionLost);
    assert_eq!(
        pair.fates(),
        [&Event::Delivered(ids(1, 1)), &unknown, &Event::Delivered(ids(3, 3))]
    );
    assert!(pair.events.contains(&Event::Restarted { missed: None }), "and the loss is told");
}

#[test]
fn a_first_session_id_that_belongs_to_somebody_else_costs_nothing() {
    let mut pair = Pair::at_rest(session(), Default::default());
    let squatter = Hello { session: SessionId([1; 16]), instance: Instance([9; 8]), ..hello(9) };
    pair.subjects.insert("squatter".into(), Some("squatter".into()));
    let credentials = Some(keepline_core::wire::Credentials("squatter".into()));
    pair.stranger_says(1, &[Record::Hello(Hello { credentials, ..squatter })]);
    pair.send("one").unwrap();
    pair.connect();
    assert!(matches!(down(&pair), Down::Closed(closed) if closed.code == 4500));
    pair.run_for(secs(2));
    assert_eq!(pair.server_took, ["one"]);
    assert!(!pair.events.iter().any(|event| matches!(event, Event::Restarted { .. })));
}

#[test]
fn nonsense_after_the_application_has_closed_does_not_bring_the_line_back() {
    for records in [vec![ack(9, 4_096)], vec![Record::Hello(hello(9))]] {
        let mut pair = Pair::online();
        pair.swallow = Some(Side::Server);
        pair.close();
        assert_eq!(pair.client.status(), Status::Closing);
        pair.server_says_records(&records);
        assert_eq!(end(&pair), End::Application);
        pair.run_for(secs(600));
        assert_eq!(pair.attempts(), 1);
    }
}

#[test]
fn a_position_that_the_server_does_not_believe_begins_anew_and_says_what_is_in_doubt() {
    let mut pair = Pair::online();
    pair.say(&["one"]);
    pair.run_for(secs(1));
    pair.swallow = Some(Side::Client);
    pair.say(&["in doubt"]);
    pair.swallow = None;
    pair.close_from_afar(4504);
    pair.run_for(secs(2));
    assert_eq!(pair.hellos()[1].epoch, None);
    assert_eq!(
        pair.fates(),
        [&Event::Delivered(ids(1, 1)), &Event::Unknown(ids(2, 2), Doubt::SessionLost)]
    );
    assert!(pair.events.contains(&Event::Restarted { missed: None }));
    pair.say(&["two"]);
    assert_eq!(pair.server_took, ["one", "two"]);
}
