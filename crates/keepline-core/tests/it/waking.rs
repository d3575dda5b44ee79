//! How a plain line is looked after when the page wakes, and left alone when it stands still.

use std::time::Duration;

use keepline_core::{
    Client, Config, ConfigError, Doubt, Down, Event, Input, Instant, Notice, Probe, Status, Wake,
    Waking,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::{World, millis, secs, text};

const EVERY_WAKE: [Wake; 5] =
    [Wake::Shown, Wake::Restored, Wake::Resumed, Wake::NetworkUp, Wake::Slept(secs(3_600))];

fn probing() -> Config {
    Config { heartbeat: Some(Probe::text("ping", "pong")), ..Config::default() }
}

impl World {
    fn notices(&mut self, notice: Notice) {
        self.input(Input::Noticed(notice));
    }

    fn wakes(&mut self, wake: Wake) {
        self.notices(Notice::Woke(wake));
    }

    /// A client that has failed so often that it waits for long.
    fn waiting() -> Self {
        let mut world = Self::connecting(Config::default());
        loop {
            world.cut();
            if world.retry_in() > secs(10) {
                return world;
            }
            world.run_to_next_attempt();
            // Far from the pace.
            world.run_for(secs(4));
        }
    }

    fn retry_in(&self) -> Duration {
        self.retry_at() - self.now
    }

    fn retry_at(&self) -> Instant {
        match self.client.status() {
            Status::Waiting { retry_at, .. } => retry_at,
            status => panic!("{status} is no wait"),
        }
    }

    fn waits_for(&self) -> Down {
        match self.client.status() {
            Status::Waiting { why, .. } => why,
            status => panic!("{status} is no wait"),
        }
    }
}

#[test]
fn whoever_wakes_hurries_a_line_that_waits() {
    for wake in EVERY_WAKE {
        let mut world = World::waiting();
        let made = world.attempts.len();
        world.wakes(wake);
        assert!(world.retry_in() <= millis(200), "{wake:?}");
        world.run_for(millis(200));
        assert_eq!(world.attempts.len(), made + 1, "{wake:?}");
    }
}

#[test]
fn many_pages_that_wake_together_do_not_try_in_step() {
    let retry_in = |seed| {
        let mut world = World::with_seed(Config::default(), seed);
        world.client.connect(world.now);
        world.perform();
        (0..5).for_each(|_| {
            world.cut();
            world.run_to_next_attempt();
        });
        world.cut();
        world.wakes(Wake::NetworkUp);
        world.retry_in()
    };
    let waits: std::collections::BTreeSet<Duration> = (0..50).map(retry_in).collect();
    assert!(waits.len() > 40, "{waits:?}");
}

#[test]
fn waking_again_and_again_keeps_to_the_pace() {
    let mut world = World::connecting(Config::default());
    for _ in 0..1_000 {
        if world.client.status().name() == "connecting" {
            world.cut();
        }
        world.wakes(Wake::Shown);
        world.run_for(millis(100));
    }
    // A hundred seconds.
    assert!((20..=40).contains(&world.attempts.len()), "{}", world.attempts.len());
}

#[test]
fn a_line_that_was_closed_is_not_opened_by_waking() {
    for wake in EVERY_WAKE {
        let mut world = World::settled(Config::default());
        world.close();
        world.wakes(wake);
        assert_eq!(world.client.status(), Status::Closing);
        world.close_from_afar(1000);
        world.wakes(wake);
        world.notices(Notice::NetworkDown);
        world.notices(Notice::Suspended);
        world.wakes(wake);
        world.run_for(secs(3_600));
        assert_eq!(world.client.status().name(), "ended");
        assert_eq!(world.attempts.len(), 1);

        let mut world = World::at_rest(Config::default());
        world.wakes(wake);
        assert_eq!(world.client.status(), Status::Idle);
    }
}

#[test]
fn a_quiet_line_is_probed_on_waking_and_must_answer_within_two_and_a_half_seconds() {
    for wake in EVERY_WAKE {
        let mut world = World::settled(probing());
        world.run_for(secs(5));
        world.wakes(wake);
        assert_eq!(world.on_this_socket(), [&text("ping")], "{wake:?}");
        world.run_for(millis(2_499));
        assert_eq!(world.client.status().name(), "online");
        world.run_for(millis(1));
        assert_eq!(world.waits_for(), Down::Silent);
        assert!(world.retry_in() <= millis(200), "it is the page that slept, not the server");

        let mut world = World::settled(probing());
        world.run_for(secs(5));
        world.wakes(wake);
        world.run_for(millis(2_499));
        world.hear("pong");
        world.run_for(secs(9));
        assert_eq!(world.attempts.len(), 1, "{wake:?}");
    }
}

#[test]
fn a_line_that_has_just_heard_something_is_not_probed_unless_the_world_has_changed() {
    // What was read last may have come before the machine slept, or by another network.
    for wake in [Wake::Slept(secs(31)), Wake::Resumed, Wake::NetworkUp] {
        let mut world = World::settled(probing());
        world.run_for(millis(4_999));
        world.wakes(Wake::Shown);
        assert!(world.transmitted.is_empty());
        world.wakes(wake);
        assert_eq!(world.on_this_socket(), [&text("ping")], "{wake:?}");
    }
}

#[test]
fn waking_twice_asks_once() {
    let mut world = World::settled(probing());
    world.run_for(secs(6));
    for _ in 0..3 {
        world.wakes(Wake::Resumed);
        world.run_for(millis(800));
    }
    assert_eq!(world.on_this_socket(), [&text("ping")]);
    world.run_for(millis(100));
    assert_eq!(world.waits_for(), Down::Silent, "two and a half seconds after the first");
}

#[test]
fn a_probe_of_its_own_patience_is_not_given_more_on_waking() {
    let probe = Probe::text("ping", "pong").within(secs(1));
    let mut world = World::settled(Config { heartbeat: Some(probe), ..Config::default() });
    world.run_for(secs(6));
    world.wakes(Wake::Shown);
    world.run_for(secs(1));
    assert_eq!(world.waits_for(), Down::Silent);
}

#[test]
fn without_a_probe_a_line_is_replaced_after_a_sleep_only() {
    for (wake, is_replaced) in [
        (Wake::Shown, false),
        (Wake::NetworkUp, false),
        (Wake::Slept(secs(30)), false),
        (Wake::Slept(millis(30_001)), true),
        (Wake::Resumed, true),
        (Wake::Restored, true),
    ] {
        let mut world = World::settled(Config::default());
        world.send("in doubt").unwrap();
        world.events.clear();
        world.wakes(wake);
        assert_eq!(world.abandoned.len(), usize::from(is_replaced), "{wake:?}");
        if is_replaced {
            assert!(matches!(world.events[0], Event::Unknown(_, Doubt::LineLost)));
            assert_eq!(world.waits_for(), Down::Slept);
            world.run_for(millis(500));
            assert_eq!(world.attempts.len(), 2);
        }
    }
}

#[test]
fn a_handshake_that_a_sleep_has_outlasted_begins_again() {
    let mut world = World::connecting(Config::default());
    let asleep = world.conn();
    world.now = world.now + secs(3_600);
    world.wakes(Wake::Slept(secs(3_600)));
    assert_eq!(world.abandoned, [asleep]);
    assert_eq!(world.client.status(), Status::Connecting { attempt: 1 }, "nothing has failed");
    world.run_for(millis(7_999));
    world.accept();
    assert_eq!(world.client.status().name(), "online");
}

#[test]
fn a_handshake_that_still_has_time_is_left_alone() {
    let mut world = World::connecting(Config::default());
    world.run_for(secs(7));
    world.wakes(Wake::Resumed);
    world.accept();
    assert_eq!((world.attempts.len(), world.abandoned.len()), (1, 0));
}

#[test]
fn a_handshake_into_the_void_begins_again_when_the_network_returns() {
    let mut world = World::at_rest(Config::default());
    world.notices(Notice::NetworkDown);
    world.client.connect(world.now);
    world.perform();
    assert_eq!(world.attempts.len(), 1, "the first attempt is made whatever the browser believes");
    world.run_for(secs(2));
    world.wakes(Wake::NetworkUp);
    assert_eq!((world.attempts.len(), world.abandoned.len()), (2, 1));
}

#[test]
fn an_alarm_that_rings_late_asks_again_instead_of_believing_in_silence() {
    let mut world = World::settled(probing());
    world.run_for(secs(10));
    assert_eq!(world.on_this_socket().len(), 1);
    // The page was busy for a minute; the answer waits to be read.
    world.now = world.now + secs(60);
    world.ring();
    assert_eq!(world.client.status().name(), "online");
    world.hear("pong");
    world.run_for(secs(9));
    assert_eq!(world.attempts.len(), 1);
}

#[test]
fn an_alarm_that_rings_a_little_late_lets_the_page_read_first() {
    for late in [1, 49, 300, 999] {
        let mut world = World::settled(probing());
        world.run_for(millis(14_999));
        world.now = world.now + millis(1 + late);
        world.ring();
        assert_eq!(world.client.status().name(), "online", "{late}");
        world.run_for(millis(late.max(50)));
        assert_eq!(world.waits_for(), Down::Silent, "{late}");
    }
}

#[test]
fn a_page_that_naps_again_reads_the_answer_before_it_gives_up() {
    let mut world = World::settled(probing());
    world.run_for(secs(10));
    for nap in [secs(60), secs(5)] {
        world.now = world.now + nap;
        world.ring();
        assert_eq!(world.client.status().name(), "online");
    }
    world.hear("pong");
    world.run_for(secs(9));
    assert_eq!(world.attempts.len(), 1);
}

#[test]
fn an_alarm_that_always_rings_late_is_believed_the_third_time() {
    let mut world = World::settled(probing());
    let mut minutes = 0;
    while world.client.status().name() == "online" {
        minutes += 1;
        world.now = world.now + secs(60);
        world.ring();
    }
    // One to probe, one to ask again, one to read the answer, one to give up.
    assert_eq!(minutes, 4);
}

#[test]
fn a_handshake_whose_end_waits_to_be_read_is_not_given_up() {
    let mut world = World::connecting(Config::default());
    world.now = world.now + secs(60);
    world.ring();
    world.accept();
    assert_eq!(world.client.status().name(), "online");

    let mut world = World::connecting(Config::default());
    world.now = world.now + secs(60);
    world.ring();
    world.now = world.now + secs(60);
    world.ring();
    assert_eq!(world.waits_for(), Down::TimedOut, "once is enough");
}

#[test]
fn without_a_network_retries_are_seldom_and_the_status_says_why() {
    let mut world = World::connecting(Config::default());
    world.cut();
    world.notices(Notice::NetworkDown);
    assert_eq!(world.waits_for(), Down::Offline);
    let wait = world.retry_in();
    assert!((secs(15)..=secs(30)).contains(&wait), "{wait:?}");
    let before = world.attempts.len();
    for _ in 0..20 {
        // The browser may be wrong.
        world.run_to_next_attempt();
        world.cut();
        assert_eq!(world.waits_for(), Down::Offline);
    }
    let made = world.attempts.len() - before;
    assert_eq!(made, 20);
    world.wakes(Wake::NetworkUp);
    assert!(world.retry_in() <= millis(200));
    world.run_for(millis(200));
    world.cut();
    assert!(world.retry_in() <= secs(1), "what failed without a network is forgotten");
}

#[test]
fn an_open_line_is_not_closed_because_the_browser_believes_there_is_no_network() {
    let mut world = World::settled(Config::default());
    world.notices(Notice::NetworkDown);
    world.hear("of course there is");
    world.run_for(secs(60));
    assert_eq!(world.client.status().name(), "online");
    world.cut();
    assert_eq!(world.waits_for(), Down::Offline);
}

#[test]
fn a_line_that_opens_belies_what_the_browser_said_of_the_network() {
    let mut world = World::connecting(Config::default());
    world.notices(Notice::NetworkDown);
    world.accept();
    world.run_for(secs(6));
    world.hear("hello");
    world.cut();
    assert!(world.retry_in() <= millis(500));
}

#[test]
fn nothing_is_tried_while_the_page_stands_still() {
    for since in ["online", "connecting", "waiting"] {
        let mut world = match since {
            "online" => World::settled(Config::default()),
            "connecting" => World::connecting(Config::default()),
            _ => World::waiting(),
        };
        let made = world.attempts.len();
        world.notices(Notice::Suspended);
        assert_eq!(world.waits_for(), Down::Suspended);
        assert_eq!(world.abandoned.len(), usize::from(since != "waiting"));
        world.run_for(secs(12 * 3_600));
        assert_eq!(world.attempts.len(), made, "{since}");
        world.wakes(Wake::Restored);
        world.run_for(millis(200));
        assert_eq!(world.attempts.len(), made + 1, "{since}");
        world.accept();
        assert_eq!(world.client.status().name(), "online");
    }
}

#[test]
fn a_page_that_stands_still_in_a_closing_handshake_does_not_come_back() {
    let mut world = World::settled(Config::default());
    world.close();
    world.notices(Notice::Suspended);
    world.now = world.now + secs(600);
    world.ring();
    world.wakes(Wake::Restored);
    world.run_for(secs(60));
    assert_eq!(world.client.status().name(), "ended");
    assert_eq!(world.attempts.len(), 1);
}

#[test]
fn a_page_that_was_left_and_lives_on_gets_its_line_back() {
    let mut world = World::settled(Config::default());
    world.notices(Notice::Left);
    assert_eq!((world.waits_for(), world.abandoned.len()), (Down::Suspended, 1));
    world.run_for(millis(500));
    assert_eq!(world.attempts.len(), 2);
}

#[test]
fn a_hidden_page_may_probe_more_seldom() {
    let probe = Probe::text("ping", "pong").hidden_idle(secs(50));
    let mut world = World::settled(Config { heartbeat: Some(probe), ..Config::default() });
    world.notices(Notice::Hidden);
    world.run_for(millis(49_999));
    assert!(world.transmitted.is_empty());
    world.run_for(millis(1));
    assert_eq!(world.on_this_socket(), [&text("ping")]);
    world.hear("pong");
    world.run_for(secs(20));
    world.wakes(Wake::Shown);
    assert_eq!(world.on_this_socket().len(), 2, "somebody looks");
    world.hear("pong");
    world.run_for(secs(10));
    assert_eq!(world.on_this_socket().len(), 3);
}

#[test]
fn a_glance_at_a_hidden_page_that_has_just_heard_something_brings_the_usual_probe_back() {
    let probe = Probe::text("ping", "pong").hidden_idle(secs(50));
    let mut world = World::settled(Config { heartbeat: Some(probe), ..Config::default() });
    world.notices(Notice::Hidden);
    world.hear("news");
    world.wakes(Wake::Shown);
    world.run_for(secs(10));
    assert_eq!(world.on_this_socket().len(), 1);
}

#[test]
fn settings_of_waking_that_contradict_others_are_refused() {
    let refusal = |config: Config| Client::new(config, 0).expect_err("it must be refused");
    let heartbeat = Some(Probe::text("ping", "pong").hidden_idle(secs(9)));
    let error = refusal(Config { heartbeat, ..Config::default() });
    assert_eq!(error, ConfigError::HiddenBelowIdle);
    assert_eq!(error.to_string(), "heartbeat.hidden_idle is below heartbeat.idle");

    let waking = Waking { within: Duration::ZERO, ..Waking::default() };
    let error = refusal(Config { waking, ..Config::default() });
    assert_eq!(error, ConfigError::Duration("waking.within"));
}
