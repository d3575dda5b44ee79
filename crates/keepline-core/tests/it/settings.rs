//! Settings that contradict each other are refused, with the names of both.

use std::time::Duration;

use keepline_core::{Backoff, Client, Config, ConfigError, Limits, Probe};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::world::{millis, secs};

fn refusal(config: Config) -> ConfigError {
    Client::new(config, 0).expect_err("this configuration must be refused")
}

#[test]
fn the_defaults_fit_together() {
    assert!(Client::new(Config::default(), 0).is_ok());
}

#[test]
fn a_deadline_of_next_to_nothing_or_over_a_day_is_refused() {
    for wrong in [Duration::ZERO, Duration::from_nanos(999), secs(24 * 3_600 + 1), Duration::MAX] {
        let config = Config { connect_timeout: wrong, ..Config::default() };
        assert_eq!(refusal(config), ConfigError::Duration("connect_timeout"));
        let probe = Probe::text("ping", "pong").within(wrong);
        let config = Config { heartbeat: Some(probe), ..Config::default() };
        assert_eq!(refusal(config), ConfigError::Duration("heartbeat.within"));
    }
}

#[test]
fn a_cap_below_the_base_is_refused() {
    let backoff = Backoff { base: secs(2), cap: millis(1_999), ..Backoff::default() };
    assert_eq!(refusal(Config { backoff, ..Config::default() }), ConfigError::CapBelowBase);
}

#[test]
fn a_pace_of_zero_is_refused() {
    let backoff = Backoff { attempts_per_minute: 0, ..Backoff::default() };
    let error = refusal(Config { backoff, ..Config::default() });
    assert_eq!(error, ConfigError::Count("backoff.attempts_per_minute"));
}

#[test]
fn a_message_that_could_never_fit_is_refused() {
    let limits = Limits { outbox_bytes: 1_000, ..Limits::default() };
    let error = refusal(Config { limits, ..Config::default() });
    assert_eq!(error, ConfigError::MessageOver("limits.outbox_bytes"));
    assert!(error.to_string().contains("limits.message_bytes"));

    let limits = Limits { message_bytes: 3, ..Limits::default() };
    let heartbeat = Some(Probe::text("ping", "pong"));
    let error = refusal(Config { limits, heartbeat, ..Config::default() });
    assert_eq!(error, ConfigError::ProbeOverMessage);
}
