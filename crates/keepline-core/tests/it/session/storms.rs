//! What simulated storms have found: each of these was once told or done wrongly.

use keepline_core::wire::{GoAway, Record, Window};
use keepline_core::{
    AfterLoss, CloseCode, Closed, ConnId, Doubt, End, Event, Input, Loss, ServerConfig, Status,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::{Pair, Side, ids, session_with};
use crate::world::secs;

/// A client that sends again what a lost session may have taken.
fn sends_again() -> Pair {
    let config = session_with(|session| session.after_loss = AfterLoss::SendAgain);
    Pair::online_with(config, ServerConfig::default())
}

/// The server has taken "one", the client has not heard so, and the server knows nothing any more.
fn taken_and_forgotten() -> Pair {
    let mut pair = sends_again();
    pair.swallow = Some(Side::Server);
    pair.say(&["one"]);
    assert_eq!(pair.server_took, ["one"]);
    (pair.swallow, pair.reachable) = (None, false);
    pair.restart_server();
    pair
}

#[test]
fn what_a_lost_session_may_have_taken_is_never_called_never_sent() {
    let mut pair = sends_again();
    pair.swallow = Some(Side::Server);
    pair.say(&["one", "two"]);
    assert_eq!(pair.server_took, ["one", "two"]);
    (pair.swallow, pair.server_takes) = (None, false);
    let window = Window { messages: 1, ..Window::default() };
    pair.restart_server_with(ServerConfig { window, ..ServerConfig::default() });
    pair.run_for(secs(2));
    pair.close();
    assert_eq!(pair.server_inbox.len(), 0, "the second was not even sent to the new session");
    assert_eq!(pair.fates(), [&Event::Unknown(ids(1, 2), Doubt::Ended)]);
}

#[test]
fn what_a_lost_session_may_have_taken_is_in_doubt_even_if_the_next_has_not_taken_it() {
    let mut pair = taken_and_forgotten();
    (pair.server_takes, pair.reachable) = (false, true);
    pair.run_for(secs(2));
    assert!(pair.is_online());
    pair.close();
    pair.run_for(secs(1));
    assert_eq!(pair.fates(), [&Event::Unknown(ids(1, 1), Doubt::Ended)]);
}

#[test]
fn what_was_sent_before_a_server_went_away_is_not_called_never_sent() {
    let mut pair = sends_again();
    pair.server_takes = false;
    pair.say(&["one"]);
    pair.reachable = false;
    pair.server.go_away(false, secs(8), pair.now);
    pair.settle();
    pair.run_for(secs(10));
    assert!(matches!(pair.client.status(), Status::Waiting { .. }));
    pair.close();
    assert_eq!(pair.fates(), [&Event::Undeliverable(ids(1, 1), Loss::NotTaken)]);
}

/// A client that was asked to move, and has said hello on another connection in vain: the server
/// has let go of the old one for it.
fn moved_in_vain() -> (Pair, ConnId) {
    let mut pair = Pair::online();
    let old = pair.conn();
    pair.hangs = true;
    pair.server.go_away(true, secs(30), pair.now);
    pair.settle();
    let new = pair.conn();
    pair.swallow = Some(Side::Server);
    pair.let_in(new);
    pair.settle();
    pair.lose(new);
    pair.client.handle_input(Input::Closed(new, Closed::abnormal(), None), pair.now);
    (pair.hangs, pair.swallow) = (false, None);
    (pair, old)
}

#[test]
fn a_client_that_superseded_itself_comes_back() {
    let (mut pair, old) = moved_in_vain();
    let closed = Closed { code: CloseCode::SUPERSEDED, reason: String::new(), clean: true };
    pair.client.handle_input(Input::Closed(old, closed, None), pair.now);
    pair.run_for(secs(2));
    assert!(pair.is_online(), "{}", pair.client.status());
    pair.say(&["one"]);
    assert_eq!((pair.server_took.len(), pair.begun.len()), (1, 1), "it is the same session");
}

#[test]
fn a_client_that_somebody_else_supersedes_does_not() {
    let mut pair = Pair::online();
    pair.close_from_afar(4452);
    let Status::Ended { why: End::Closed(closed) } = pair.client.status() else { panic!() };
    assert_eq!(closed.code, CloseCode::SUPERSEDED);
}

#[test]
fn a_session_that_ends_with_its_server_does_not_move_any_more() {
    let mut pair = Pair::online();
    pair.swallow = Some(Side::Client);
    pair.server.go_away(false, secs(20), pair.now);
    pair.settle();
    pair.swallow = None;
    let conn = pair.conn();
    pair.server_says_records(&[Record::GoAway(GoAway { reachable: true, within: secs(20) })]);
    assert_eq!(pair.conn(), conn, "its end is said already");
}

#[test]
fn a_client_whose_application_takes_its_time_is_not_called_silent() {
    let mut pair = Pair::online();
    let conn = pair.conn();
    pair.client_takes = false;
    for _ in 0..20 {
        pair.server_says("news").unwrap();
        pair.run_for(secs(5));
    }
    assert_eq!(pair.conn(), conn, "the line was never lost");
    pair.client_takes_all();
    pair.run_for(secs(1));
    assert_eq!((pair.client_took.len(), pair.attempts()), (20, 1));
}

#[test]
fn an_end_that_waits_for_its_connection_is_still_said_when_the_client_ends_too() {
    let mut pair = Pair::online();
    pair.server.end(pair.key(), CloseCode(4_007), "the game is over", pair.now);
    // The connection takes nothing yet, and the client's end comes first.
    pair.say_on(pair.conn(), &[super::ending::finale(0, 1000, "")]);
    let said = pair.heard.iter().filter(|(_, record)| matches!(record, Record::End(_))).count();
    assert_eq!(said, 1);
    let Status::Ended { why: End::Session { code, .. } } = pair.client.status() else {
        panic!("{}", pair.client.status())
    };
    assert_eq!(code, CloseCode(4_007));
}

#[test]
fn an_end_says_nothing_of_an_epoch_that_the_hello_did_not_name() {
    let mut pair = Pair::online();
    pair.swallow = Some(Side::Server);
    pair.say(&["one"]);
    assert_eq!(pair.server_took, ["one"]);
    pair.close_from_afar(4500);
    // Under the new id a session begins whose greeting is lost, and ends at once.
    pair.run_for(secs(2));
    pair.server.end(pair.key(), CloseCode::NORMAL, "", pair.now);
    pair.run_for(secs(7));
    pair.swallow = None;
    pair.run_for(secs(40));
    assert!(matches!(pair.client.status(), Status::Ended { why: End::Session { .. } }));
    assert_eq!(pair.fates(), [&Event::Unknown(ids(1, 1), Doubt::Ended)]);
}

#[test]
fn a_session_in_which_nothing_has_passed_leaves_a_tombstone_of_its_own_too() {
    let server = ServerConfig { hold: secs(2), ..ServerConfig::default() };
    let mut pair = Pair::online_with(super::pair::session(), server);
    pair.say(&["one"]);
    for _ in 0..2 {
        // The first time the session is left in which "one" has passed, then one without a word.
        pair.reachable = false;
        pair.cut();
        pair.run_for(secs(40));
        pair.reachable = true;
        pair.run_for(secs(60));
        assert!(pair.is_online());
    }
    let restarts = |event: &&Event| matches!(event, Event::Restarted { .. });
    let told: Vec<&Event> = pair.events.iter().filter(restarts).collect();
    assert_eq!(told, [&Event::Restarted { missed: Some(0) }; 2]);
}

#[test]
fn a_line_that_comes_back_to_a_server_that_goes_away_sends_it_nothing_new() {
    let mut pair = Pair::online();
    pair.server_takes = false;
    pair.say(&["one"]);
    pair.server.go_away(false, secs(60), pair.now);
    pair.settle();
    pair.reachable = false;
    pair.cut();
    pair.say(&["two"]);
    pair.reachable = true;
    pair.run_for(secs(40));
    assert!(pair.is_online());
    assert_eq!(pair.server_inbox.len(), 1, "the greeting says at once that the server goes away");
}
