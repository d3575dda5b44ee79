//! What a client is told once: its deadlines, its bounds, and how it judges.

use core::fmt;
use core::time::Duration;

use crate::backoff::Backoff;
use crate::close::check_close;
use crate::heartbeat::Probe;
use crate::inbox::Overflow;
use crate::notice::Waking;
use crate::wire::{Coding, Credentials, MAX_NUMBER, Window};

const SHORTEST: Duration = Duration::from_micros(1);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Everything a [`Client`](crate::Client) can be told. The defaults are safe on the public
/// internet.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long a handshake may take before its socket is closed and the attempt has failed.
    /// Default: 8 s. A handshake that hangs blocks every other socket to that address in
    /// Chromium and Firefox until it is closed.
    pub connect_timeout: Duration,
    /// How long the closing handshake may take before the socket is abandoned. Default: 5 s.
    pub close_timeout: Duration,
    /// How long a line must have been open, with a message from the far end, before earlier
    /// failures are forgotten. Default: 5 s. The `open` event alone proves nothing: a proxy may
    /// have opened the line without having reached the server.
    pub settle_after: Duration,
    /// How long to wait between attempts.
    pub backoff: Backoff,
    /// How the far end is asked for a sign of life. Default: not at all.
    pub heartbeat: Option<Probe>,
    /// How the line is looked after when the page wakes.
    pub waking: Waking,
    /// The bounds of the queues and of a message.
    pub limits: Limits,
    /// What happens when a message finds the inbox of a plain line full. Default: nothing is
    /// said, which is [`Overflow::DropOldest`]. A session excludes it: there the far end waits.
    pub overflow: Option<Overflow>,
    /// How the line speaks `keepline.v1`. Default: not at all, the line is plain.
    pub session: Option<SessionConfig>,
    /// Whether a provider says before each attempt where it leads, and with which credentials: it
    /// is told by [`Input::Provided`](crate::Input). Default: no.
    pub provider: bool,
    /// Whether a driver can look into failed handshakes
    /// ([`Output::Diagnose`](crate::Output)). Default: no.
    pub diagnosis: bool,
}

/// How a line speaks the session protocol (docs/protocol.md).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// Which of the two encodings is offered. Default: binary.
    pub coding: Coding,
    /// What the far end may have in flight, and the largest message in either direction: at most
    /// `limits.inbox_messages`, `limits.inbox_bytes` and `limits.outbox_bytes`. Where
    /// `limits.message_bytes` is below its `message_bytes`, that is announced instead.
    pub window: Window,
    /// What becomes of messages that the far end has lost. Default: [`AfterLoss::Tell`].
    pub after_loss: AfterLoss,
    /// Who the client says it is. Default: nobody.
    pub credentials: Option<Credentials>,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            coding: Coding::Binary,
            window: Window::default(),
            after_loss: AfterLoss::Tell,
            credentials: None,
        }
    }
}

/// What becomes of messages that were sent in a session which the far end has lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterLoss {
    /// They are reported as [`Event::Undeliverable`](crate::Event) or
    /// [`Event::Unknown`](crate::Event).
    #[default]
    Tell,
    /// They are sent again in the new session. One that the lost session had taken after all then
    /// arrives twice.
    SendAgain,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(8),
            close_timeout: Duration::from_secs(5),
            settle_after: Duration::from_secs(5),
            backoff: Backoff::default(),
            heartbeat: None,
            waking: Waking::default(),
            limits: Limits::default(),
            overflow: None,
            session: None,
            provider: false,
            diagnosis: false,
        }
    }
}

/// The bounds of the queues and of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest message, either way, in bytes of payload. Default: 12 MiB.
    pub message_bytes: usize,
    /// The most messages that wait for a line. Default: 8,192. Of empty ones it is the only bound.
    pub outbox_messages: usize,
    /// The most bytes that wait for a line. Default: 16 MiB. Not below `message_bytes`.
    pub outbox_bytes: usize,
    /// The most messages that wait for the application to read them. Default: 8,192.
    pub inbox_messages: usize,
    /// The most bytes that wait for the application to read them. Default: 16 MiB. Not below
    /// `message_bytes`.
    pub inbox_bytes: usize,
    /// What a connection may hold that the network has not taken, in bytes: once it is so much,
    /// messages wait in the outbox. So it never holds more than this and one message, or one
    /// frame of a session. Default: 1 MiB, which is a second of 8 Mbit/s: enough to keep a fast
    /// network busy between two looks at the buffer, and little for a page's memory.
    ///
    /// It is as good as the browser's `bufferedAmount` (WHATWG WebSockets §3.1).
    pub buffer_high: usize,
    /// When what the connection holds has fallen to this, messages leave the outbox again, in
    /// bytes. Below `buffer_high`. Default: 256 KiB.
    pub buffer_low: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            message_bytes: 12 * MIB,
            outbox_messages: 8_192,
            outbox_bytes: 16 * MIB,
            inbox_messages: 8_192,
            inbox_bytes: 16 * MIB,
            buffer_high: MIB,
            buffer_low: MIB / 4,
        }
    }
}

/// Why a configuration cannot be used. Fields are named as in [`Config`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// A duration is below 1 µs or over 24 h.
    Duration(&'static str),
    /// A count is zero, or higher than its field allows.
    Count(&'static str),
    /// `backoff.cap` is below `backoff.base`.
    CapBelowBase,
    /// `limits.buffer_low` is not below `limits.buffer_high`.
    LowNotBelowHigh,
    /// `heartbeat.hidden_idle` is below `heartbeat.idle`: a hidden page is no busier.
    HiddenBelowIdle,
    /// A message of `limits.message_bytes` would not fit into this queue.
    MessageOver(&'static str),
    /// The probe's message is larger than `limits.message_bytes`.
    ProbeOverMessage,
    /// A session has a heartbeat of its own: `heartbeat` and `session` exclude each other.
    ProbeInSession,
    /// A session's far end is slowed down: `overflow` and `session` exclude each other.
    OverflowInSession,
    /// `overflow` closes with a code that a page may not send.
    OverflowCode,
    /// `session.window` is zero somewhere, too high, or its `bytes` are below its `message_bytes`.
    Window,
    /// The credentials are empty, or larger than 8 KiB; or, where JSON is built in, than 15 KiB
    /// with the escapes that it needs.
    Credentials,
    /// `session.window` is larger than this queue, which must hold all of it.
    WindowOver(&'static str),
    /// This bound of a server is too low for a single session.
    TooLittle(&'static str),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(field) => {
                write!(f, "{field} must be at least 1 µs and at most 24 hours")
            }
            Self::Count(field) => write!(f, "{field} is zero or too high"),
            Self::CapBelowBase => f.write_str("backoff.cap is below backoff.base"),
            Self::LowNotBelowHigh => {
                f.write_str("limits.buffer_low is not below limits.buffer_high")
            }
            Self::HiddenBelowIdle => f.write_str("heartbeat.hidden_idle is below heartbeat.idle"),
            Self::MessageOver(field) => {
                write!(f, "limits.message_bytes is above {field}: such a message would never fit")
            }
            Self::ProbeOverMessage => {
                f.write_str("the heartbeat's message is larger than limits.message_bytes")
            }
            Self::ProbeInSession => {
                f.write_str("heartbeat and session exclude each other: a session has its own")
            }
            Self::OverflowInSession => f.write_str(
                "overflow and session exclude each other: in a session the far end waits",
            ),
            Self::OverflowCode => f.write_str("overflow closes with a code no page may send"),
            Self::Window => f.write_str(
                "session.window is zero or too high, or its bytes are below its message_bytes",
            ),
            Self::Credentials => f.write_str(BAD_CREDENTIALS),
            Self::WindowOver(field) => {
                write!(f, "session.window is larger than {field}, which must hold it")
            }
            Self::TooLittle(field) => {
                write!(f, "{field} does not hold one session's outbox, or its largest message")
            }
        }
    }
}

impl core::error::Error for ConfigError {}

impl Config {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.check_durations()?;
        self.check_backoff()?;
        self.check_waking()?;
        self.limits.check()?;
        if let Some(session) = &self.session {
            self.check_session(session)?;
        }
        if let Some(Overflow::Close(code)) = self.overflow
            && check_close(code, "").is_err()
        {
            return Err(ConfigError::OverflowCode);
        }
        match &self.heartbeat {
            Some(probe) if probe.message.len() > self.limits.message_bytes => {
                Err(ConfigError::ProbeOverMessage)
            }
            Some(_) | None => Ok(()),
        }
    }

    fn check_session(&self, session: &SessionConfig) -> Result<(), ConfigError> {
        let (window, limits) = (session.window, &self.limits);
        if self.heartbeat.is_some() {
            return Err(ConfigError::ProbeInSession);
        }
        if self.overflow.is_some() {
            return Err(ConfigError::OverflowInSession);
        }
        window.check()?;
        session.credentials.as_ref().map_or(Ok(()), Credentials::check)?;
        if window.messages > limits.inbox_messages as u64 {
            return Err(ConfigError::WindowOver("limits.inbox_messages"));
        }
        if window.bytes > limits.inbox_bytes as u64 {
            return Err(ConfigError::WindowOver("limits.inbox_bytes"));
        }
        if window.message_bytes > limits.outbox_bytes as u64 {
            return Err(ConfigError::WindowOver("limits.outbox_bytes"));
        }
        Ok(())
    }

    fn check_durations(&self) -> Result<(), ConfigError> {
        check_duration("connect_timeout", &self.connect_timeout)?;
        check_duration("close_timeout", &self.close_timeout)?;
        check_duration("settle_after", &self.settle_after)?;
        check_duration("backoff.base", &self.backoff.base)?;
        check_duration("backoff.cap", &self.backoff.cap)?;
        let Some(probe) = &self.heartbeat else {
            return Ok(());
        };
        check_duration("heartbeat.idle", &probe.idle)?;
        check_duration("heartbeat.within", &probe.within)?;
        let hidden = probe.hidden_idle.unwrap_or(probe.idle);
        check_duration("heartbeat.hidden_idle", &hidden)?;
        if hidden < probe.idle { Err(ConfigError::HiddenBelowIdle) } else { Ok(()) }
    }

    fn check_waking(&self) -> Result<(), ConfigError> {
        let Waking { fresh, within, asleep, jitter } = &self.waking;
        check_duration("waking.within", within)?;
        check_duration("waking.asleep", asleep)?;
        // These two may be zero.
        let (fresh, jitter) = (fresh.max(&SHORTEST), jitter.max(&SHORTEST));
        check_duration("waking.fresh", fresh)?;
        check_duration("waking.jitter", jitter)
    }

    fn check_backoff(&self) -> Result<(), ConfigError> {
        if self.backoff.cap < self.backoff.base {
            return Err(ConfigError::CapBelowBase);
        }
        match self.backoff.attempts_per_minute {
            1..=1_000 => Ok(()),
            _ => Err(ConfigError::Count("backoff.attempts_per_minute")),
        }
    }
}

/// What is said of credentials that are empty or too large.
pub(crate) const BAD_CREDENTIALS: &str = "the credentials are empty, or larger than 8 KiB";

const LARGEST_CREDENTIALS: usize = 8 * 1024;

/// Of the 16 KiB that a hello may have, so much is left for them in JSON, with their escapes.
const LARGEST_ESCAPED: usize = 15 * 1024;

impl Credentials {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        match self.0.len() {
            1..=LARGEST_CREDENTIALS if self.fit_into_json() => Ok(()),
            _ => Err(ConfigError::Credentials),
        }
    }

    fn fit_into_json(&self) -> bool {
        let escaped = |byte| match byte {
            b'"' | b'\\' => 2,
            0x00..0x20 => 6,
            _ => 1,
        };
        !cfg!(feature = "json") || self.0.bytes().map(escaped).sum::<usize>() <= LARGEST_ESCAPED
    }
}

impl Window {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let fits = |count| (1..=MAX_NUMBER / 4).contains(&count);
        let all_fit = fits(self.messages) && fits(self.message_bytes) && fits(self.bytes);
        match all_fit && self.message_bytes <= self.bytes {
            true => Ok(()),
            false => Err(ConfigError::Window),
        }
    }
}

impl Limits {
    fn check(&self) -> Result<(), ConfigError> {
        if self.message_bytes == 0 {
            return Err(ConfigError::Count("limits.message_bytes"));
        }
        if self.outbox_messages == 0 {
            return Err(ConfigError::Count("limits.outbox_messages"));
        }
        if self.inbox_messages == 0 {
            return Err(ConfigError::Count("limits.inbox_messages"));
        }
        if self.message_bytes > self.outbox_bytes {
            return Err(ConfigError::MessageOver("limits.outbox_bytes"));
        }
        if self.message_bytes > self.inbox_bytes {
            return Err(ConfigError::MessageOver("limits.inbox_bytes"));
        }
        if self.buffer_low >= self.buffer_high {
            return Err(ConfigError::LowNotBelowHigh);
        }
        Ok(())
    }
}

pub(crate) fn check_duration(field: &'static str, duration: &Duration) -> Result<(), ConfigError> {
    if is_bounded(duration) { Ok(()) } else { Err(ConfigError::Duration(field)) }
}

// Once in a page, and not for each field.
#[inline(never)]
fn is_bounded(duration: &Duration) -> bool {
    (SHORTEST..=LONGEST).contains(duration)
}
