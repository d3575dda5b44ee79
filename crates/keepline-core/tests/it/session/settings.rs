//! Settings of a session that contradict each other are refused, with the name of what is wrong.

use std::time::Duration;

use keepline_core::wire::{MAX_NUMBER, Window};
use keepline_core::{
    Client, Config, ConfigError, Limits, Probe, ServerConfig, SessionConfig, Sessions,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::session;
use crate::world::secs;

fn refusal(config: Config) -> ConfigError {
    Client::new(config, 0).expect_err("this configuration must be refused")
}

fn server_refusal(config: ServerConfig) -> ConfigError {
    Sessions::new(config, 0).expect_err("this configuration must be refused")
}

fn windows_that_cannot_be() -> [Window; 5] {
    let window = Window::default();
    [
        Window { messages: 0, ..window },
        Window { bytes: 0, ..window },
        Window { message_bytes: 0, ..window },
        Window { bytes: window.message_bytes - 1, ..window },
        Window { messages: MAX_NUMBER, ..window },
    ]
}

#[test]
fn the_defaults_fit_together() {
    assert!(Client::new(session(), 0).is_ok());
    assert!(Sessions::new(ServerConfig::default(), 0).is_ok());
}

#[test]
fn a_window_that_lets_no_message_pass_is_refused() {
    for window in windows_that_cannot_be() {
        let session = Some(SessionConfig { window, ..SessionConfig::default() });
        assert_eq!(refusal(Config { session, ..Config::default() }), ConfigError::Window);
        let server = ServerConfig { window, ..ServerConfig::default() };
        assert_eq!(server_refusal(server), ConfigError::Window);
    }
}

#[test]
fn a_queue_that_does_not_hold_the_window_is_refused_by_name() {
    let limits = |change: fn(&mut Limits)| {
        let mut limits = Limits { message_bytes: 1_000, ..Limits::default() };
        change(&mut limits);
        refusal(Config { limits, ..session() })
    };
    let refused = [
        (limits(|it| it.inbox_messages = 4_095), "limits.inbox_messages"),
        (limits(|it| it.inbox_bytes = (1 << 20) - 1), "limits.inbox_bytes"),
        (limits(|it| it.outbox_bytes = (256 << 10) - 1), "limits.outbox_bytes"),
    ];
    for (error, field) in refused {
        assert_eq!(error, ConfigError::WindowOver(field));
        assert!(error.to_string().contains(field));
    }
}

#[test]
fn a_probe_and_a_session_exclude_each_other() {
    let heartbeat = Some(Probe::text("ping", "pong"));
    assert_eq!(refusal(Config { heartbeat, ..session() }), ConfigError::ProbeInSession);
}

#[test]
fn a_server_that_could_hold_nothing_is_refused_by_name() {
    let with = |change: fn(&mut ServerConfig)| {
        let mut config = ServerConfig::default();
        change(&mut config);
        server_refusal(config)
    };
    let refused = [
        (with(|it| it.outbox_messages = 0), "outbox_messages"),
        (with(|it| it.returns_per_second = 0), "returns_per_second"),
        (with(|it| it.sessions = 0), "sessions"),
        (with(|it| it.sessions_per_subject = 0), "sessions_per_subject"),
    ];
    for (error, field) in refused {
        assert_eq!(error, ConfigError::Count(field));
        assert!(error.to_string().contains(field));
    }
    let too_little = [
        (with(|it| it.total_bytes = (4 << 20) - 1), "total_bytes"),
        (with(|it| it.anonymous_bytes = (4 << 20) - 1), "anonymous_bytes"),
        (with(|it| it.bytes_per_subject = (4 << 20) - 1), "bytes_per_subject"),
        (with(|it| (it.total_bytes, it.outbox_bytes) = (290 << 10, 256 << 10)), "total_bytes"),
    ];
    for (error, field) in too_little {
        assert_eq!(error, ConfigError::TooLittle(field));
        assert!(error.to_string().contains(field));
    }
    let narrow = with(|it| it.outbox_bytes = (256 << 10) - 1);
    assert_eq!(narrow, ConfigError::WindowOver("outbox_bytes"));
}

#[test]
fn a_deadline_of_zero_or_over_a_day_is_refused_by_name() {
    type Field = fn(&mut ServerConfig) -> &mut Duration;
    let fields: [(Field, &'static str); 7] = [
        (|it| &mut it.hello_within, "hello_within"),
        (|it| &mut it.ping, "ping"),
        (|it| &mut it.client_silence, "client_silence"),
        (|it| &mut it.silence, "silence"),
        (|it| &mut it.close_timeout, "close_timeout"),
        (|it| &mut it.hold, "hold"),
        (|it| &mut it.tombstone_hold, "tombstone_hold"),
    ];
    for (field, name) in fields {
        for wrong in [Duration::ZERO, secs(86_401)] {
            let mut config = ServerConfig::default();
            *field(&mut config) = wrong;
            assert_eq!(server_refusal(config), ConfigError::Duration(name));
        }
    }
}

#[test]
fn a_ping_that_comes_after_the_line_is_given_up_is_refused() {
    for (silence, client_silence) in [(secs(9), secs(15)), (secs(25), secs(9))] {
        let config = ServerConfig { silence, client_silence, ..ServerConfig::default() };
        assert_eq!(server_refusal(config), ConfigError::Duration("ping"));
    }
}
