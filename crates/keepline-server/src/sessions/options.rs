//! What a server may be told of its sessions; the flags of the binary.

use std::time::Duration;

use clap::Args;
use keepline_core::wire::Window;
use keepline_core::{ConfigError, ServerConfig};

use crate::options::{bytes, seconds};

/// How a server holds sessions: their bounds, and all of them together.
///
/// The defaults are safe on the public internet, and those of
/// [`keepline_core::ServerConfig`].
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct SessionOptions {
    /// The largest message of a session, either way.
    #[arg(long, env = "KEEPLINE_SESSION_MESSAGE", value_name = "BYTES", default_value = "256KiB")]
    #[arg(value_parser = bytes)]
    pub session_message: usize,

    /// The most messages that a client may have in flight.
    #[arg(long, env = "KEEPLINE_SESSION_WINDOW", value_name = "MESSAGES", default_value_t = 4_096)]
    pub session_window: u32,

    /// The most bytes that a client may have in flight; not below the largest message.
    #[arg(
        long,
        env = "KEEPLINE_SESSION_WINDOW_BYTES",
        value_name = "BYTES",
        default_value = "1MiB"
    )]
    #[arg(value_parser = bytes)]
    pub session_window_bytes: usize,

    /// The most bytes that wait for one client, queued and unacknowledged together.
    #[arg(long, env = "KEEPLINE_SESSION_OUTBOX", value_name = "BYTES", default_value = "4MiB")]
    #[arg(value_parser = bytes)]
    pub session_outbox: usize,

    /// The most bytes that all sessions together hold; then new ones are refused with 4429.
    #[arg(long, env = "KEEPLINE_SESSION_MEMORY", value_name = "BYTES", default_value = "256MiB")]
    #[arg(value_parser = bytes)]
    pub session_memory: usize,

    /// The most of it that anonymous sessions hold together [default: three quarters, if that is
    /// enough for one].
    #[arg(long, env = "KEEPLINE_SESSION_MEMORY_ANONYMOUS", value_name = "BYTES")]
    #[arg(value_parser = bytes)]
    pub session_memory_anonymous: Option<usize>,

    /// The most of it that the sessions of one identity hold [default: a quarter, if that is enough
    /// for one].
    #[arg(long, env = "KEEPLINE_SESSION_MEMORY_PER_SUBJECT", value_name = "BYTES")]
    #[arg(value_parser = bytes)]
    pub session_memory_per_subject: Option<usize>,

    /// How many sessions there may be, with and without a connection.
    #[arg(long, env = "KEEPLINE_MAX_SESSIONS", value_name = "COUNT", default_value_t = 10_000)]
    pub max_sessions: u32,

    /// How many of them may be anonymous.
    #[arg(long, env = "KEEPLINE_MAX_ANONYMOUS_SESSIONS", value_name = "COUNT")]
    #[arg(default_value_t = 5_000)]
    pub max_anonymous_sessions: u32,

    /// How many of them one identity may have.
    #[arg(long, env = "KEEPLINE_MAX_SESSIONS_PER_SUBJECT", value_name = "COUNT")]
    #[arg(default_value_t = 100)]
    pub max_sessions_per_subject: u32,

    /// How long a session is kept without a connection.
    #[arg(long, env = "KEEPLINE_SESSION_HOLD", value_name = "SECONDS", default_value = "3600")]
    #[arg(value_parser = seconds)]
    pub session_hold: Duration,

    /// How many sessions that are over are remembered, so that their messages' fates stay exact.
    #[arg(long, env = "KEEPLINE_TOMBSTONES", value_name = "COUNT", default_value_t = 100_000)]
    pub tombstones: u32,

    /// How long they are remembered.
    #[arg(long, env = "KEEPLINE_TOMBSTONE_HOLD", value_name = "SECONDS", default_value = "86400")]
    #[arg(value_parser = seconds)]
    pub tombstone_hold: Duration,

    /// How long a connection may take to say hello; then it is closed with 4408.
    #[arg(long, env = "KEEPLINE_SESSION_HELLO", value_name = "SECONDS", default_value = "10")]
    #[arg(value_parser = seconds)]
    pub session_hello: Duration,

    /// After how long of its own silence the server pings a session's client.
    #[arg(long, env = "KEEPLINE_SESSION_PING", value_name = "SECONDS", default_value = "10")]
    #[arg(value_parser = seconds)]
    pub session_ping: Duration,
}

impl Default for SessionOptions {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            session_message: 256 * 1024,
            session_window: 4_096,
            session_window_bytes: MIB,
            session_outbox: 4 * MIB,
            session_memory: 256 * MIB,
            session_memory_anonymous: None,
            session_memory_per_subject: None,
            max_sessions: 10_000,
            max_anonymous_sessions: 5_000,
            max_sessions_per_subject: 100,
            session_hold: Duration::from_secs(60 * 60),
            tombstones: 100_000,
            tombstone_hold: Duration::from_secs(24 * 60 * 60),
            session_hello: Duration::from_secs(10),
            session_ping: Duration::from_secs(10),
        }
    }
}

impl SessionOptions {
    pub(crate) fn config(&self) -> ServerConfig {
        let window = Window {
            message_bytes: self.session_message as u64,
            messages: u64::from(self.session_window),
            bytes: self.session_window_bytes as u64,
        };
        let total_bytes = self.session_memory;
        let config = ServerConfig {
            window,
            outbox_bytes: self.session_outbox,
            total_bytes,
            sessions: self.max_sessions as usize,
            anonymous_sessions: self.max_anonymous_sessions as usize,
            sessions_per_subject: self.max_sessions_per_subject as usize,
            hold: self.session_hold,
            tombstones: self.tombstones as usize,
            tombstone_hold: self.tombstone_hold,
            hello_within: self.session_hello,
            ping: self.session_ping,
            // The client is given half as long again, and the network twice and a half.
            client_silence: self.session_ping.saturating_mul(3) / 2,
            silence: self.session_ping.saturating_mul(5) / 2,
            ..ServerConfig::default()
        };
        let share = |part| if config.are_enough(part) { part } else { total_bytes };
        let (anonymous, own) = (self.session_memory_anonymous, self.session_memory_per_subject);
        ServerConfig {
            anonymous_bytes: anonymous.unwrap_or_else(|| share(total_bytes / 4 * 3)),
            bytes_per_subject: own.unwrap_or_else(|| share(total_bytes / 4)),
            ..config
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        keepline_core::Sessions::new(self.config(), 0).map(drop)
    }
}
