//! How a session is looked after when the page wakes, and how it is left when the page stands
//! still.

use keepline_core::wire::{Bye, Record, Return};
use keepline_core::{CloseCode, Down, Event, Input, Notice, ServerConfig, Status, Wake};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::{CODINGS, Pair, Side, ids, session};
use crate::world::{millis, secs};

impl Pair {
    fn notices(&mut self, notice: Notice) {
        self.client.handle_input(Input::Noticed(notice), self.now);
        self.settle();
    }

    fn wakes(&mut self, wake: Wake) {
        self.notices(Notice::Woke(wake));
    }

    fn pings(&self) -> usize {
        self.said.iter().filter(|(_, record)| matches!(record, Record::Ping(_))).count()
    }

    fn waits_for(&self) -> Down {
        match self.client.status() {
            Status::Waiting { why, .. } => why,
            status => panic!("{status} is no wait"),
        }
    }
}

#[test]
fn a_quiet_session_is_pinged_on_waking_and_stays() {
    for &coding in CODINGS {
        for wake in [Wake::Shown, Wake::Resumed, Wake::NetworkUp, Wake::Slept(secs(8))] {
            let mut pair = Pair::online_in(coding);
            pair.run_for(secs(5));
            pair.wakes(wake);
            assert_eq!(pair.pings(), 1, "{wake:?}");
            pair.run_for(secs(60));
            assert_eq!(pair.attempts(), 1, "it has answered");
        }
    }
}

#[test]
fn a_goodbye_that_waited_to_be_read_is_kept_by_a_page_that_slept_over_its_handshake() {
    let mut pair = Pair::at_rest(session(), ServerConfig::default());
    pair.swallow = Some(Side::Server);
    pair.connect();
    pair.now = pair.now + secs(60);
    let again = Some(Return { after: secs(600), spread: secs(1) });
    let bye = Bye { code: CloseCode(1012), again, reason: String::new() };
    pair.server_says_records(&[Record::Bye(bye)]);
    pair.wakes(Wake::Slept(secs(60)));
    assert_eq!(pair.attempts(), 1, "it does not come back at once");
    pair.cut();
    assert!(matches!(pair.waits_for(), Down::Bye { .. }));
}

#[test]
fn a_session_that_has_just_heard_something_is_not_pinged() {
    let mut pair = Pair::online();
    pair.run_for(secs(7));
    pair.server_says("news").unwrap();
    pair.run_for(secs(2));
    pair.wakes(Wake::Shown);
    assert_eq!(pair.pings(), 0);
}

#[test]
fn a_dead_line_is_replaced_within_three_seconds_of_waking_and_nothing_is_lost() {
    let mut pair = Pair::online();
    pair.run_for(secs(6));
    pair.swallow = Some(Side::Client);
    pair.say(&["one", "two"]);
    pair.wakes(Wake::Slept(secs(40)));
    pair.run_for(millis(2_499));
    assert!(pair.is_online());
    pair.swallow = None;
    pair.run_for(millis(201));
    assert!(pair.is_online());
    assert_eq!((pair.attempts(), pair.begun.len()), (2, 1), "the session goes on");
    assert_eq!(pair.server_took, ["one", "two"]);
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 2))]);
}

#[test]
fn what_came_before_the_sleep_and_is_read_after_it_proves_nothing() {
    let mut pair = Pair::online();
    pair.swallow = Some(Side::Client);
    pair.wakes(Wake::Slept(secs(40)));
    // A ping that lay in the system's buffers, and a pong to an older question.
    pair.server_says_records(&[Record::Ping(1), Record::Pong(7)]);
    pair.run_for(millis(2_500));
    assert_eq!(pair.waits_for(), Down::Silent);
}

#[test]
fn a_page_that_pours_into_a_zombie_finds_it_out_as_soon() {
    let mut pair = Pair::online();
    pair.swallow = Some(Side::Client);
    pair.wakes(Wake::NetworkUp);
    for second in 1..3 {
        pair.say(&[&"x".repeat(100_000)]);
        let buffered = Input::Buffered(pair.conn(), 50_000 * second);
        pair.client.handle_input(buffered, pair.now);
        pair.run_for(secs(1));
    }
    assert!(pair.is_online());
    pair.run_for(millis(500));
    assert_eq!(pair.waits_for(), Down::Silent);
}

#[test]
fn a_line_that_is_busy_with_a_large_message_has_time_for_its_answer() {
    let mut pair = Pair::online();
    pair.swallow = Some(Side::Client);
    pair.wakes(Wake::Slept(secs(40)));
    for _ in 0..5 {
        pair.run_for(secs(2));
        pair.server_says("one of many").unwrap();
    }
    assert!(pair.is_online());
    pair.swallow = None;
    let Some((conn, Record::Ping(token))) =
        pair.said.iter().find(|(_, record)| matches!(record, Record::Ping(_))).cloned()
    else {
        panic!("{:?}", pair.said)
    };
    assert_eq!(conn, pair.conn());
    pair.server_says_records(&[Record::Pong(token)]);
    pair.run_for(secs(9));
    assert!(pair.is_online());
    assert_eq!(pair.attempts(), 1);
}

#[test]
fn a_laptop_that_slept_over_every_deadline_asks_before_it_gives_up() {
    let mut pair = Pair::online();
    pair.now = pair.now + secs(20);
    // The alarm comes first, and nobody has said that the machine slept.
    pair.client.handle_timeout(pair.now);
    pair.settle();
    assert!(pair.is_online());
    assert_eq!(pair.pings(), 1);
    pair.run_for(secs(60));
    assert_eq!((pair.attempts(), pair.begun.len()), (1, 1));
}

#[test]
fn a_hidden_page_notices_a_black_hole_at_the_third_late_alarm() {
    let mut pair = Pair::online();
    pair.swallow = Some(Side::Server);
    for _ in 0..3 {
        assert!(pair.is_online());
        pair.now = pair.now + secs(60);
        pair.client.handle_timeout(pair.now);
        pair.settle();
    }
    assert_eq!(pair.waits_for(), Down::Silent);
}

#[test]
fn a_page_that_goes_into_the_cache_leaves_at_once_and_resumes_without_loss() {
    for wake in [Wake::Restored, Wake::Resumed] {
        let mut pair = Pair::online();
        let (key, conn) = (pair.key(), pair.conn());
        pair.server_takes = false;
        pair.say(&["one"]);
        pair.send("two").unwrap();
        pair.notices(Notice::Suspended);
        assert_eq!(pair.waits_for(), Down::Suspended);
        assert_eq!(pair.abandoned, [conn]);
        assert_eq!(pair.server.conn(key), None, "the server knows at once");
        pair.server_takes = true;
        pair.server.send(key, crate::world::text("meanwhile"), pair.now).unwrap();
        pair.run_for(secs(1_800));
        assert_eq!(pair.attempts(), 1);
        pair.wakes(wake);
        pair.run_for(millis(200));
        assert!(pair.is_online());
        assert_eq!((pair.begun.len(), pair.most_open), (1, 1));
        assert_eq!(pair.server_took, ["one", "two"]);
        assert_eq!(pair.client_took, ["meanwhile"]);
        pair.run_for(secs(1));
        assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 2))]);
    }
}

#[test]
fn a_page_that_stands_still_in_the_middle_of_a_move_leaves_both_connections() {
    let mut pair = Pair::online();
    pair.hangs = true;
    pair.server.go_away(true, secs(30), pair.now);
    pair.settle();
    assert_eq!(pair.attempts(), 2);
    pair.notices(Notice::Suspended);
    assert_eq!(pair.waits_for(), Down::Suspended);
    assert_eq!(pair.abandoned.len(), 2);
    pair.hangs = false;
    pair.wakes(Wake::Restored);
    pair.run_for(millis(200));
    assert!(pair.is_online());
    assert_eq!(pair.begun.len(), 1);
}

#[test]
fn a_page_that_is_left_ends_its_session_at_the_server() {
    let mut pair = Pair::online();
    let key = pair.key();
    pair.say(&["one"]);
    pair.run_for(secs(1));
    pair.notices(Notice::Left);
    assert!(pair.over(key).is_some(), "the server need not hold it");
    // A page that lives on has another session.
    pair.send("not the last").unwrap();
    pair.run_for(secs(11));
    assert!(pair.is_online());
    assert_eq!(pair.begun.len(), 2);
    assert_eq!(pair.server_took, ["one", "not the last"]);
}

#[test]
fn the_last_words_of_a_page_that_is_left_are_taken() {
    let mut pair = Pair::online();
    let key = pair.key();
    pair.send("the last words").unwrap();
    pair.notices(Notice::Left);
    assert_eq!(pair.server_took, ["the last words"]);
    assert!(pair.over(key).is_none() && pair.server.conn(key).is_none());
    // A page that lives on has its session still.
    pair.run_for(secs(11));
    assert!(pair.is_online());
    assert_eq!(pair.begun.len(), 1);
    assert_eq!(pair.fates(), [&Event::Delivered(ids(1, 1))]);
}

#[test]
fn waking_does_not_overrule_a_server_that_asks_for_time() {
    let mut pair = Pair::online();
    let again = Some(Return { after: secs(60), spread: secs(0) });
    pair.server.say_bye(CloseCode(1_012), again, "back soon", pair.now);
    pair.settle();
    assert!(matches!(pair.waits_for(), Down::Bye { .. }));
    for wake in [Wake::Shown, Wake::NetworkUp, Wake::Slept(secs(40))] {
        pair.wakes(wake);
    }
    pair.notices(Notice::NetworkDown);
    pair.wakes(Wake::NetworkUp);
    pair.run_for(millis(59_999));
    assert_eq!(pair.attempts(), 1);
    pair.run_for(millis(201));
    assert!(pair.is_online());
}

#[test]
fn nor_does_an_impatient_application_unless_it_connects_anew() {
    let mut pair = Pair::online();
    let again = Some(Return { after: secs(60), spread: secs(0) });
    pair.server.say_bye(CloseCode(1_012), again, "back soon", pair.now);
    pair.settle();
    pair.client.retry_now(pair.now);
    pair.settle();
    assert!(matches!(pair.waits_for(), Down::Bye { .. }));
    pair.notices(Notice::NetworkDown);
    pair.client.retry_now(pair.now);
    pair.run_for(millis(59_999));
    assert_eq!(pair.attempts(), 1);
    pair.run_for(millis(1));
    assert!(pair.is_online());
    pair.server.say_bye(CloseCode(1_012), again, "back soon", pair.now);
    pair.settle();
    pair.client.close(CloseCode(1_000), "", pair.now).unwrap();
    pair.client.connect(pair.now);
    pair.settle();
    assert!(pair.is_online());
}

#[test]
fn a_session_that_ends_with_its_server_is_not_asked() {
    let mut pair = Pair::online_with(session(), ServerConfig::default());
    pair.server_takes = false;
    pair.say(&["one"]);
    pair.server.go_away(false, secs(30), pair.now);
    pair.settle();
    pair.run_for(secs(6));
    pair.wakes(Wake::Shown);
    assert_eq!(pair.pings(), 1, "it still flushes");
    pair.run_for(secs(21));
    pair.wakes(Wake::Resumed);
    pair.run_for(secs(1));
    assert!(pair.begun.len() <= 2);
}
