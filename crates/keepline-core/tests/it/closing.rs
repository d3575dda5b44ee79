//! How a line ends, and who may end it.

use keepline_core::{CloseCode, CloseError, Config, End, Event, Input, Status, Verdict};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::{World, millis, secs};

#[test]
fn a_close_shakes_hands_and_ends() {
    let mut world = World::online(Config::default());
    world.send("last words").unwrap();
    world.close();
    assert_eq!(world.close_frames, [(CloseCode::NORMAL, "bye".to_owned())]);
    assert_eq!(world.client.status(), Status::Closing);
    world.close_from_afar(1000);
    assert_eq!(world.client.status(), Status::Ended { why: End::Application });
    assert_eq!(world.statuses(), ["closing", "ended"]);
    assert_eq!(doubts(&world), 0, "a clean close has delivered what went before it");
}

#[test]
fn a_close_that_nobody_answers_ends_all_the_same() {
    let mut world = World::online(Config::default());
    let silent = world.conn();
    world.send("last words").unwrap();
    world.close();
    world.run_for(secs(5));
    assert_eq!(world.abandoned, [silent]);
    assert_eq!(world.client.status(), Status::Ended { why: End::Application });
    assert!(matches!(world.events[1], Event::Unknown(..)), "the last words may be lost");
}

#[test]
fn a_close_while_connecting_or_waiting_ends_at_once() {
    let mut world = World::connecting(Config::default());
    let pending = world.conn();
    world.close();
    assert_eq!(world.abandoned, [pending]);
    assert_eq!(world.client.status().name(), "ended");

    let mut world = World::connecting(Config::default());
    world.cut();
    world.close();
    assert_eq!(world.client.status().name(), "ended");
    world.run_for(secs(3_600));
    assert_eq!(world.attempts.len(), 1, "an explicit close is never undone");
}

#[test]
fn closing_twice_closes_once() {
    let mut world = World::online(Config::default());
    world.close();
    world.close();
    world.close_from_afar(1000);
    world.close();
    assert_eq!(world.close_frames.len(), 1);
    assert_eq!(world.statuses(), ["closing", "ended"]);
}

#[test]
fn an_owner_that_goes_away_ends_the_line_at_once() {
    let mut world = World::online(Config::default());
    let open = world.conn();
    world.client.abandon(world.now);
    world.client.abandon(world.now);
    world.perform();
    assert_eq!(world.abandoned, [open]);
    assert_eq!(world.statuses(), ["ended"]);
    assert_eq!(world.client.poll_timeout(), None);
}

#[test]
fn a_page_may_send_only_some_codes_and_short_reasons() {
    let mut world = World::online(Config::default());
    for code in [0, 999, 1001, 1005, 1006, 2999, 5000, 65_535] {
        let refused = world.client.close(CloseCode(code), "", world.now);
        assert_eq!(refused, Err(CloseError::Code(CloseCode(code))));
    }
    let long = "ä".repeat(62);
    let refused = world.client.close(CloseCode::NORMAL, &long, world.now);
    assert_eq!(refused, Err(CloseError::ReasonTooLong { bytes: 124 }));
    assert_eq!(world.client.status().name(), "online", "a refused close changes nothing");
    let longest = &long[..122];
    world.client.close(CloseCode(4999), longest, world.now).unwrap();
    assert_eq!(world.client.status(), Status::Closing);
}

#[test]
fn each_close_code_means_what_the_table_says() {
    let ends = [
        1000, 1002, 1003, 1007, 1008, 1009, 1010, 1015, 3000, 3003, 4400, 4401, 4403, 4404, 4407,
        4409, 4428, 4430, 4450, 4499,
    ];
    let retries = [
        0, 1001, 1004, 1005, 1006, 1011, 1012, 1013, 1014, 1016, 2999, 3001, 3002, 4000, 4399,
        4408, 4429, 4500, 4549, 4999, 65_535,
    ];
    for code in ends {
        let mut world = World::online(Config::default());
        world.close_from_afar(code);
        let Status::Ended { why: End::Closed(closed) } = world.client.status() else {
            panic!("{code} must end the line")
        };
        assert_eq!(closed.code, code);
    }
    for code in retries {
        let mut world = World::online(Config::default());
        world.close_from_afar(code);
        assert_eq!(world.client.status().name(), "waiting", "{code} must be tried again");
    }
}

#[test]
fn an_application_may_judge_a_close_by_itself() {
    let (retry, end) = (Some(Verdict::Retry), Some(Verdict::End));
    for (code, judged, name) in
        [(1000, retry, "waiting"), (4000, end, "ended"), (1001, None, "waiting")]
    {
        let mut world = World::online(Config::default());
        world.close_judged(code, judged);
        assert_eq!(world.client.status().name(), name, "{code}");
    }
}

fn doubts(world: &World) -> usize {
    world.events.iter().filter(|event| matches!(event, Event::Unknown(..))).count()
}

#[test]
fn two_closes_that_cross_leave_the_last_words_in_doubt() {
    let mut world = World::online(Config::default());
    world.send("last words").unwrap();
    world.close();
    world.close_from_afar(1012);
    assert_eq!(doubts(&world), 1, "the far end closed by itself, and may not have read them");
    assert_eq!(world.client.status(), Status::Ended { why: End::Application });
}

#[test]
fn a_close_after_the_far_end_began_to_close_proves_nothing() {
    let mut world = World::online(Config::default());
    world.send("last words").unwrap();
    world.input(Input::PeerClosing(world.conn()));
    world.close();
    assert!(world.close_frames.is_empty(), "the socket closes already");
    world.close_from_afar(1000);
    assert_eq!(doubts(&world), 1);
}

#[test]
fn a_close_behind_a_slow_upload_waits_as_long_as_the_network_takes_it() {
    let mut world = World::online(Config::default());
    world.send(&"x".repeat(9_000_000)).unwrap();
    world.close();
    for left in [8_000_000, 5_000_000, 1_000_000] {
        world.run_for(millis(4_900));
        world.input(Input::Buffered(world.conn(), left));
    }
    world.close_from_afar(1000);
    assert!(world.abandoned.is_empty());
    assert_eq!(doubts(&world), 0);
}
