//! What a server's sessions are told once: their deadlines, their bounds, and all of it together.

use core::time::Duration;

use crate::ConfigError;
use crate::delivery::patience;
use crate::wire::Window;

/// How a server holds sessions. The defaults are safe on the public internet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// What a client may have in flight, and the largest message in either direction.
    pub window: Window,
    /// The most messages that wait for one client, queued and unacknowledged together. Default:
    /// 8,192.
    pub outbox_messages: usize,
    /// The most bytes of them. Default: 4 MiB. Not below `window.message_bytes`.
    pub outbox_bytes: usize,
    /// How long a connection may take to say hello, and a verifier to answer. Default: 10 s.
    pub hello_within: Duration,
    /// A client is pinged after so long in which it was sent nothing. Default: 10 s.
    pub ping: Duration,
    /// A client is told to give a connection up after so long without a frame. Default: 15 s. Not
    /// below `ping`.
    pub client_silence: Duration,
    /// A connection is given up after so long without a frame from the client. Default: 25 s. Not
    /// below `ping`. It is longer where the largest message takes longer to come at 64 KiB a
    /// second: `ping`, the time for that, and a second.
    pub silence: Duration,
    /// How long a client may take to answer an `end`. Default: 5 s.
    pub close_timeout: Duration,
    /// How long a detached session is kept. Default: 1 h.
    pub hold: Duration,
    /// How many clients may come back in a second when the server has died without a word; so many
    /// lines are spread accordingly. Default: 1,000.
    pub returns_per_second: u32,
    /// The most sessions. Default: 10,000.
    pub sessions: usize,
    /// The most sessions without an identity. Default: 5,000.
    pub anonymous_sessions: usize,
    /// The most sessions of one identity. Default: 100.
    pub sessions_per_subject: usize,
    /// The most bytes that all sessions together hold, counted with what a session and a message
    /// cost beside their payloads. Default: 256 MiB. This and the next two
    /// [are enough](ServerConfig::are_enough) for one session.
    pub total_bytes: usize,
    /// The most of these bytes that anonymous sessions together hold. Default: 192 MiB.
    pub anonymous_bytes: usize,
    /// The most that the sessions of one identity hold. Default: 64 MiB.
    pub bytes_per_subject: usize,
    /// The most tombstones. Default: 100,000.
    pub tombstones: usize,
    /// How long a tombstone is kept. Default: 24 h.
    pub tombstone_hold: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            window: Window::default(),
            outbox_messages: 8_192,
            outbox_bytes: 4 * MIB,
            hello_within: Duration::from_secs(10),
            ping: Duration::from_secs(10),
            client_silence: Duration::from_secs(15),
            silence: Duration::from_secs(25),
            close_timeout: Duration::from_secs(5),
            hold: Duration::from_secs(60 * 60),
            returns_per_second: 1_000,
            sessions: 10_000,
            anonymous_sessions: 5_000,
            sessions_per_subject: 100,
            total_bytes: 256 * MIB,
            anonymous_bytes: 192 * MIB,
            bytes_per_subject: 64 * MIB,
            tombstones: 100_000,
            tombstone_hold: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl ServerConfig {
    /// How long a client may say nothing.
    pub(super) fn patience(&self) -> Duration {
        patience(self.silence.into(), self.ping.into(), self.window).into()
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.window.check()?;
        self.check_durations()?;
        self.check_counts()?;
        if self.window.message_bytes > self.outbox_bytes as u64 {
            return Err(ConfigError::WindowOver("outbox_bytes"));
        }
        let bounds = [
            ("total_bytes", self.total_bytes),
            ("anonymous_bytes", self.anonymous_bytes),
            ("bytes_per_subject", self.bytes_per_subject),
        ];
        match bounds.into_iter().find(|(_, bytes)| !self.are_enough(*bytes)) {
            Some((field, _)) => Err(ConfigError::TooLittle(field)),
            None => Ok(()),
        }
    }

    fn check_durations(&self) -> Result<(), ConfigError> {
        for (field, duration) in [
            ("hello_within", self.hello_within),
            ("ping", self.ping),
            ("client_silence", self.client_silence),
            ("silence", self.silence),
            ("close_timeout", self.close_timeout),
            ("hold", self.hold),
            ("tombstone_hold", self.tombstone_hold),
        ] {
            crate::config::check_duration(field, &duration)?;
        }
        match self.ping > self.silence || self.ping > self.client_silence {
            true => Err(ConfigError::Duration("ping")),
            false => Ok(()),
        }
    }

    fn check_counts(&self) -> Result<(), ConfigError> {
        let counts = [
            ("outbox_messages", self.outbox_messages),
            ("returns_per_second", self.returns_per_second as usize),
            ("sessions", self.sessions),
            ("sessions_per_subject", self.sessions_per_subject),
        ];
        match counts.into_iter().find(|(_, count)| *count == 0) {
            Some((field, _)) => Err(ConfigError::Count(field)),
            None => Ok(()),
        }
    }
}
