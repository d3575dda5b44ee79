//! What a server holds is bounded, and what it forgets is forgotten in an order that can be told.

use std::time::Duration;

use keepline_core::wire::{Bye, Credentials, Finale, Hello, Record};
use keepline_core::{
    ConnId, Down, Event, Loss, Over, Payload, SendError, ServerConfig, SessionEvent, SessionKey,
    Status,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::{CODINGS, Pair, hello, ids, session, session_with};
use crate::world::{secs, text};

const KIB: usize = 1024;

/// A server at rest, whose test knows alice and bob by their names.
fn server(config: ServerConfig) -> Pair {
    let mut pair = Pair::at_rest(session(), config);
    for name in ["alice", "bob"] {
        pair.subjects.insert(name.into(), Some(name.into()));
    }
    pair
}

fn greet(pair: &mut Pair, number: u8, name: Option<&str>) -> ConnId {
    let credentials = name.map(|name| Credentials(name.into()));
    let hello = Hello { credentials, ..hello(number) };
    pair.stranger_says(u64::from(number), &[Record::Hello(hello)])
}

fn let_in(pair: &mut Pair, number: u8, name: Option<&str>) -> SessionKey {
    let conn = greet(pair, number, name);
    assert!(pair.greeting_on(conn).is_some());
    pair.key()
}

fn check_full(pair: &Pair, conn: ConnId) {
    assert_eq!(pair.close_of(conn), Some((4429, "no more sessions here")));
    let bye = |heard: &(ConnId, Record)| {
        matches!(heard, (on, Record::Bye(Bye { code, again: Some(_), .. }))
            if *on == conn && code.0 == 4429)
    };
    assert!(pair.heard.iter().any(bye), "it is said when to come back");
}

fn detach(pair: &mut Pair, number: u64) {
    pair.lose(ConnId(1_000 + number));
    pair.settle();
}

/// A server with room for little: sessions of a megabyte each, and two megabytes in all.
fn small() -> ServerConfig {
    ServerConfig { outbox_bytes: 1_024 * KIB, total_bytes: 2_048 * KIB, ..ServerConfig::default() }
}

fn large(number: u64, kilobytes: usize) -> Record {
    Record::Message(number, Payload::Binary(vec![0; kilobytes * KIB]))
}

fn send_kilobytes(pair: &mut Pair, key: SessionKey, count: usize) -> Result<(), SendError> {
    let kilobyte = || Payload::Binary(vec![0; KIB]);
    (0..count).try_for_each(|_| pair.server.send(key, kilobyte(), pair.now).map(|_| ()))
}

#[test]
fn a_full_server_refuses_new_sessions_and_keeps_those_it_has() {
    for &coding in CODINGS {
        let config = session_with(|it| it.coding = coding);
        let mut pair =
            Pair::at_rest(config, ServerConfig { sessions: 2, ..ServerConfig::default() });
        let first = let_in(&mut pair, 101, None);
        pair.say_on(ConnId(1_101), &[Record::Message(1, text("heard"))]);
        detach(&mut pair, 101);
        let_in(&mut pair, 102, None);
        pair.connect();
        check_full(&pair, pair.conn());
        let Status::Waiting { why: Down::Bye { code, .. }, retry_at, .. } = pair.client.status()
        else {
            panic!()
        };
        assert_eq!(code.0, 4429);
        assert!((secs(10)..=secs(20)).contains(&(retry_at - pair.now)));
        assert_eq!((pair.server.len(), pair.server.counts().full), (2, 1));
        assert_eq!(pair.over(first), None, "not even one that is away is given up");
        pair.server.end(first, 1000.into(), "", pair.now);
        pair.run_for(secs(20));
        assert!(pair.is_online());
    }
}

#[test]
fn strangers_do_not_take_the_place_of_those_who_are_known() {
    let mut pair = server(ServerConfig { anonymous_sessions: 1, ..ServerConfig::default() });
    let_in(&mut pair, 1, None);
    let conn = greet(&mut pair, 2, None);
    check_full(&pair, conn);
    let_in(&mut pair, 3, Some("alice"));
}

#[test]
fn one_who_is_known_does_not_take_the_place_of_all() {
    let mut pair = server(ServerConfig { sessions_per_subject: 2, ..ServerConfig::default() });
    let first = let_in(&mut pair, 1, Some("alice"));
    let_in(&mut pair, 2, Some("alice"));
    let conn = greet(&mut pair, 3, Some("alice"));
    check_full(&pair, conn);
    let_in(&mut pair, 4, Some("bob"));
    pair.server.end(first, 1000.into(), "", pair.now);
    pair.settle();
    detach(&mut pair, 1);
    let_in(&mut pair, 5, Some("alice"));
}

#[test]
fn a_server_without_memory_refuses_new_sessions_before_it_gives_up_those_it_holds() {
    let mut pair = server(small());
    let first = let_in(&mut pair, 1, None);
    pair.say_on(ConnId(1_001), &[Record::Message(1, text("heard"))]);
    detach(&mut pair, 1);
    let second = let_in(&mut pair, 2, None);
    send_kilobytes(&mut pair, first, 840).unwrap();
    send_kilobytes(&mut pair, second, 840).unwrap();
    for number in 3..=18 {
        let little = let_in(&mut pair, number, None);
        send_kilobytes(&mut pair, little, 14).unwrap();
    }
    let mut more = (19..30).map(|number| greet(&mut pair, number, None)).collect::<Vec<_>>();
    check_full(&pair, more.pop().unwrap());
    assert_eq!((pair.server.counts().given_up, pair.over(first)), (0, None));
}

#[test]
fn a_session_in_which_nothing_has_passed_holds_no_place_once_it_is_left() {
    let quotas = ServerConfig { anonymous_sessions: 3, ..ServerConfig::default() };
    let mut pair = server(ServerConfig { sessions_per_subject: 1, ..quotas });
    let keys: Vec<SessionKey> = (1..=3).map(|number| let_in(&mut pair, number, None)).collect();
    let known = let_in(&mut pair, 4, Some("alice"));
    for number in [2, 1, 4] {
        detach(&mut pair, number);
        pair.run_for(secs(1));
    }
    // Somebody else's is not touched.
    let_in(&mut pair, 5, Some("bob"));
    assert_eq!(pair.server.counts().given_up, 0);
    let_in(&mut pair, 6, None);
    assert_eq!(pair.over(keys[1]), Some(&Over::Evicted), "it was left first");
    let_in(&mut pair, 7, None);
    assert_eq!((pair.over(keys[0]), pair.over(keys[2])), (Some(&Over::Evicted), None));
    let conn = greet(&mut pair, 8, None);
    check_full(&pair, conn);
    assert_eq!(pair.over(known), None);
    let_in(&mut pair, 9, Some("alice"));
    assert_eq!(pair.over(known), Some(&Over::Evicted));
}

#[test]
fn one_whose_place_was_given_away_begins_anew_and_knows_what_became_of_all() {
    let quotas = ServerConfig { anonymous_sessions: 1, ..ServerConfig::default() };
    let mut pair = Pair::online_with(session(), quotas);
    pair.swallow = Some(super::pair::Side::Client);
    pair.say(&["lost on its way"]);
    (pair.swallow, pair.reachable) = (None, false);
    pair.cut();
    let_in(&mut pair, 2, None);
    detach(&mut pair, 2);
    pair.reachable = true;
    pair.run_for(secs(31));
    assert!(pair.is_online(), "the other has left nothing but its place");
    assert_eq!(pair.fates(), [&Event::Undeliverable(ids(1, 1), Loss::NotTaken)]);
}

#[test]
fn a_send_makes_room_by_giving_up_those_who_are_away_the_longest() {
    let mut pair = server(small());
    let keys: Vec<SessionKey> = (1..=3).map(|number| let_in(&mut pair, number, None)).collect();
    for number in [2, 1] {
        detach(&mut pair, number);
        pair.run_for(secs(1));
    }
    for key in &keys[..2] {
        send_kilobytes(&mut pair, *key, 600).unwrap();
    }
    pair.settle();
    send_kilobytes(&mut pair, keys[2], 960).unwrap();
    pair.settle();
    assert_eq!(pair.over(keys[1]), Some(&Over::Evicted));
    assert_eq!((pair.over(keys[0]), pair.over(keys[2])), (None, None), "one was enough");
    assert_eq!(pair.server.counts().given_up, 1);
    let never_sent = SessionEvent::Undeliverable(ids(1, 600), Loss::NeverSent);
    assert!(pair.told.contains(&(keys[1], never_sent)));
    assert!(pair.server.total_bytes() <= small().total_bytes);
}

#[test]
fn a_send_gives_up_nobody_who_is_there() {
    let mut pair = server(small());
    let keys: Vec<SessionKey> = (1..=3).map(|number| let_in(&mut pair, number, None)).collect();
    send_kilobytes(&mut pair, keys[0], 800).unwrap();
    send_kilobytes(&mut pair, keys[1], 800).unwrap();
    let refused = send_kilobytes(&mut pair, keys[2], 900);
    assert!(matches!(refused, Err(SendError::Full { .. })));
    assert_eq!((pair.server.len(), pair.server.counts().given_up), (3, 0));
}

#[test]
fn what_was_received_and_not_taken_is_counted_too() {
    let mut pair = server(small());
    pair.server_takes = false;
    let conn = greet(&mut pair, 1, None);
    let before = pair.server.total_bytes();
    for number in 1..=4 {
        pair.say_on(conn, &[large(number, 256)]);
    }
    assert!(pair.server.total_bytes() >= before + 1_024 * KIB);
    let away = let_in(&mut pair, 2, None);
    detach(&mut pair, 2);
    send_kilobytes(&mut pair, away, 700).unwrap();
    let other = greet(&mut pair, 3, None);
    for number in 1..=3 {
        pair.say_on(other, &[large(number, 256)]);
    }
    assert_eq!(pair.over(away), Some(&Over::Evicted), "it makes room as a send does");
    pair.server_takes_all();
    assert!(pair.server.total_bytes() <= 2 * before);
}

#[test]
fn an_evicted_session_tells_its_client_exactly_what_was_taken() {
    let mut pair = Pair::online_with(session(), small());
    let key = pair.key();
    pair.say(&["one"]);
    pair.swallow = Some(super::pair::Side::Server);
    pair.say(&["two"]);
    (pair.swallow, pair.reachable) = (None, false);
    pair.server_takes = false;
    pair.cut();
    pair.server_takes = true;
    send_kilobytes(&mut pair, key, 960).unwrap();
    let other = let_in(&mut pair, 2, None);
    send_kilobytes(&mut pair, other, 900).unwrap();
    let third = let_in(&mut pair, 3, None);
    send_kilobytes(&mut pair, third, 500).unwrap();
    pair.settle();
    assert_eq!(pair.over(key), Some(&Over::Evicted));
    pair.reachable = true;
    pair.run_for(secs(31));
    assert!(pair.is_online());
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 2))]);
    assert!(pair.events.contains(&Event::Restarted { missed: Some(960) }));
}

#[test]
fn a_detached_session_is_kept_for_an_hour_and_no_longer() {
    let mut pair = server(ServerConfig::default());
    let key = let_in(&mut pair, 1, None);
    detach(&mut pair, 1);
    pair.run_for(secs(3_599));
    assert_eq!(pair.over(key), None);
    pair.run_for(secs(1));
    assert_eq!(pair.over(key), Some(&Over::Expired));
    assert_eq!((pair.server.len(), pair.server.tombstones()), (0, 1));
    pair.run_for(secs(86_400));
    assert_eq!(pair.server.tombstones(), 0);
}

#[test]
fn a_client_that_comes_and_goes_is_held_from_its_last_loss() {
    let mut pair = Pair::online();
    let key = pair.key();
    for _ in 0..4 {
        pair.reachable = false;
        pair.cut();
        pair.run_for(secs(3_000));
        pair.reachable = true;
        pair.run_for(secs(31));
        assert!(pair.is_online());
    }
    assert_eq!(pair.begun, [key]);
}

#[test]
fn tombstones_are_bounded_in_number() {
    let mut pair = server(ServerConfig { tombstones: 3, ..ServerConfig::default() });
    for number in 1..=10 {
        let key = let_in(&mut pair, number, None);
        pair.server.end(key, 1000.into(), "", pair.now);
        detach(&mut pair, u64::from(number));
        assert!(pair.server.tombstones() <= 3);
    }
    // The latest are known still, the earliest not.
    for (number, is_known) in [(10, true), (1, false)] {
        let again = Hello { attempt: 2, ..hello(number) };
        let conn = pair.stranger_says(100 + u64::from(number), &[Record::Hello(again)]);
        assert_eq!(pair.greeting_on(conn).is_none(), is_known);
    }
}

#[test]
fn a_client_that_has_forgotten_its_session_begins_another_under_the_same_id() {
    let mut pair = server(ServerConfig::default());
    let first = greet(&mut pair, 1, None);
    let key = pair.key();
    pair.say_on(first, &[Record::Message(1, text("one"))]);
    let again = Hello { attempt: 2, ..hello(1) };
    let second = pair.stranger_says(50, &[Record::Hello(again)]);
    assert_eq!(pair.over(key), Some(&Over::Replaced));
    assert_eq!(pair.close_of(first).map(|(code, _)| code), Some(4452));
    let (old, new) = (pair.greeting_on(first).unwrap(), pair.greeting_on(second).unwrap());
    assert_ne!(old.epoch, new.epoch);
    assert_eq!((new.received, pair.server.len()), (0, 1));
}

#[test]
fn a_server_that_everybody_has_left_holds_nothing_and_waits_for_nothing() {
    let mut pair = server(ServerConfig::default());
    pair.client_takes = false;
    for number in 1..=20 {
        let name = [None, Some("alice"), Some("bob")][usize::from(number) % 3];
        let key = let_in(&mut pair, number, name);
        send_kilobytes(&mut pair, key, 10).unwrap();
        let conn = ConnId(1_000 + u64::from(number));
        match number % 4 {
            0 => pair.server.end(key, 1000.into(), "", pair.now),
            1 => pair.say_on(conn, &[Record::Message(5, text("wrong"))]),
            2 => detach(&mut pair, number.into()),
            _ => pair.say_on(conn, &[Record::Renew(Credentials("carol".into()))]),
        }
        pair.run_for(Duration::from_millis(100));
    }
    pair.stranger(99);
    pair.run_for(secs(90_000));
    assert_eq!((pair.server.len(), pair.server.tombstones()), (0, 0));
    assert_eq!((pair.server.total_bytes(), pair.server.poll_timeout()), (0, None));
    let overs = pair.told.iter().filter(|(_, event)| matches!(event, SessionEvent::Over(_)));
    assert_eq!(overs.count(), 20, "each is over once");
}

#[test]
fn what_all_hold_stays_within_the_bound_whatever_was_granted() {
    let mut pair = server(small());
    pair.server_takes = false;
    let keys: Vec<SessionKey> = (1..=20).map(|number| let_in(&mut pair, number, None)).collect();
    pair.say_on(ConnId(1_020), &[Record::Message(1, text("little"))]);
    for session in 1..=19 {
        for number in 1..=4 {
            pair.say_on(ConnId(1_000 + session), &[large(number, 256)]);
            let (held, bound) = (pair.server.total_bytes() / KIB, small().total_bytes / KIB);
            assert!(held <= bound, "{held} KiB held, {bound} KiB allowed");
        }
    }
    let conns = (1_001..).map(ConnId).zip(&keys);
    let given_up = conns.filter(|(_, key)| pair.over(**key) == Some(&Over::Evicted));
    let given_up: Vec<ConnId> = given_up.map(|(conn, _)| conn).collect();
    assert!((17..=19).contains(&given_up.len()), "those who held most: {given_up:?}");
    assert_eq!(pair.over(keys[19]), None, "and nobody who held little");
    for conn in given_up {
        assert_eq!(pair.close_of(conn), Some((4429, "no memory for this session")));
    }
}

#[test]
fn what_came_before_a_breach_is_bounded_as_well() {
    let mut pair = server(small());
    pair.server_takes = false;
    for number in 1..=30 {
        let_in(&mut pair, number, None);
    }
    for number in 1..=30 {
        let out_of_place = Record::Hello(hello(1));
        pair.say_on(ConnId(1_000 + number), &[large(1, 200), out_of_place]);
    }
    assert!(pair.server.total_bytes() <= small().total_bytes);
}

#[test]
fn those_who_send_much_stop_nobody_who_holds_little() {
    let mut pair = server(small());
    pair.server_takes = false;
    let little = let_in(&mut pair, 9, None);
    for number in 1..=2 {
        let_in(&mut pair, number, None);
        for message in 1..=4 {
            pair.say_on(ConnId(1_000 + u64::from(number)), &[large(message, 255)]);
        }
    }
    assert_eq!(send_kilobytes(&mut pair, little, 15), Ok(()));
}

#[test]
fn what_strangers_send_costs_nobody_his_session_who_is_known() {
    let mut pair = server(ServerConfig { anonymous_bytes: 1_600 * KIB, ..small() });
    pair.server_takes = false;
    let alice = let_in(&mut pair, 1, Some("alice"));
    send_kilobytes(&mut pair, alice, 900).unwrap();
    let strangers: Vec<SessionKey> = (2..=4).map(|it| let_in(&mut pair, it, None)).collect();
    for number in 2..=4 {
        for message in 1..=2 {
            pair.say_on(ConnId(1_000 + number), &[large(message, 250)]);
        }
    }
    assert_eq!(pair.over(alice), None);
    // Nor does she pay for them with what she receives.
    pair.say_on(ConnId(1_001), &[large(1, 100)]);
    assert_eq!(pair.over(alice), None);
    let paid = strangers.iter().filter(|it| pair.over(**it) == Some(&Over::Evicted));
    assert!(paid.count() > 0);
    assert!(pair.server.total_bytes() <= small().total_bytes);
}

#[test]
fn an_end_is_remembered_when_memory_is_short() {
    let mut pair = server(small());
    pair.server_takes = false;
    let first = let_in(&mut pair, 1, None);
    let epoch = pair.greeting_on(ConnId(1_001)).unwrap().epoch;
    send_kilobytes(&mut pair, first, 900).unwrap();
    pair.server.end(first, 4_001.into(), "go away", pair.now);
    pair.settle();
    for number in 2..=3 {
        let_in(&mut pair, number, None);
        for message in 1..=3 {
            pair.say_on(ConnId(1_000 + u64::from(number)), &[large(message, 250)]);
        }
    }
    let over = Over::Server { code: 4_001.into(), reason: "go away".into() };
    assert_eq!(pair.over(first), Some(&over));
    let again = Hello { attempt: 9, epoch: Some(epoch), ..hello(1) };
    let conn = pair.stranger_says(77, &[Record::Hello(again)]);
    assert!(pair.greeting_on(conn).is_none());
    assert_eq!(pair.close_of(conn), Some((1000, "the session has ended")));
}

#[test]
fn each_session_is_given_up_once_and_those_of_the_same_kind_first() {
    let mut pair = server(ServerConfig { bytes_per_subject: 1_024 * KIB, ..small() });
    let bob = let_in(&mut pair, 2, Some("bob"));
    detach(&mut pair, 2);
    pair.run_for(secs(1));
    let alice = let_in(&mut pair, 1, Some("alice"));
    detach(&mut pair, 1);
    send_kilobytes(&mut pair, bob, 400).unwrap();
    send_kilobytes(&mut pair, alice, 400).unwrap();
    let stranger = let_in(&mut pair, 3, None);
    send_kilobytes(&mut pair, stranger, 600).unwrap();
    let other = let_in(&mut pair, 4, Some("alice"));
    send_kilobytes(&mut pair, other, 500).unwrap();
    pair.settle();
    assert_eq!((pair.over(alice), pair.over(bob)), (Some(&Over::Evicted), None));
    assert_eq!(pair.server.counts().given_up, 1);
}

/// Two strangers who never say what they have taken, and as much for them as the server lets in.
fn two_who_never_acknowledge(config: ServerConfig) -> Pair {
    let mut pair = server(config);
    for number in 1..=2 {
        let greedy = let_in(&mut pair, number, None);
        let full = send_kilobytes(&mut pair, greedy, 4_000);
        assert!(matches!(full, Err(SendError::Full { .. })));
    }
    pair
}

#[test]
fn strangers_who_hold_much_stop_nobody_who_holds_little() {
    let mut pair = two_who_never_acknowledge(small());
    let little = let_in(&mut pair, 3, None);
    assert_eq!(send_kilobytes(&mut pair, little, 15), Ok(()));
    assert!(send_kilobytes(&mut pair, little, 15).is_err(), "this is much");
    assert_eq!((pair.server.len(), pair.server.counts().given_up), (3, 0));
}

#[test]
fn strangers_do_not_take_the_memory_of_those_who_are_known() {
    let mut pair =
        two_who_never_acknowledge(ServerConfig { anonymous_bytes: 1_024 * KIB, ..small() });
    let alice = let_in(&mut pair, 3, Some("alice"));
    assert_eq!(send_kilobytes(&mut pair, alice, 800), Ok(()));
}

#[test]
fn one_who_is_known_does_not_take_the_memory_of_all() {
    let mut pair = server(ServerConfig { bytes_per_subject: 1_024 * KIB, ..small() });
    let first = let_in(&mut pair, 1, Some("alice"));
    let second = let_in(&mut pair, 2, Some("alice"));
    detach(&mut pair, 1);
    send_kilobytes(&mut pair, first, 600).unwrap();
    send_kilobytes(&mut pair, second, 600).unwrap();
    pair.settle();
    assert_eq!(pair.over(first), Some(&Over::Evicted), "one of her own makes room");
    assert!(send_kilobytes(&mut pair, second, 400).is_err());
    let bob = let_in(&mut pair, 3, Some("bob"));
    assert_eq!(send_kilobytes(&mut pair, bob, 800), Ok(()));
}

#[test]
fn one_who_comes_again_and_again_makes_the_server_forget_nobody() {
    let few = ServerConfig { tombstones: 3, anonymous_sessions: 3, ..ServerConfig::default() };
    let few = ServerConfig { hold: secs(60), ..few };
    let mut pair = Pair::online_with(session(), few);
    pair.say(&["one"]);
    pair.swallow = Some(super::pair::Side::Server);
    pair.say(&["two"]);
    (pair.swallow, pair.reachable) = (None, false);
    pair.cut();
    pair.run_for(secs(61));
    assert_eq!(pair.server.tombstones(), 1);
    for attempt in 1..=4 {
        let again = Hello { attempt, ..hello(200) };
        let conn = pair.stranger_says(300 + attempt, &[Record::Hello(again)]);
        pair.say_on(conn, &[Record::Message(1, text("x"))]);
    }
    // Nor does one who is another each time, and leaves at once.
    for number in 101..=106 {
        let_in(&mut pair, number, None);
        detach(&mut pair, u64::from(number));
    }
    // Nor one who says goodbye each time.
    for number in 1..=4 {
        let conn = greet(&mut pair, number, None);
        let bye = Finale { taken: 0, code: 1000.into(), reason: String::new() };
        pair.say_on(conn, &[Record::End(bye)]);
    }
    assert_eq!(pair.server.tombstones(), 3);
    pair.reachable = true;
    pair.run_for(secs(31));
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 2))]);
}
