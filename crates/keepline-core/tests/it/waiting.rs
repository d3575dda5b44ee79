//! When a lost line is tried again: full jitter, forgetting, and a pace that nothing outruns.

use std::time::Duration;

use keepline_core::{Backoff, Closed, Config, Down, Instant, Status};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::{World, millis, secs};

const MINUTE: Duration = secs(60);

fn waits_after(failures: u32) -> Vec<Duration> {
    let unhurried = Backoff { attempts_per_minute: 1_000, ..Backoff::default() };
    let wait = |seed| {
        let config = Config { backoff: unhurried.clone(), ..Config::default() };
        let mut world = World::with_seed(config, seed);
        world.client.connect(world.now);
        world.perform();
        for _ in 1..failures {
            world.cut();
            world.run_to_next_attempt();
        }
        world.cut();
        let Status::Waiting { retry_at, attempt, .. } = world.client.status() else { panic!() };
        assert_eq!(attempt, failures + 1);
        retry_at - world.now
    };
    (0..400).map(wait).collect()
}

#[test]
fn the_wait_is_uniform_under_a_ceiling_that_doubles_to_thirty_seconds() {
    for (failures, ceiling) in [(1, 1_000), (2, 2_000), (3, 4_000), (5, 16_000), (6, 30_000)] {
        let (waits, ceiling) = (waits_after(failures), millis(ceiling));
        assert!(waits.iter().all(|wait| *wait <= ceiling), "after {failures}");
        for tenth in 0..10 {
            let (from, to) = (ceiling * tenth / 10, ceiling * (tenth + 1) / 10);
            let share = waits.iter().filter(|wait| (from..to).contains(*wait)).count();
            assert!((15..=75).contains(&share), "{share} of 400 in tenth {tenth} after {failures}");
        }
    }
}

#[test]
fn it_never_gives_up_by_counting() {
    let mut world = World::connecting(Config::default());
    for _ in 0..2_000 {
        world.cut();
        let Status::Waiting { retry_at, .. } = world.client.status() else { panic!() };
        assert!(retry_at - world.now <= MINUTE);
        world.run_to_next_attempt();
    }
}

#[test]
fn a_settled_line_that_is_lost_comes_back_promptly() {
    for seed in 0..100 {
        let mut world = World::with_seed(Config::default(), seed);
        world.client.connect(world.now);
        world.perform();
        world.cut();
        world.run_to_next_attempt();
        world.accept();
        world.run_for(secs(6));
        world.hear("hello");
        world.cut();
        let Status::Waiting { retry_at, attempt, why } = world.client.status() else { panic!() };
        assert!(retry_at - world.now <= millis(500));
        assert_eq!((attempt, why), (1, Down::Closed(Closed::abnormal())));
    }
}

#[test]
fn an_open_event_alone_does_not_forget_failures() {
    let mut world = World::connecting(Config::default());
    world.cut();
    world.run_to_next_attempt();
    world.accept();
    world.run_for(secs(60));
    world.cut();
    assert!(matches!(world.client.status(), Status::Waiting { attempt: 3, .. }));
}

#[test]
fn an_early_message_settles_the_line_after_five_seconds() {
    let mut world = World::connecting(Config::default());
    world.cut();
    world.run_to_next_attempt();
    world.accept();
    world.hear("welcome");
    world.run_for(millis(5_001));
    world.cut();
    assert!(matches!(world.client.status(), Status::Waiting { attempt: 1, .. }));
}

#[test]
fn a_message_before_five_seconds_does_not_settle_it() {
    let mut world = World::online(Config::default());
    world.hear("welcome");
    world.run_for(secs(4));
    world.hear("more");
    world.cut();
    assert!(matches!(world.client.status(), Status::Waiting { attempt: 2, .. }));
}

#[test]
fn a_server_that_closes_at_once_in_a_loop_is_not_hammered() {
    let mut world = World::connecting(Config::default());
    let start = world.now;
    while world.now - start < secs(3_600) {
        world.accept();
        world.hear("welcome, and goodbye");
        world.close_from_afar(1001);
        world.run_to_next_attempt();
    }
    assert!(world.attempts.len() < 300, "{} attempts in an hour", world.attempts.len());
}

#[test]
fn whatever_happens_twenty_attempts_a_minute_are_the_most() {
    let backoff = Backoff { base: millis(1), cap: millis(1), attempts_per_minute: 20 };
    let mut world = World::connecting(Config { backoff, ..Config::default() });
    for turn in 0..400 {
        world.cut();
        world.client.retry_now(world.now);
        world.perform();
        if turn % 3 > 0 {
            world.close();
            world.client.connect(world.now);
            world.perform();
        } else if world.client.status().name() == "waiting" {
            world.run_to_next_attempt();
        }
        world.run_for(millis(turn));
    }
    assert!(world.attempts.len() > 20, "attempts are made all the same");
    let most = most_in_a_minute(&world.attempts);
    assert!(most <= 20, "{most} attempts in a minute");
}

fn most_in_a_minute(attempts: &[Instant]) -> usize {
    let within =
        |from: Instant| attempts.iter().filter(|at| **at >= from && **at - from < MINUTE).count();
    attempts.iter().map(|from| within(*from)).max().unwrap_or(0)
}

#[test]
fn an_application_that_connects_and_closes_in_a_loop_is_slowed_down_by_name() {
    let mut world = World::connecting(Config::default());
    for _ in 0..100 {
        world.close();
        world.client.connect(world.now);
        world.perform();
    }
    assert_eq!(world.attempts.len(), 20);
    assert!(matches!(world.client.status(), Status::Waiting { why: Down::Paced, .. }));
    assert!(!world.client.can_hurry());
    world.run_to_next_attempt();
    assert_eq!(world.now - world.attempts[0], MINUTE);
}

#[test]
fn an_impatient_application_may_try_at_once() {
    let mut world = World::connecting(Config::default());
    assert!(!world.client.can_hurry());
    world.cut();
    assert!(world.client.can_hurry());
    world.client.retry_now(world.now);
    world.perform();
    assert_eq!(world.attempts, [world.now; 2]);
    world.client.retry_now(world.now);
    world.perform();
    assert_eq!(world.attempts.len(), 2, "an attempt is under way already");
}

#[test]
fn the_same_seed_gives_the_same_waits() {
    let run = |seed| {
        let mut world = World::with_seed(Config::default(), seed);
        world.client.connect(world.now);
        world.perform();
        for _ in 0..20 {
            world.cut();
            world.run_to_next_attempt();
        }
        world.attempts
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
