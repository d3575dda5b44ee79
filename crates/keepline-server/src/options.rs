//! What a server may be told: limits, deadlines and who may connect.

use std::time::Duration;

use clap::Args;
use keepline_core::ConfigError;

use crate::origin::{Allowed, OriginError};
use crate::sessions::SessionOptions;

const MAX_COUNT: usize = 1 << 30;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The limits and deadlines of one server; the flags of the binary.
///
/// The defaults are safe on the public internet. [`Server::new`](crate::Server::new) refuses
/// options that do not fit together.
///
/// ```
/// use keepline_server::Options;
/// let options = Options { message_limit: 64 * 1024, ..Options::default() };
/// ```
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The largest message taken from a client, in bytes or as 64KiB, 12MiB; larger closes with
    /// 1009. Sessions have a limit of their own.
    #[arg(long, env = "KEEPLINE_MESSAGE_LIMIT", value_name = "BYTES", default_value = "12MiB")]
    #[arg(value_parser = bytes)]
    pub message_limit: usize,

    /// How many WebSockets may be open at once; one more is closed with 1013.
    #[arg(long, env = "KEEPLINE_MAX_SOCKETS", value_name = "COUNT", default_value_t = 1_000)]
    pub max_sockets: u32,

    /// How many messages may wait for one reader of a broadcast or a chat before it is closed
    /// with 4408.
    #[arg(long, env = "KEEPLINE_MAILBOX", value_name = "MESSAGES", default_value_t = 256)]
    pub mailbox: usize,

    /// After how long without a byte from a client it is sent a WebSocket ping.
    #[arg(long, env = "KEEPLINE_PING_EVERY", value_name = "SECONDS", default_value = "10")]
    #[arg(value_parser = seconds)]
    pub ping_every: Duration,

    /// How long a client may take to send anything after a ping; then it counts as gone.
    #[arg(long, env = "KEEPLINE_PONG_WITHIN", value_name = "SECONDS", default_value = "15")]
    #[arg(value_parser = seconds)]
    pub pong_within: Duration,

    /// How long the network may take to accept a message, besides one second for each 32 KiB of
    /// it; then the client is closed with 4408.
    #[arg(long, env = "KEEPLINE_WRITE_WITHIN", value_name = "SECONDS", default_value = "10")]
    #[arg(value_parser = seconds)]
    pub write_within: Duration,

    /// How long a client may take to answer a close; then its connection is dropped.
    #[arg(long, env = "KEEPLINE_CLOSE_WITHIN", value_name = "SECONDS", default_value = "2")]
    #[arg(value_parser = seconds)]
    pub close_within: Duration,

    /// How long all sockets together may take to end when the server stops.
    #[arg(long, env = "KEEPLINE_STOP_WITHIN", value_name = "SECONDS", default_value = "4")]
    #[arg(value_parser = seconds)]
    pub stop_within: Duration,

    /// An origin whose pages may connect, such as `https://example.com`; repeat it, or
    /// separate by commas. `*` allows every origin, `null` sandboxed pages.
    ///
    /// Always allowed: no Origin at all (not a browser), the origin that the Host header names,
    /// and a page from loopback when the server was itself addressed by loopback.
    #[arg(long, env = "KEEPLINE_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub allow_origin: Vec<String>,

    /// How sessions are held.
    #[command(flatten)]
    pub sessions: SessionOptions,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            message_limit: 12 * 1024 * 1024,
            max_sockets: 1_000,
            mailbox: 256,
            ping_every: Duration::from_secs(10),
            pong_within: Duration::from_secs(15),
            write_within: Duration::from_secs(10),
            close_within: Duration::from_secs(2),
            stop_within: Duration::from_secs(4),
            allow_origin: Vec::new(),
            sessions: SessionOptions::default(),
        }
    }
}

impl Options {
    /// Checks what [`run`](crate::run()) would check, before anything is listened on.
    ///
    /// # Errors
    /// The options do not fit together.
    pub fn check(&self) -> Result<(), OptionsError> {
        self.allowed().map(drop)
    }

    /// The origins that may connect, if all options fit together.
    pub(crate) fn allowed(&self) -> Result<Allowed, OptionsError> {
        for (option, count) in [
            ("message-limit", self.message_limit),
            ("max-sockets", self.max_sockets as usize),
            ("mailbox", self.mailbox),
        ] {
            if !(1..=MAX_COUNT).contains(&count) {
                return Err(OptionsError::Count { option });
            }
        }
        for (option, wait) in [
            ("ping-every", self.ping_every),
            ("pong-within", self.pong_within),
            ("write-within", self.write_within),
            ("close-within", self.close_within),
            ("stop-within", self.stop_within),
        ] {
            if !(Duration::from_millis(1)..=DAY).contains(&wait) {
                return Err(OptionsError::Wait { option });
            }
        }
        if self.stop_within < self.close_within {
            return Err(OptionsError::StopsTooSoon);
        }
        self.sessions.check().map_err(OptionsError::Sessions)?;
        Allowed::parse(&self.allow_origin).map_err(OptionsError::Origin)
    }
}

/// Why a server cannot be built with these [`Options`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionsError {
    /// A number is zero or above 2³⁰.
    Count {
        /// The name of its flag.
        option: &'static str,
    },
    /// A duration is below a millisecond or above a day.
    Wait {
        /// The name of its flag.
        option: &'static str,
    },
    /// A stopping server would not wait as long as one close may take.
    StopsTooSoon,
    /// An allowed origin is not an origin.
    Origin(OriginError),
    /// The options of sessions do not fit together; fields are named as in
    /// [`keepline_core::ServerConfig`].
    Sessions(ConfigError),
    /// The system has no random bits to give.
    NoChance(getrandom::Error),
}

impl std::fmt::Display for OptionsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count { option } => write!(f, "--{option} must be from 1 to {MAX_COUNT}"),
            Self::Wait { option } => write!(f, "--{option} must be from 0.001 s to one day"),
            Self::StopsTooSoon => write!(f, "--stop-within must not be below --close-within"),
            Self::Origin(error) => write!(f, "--allow-origin: {error}"),
            Self::Sessions(error) => write!(f, "sessions: {error}"),
            Self::NoChance(error) => write!(f, "no random bits to be had: {error}"),
        }
    }
}

impl std::error::Error for OptionsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Origin(error) => Some(error),
            Self::Sessions(error) => Some(error),
            Self::NoChance(error) => Some(error),
            Self::Count { .. } | Self::Wait { .. } | Self::StopsTooSoon => None,
        }
    }
}

pub(crate) fn bytes(text: &str) -> Result<usize, String> {
    let (digits, unit) = match text.trim() {
        text if text.ends_with("KiB") => (text.trim_end_matches("KiB"), 1 << 10),
        text if text.ends_with("MiB") => (text.trim_end_matches("MiB"), 1 << 20),
        text => (text, 1),
    };
    let count: usize = digits.trim().parse().map_err(|error| format!("{error}"))?;
    count.checked_mul(unit).ok_or_else(|| "too large".to_owned())
}

pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.trim().parse().map_err(|error| format!("{error}"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        options: Options,
    }

    fn flags(arguments: &[&str]) -> Result<Options, clap::Error> {
        let program = std::iter::once("keepline-server");
        Flags::try_parse_from(program.chain(arguments.iter().copied())).map(|it| it.options)
    }

    #[test]
    fn the_flags_default_to_the_defaults_of_the_library() {
        assert_eq!(flags(&[]).unwrap(), Options::default());
        assert!(Options::default().check().is_ok());
    }

    #[test]
    fn sizes_and_durations_are_read_with_their_units() {
        let options = flags(&["--message-limit", "64KiB", "--ping-every", "0.25"]).unwrap();
        assert_eq!(options.message_limit, 65_536);
        assert_eq!(options.ping_every, Duration::from_millis(250));
        assert!(flags(&["--message-limit", "lots"]).is_err());
        assert!(flags(&["--message-limit", "99999999999999999MiB"]).is_err());
        assert!(flags(&["--ping-every=-1"]).is_err());
        assert!(flags(&["--ping-every", "NaN"]).is_err());
    }

    #[test]
    fn options_that_do_not_fit_together_are_refused_by_name() {
        let refused = |options: Options| options.check().unwrap_err().to_string();
        let silent = Options { message_limit: 0, ..Options::default() };
        assert_eq!(refused(silent), "--message-limit must be from 1 to 1073741824");
        let restless = Options { ping_every: Duration::ZERO, ..Options::default() };
        assert_eq!(refused(restless), "--ping-every must be from 0.001 s to one day");
        let hasty = Options { stop_within: Duration::from_secs(1), ..Options::default() };
        assert_eq!(refused(hasty), "--stop-within must not be below --close-within");
    }

    #[test]
    fn a_part_of_the_memory_that_is_too_little_for_a_session_is_all_of_it() {
        let parts = |arguments: &[&str]| {
            let config = flags(arguments).unwrap().sessions.config();
            (config.anonymous_bytes >> 20, config.bytes_per_subject >> 20)
        };
        assert_eq!(parts(&["--session-memory", "256MiB"]), (192, 64));
        assert_eq!(parts(&["--session-memory", "8MiB"]), (6, 8));
        let said = ["--session-memory-anonymous", "5MiB", "--session-memory-per-subject", "7MiB"];
        assert_eq!(parts(&said), (5, 7));
    }

    #[test]
    fn an_allowed_origin_must_be_an_origin() {
        let options = flags(&["--allow-origin", "https://a.example,null"]).unwrap();
        assert_eq!(options.allow_origin, ["https://a.example", "null"]);
        let path = Options { allow_origin: vec!["https://a.example/".into()], ..options };
        assert!(path.check().is_err());
    }
}
