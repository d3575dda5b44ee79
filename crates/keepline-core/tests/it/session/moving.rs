//! A server goes away whose sessions others can reach: the client moves without a gap.

use keepline_core::wire::{GoAway, Record};
use keepline_core::{Closed, ConnId, Doubt, Event, Input, SessionEvent, Status};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::{CODINGS, Pair, Side, ids};
use crate::world::{millis, secs};

fn go_away(pair: &mut Pair) {
    pair.server.go_away(true, secs(30), pair.now);
    pair.settle();
}

fn statuses(pair: &Pair) -> Vec<&'static str> {
    let name = |event: &Event| match event {
        Event::Status(status) => Some(status.name()),
        _ => None,
    };
    pair.events.iter().filter_map(name).collect()
}

/// A client that has opened another connection, on which nothing has happened yet.
fn dialing() -> (Pair, ConnId, ConnId) {
    let mut pair = Pair::online();
    let old = pair.conn();
    pair.hangs = true;
    go_away(&mut pair);
    let new = pair.conn();
    assert_ne!(old, new);
    (pair, old, new)
}

/// A client that has said hello on another connection; the greeting does not come.
fn asking() -> (Pair, ConnId, ConnId) {
    let (mut pair, old, new) = dialing();
    (pair.hangs, pair.swallow) = (false, Some(Side::Server));
    pair.let_in(new);
    pair.settle();
    (pair, old, new)
}

#[test]
fn the_line_never_looks_down_and_nothing_is_lost_or_doubled() {
    for &coding in CODINGS {
        let mut pair = Pair::online_in(coding);
        let (old, key) = (pair.conn(), pair.key());
        pair.say(&["one"]);
        pair.events.clear();
        // These are under way while the client moves.
        pair.send("two").unwrap();
        pair.server.go_away(true, secs(30), pair.now);
        pair.server.send(key, crate::world::text("three"), pair.now).unwrap();
        pair.settle();
        assert_ne!(pair.conn(), old);
        assert!(pair.is_online());
        pair.say(&["four"]);
        pair.server_says("five").unwrap();
        pair.run_for(secs(60));
        assert_eq!(pair.server_took, ["one", "two", "four"]);
        assert_eq!(pair.client_took, ["three", "five"]);
        assert_eq!(statuses(&pair), Vec::<&str>::new());
        assert!(pair.abandoned.contains(&old));
        assert_eq!((pair.attempts(), pair.most_open, pair.begun.len()), (2, 2, 1));
        assert_eq!(pair.client.queued().messages, 0);
    }
}

#[test]
fn the_old_line_is_used_until_the_new_one_has_its_greeting() {
    let (mut pair, old, new) = dialing();
    pair.passed.clear();
    pair.say(&["one"]);
    assert_eq!(pair.server_took, ["one"], "it goes by the old line");
    assert!(pair.client.owns(old) && pair.client.owns(new));
    pair.hangs = false;
    pair.let_in(new);
    pair.settle();
    assert_eq!(pair.client.conn(), Some(new));
    assert!(!pair.client.owns(old));
    assert_eq!(pair.server.conn(pair.key()), Some(new));
    pair.run_for(secs(1));
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 1))]);
}

#[test]
fn a_move_that_fails_leaves_the_line_where_it_is() {
    let mut pair = Pair::online();
    let old = pair.conn();
    pair.reachable = false;
    go_away(&mut pair);
    assert_eq!((pair.attempts(), pair.client.conn()), (2, Some(old)));
    pair.say(&["one"]);
    assert_eq!(pair.server_took, ["one"]);
    pair.run_for(secs(60));
    assert_eq!(pair.client.conn(), Some(old));
}

#[test]
fn a_move_to_somebody_who_is_no_keepline_server_does_not_end_the_line() {
    let mut pair = Pair::online();
    let old = pair.conn();
    pair.echo = String::new();
    go_away(&mut pair);
    assert_eq!(pair.client.conn(), Some(old));
    assert_eq!(pair.abandoned, [pair.conn()]);
    assert_eq!(pair.hellos().len(), 1);
}

#[test]
fn a_move_that_hangs_is_given_up_after_eight_seconds() {
    let (mut pair, old, new) = dialing();
    pair.run_for(millis(7_999));
    assert!(pair.abandoned.is_empty());
    pair.run_for(millis(1));
    assert_eq!((pair.abandoned.clone(), pair.client.conn()), (vec![new], Some(old)));
}

#[test]
fn a_new_line_that_says_nonsense_is_given_up_for_the_old_one() {
    let (mut pair, old, new) = asking();
    pair.server_says_records(&[Record::Ping(1)]);
    assert_eq!((pair.abandoned.clone(), pair.client.conn()), (vec![new], Some(old)));
}

#[test]
fn an_old_line_that_breaks_while_the_new_one_opens_leaves_the_new_one() {
    let (mut pair, old, new) = dialing();
    pair.events.clear();
    pair.lose(old);
    pair.client.handle_input(Input::Closed(old, Closed::abnormal(), None), pair.now);
    pair.settle();
    assert_eq!((pair.client.conn(), pair.client.status().name()), (Some(new), "connecting"));
    pair.hangs = false;
    pair.let_in(new);
    pair.settle();
    assert!(pair.is_online());
    assert_eq!(statuses(&pair), ["connecting", "online"], "without waiting for another attempt");
    assert_eq!(pair.attempts(), 2);
}

#[test]
fn the_server_may_let_go_of_the_old_line_before_the_new_one_is_greeted() {
    let (mut pair, old, new) = asking();
    // The server has attached the new connection, and closes the old one.
    let closed = Closed { code: 4452.into(), reason: String::new(), clean: true };
    pair.client.handle_input(Input::Closed(old, closed, None), pair.now);
    pair.settle();
    assert_eq!((pair.client.conn(), pair.client.status().name()), (Some(new), "connecting"));
    pair.send("one").unwrap();
    let greeting = pair.greeting_on(old).unwrap().clone();
    pair.swallow = None;
    pair.server_says_records(&[Record::Greeting(greeting)]);
    assert!(pair.is_online());
    assert_eq!(pair.server_took, ["one"]);
}

#[test]
fn a_new_line_that_never_opens_after_the_old_one_broke_is_tried_again() {
    let (mut pair, old, new) = dialing();
    pair.lose(old);
    pair.client.handle_input(Input::Closed(old, Closed::abnormal(), None), pair.now);
    pair.settle();
    pair.run_for(secs(8));
    assert!(pair.abandoned.contains(&new));
    pair.hangs = false;
    pair.run_for(secs(2));
    assert!(pair.is_online());
    assert_eq!(pair.begun.len(), 1);
}

#[test]
fn a_close_while_moving_leaves_no_socket_behind() {
    let (mut pair, _, new) = dialing();
    pair.close();
    assert!(matches!(pair.client.status(), Status::Ended { .. }));
    assert!(pair.abandoned.contains(&new));
    assert!(pair.client.poll_timeout().is_none());
    pair.let_in(new);
    pair.settle();
    assert!(matches!(pair.client.status(), Status::Ended { .. }));
}

#[test]
fn a_server_that_says_so_again_and_again_gets_one_more_connection_and_no_third() {
    let (mut pair, old, _) = dialing();
    for _ in 0..5 {
        let say = [Record::GoAway(GoAway { reachable: true, within: secs(5) })];
        pair.client.handle_input(
            Input::Received(old, super::pair::frame(Default::default(), &say)),
            pair.now,
        );
        pair.settle();
    }
    assert_eq!(pair.attempts(), 2);
}

#[test]
fn moving_keeps_the_pace_of_twenty_attempts_a_minute() {
    let mut pair = Pair::online();
    for _ in 0..100 {
        go_away(&mut pair);
    }
    assert_eq!(pair.attempts(), 20);
    assert!(pair.is_online());
}

#[test]
fn a_server_that_has_lost_the_session_is_no_worse_after_a_move() {
    let (mut pair, _, new) = dialing();
    pair.server_takes = false;
    pair.say(&["in doubt"]);
    pair.server_takes = true;
    pair.server_inbox.clear();
    // The new connection leads to a server that has nothing.
    pair.server = keepline_core::Sessions::new(Default::default(), 99).unwrap();
    pair.hangs = false;
    pair.let_in(new);
    pair.settle();
    assert!(pair.is_online());
    pair.say(&["two"]);
    pair.run_for(secs(1));
    assert_eq!(
        pair.fates(),
        [&Event::Unknown(ids(1, 1), Doubt::SessionLost), &Event::Delivered(ids(2, 2))]
    );
    assert!(pair.events.contains(&Event::Restarted { missed: None }));
}

#[test]
fn the_server_tells_its_application_of_the_new_connection_once() {
    let mut pair = Pair::online();
    pair.told.clear();
    go_away(&mut pair);
    pair.run_for(secs(30));
    assert_eq!(pair.told, [(pair.key(), SessionEvent::Attached)]);
}
