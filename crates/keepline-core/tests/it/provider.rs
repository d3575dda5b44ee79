//! A provider says before each attempt where it leads.

use keepline_core::{Config, Down, End, Input, NotProvided, Provision, Status, Verdict};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::{World, millis, secs};

fn with_provider() -> Config {
    Config { provider: true, ..Config::default() }
}

/// The refusals after which another attempt is worth it only with other credentials.
const REFUSALS: [u16; 5] = [1008, 3000, 3003, 4401, 4403];

impl World {
    fn provide(&mut self, given: Result<Provision, NotProvided>) {
        self.input(Input::Provided(self.conn(), given));
    }

    fn give(&mut self) {
        self.provide(Ok(Provision::default()));
        self.accept();
    }

    fn end(&self) -> End {
        match self.client.status() {
            Status::Ended { why } => why,
            other => panic!("{other}"),
        }
    }

    fn is_waiting_for(&self, wanted: &Down) -> bool {
        matches!(self.client.status(), Status::Waiting { why, .. } if why == *wanted)
    }
}

#[test]
fn a_provider_that_never_answers_is_named_when_the_attempt_fails() {
    let mut world = World::connecting(with_provider());
    world.run_for(secs(8));
    assert!(world.is_waiting_for(&Down::ProviderSilent));
    world.run_to_next_attempt();
    world.provide(Ok(Provision::default()));
    world.run_for(secs(8));
    assert!(world.is_waiting_for(&Down::TimedOut), "now it is the server that hangs");
}

#[test]
fn a_provider_that_is_nearly_too_slow_leaves_the_handshake_all_its_time() {
    let mut world = World::connecting(with_provider());
    world.run_for(millis(7_900));
    world.provide(Ok(Provision::default()));
    world.run_for(millis(7_900));
    assert_eq!((world.client.status().name(), world.attempts.len()), ("connecting", 1));
    world.accept();
    assert_eq!(world.client.status().name(), "online");
}

/// As of a page whose timers ring late: what has come may only not have been read.
#[test]
fn the_handshake_is_excused_as_well_as_the_provider_for_an_alarm_that_rings_late() {
    let mut world = World::connecting(with_provider());
    world.now = world.now + secs(9);
    world.client.handle_timeout(world.now);
    world.provide(Ok(Provision::default()));
    world.now = world.now + secs(9);
    world.client.handle_timeout(world.now);
    assert_eq!((world.client.status().name(), world.attempts.len()), ("connecting", 1));
}

#[test]
fn an_answer_that_comes_late_does_nothing() {
    let mut world = World::connecting(with_provider());
    let stop = || Err(NotProvided::Stop("late".to_owned()));
    world.run_for(secs(8));
    world.provide(stop());
    assert!(world.is_waiting_for(&Down::ProviderSilent));
    world.run_to_next_attempt();
    world.close();
    let told = world.events.len();
    world.provide(stop());
    world.provide(Ok(Provision::default()));
    assert_eq!(world.events.len(), told);
    assert_eq!(world.end(), End::Application);
}

#[test]
fn a_provider_that_fails_is_asked_again_with_a_backoff() {
    let mut world = World::connecting(with_provider());
    for failure in 1..=10 {
        world.provide(Err(NotProvided::TryAgain("the token server is down".to_owned())));
        assert!(world.is_waiting_for(&Down::NotProvided("the token server is down".to_owned())));
        let Status::Waiting { attempt, .. } = world.client.status() else { panic!() };
        assert_eq!(attempt, failure + 1);
        world.run_to_next_attempt();
    }
    assert!(world.now - world.attempts[0] > secs(10), "it is not hammered");
}

#[test]
fn a_provider_ends_the_line_with_its_reason() {
    let ends = [
        (NotProvided::Stop("logged out".to_owned()), End::NotProvided("logged out".to_owned())),
        (NotProvided::Unusable("no URL".to_owned()), End::BadEndpoint("no URL".to_owned())),
    ];
    for (given, end) in ends {
        let mut world = World::connecting(with_provider());
        world.provide(Err(given));
        assert_eq!(world.end(), end);
        world.run_for(secs(3_600));
        assert_eq!(world.attempts.len(), 1);
    }
}

#[test]
fn refused_credentials_end_the_line_unless_a_provider_may_have_others() {
    for code in REFUSALS {
        let mut world = World::online(Config::default());
        world.close_from_afar(code);
        assert!(matches!(world.end(), End::Closed(closed) if closed.code == code));

        let mut world = World::connecting(with_provider());
        world.give();
        assert!(!world.client.was_refused());
        world.close_from_afar(code);
        world.run_to_next_attempt();
        assert!(world.client.was_refused(), "the provider can know that it is to give others");
        world.give();
        world.close_from_afar(code);
        assert!(
            matches!(world.end(), End::Closed(closed) if closed.code == code),
            "once is enough"
        );
    }
}

#[test]
fn a_provider_is_asked_once_more_after_the_line_has_proven_its_life() {
    let mut world = World::connecting(with_provider());
    for _ in 0..5 {
        world.give();
        world.hear("hello");
        world.run_for(secs(6));
        world.close_from_afar(4401);
        world.run_to_next_attempt();
    }
    world.give();
    world.hear("hello");
    world.close_from_afar(4401);
    assert!(matches!(world.end(), End::Closed(_)), "it had not settled");
}

#[test]
fn a_provider_does_not_change_what_other_codes_mean() {
    for (code, ends) in [(1002, true), (4400, true), (4408, false), (1011, false)] {
        let mut world = World::connecting(with_provider());
        world.give();
        world.close_from_afar(code);
        assert_eq!(matches!(world.client.status(), Status::Ended { .. }), ends, "{code}");
    }
}

#[test]
fn the_application_judges_refusals_before_the_provider_is_asked() {
    let mut world = World::connecting(with_provider());
    world.give();
    world.close_judged(4401, Some(Verdict::End));
    assert!(matches!(world.end(), End::Closed(_)));

    let mut world = World::connecting(with_provider());
    for _ in 0..3 {
        world.give();
        world.close_judged(4401, Some(Verdict::Retry));
        world.run_to_next_attempt();
    }
}
