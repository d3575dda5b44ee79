//! A server says goodbye, or goes away and takes its sessions with it.

use std::time::Duration;

use keepline_core::wire::{Bye, GoAway, Record, Return, Window};
use keepline_core::{
    AfterLoss, CloseCode, Doubt, Down, End, Event, Input, Loss, Over, ServerConfig, SessionEvent,
    Status,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::{CODINGS, Pair, Side, ids, session, session_with};
use crate::world::{millis, secs};

fn wait(pair: &Pair) -> Duration {
    match pair.client.status() {
        Status::Waiting { retry_at, .. } => retry_at - pair.now,
        other => panic!("{other}"),
    }
}

fn say_bye(pair: &mut Pair, code: u16, again: Option<Return>) {
    pair.server.say_bye(CloseCode(code), again, "until then", pair.now);
    pair.settle();
}

fn drain(pair: &mut Pair, within: Duration) {
    pair.server.go_away(false, within, pair.now);
    pair.settle();
}

/// The server dies, and another takes its place that knows nothing.
fn replace(pair: &mut Pair) {
    pair.server = keepline_core::Sessions::new(ServerConfig::default(), 99).unwrap();
}

#[test]
fn a_goodbye_is_kept_to_the_window_that_it_names() {
    let waits: Vec<Duration> = (0..40)
        .map(|seed| {
            let mut pair = Pair::seeded(session(), ServerConfig::default(), seed);
            pair.connect();
            say_bye(&mut pair, 1001, Some(Return { after: secs(20), spread: secs(60) }));
            let Status::Waiting { why: Down::Bye { code, reason }, .. } = pair.client.status()
            else {
                panic!()
            };
            assert_eq!((code.0, reason.as_str()), (1001, "until then"));
            wait(&pair)
        })
        .collect();
    assert!(waits.iter().all(|wait| (secs(20)..=secs(80)).contains(wait)));
    assert!(waits.iter().any(|wait| *wait < secs(40)) && waits.iter().any(|wait| *wait > secs(60)));
}

#[test]
fn a_goodbye_overrides_the_close_code_that_follows() {
    for code in [1000, 1001, 1008, 4401, 4429, 4452] {
        for &coding in CODINGS {
            let mut pair = Pair::online_in(coding);
            let key = pair.key();
            pair.say(&["one"]);
            say_bye(&mut pair, code, Some(Return { after: secs(3), spread: secs(1) }));
            assert!(matches!(pair.client.status(), Status::Waiting { why: Down::Bye { .. }, .. }));
            pair.run_for(secs(4));
            assert!(pair.is_online(), "{code}");
            assert_eq!(pair.begun, [key], "the session was kept");
        }
    }
}

#[test]
fn a_goodbye_for_ever_ends_the_line_whatever_the_close_code() {
    for code in [1001, 1012, 4408] {
        let mut pair = Pair::online();
        pair.send("one").unwrap();
        say_bye(&mut pair, code, None);
        let why = End::Bye { code: CloseCode(code), reason: "until then".into() };
        assert_eq!(pair.client.status(), Status::Ended { why });
        assert_eq!(pair.client.queued().messages, 0);
        pair.run_for(secs(7_200));
        assert_eq!(pair.attempts(), 1);
    }
}

#[test]
fn no_goodbye_keeps_a_client_away_for_more_than_two_hours() {
    let mut pair = Pair::online();
    say_bye(&mut pair, 1001, Some(Return { after: secs(86_400), spread: secs(86_400) }));
    assert!((secs(3_600)..=secs(7_200)).contains(&wait(&pair)));
}

#[test]
fn a_goodbye_is_forgotten_when_its_connection_is() {
    let mut pair = Pair::online();
    say_bye(&mut pair, 1001, Some(Return { after: secs(3), spread: secs(0) }));
    pair.run_for(secs(3));
    assert!(pair.is_online());
    pair.cut();
    assert!(wait(&pair) <= millis(500));
}

#[test]
fn a_goodbye_for_ever_holds_while_the_session_moves_too() {
    let mut pair = Pair::online();
    pair.hangs = true;
    pair.server.go_away(true, secs(30), pair.now);
    pair.settle();
    assert_eq!(pair.attempts(), 2);
    say_bye(&mut pair, 1001, None);
    assert!(matches!(pair.client.status(), Status::Ended { why: End::Bye { .. } }));
    assert!(pair.abandoned.contains(&pair.conn()));
}

#[test]
fn a_goodbye_on_the_old_line_says_nothing_of_the_new_one() {
    let mut pair = Pair::online();
    let old = pair.conn();
    pair.hangs = true;
    pair.server.go_away(true, secs(30), pair.now);
    pair.settle();
    let again = Some(Return { after: secs(600), spread: secs(600) });
    let bye = Bye { code: CloseCode(1001), again, reason: String::new() };
    let said = super::pair::frame(Default::default(), &[Record::Bye(bye)]);
    pair.client.handle_input(Input::Received(old, said), pair.now);
    pair.hangs = false;
    pair.let_in(pair.conn());
    pair.settle();
    assert!(pair.is_online());
    pair.cut();
    assert!(matches!(pair.client.status(), Status::Waiting { why: Down::Closed(_), .. }));
}

#[test]
fn a_goodbye_does_not_outlive_the_line_that_the_application_ended() {
    let mut pair = Pair::online();
    let bye = Bye { code: CloseCode(1001), again: None, reason: String::new() };
    pair.server_says_records(&[Record::Bye(bye)]);
    pair.close();
    pair.reachable = false;
    pair.connect();
    assert!(matches!(pair.client.status(), Status::Waiting { why: Down::Closed(_), .. }));
}

#[test]
fn a_server_that_takes_its_sessions_with_it_is_left_when_everything_is_taken() {
    for &coding in CODINGS {
        let mut pair = Pair::online_in(coding);
        let (key, first) = (pair.key(), pair.hellos()[0].session);
        pair.server_takes = false;
        pair.say(&["one", "two"]);
        drain(&mut pair, secs(60));
        assert!(pair.told.contains(&(key, SessionEvent::Draining)));
        pair.passed.clear();
        pair.say(&["for the next"]);
        assert!(pair.passed.is_empty(), "nothing new is sent");
        pair.server_says("an answer").unwrap();
        assert_eq!(pair.client_took, ["an answer"], "the server still speaks");
        pair.run_for(secs(30));
        assert!(pair.is_online());
        pair.server_takes = true;
        pair.server_takes_all();
        pair.run_for(secs(1));
        assert!(matches!(pair.over(key), Some(Over::Client { .. })));
        assert_eq!(pair.server_fates(), [&SessionEvent::Delivered(ids(1, 1))]);
        assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 2))]);
        replace(&mut pair);
        pair.run_for(secs(31));
        assert_eq!(pair.server_took, ["one", "two", "for the next"]);
        assert_ne!(first, pair.hellos()[0].session);
        assert_eq!(pair.fates().last(), Some(&&Event::Delivered(ids(3, 3))));
        assert!(pair.events.contains(&Event::Restarted { missed: None }), "it is a new session");
    }
}

#[test]
fn a_server_that_goes_away_waits_until_the_client_has_taken_what_came() {
    let mut pair = Pair::online();
    let key = pair.key();
    pair.client_takes = false;
    pair.server_says("one").unwrap();
    drain(&mut pair, secs(60));
    pair.run_for(secs(30));
    assert_eq!(pair.over(key), None);
    pair.client_takes_all();
    pair.run_for(secs(1));
    assert_eq!(pair.server_fates(), [&SessionEvent::Delivered(ids(1, 1))]);
    assert!(pair.over(key).is_some());
}

#[test]
fn an_idle_session_leaves_at_once() {
    let mut pair = Pair::online();
    drain(&mut pair, secs(60));
    assert!(pair.over(pair.key()).is_some());
    let Status::Waiting { why, .. } = pair.client.status() else { panic!() };
    assert_eq!(why, Down::GoneAway);
}

#[test]
fn the_rest_is_reported_before_the_patience_of_the_server_is_over() {
    let mut pair = Pair::online();
    let key = pair.key();
    pair.server_takes = false;
    pair.client_takes = false;
    pair.say(&["never taken"]);
    pair.server_says("never read").unwrap();
    drain(&mut pair, secs(16));
    pair.run_for(millis(13_999));
    assert!(pair.is_online());
    pair.run_for(millis(1));
    assert_eq!(pair.fates(), [&Event::Undeliverable(ids(1, 1), Loss::NotTaken)]);
    assert!(pair.client_inbox.is_empty());
    assert!(matches!(pair.over(key), Some(Over::Client { .. })));
    assert_eq!(pair.server_fates(), [&SessionEvent::Undeliverable(ids(1, 1), Loss::NotTaken)]);
}

#[test]
fn a_server_that_does_not_answer_the_last_word_leaves_it_in_doubt() {
    let mut pair = Pair::online();
    pair.server_takes = false;
    pair.say(&["in doubt"]);
    drain(&mut pair, secs(8));
    pair.swallow = Some(Side::Server);
    pair.run_for(millis(11_999));
    assert!(pair.is_online());
    pair.send("for the next").unwrap();
    pair.run_for(millis(1));
    assert_eq!(pair.fates(), [&Event::Unknown(ids(1, 1), Doubt::SessionLost)]);
    pair.swallow = None;
    replace(&mut pair);
    pair.server_inbox.clear();
    pair.server_takes = true;
    pair.run_for(secs(31));
    assert_eq!(pair.server_took, ["for the next"]);
}

/// The server's acknowledgement crosses the `end` of a client that does not hear its answer.
#[test]
fn what_is_acknowledged_while_the_last_word_is_under_way_is_delivered_and_not_sent_again() {
    for &coding in CODINGS {
        let config = session_with(|it| {
            it.coding = coding;
            it.after_loss = AfterLoss::SendAgain;
        });
        let mut pair = Pair::online_with(config, ServerConfig::default());
        pair.server_takes = false;
        pair.say(&["pay 100"]);
        drain(&mut pair, secs(8));
        pair.swallow = Some(Side::Client);
        pair.run_for(secs(7));
        assert!(matches!(pair.said.last(), Some((_, Record::End(_)))));
        pair.server_takes_all();
        pair.run_for(millis(100));
        assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 1))]);
        pair.swallow = None;
        pair.server_takes = true;
        pair.restart_server();
        pair.run_for(secs(60));
        assert_eq!(pair.server_took, ["pay 100"]);
        assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 1))]);
    }
}

#[test]
fn a_line_that_breaks_while_it_drains_is_resumed_and_drains_on() {
    let mut pair = Pair::online();
    pair.server_takes = false;
    pair.say(&["one"]);
    drain(&mut pair, secs(60));
    pair.cut();
    pair.run_for(secs(2));
    assert!(pair.is_online());
    pair.say(&["for the next"]);
    assert_eq!(pair.server_inbox.len(), 1, "the server still goes away");
    pair.server_takes = true;
    pair.server_takes_all();
    pair.run_for(secs(1));
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 1))]);
    assert!(pair.over(pair.begun[0]).is_some());
}

#[test]
fn a_server_that_goes_away_begins_no_session_and_says_when_to_come_back() {
    let mut pair = Pair::at_rest(session(), ServerConfig::default());
    pair.server.go_away(false, secs(60), pair.now);
    pair.connect();
    let Status::Waiting { why: Down::Bye { code, .. }, .. } = pair.client.status() else {
        panic!()
    };
    assert_eq!(code.0, 4429);
    assert!((secs(10)..=secs(20)).contains(&wait(&pair)));
    assert!(pair.server.is_empty());
}

#[test]
fn the_application_may_close_while_the_last_word_is_under_way() {
    let mut pair = Pair::online();
    pair.swallow = Some(Side::Server);
    let go_away = Record::GoAway(GoAway { reachable: false, within: secs(60) });
    pair.server_says_records(&[go_away]);
    pair.close();
    let ends = pair.said.iter().filter(|said| matches!(said, (_, Record::End(_))));
    assert_eq!(ends.count(), 1, "an end is said once");
    pair.run_for(secs(5));
    assert_eq!(pair.client.status(), Status::Ended { why: End::Application });
}

#[test]
fn a_server_that_moves_its_sessions_and_then_takes_them_with_it_is_believed_the_last() {
    let mut pair = Pair::online();
    pair.server_takes = false;
    pair.say(&["one"]);
    pair.hangs = true;
    let say = |reachable| [Record::GoAway(GoAway { reachable, within: secs(60) })];
    let old = pair.conn();
    pair.server_says_records(&say(true));
    let moves_to = pair.conn();
    let said = super::pair::frame(Default::default(), &say(false));
    pair.client.handle_input(Input::Received(old, said), pair.now);
    pair.settle();
    pair.hangs = false;
    pair.server_takes_all();
    pair.run_for(secs(1));
    assert!(pair.abandoned.contains(&moves_to));
    assert!(pair.over(pair.begun[0]).is_some());
}

#[test]
fn a_client_that_has_moved_away_in_time_does_not_drain_any_more() {
    let mut pair = Pair::online();
    pair.server_takes = false;
    pair.say(&["one"]);
    pair.hangs = true;
    let old = pair.conn();
    for reachable in [true, false] {
        let say = [Record::GoAway(GoAway { reachable, within: secs(60) })];
        let said = super::pair::frame(Default::default(), &say);
        pair.client.handle_input(Input::Received(old, said), pair.now);
        pair.settle();
    }
    pair.hangs = false;
    pair.let_in(pair.conn());
    pair.settle();
    pair.server_takes = true;
    pair.say(&["two"]);
    pair.server_takes_all();
    pair.run_for(secs(60));
    assert_eq!(pair.server_took, ["one", "two"]);
    assert_eq!((pair.begun.len(), pair.attempts()), (1, 2));
}

#[test]
fn what_is_beyond_the_window_when_a_server_goes_away_is_sent_to_the_next() {
    let window = Window { messages: 2, ..Window::default() };
    let server = ServerConfig { window, ..ServerConfig::default() };
    let mut pair = Pair::online_with(session(), server);
    pair.server_takes = false;
    pair.say(&["one", "two", "three", "four"]);
    drain(&mut pair, secs(60));
    pair.server_takes = true;
    pair.server_takes_all();
    pair.run_for(secs(1));
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 2))]);
    replace(&mut pair);
    pair.run_for(secs(31));
    assert_eq!(pair.server_took, ["one", "two", "three", "four"]);
}
