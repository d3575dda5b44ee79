//! How a session ends, and what every message's sender then knows.

use keepline_core::wire::{Coding, Finale, FrameWriter, Record, Window};
use keepline_core::{
    Caller, CloseCode, ConnId, Doubt, Down, End, Event, Instant, Loss, Over, Payload, SendError,
    ServerConfig, ServerOutput, SessionEvent, Sessions, Status,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::{CODINGS, Pair, Side, hello, ids, session};
use crate::world::{secs, text};

pub(super) fn finale(taken: u64, code: u16, reason: &str) -> Record {
    Record::End(Finale { taken, code: CloseCode(code), reason: reason.into() })
}

fn ended(why: End) -> Status {
    Status::Ended { why }
}

fn over_by_server(code: u16, reason: &str) -> Over {
    Over::Server { code: CloseCode(code), reason: reason.into() }
}

/// A server that lets two messages be in flight.
fn narrow() -> ServerConfig {
    let window = Window { messages: 2, ..Window::default() };
    ServerConfig { window, ..ServerConfig::default() }
}

fn ends(pair: &Pair, side: Side) -> usize {
    let of_side = pair.passed.iter().filter(|(who, _)| *who == side);
    let records = of_side.flat_map(|(_, records)| records);
    records.filter(|record| matches!(record, Record::End(_))).count()
}

#[test]
fn a_close_tells_exactly_what_was_taken() {
    for &coding in CODINGS {
        let mut pair = Pair::online_in(coding);
        pair.server_takes = false;
        pair.say(&["one", "two", "three"]);
        pair.server_inbox.truncate(2);
        pair.server_takes_all();
        pair.client_takes = false;
        pair.server_says("never read").unwrap();
        pair.close();
        assert_eq!(pair.client.status(), ended(End::Application));
        assert_eq!(
            pair.fates(),
            [&Event::Delivered(ids(1, 2)), &Event::Undeliverable(ids(3, 3), Loss::NotTaken)]
        );
        let not_taken = SessionEvent::Undeliverable(ids(1, 1), Loss::NotTaken);
        assert_eq!(pair.server_fates(), [&not_taken]);
        let over = Over::Client { code: CloseCode::NORMAL, reason: "done".into() };
        assert_eq!(pair.over(pair.key()), Some(&over));
        assert_eq!((ends(&pair, Side::Client), ends(&pair, Side::Server)), (1, 1));
        assert!(pair.client_inbox.is_empty(), "what was not taken is discarded");
    }
}

#[test]
fn what_was_sent_in_the_turn_of_the_close_is_not_taken_and_said_so() {
    let mut pair = Pair::online();
    pair.send("last words").unwrap();
    pair.close();
    assert_eq!(pair.fates(), [&Event::Undeliverable(ids(1, 1), Loss::NotTaken)]);
    assert!(pair.server_took.is_empty());
}

#[test]
fn what_the_server_sends_in_the_turn_of_its_end_still_goes_out() {
    let mut pair = Pair::online();
    let key = pair.key();
    pair.server.send(key, text("last words"), pair.now).unwrap();
    pair.server.end(key, CloseCode(4001), "full house", pair.now);
    assert_eq!(pair.server.send(key, text("later"), pair.now), Err(SendError::Ended));
    pair.settle();
    let why = End::Session { code: CloseCode(4001), reason: "full house".into() };
    assert_eq!(pair.client.status(), ended(why));
    assert_eq!(pair.over(key), Some(&over_by_server(4001, "full house")));
    let last_words = (pair.conn(), Record::Message(1, text("last words")));
    assert!(pair.heard.contains(&last_words));
    let not_taken = SessionEvent::Undeliverable(ids(1, 1), Loss::NotTaken);
    assert_eq!(pair.server_fates(), [&not_taken]);
}

#[test]
fn a_close_whose_answer_is_lost_leaves_in_doubt_what_was_sent_and_nothing_else() {
    let mut pair = Pair::online_with(session(), narrow());
    pair.server_takes = false;
    pair.say(&["one", "two", "three", "four"]);
    pair.swallow = Some(Side::Server);
    pair.close();
    pair.run_for(secs(5));
    assert_eq!(pair.client.status(), ended(End::Application));
    assert_eq!(
        pair.fates(),
        [
            &Event::Unknown(ids(1, 2), Doubt::Ended),
            &Event::Undeliverable(ids(3, 4), Loss::NeverSent)
        ]
    );
}

#[test]
fn acknowledgements_that_come_after_the_close_still_count() {
    let mut pair = Pair::online();
    pair.say(&["one"]);
    pair.swallow = Some(Side::Server);
    pair.close();
    let credit = keepline_core::wire::Credit { number: 4_097, bytes: 1 << 20 };
    pair.server_says_records(&[Record::Ack(keepline_core::wire::Ack { taken: 1, credit })]);
    pair.run_for(secs(5));
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 1))]);
}

#[test]
fn a_close_while_the_line_is_down_ends_at_once_and_leaves_nothing_without_a_fate() {
    let away = |change: fn(&mut Pair)| {
        let mut pair = Pair::online();
        pair.server_takes = false;
        pair.say(&["in doubt"]);
        change(&mut pair);
        pair.send("never sent").unwrap();
        let attempts = pair.attempts();
        pair.close();
        assert_eq!(pair.client.status(), ended(End::Application));
        assert_eq!(
            pair.fates(),
            [
                &Event::Unknown(ids(1, 1), Doubt::Ended),
                &Event::Undeliverable(ids(2, 2), Loss::NeverSent)
            ]
        );
        pair.run_for(secs(3_700));
        assert_eq!(pair.attempts(), attempts);
        assert_eq!(pair.over(pair.key()), Some(&Over::Expired), "the server's hold ends it there");
    };
    away(Pair::cut);
    away(|pair| {
        pair.hangs = true;
        pair.cut();
        pair.run_for(secs(1));
        assert_eq!(pair.client.status().name(), "connecting");
    });
    away(|pair| {
        pair.swallow = Some(Side::Server);
        pair.cut();
        pair.run_for(secs(1));
        assert_eq!(pair.client.status().name(), "connecting");
        assert_eq!(pair.hellos().len(), 2);
    });
}

#[test]
fn an_owner_that_goes_away_ends_the_session_and_does_not_leave_it_to_the_hold() {
    let mut pair = Pair::online();
    pair.send("one").unwrap();
    pair.client.abandon(pair.now);
    assert_eq!(pair.client.status(), ended(End::Application));
    pair.settle();
    assert!(matches!(pair.over(pair.key()), Some(Over::Client { .. })));
    assert_eq!(pair.fates(), [&Event::Unknown(ids(1, 1), Doubt::Ended)]);
}

#[test]
fn the_far_application_ends_the_session_and_every_fate_is_known() {
    for &coding in CODINGS {
        let mut pair = Pair::online_in(coding);
        pair.server_takes = false;
        pair.say(&["one", "two"]);
        pair.server_inbox.truncate(1);
        pair.server_takes_all();
        pair.server_says("read").unwrap();
        pair.client_takes = false;
        pair.server_says("unread").unwrap();
        pair.server.end(pair.key(), CloseCode(4001), "the game is over", pair.now);
        pair.settle();
        let reason = "the game is over".into();
        assert_eq!(pair.client.status(), ended(End::Session { code: CloseCode(4001), reason }));
        assert_eq!(
            pair.fates(),
            [&Event::Delivered(ids(1, 1)), &Event::Undeliverable(ids(2, 2), Loss::NotTaken)]
        );
        assert_eq!(
            pair.server_fates(),
            [
                &SessionEvent::Delivered(ids(1, 1)),
                &SessionEvent::Undeliverable(ids(2, 2), Loss::NotTaken)
            ]
        );
        assert_eq!(pair.over(pair.key()), Some(&over_by_server(4001, "the game is over")));
        pair.run_for(secs(600));
        assert_eq!(pair.attempts(), 1);
    }
}

#[test]
fn a_client_that_does_not_answer_the_end_does_not_hold_the_session() {
    let mut pair = Pair::online();
    let (key, conn) = (pair.key(), pair.conn());
    pair.server_says("one").unwrap();
    pair.swallow = Some(Side::Client);
    pair.server_says("two").unwrap();
    pair.server.end(key, CloseCode::NORMAL, "", pair.now);
    pair.settle();
    pair.run_for(secs(5));
    assert_eq!(pair.over(key), Some(&over_by_server(1000, "")));
    assert_eq!(
        pair.server_fates().last(),
        Some(&&SessionEvent::Unknown(ids(1, 2), Doubt::SessionLost))
    );
    assert_eq!(pair.close_of(conn).map(|(code, _)| code), None, "the client has gone by then");
    pair.run_for(secs(60));
    assert!(pair.server.is_empty());
}

#[test]
fn a_session_that_ended_while_the_client_was_away_ends_when_it_returns() {
    let mut pair = Pair::online();
    let key = pair.key();
    pair.say(&["one"]);
    pair.swallow = Some(Side::Client);
    pair.say(&["two"]);
    (pair.swallow, pair.reachable) = (None, false);
    pair.cut();
    pair.server.end(key, CloseCode(4001), "you were missed", pair.now);
    pair.settle();
    assert_eq!(pair.over(key), Some(&over_by_server(4001, "you were missed")));
    pair.reachable = true;
    pair.said.clear();
    pair.run_for(secs(31));
    let reason = "you were missed".into();
    assert_eq!(pair.client.status(), ended(End::Session { code: CloseCode(4001), reason }));
    assert_eq!(
        pair.fates(),
        [&Event::Delivered(ids(1, 1)), &Event::Undeliverable(ids(2, 2), Loss::NotTaken)]
    );
    let is_hello = |said: &(_, Record)| matches!(said, (_, Record::Hello(_)));
    assert!(pair.said.iter().all(is_hello), "who was not greeted says nothing but hello");
    assert!(pair.server.is_empty());

    let answered = pair.hellos().last().copied().cloned().unwrap();
    let again = pair.stranger_says(1, &[Record::Hello(answered)]);
    assert_eq!(pair.close_of(again).map(|(code, _)| code), Some(4452), "it is told once");
}

#[test]
fn a_session_ends_with_any_code_that_a_page_may_close_with() {
    for code in [1000, 3000, 3999, 4000, 4999] {
        let mut pair = Pair::online();
        pair.client.close(CloseCode(code), "", pair.now).unwrap();
        pair.settle();
        assert_eq!(pair.client.status(), ended(End::Application));
        let over = Over::Client { code: CloseCode(code), reason: String::new() };
        assert_eq!(pair.over(pair.key()), Some(&over));
    }
}

#[test]
fn a_client_that_returns_while_its_session_is_ending_hears_the_end() {
    let mut pair = Pair::online();
    let (key, old) = (pair.key(), pair.conn());
    pair.say(&["one"]);
    pair.swallow = Some(Side::Server);
    pair.server.end(key, CloseCode::NORMAL, "", pair.now);
    pair.settle();
    pair.swallow = None;
    // The client notices the loss before the server does.
    let lost = keepline_core::Input::Closed(old, keepline_core::Closed::abnormal(), None);
    pair.client.handle_input(lost, pair.now);
    pair.run_for(secs(1));
    assert!(matches!(pair.client.status(), Status::Ended { why: End::Session { .. } }));
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 1))]);
    assert_eq!(pair.close_of(old).map(|(code, _)| code), Some(4452));
    pair.run_for(secs(600));
    assert_eq!(pair.server.poll_timeout().is_some(), pair.server.tombstones() > 0);
}

#[test]
fn both_ends_may_end_at_once() {
    let mut pair = Pair::online();
    pair.say(&["one"]);
    pair.server_says("two").unwrap();
    pair.client.close(CloseCode(4002), "enough", pair.now).unwrap();
    pair.server.end(pair.key(), CloseCode(4001), "enough", pair.now);
    pair.settle();
    assert_eq!(pair.client.status(), ended(End::Application));
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 1))]);
    assert_eq!(pair.server_fates(), [&SessionEvent::Delivered(ids(1, 1))]);
    let overs = pair.told.iter().filter(|(_, event)| matches!(event, SessionEvent::Over(_)));
    assert_eq!(overs.count(), 1);
}

#[test]
fn an_end_that_claims_more_than_was_sent_delivers_no_more_than_that() {
    let mut pair = Pair::online();
    pair.swallow = Some(Side::Client);
    pair.say(&["one"]);
    pair.server_says_records(&[finale((1 << 53) - 1, 1000, "")]);
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 1))]);
}

#[test]
fn finish_waits_until_everything_is_taken() {
    let mut pair = Pair::online();
    pair.server_takes = false;
    pair.say(&["one", "two"]);
    pair.finish_within(secs(60));
    assert_eq!(pair.send("three"), Err(SendError::Ended));
    pair.run_for(secs(30));
    assert!(pair.is_online());
    (pair.server_takes, pair.client_takes) = (true, true);
    pair.server_takes_all();
    pair.run_for(secs(1));
    assert_eq!(pair.client.status(), ended(End::Application));
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 2))]);
}

/// A client whose reader has taken the first of three messages.
fn with_a_reader_that_is_behind() -> Pair {
    let mut pair = Pair::online();
    let key = pair.key();
    pair.server.send(key, text("first"), pair.now).unwrap();
    pair.settle();
    pair.client_takes = false;
    for word in ["second", "third"] {
        pair.server.send(key, text(word), pair.now).unwrap();
    }
    pair.settle();
    pair
}

fn catches_up_and_ends(pair: &mut Pair) {
    assert_ne!(pair.client.status(), ended(End::Application));
    pair.client_takes_all();
    pair.settle();
    assert_eq!(pair.client_took, ["first", "second", "third"]);
    assert_eq!(pair.client.status(), ended(End::Application));
}

#[test]
fn finish_waits_for_a_reader_that_is_behind() {
    for is_there in [true, false] {
        let mut pair = with_a_reader_that_is_behind();
        if !is_there {
            pair.reachable = false;
            pair.cut();
        }
        pair.finish_within(secs(60));
        pair.run_for(secs(1));
        catches_up_and_ends(&mut pair);
    }
}

#[test]
fn finish_waits_for_a_reader_that_is_behind_what_an_earlier_server_has_sent() {
    let mut pair = with_a_reader_that_is_behind();
    pair.finish_within(secs(60));
    pair.restart_server();
    pair.run_for(secs(5));
    catches_up_and_ends(&mut pair);
}

#[test]
fn finish_waits_for_a_reader_that_has_had_nothing_to_read_yet() {
    let mut pair = Pair::online();
    let key = pair.key();
    pair.client_takes = false;
    pair.client.reads(true, pair.now);
    pair.server.send(key, text("answer"), pair.now).unwrap();
    pair.settle();
    pair.finish_within(secs(60));
    pair.run_for(secs(1));
    assert!(pair.is_online(), "the answer is not read yet");
    pair.client_takes_all();
    pair.settle();
    assert_eq!(pair.client_took, ["answer"]);
    assert_eq!(pair.client.status(), ended(End::Application));
}

#[test]
fn finish_does_not_wait_for_a_reader_that_rests() {
    for rests_before in [true, false] {
        let mut pair = with_a_reader_that_is_behind();
        if rests_before {
            pair.client.reads(false, pair.now);
        }
        pair.finish_within(secs(60));
        if !rests_before {
            assert!(pair.is_online());
            pair.client.reads(false, pair.now);
        }
        pair.settle();
        assert_eq!(pair.client.status(), ended(End::Application));
    }
}

#[test]
fn finish_does_not_wait_for_a_reader_that_was_never_there_nor_past_its_deadline() {
    for (reads_before, waits) in [(false, 0), (true, 20)] {
        let mut pair = Pair::online();
        let key = pair.key();
        pair.client_takes = reads_before;
        pair.server.send(key, text("first"), pair.now).unwrap();
        pair.settle();
        pair.client_takes = false;
        pair.server.send(key, text("second"), pair.now).unwrap();
        pair.settle();
        let began = pair.now;
        pair.finish_within(secs(20));
        while pair.client.status() != ended(End::Application) {
            pair.run_for(secs(1));
        }
        assert_eq!((pair.now - began).as_secs(), waits);
    }
}

#[test]
fn finish_ends_at_once_when_nothing_is_left() {
    let mut pair = Pair::online();
    pair.say(&["one"]);
    pair.run_for(secs(1));
    pair.finish_within(secs(60));
    assert_eq!(pair.client.status(), ended(End::Application));
}

#[test]
fn finish_flushes_across_a_reconnection() {
    let mut pair = Pair::online();
    pair.swallow = Some(Side::Client);
    pair.say(&["one"]);
    pair.finish_within(secs(60));
    pair.swallow = None;
    pair.cut();
    pair.run_for(secs(2));
    assert_eq!(pair.server_took, ["one"]);
    assert_eq!(pair.client.status(), ended(End::Application));
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 1))]);
}

#[test]
fn finish_reports_the_rest_at_its_deadline_wherever_the_line_stands() {
    let mut pair = Pair::online_with(session(), narrow());
    pair.server_takes = false;
    pair.say(&["one", "two", "three"]);
    pair.finish_within(secs(20));
    pair.run_for(secs(20));
    assert_eq!(pair.client.status(), ended(End::Application));
    assert_eq!(
        pair.fates(),
        [
            &Event::Undeliverable(ids(1, 2), Loss::NotTaken),
            &Event::Undeliverable(ids(3, 3), Loss::NeverSent)
        ]
    );
    assert!(pair.client.poll_timeout().is_none(), "no deadline is left over");

    let mut pair = Pair::online();
    pair.server_takes = false;
    pair.say(&["one"]);
    pair.reachable = false;
    pair.finish_within(secs(20));
    pair.cut();
    pair.run_for(secs(19));
    assert!(matches!(pair.client.status(), Status::Waiting { why: Down::Closed(_), .. }));
    pair.run_for(secs(1));
    assert_eq!(pair.client.status(), ended(End::Application));
    assert_eq!(pair.fates(), [&Event::Unknown(ids(1, 1), Doubt::Ended)]);
    assert!(pair.client.poll_timeout().is_none());
}

#[test]
fn connecting_again_after_the_end_begins_a_new_session() {
    let mut pair = Pair::online();
    pair.say(&["one"]);
    pair.close();
    pair.connect();
    assert!(pair.is_online());
    pair.say(&["two"]);
    pair.run_for(secs(1));
    assert_eq!(pair.begun.len(), 2);
    let [first, second] = pair.hellos()[..] else { panic!() };
    assert_ne!(first.session, second.session);
    assert_eq!((second.epoch, second.received), (None, 0));
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 1)), &Event::Delivered(ids(2, 2))]);
    assert!(!pair.events.iter().any(|event| matches!(event, Event::Restarted { .. })));
}

#[test]
fn what_was_delivered_in_an_earlier_epoch_can_still_be_taken_and_confuses_no_count() {
    let mut pair = Pair::online();
    pair.client_takes = false;
    pair.server_says("old one").unwrap();
    pair.server_says("old two").unwrap();
    pair.restart_server();
    pair.run_for(secs(2));
    pair.server_says("new one").unwrap();
    assert_eq!(pair.client_inbox.len(), 3);
    for _ in 0..2 {
        pair.client_inbox.pop_front();
        pair.client.took(1, pair.now);
        pair.run_for(secs(1));
    }
    assert_eq!(pair.server_fates(), Vec::<&SessionEvent>::new(), "the new one is not taken yet");
    pair.client_takes_all();
    pair.run_for(secs(1));
    assert_eq!(pair.server_fates(), [&SessionEvent::Delivered(ids(1, 1))]);
}

#[test]
fn taking_what_was_discarded_at_the_end_confuses_no_count() {
    let mut pair = Pair::online();
    pair.client_takes = false;
    pair.server_says("unread").unwrap();
    pair.close();
    pair.client.took(1, pair.now);
    pair.connect();
    pair.server_says("new").unwrap();
    pair.run_for(secs(1));
    let is_delivered = |event: &&SessionEvent| matches!(event, SessionEvent::Delivered(_));
    assert_eq!(pair.server_fates().iter().filter(|it| is_delivered(it)).count(), 0);
}

#[test]
fn an_end_waits_for_a_driver_that_is_busy_with_the_frame_before_it() {
    let mut server = Sessions::new(ServerConfig::default(), 7).unwrap();
    let (conn, mut now) = (ConnId(1), Instant::ORIGIN);
    server.opened(conn, Coding::Binary, "/session", now);
    let mut frame = FrameWriter::new(Coding::Binary);
    frame.record(&Record::Hello(hello(1)));
    server.received(conn, &frame.finish(), now);
    server.verified(conn, Ok(Caller::default()), now);
    let key = loop {
        if let Some(ServerOutput::Begin(key, _)) = server.poll_output() {
            break key;
        }
    };
    let greeting = server.poll_frame(conn, now);
    server.send(key, text("a large one"), now).unwrap();
    let large = server.poll_frame(conn, now);
    assert!(greeting.is_some() && large.is_some());
    server.end(key, CloseCode(4000), "as you wish", now);
    for _ in 0..20 {
        now = now + secs(1);
        server.handle_timeout(now);
    }
    let Some(Payload::Binary(end)) = server.poll_frame(conn, now) else { panic!("it is lost") };
    assert!(end.ends_with(b"as you wish"), "{end:?}");
    assert_eq!(server.poll_frame(conn, now), None);
    server.handle_timeout(now + secs(60));
    assert_eq!(server.poll_timeout().map(|at| at > now + secs(60)), Some(true));
}

#[test]
fn what_is_sent_while_the_far_end_closes_goes_with_the_next_connection() {
    let mut pair = Pair::online();
    let conn = pair.conn();
    pair.client.handle_input(keepline_core::Input::PeerClosing(conn), pair.now);
    pair.say(&["one"]);
    assert!(pair.is_online() && pair.server_took.is_empty());
    pair.close_from_afar(1001);
    pair.run_for(secs(2));
    assert_eq!(pair.server_took, ["one"]);
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 1))]);
}

#[test]
fn a_close_while_the_far_end_closes_leaves_nothing_without_a_fate() {
    let mut pair = Pair::online();
    pair.server_takes = false;
    pair.say(&["in doubt"]);
    let conn = pair.conn();
    pair.client.handle_input(keepline_core::Input::PeerClosing(conn), pair.now);
    pair.send("never sent").unwrap();
    pair.close();
    pair.run_for(secs(5));
    assert_eq!(pair.client.status(), ended(End::Application));
    assert_eq!(
        pair.fates(),
        [
            &Event::Unknown(ids(1, 1), Doubt::Ended),
            &Event::Undeliverable(ids(2, 2), Loss::NeverSent)
        ]
    );
}

#[test]
fn a_server_that_ends_before_its_greeting_has_left_still_greets_first() {
    let mut pair = Pair::at_rest(session(), ServerConfig::default());
    let conn = pair.stranger(1);
    let hello = super::pair::frame(Default::default(), &[Record::Hello(hello(9))]);
    pair.server.received(conn, &hello, pair.now);
    pair.server.verified(conn, Ok(Default::default()), pair.now);
    let key = keepline_core::SessionKey(1);
    pair.server.end(key, CloseCode::NORMAL, "", pair.now);
    pair.settle();
    let said: Vec<&Record> = pair.heard.iter().map(|(_, record)| record).collect();
    assert!(matches!(said[..], [Record::Greeting(_), .., Record::End(_)]), "{said:?}");
}
