//! Why a handshake has failed is looked into, and heeded.

use std::time::Duration;

use keepline_core::{
    Backoff, Closed, Config, ConnId, Diagnosis, Down, End, Input, NotProvided, Provision, Status,
    Verdict,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::{World, secs};

fn curious() -> Config {
    Config { diagnosis: true, ..Config::default() }
}

/// One whose waits are an hour at most, so that an answer comes while it waits.
fn patient() -> Config {
    let hour = secs(3_600);
    Config { backoff: Backoff { base: hour, cap: hour, ..Backoff::default() }, ..curious() }
}

const fn status(status: u16) -> Diagnosis {
    Diagnosis::Answered { status, retry_after: None }
}

const fn busy(status: u16, after: u64) -> Diagnosis {
    Diagnosis::Answered { status, retry_after: Some(secs(after)) }
}

impl World {
    fn inquiry(&self) -> ConnId {
        *self.inquiries.last().expect("a handshake is looked into")
    }

    fn find(&mut self, found: Diagnosis) {
        self.input(Input::Diagnosed(self.inquiry(), found, None));
    }

    fn why(&self) -> Down {
        match self.client.status() {
            Status::Waiting { why, .. } => why,
            other => panic!("{other}"),
        }
    }

    fn waits(&self) -> Duration {
        match self.client.status() {
            Status::Waiting { retry_at, .. } => retry_at - self.now,
            other => panic!("{other}"),
        }
    }

    fn is_diagnosed(&self, found: Diagnosis) -> bool {
        self.client.status() == Status::Ended { why: End::Diagnosed(found) }
    }
}

#[test]
fn nothing_is_looked_into_unless_asked_for() {
    let mut world = World::connecting(Config::default());
    world.cut();
    assert!(world.inquiries.is_empty());
    let found = Input::Diagnosed(world.conn(), status(401), Some(Verdict::End));
    world.input(found);
    assert!(matches!(world.why(), Down::Closed(_)));
}

#[test]
fn what_another_attempt_cannot_mend_ends_the_line() {
    for found in [status(401), status(403), Diagnosis::MixedContent] {
        let mut world = World::connecting(patient());
        world.cut();
        world.find(found);
        assert!(world.is_diagnosed(found));
        world.run_for(secs(10_000));
        assert_eq!(world.attempts.len(), 1);
    }
}

#[test]
fn what_may_pass_is_named_and_tried_again() {
    let hints = [200, 400, 404, 405, 426, 429, 500, 502, 503].map(status);
    let others = [Diagnosis::Redirected, Diagnosis::Opaque, Diagnosis::Unreachable];
    for found in hints.into_iter().chain(others) {
        let mut world = World::connecting(patient());
        world.cut();
        let wait = world.waits();
        world.find(found);
        assert_eq!((world.why(), world.waits()), (Down::Diagnosed(found), wait));
    }
}

#[test]
fn what_nobody_knows_changes_nothing() {
    let mut world = World::connecting(patient());
    world.cut();
    let told = world.events.len();
    world.find(Diagnosis::Unknown);
    assert_eq!(world.why(), Down::Closed(Closed::abnormal()));
    assert_eq!(world.events.len(), told);
}

#[test]
fn a_server_that_says_when_to_return_is_believed_within_reason() {
    for code in [429, 503] {
        let mut world = World::connecting(curious());
        world.cut();
        world.find(busy(code, 120));
        assert!((secs(120)..=secs(132)).contains(&world.waits()), "{:?}", world.waits());
        assert!(!world.client.can_hurry());
        world.client.retry_now(world.now);
        assert!(world.waits() >= secs(120), "whoever is impatient waits as well");
        world.run_to_next_attempt();
        world.cut();
        assert_eq!(world.inquiries.len(), 2, "it is asked anew whether it is still busy");
        world.find(busy(code, 1_000_000));
        assert!(world.waits() <= secs(3_600 + 360));
    }
    let mut world = World::connecting(curious());
    world.cut();
    let wait = world.waits();
    world.find(busy(500, 120));
    assert_eq!(world.waits(), wait, "only 429 and 503 say when");
}

#[test]
fn an_answer_that_comes_during_the_next_attempt_counts_if_that_fails_too() {
    let mut world = World::connecting(curious());
    world.cut();
    world.run_to_next_attempt();
    world.find(status(401));
    assert_eq!(world.client.status(), Status::Connecting { attempt: 2 });
    world.cut();
    assert!(world.is_diagnosed(status(401)));

    let mut world = World::connecting(curious());
    world.cut();
    world.run_to_next_attempt();
    world.find(status(401));
    world.accept();
    world.cut();
    assert!(!matches!(world.client.status(), Status::Ended { .. }), "it has opened since");
}

#[test]
fn an_answer_about_a_line_that_has_opened_since_does_nothing() {
    let mut world = World::connecting(curious());
    world.cut();
    world.run_to_next_attempt();
    world.accept();
    world.find(status(403));
    assert_eq!(world.client.status().name(), "online");
    world.close();
    world.find(status(403));
    assert_eq!(world.client.status(), Status::Closing);
}

/// A captive portal, say, that is long forgotten.
#[test]
fn what_was_found_before_a_handshake_succeeded_does_not_end_the_line_hours_later() {
    let mut world = World::connecting(curious());
    world.cut();
    world.run_to_next_attempt();
    world.find(status(403));
    world.accept();
    world.run_for(secs(5 * 3_600));
    world.cut();
    world.run_to_next_attempt();
    world.cut();
    assert_eq!(world.client.status().name(), "waiting");
    assert_eq!(world.inquiries.len(), 2, "it is looked into anew");
}

#[test]
fn a_server_in_trouble_is_not_asked_more_often_than_the_longest_backoff() {
    let mut world = World::connecting(curious());
    let start = world.now;
    while world.now - start < secs(600) {
        world.cut();
        if world.inquiries.last() == Some(&world.conn()) {
            world.find(Diagnosis::Unreachable);
        }
        world.run_to_next_attempt();
    }
    let asked = world.inquiries.len();
    assert!((5..=20).contains(&asked), "{asked} times in ten minutes");
}

#[test]
fn one_handshake_at_a_time_is_looked_into() {
    let mut world = World::connecting(curious());
    for _ in 0..30 {
        world.cut();
        world.run_to_next_attempt();
    }
    assert_eq!(world.inquiries.len(), 1, "the first was never answered");
}

#[test]
fn a_handshake_that_hangs_is_looked_into_as_well() {
    let mut world = World::connecting(curious());
    world.run_for(secs(8));
    assert_eq!(world.inquiries.len(), 1);
    assert_eq!(world.why(), Down::TimedOut);
}

#[test]
fn a_line_that_was_open_is_not_looked_into_before_it_fails_to_open() {
    let mut world = World::settled(curious());
    world.cut();
    assert!(world.inquiries.is_empty());
    world.run_to_next_attempt();
    world.cut();
    assert_eq!(world.inquiries.len(), 1);
}

#[test]
fn the_application_may_judge_what_was_found() {
    let mut world = World::connecting(patient());
    world.cut();
    let judged = Input::Diagnosed(world.inquiry(), status(404), Some(Verdict::End));
    world.input(judged);
    assert!(world.is_diagnosed(status(404)), "it knows that there is an HTTP route as well");

    let mut world = World::connecting(patient());
    world.cut();
    let judged = Input::Diagnosed(world.inquiry(), status(403), Some(Verdict::Retry));
    world.input(judged);
    assert_eq!(world.why(), Down::Diagnosed(status(403)));
}

#[test]
fn a_provider_is_asked_once_more_for_credentials_that_http_refuses() {
    for code in [401, 403] {
        let mut world = World::connecting(Config { provider: true, ..patient() });
        let give = |world: &mut World| {
            world.input(Input::Provided(world.conn(), Ok(Provision::default())));
        };
        give(&mut world);
        world.cut();
        world.find(status(code));
        assert_eq!(world.why(), Down::Diagnosed(status(code)));
        assert!(world.client.was_refused());
        world.run_to_next_attempt();
        give(&mut world);
        world.cut();
        assert_eq!(world.inquiries.len(), 2);
        world.find(status(code));
        assert!(world.is_diagnosed(status(code)));
    }
}

#[test]
fn a_provider_that_fails_is_no_handshake_that_failed() {
    let mut world = World::connecting(Config { provider: true, ..curious() });
    let down = NotProvided::TryAgain("the token server is down".to_owned());
    world.input(Input::Provided(world.conn(), Err(down)));
    world.run_to_next_attempt();
    world.run_for(secs(8));
    assert_eq!(world.why(), Down::ProviderSilent);
    assert!(world.inquiries.is_empty());
}
