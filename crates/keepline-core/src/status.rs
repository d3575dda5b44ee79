//! Where the line stands, and why.

use alloc::string::String;
use core::fmt;

use crate::{CloseCode, Closed, Diagnosis, Instant};

/// Where the line stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// `connect` was not called yet.
    Idle,
    /// A handshake is under way.
    Connecting {
        /// The number of this attempt, counted from 1 since the line last settled.
        attempt: u32,
    },
    /// The line is open: sends go out at once.
    Online {
        /// The subprotocol that the server chose; empty without one.
        protocol: String,
    },
    /// The line is down; sends are queued.
    Waiting {
        /// Why it is down.
        why: Down,
        /// The number of the attempt to come.
        attempt: u32,
        /// When that attempt is due.
        retry_at: Instant,
    },
    /// The application asked to close; the closing handshake is under way.
    Closing,
    /// The line is down for good.
    Ended {
        /// Why it ended.
        why: End,
    },
}

impl Status {
    /// One word for it: `idle`, `connecting`, `online`, `waiting`, `closing` or `ended`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting { .. } => "connecting",
            Self::Online { .. } => "online",
            Self::Waiting { .. } => "waiting",
            Self::Closing => "closing",
            Self::Ended { .. } => "ended",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle | Self::Online { .. } | Self::Closing => f.write_str(self.name()),
            Self::Connecting { attempt: 1 } => f.write_str("connecting"),
            Self::Connecting { attempt } => write!(f, "connecting, attempt {attempt}"),
            Self::Waiting { why, attempt, .. } => {
                write!(f, "waiting for attempt {attempt}: {why}")
            }
            Self::Ended { why } => write!(f, "ended: {why}"),
        }
    }
}

/// Why the line went down, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Down {
    /// The handshake was not done within the connect timeout.
    TimedOut,
    /// The socket could not be opened for the time being; the environment's own words.
    Failed(String),
    /// The connection closed, before or after it opened. A browser tells a refused port, a
    /// refused handshake and a broken line apart from nothing: all are code 1006.
    Closed(Closed),
    /// Nothing arrived in time after a heartbeat probe.
    Silent,
    /// Nothing failed, but the last minute has seen as many attempts as it may
    /// ([`Backoff::attempts_per_minute`](crate::Backoff)).
    Paced,
    /// Session mode: three attempts in a row never opened, and none ever has. A server that does
    /// not speak `keepline.v1` looks like this in some browsers.
    PerhapsNotKeepline(Closed),
    /// Session mode: the far end has broken the protocol, and the connection was closed for it.
    Broken(Broken),
    /// Session mode: the server announced that it would close, and when to come back.
    Bye {
        /// Why, as a close code.
        code: CloseCode,
        /// Why, in its own words.
        reason: String,
    },
    /// Session mode: the session has moved to a server that stays.
    GoneAway,
    /// The provider had no endpoint for the time being; its own words.
    NotProvided(String),
    /// The provider did not answer within the connect timeout. It is not asked again before it
    /// has, or has been given up by the driver.
    ProviderSilent,
    /// The handshake failed, and this was found out about it.
    Diagnosed(Diagnosis),
    /// The browser believes that there is no network. An attempt is made now and then, for it may
    /// be wrong, and at once when it believes that there is one.
    Offline,
    /// The page stands still, or was left. The next attempt is made when it wakes.
    Suspended,
    /// The page slept, and the line has no probe to prove that it is still alive.
    Slept,
}

/// How the far end has broken the session protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The code that the connection was closed with.
    pub code: CloseCode,
    /// What was wrong.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the far end has broken the protocol (code {}): {}", self.code, self.what)
    }
}

fn told(f: &mut fmt::Formatter<'_>, code: CloseCode, reason: &str) -> fmt::Result {
    match reason {
        "" => write!(f, "told to go with code {code}"),
        reason => write!(f, "told to go with code {code}: {reason}"),
    }
}

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the handshake took too long"),
            Self::Failed(message) => f.write_str(message),
            Self::Closed(closed) => closed.fmt(f),
            Self::Silent => f.write_str("the far end went silent"),
            Self::Paced => f.write_str("too many attempts in the last minute"),
            Self::PerhapsNotKeepline(closed) => {
                write!(f, "{closed}; perhaps not a Keepline server")
            }
            Self::Broken(broken) => broken.fmt(f),
            Self::Bye { code, reason } => told(f, *code, reason),
            Self::GoneAway => f.write_str("the server goes away"),
            Self::NotProvided(why) => write!(f, "no endpoint for now: {why}"),
            Self::ProviderSilent => {
                f.write_str("the provider of the endpoint has not answered in time")
            }
            Self::Diagnosed(found) => found.fmt(f),
            Self::Offline => f.write_str("there seems to be no network"),
            Self::Suspended => f.write_str("the page was suspended"),
            Self::Slept => f.write_str("the page slept"),
        }
    }
}

/// Why the line went down for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The application closed it.
    Application,
    /// The far end closed it with a code that another attempt cannot mend.
    Closed(Closed),
    /// The environment refuses to open such a socket; its own words.
    Refused(String),
    /// Session mode: the server does not speak `keepline.v1`.
    NotKeepline,
    /// Session mode: the far end has broken the protocol, and another attempt would not mend it.
    Broken(Broken),
    /// Session mode: the server said not to come back.
    Bye {
        /// Why, as a close code.
        code: CloseCode,
        /// Why, in its own words.
        reason: String,
    },
    /// Session mode: the far end's application has ended the session.
    Session {
        /// 1000, or a code of the application's own.
        code: CloseCode,
        /// Why, in its own words.
        reason: String,
    },
    /// The provider of the endpoint said to stop; its own words.
    NotProvided(String),
    /// The provider gave an endpoint that cannot be used; what is wrong with it.
    BadEndpoint(String),
    /// The handshake failed, and what was found out about it is nothing that another attempt
    /// would mend.
    Diagnosed(Diagnosis),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application => f.write_str("closed by the application"),
            Self::Closed(closed) => closed.fmt(f),
            Self::Refused(message) => f.write_str(message),
            Self::NotKeepline => f.write_str("the server does not speak keepline.v1"),
            Self::Broken(broken) => broken.fmt(f),
            Self::Bye { code, reason } => told(f, *code, reason),
            Self::Session { code, reason } if reason.is_empty() => {
                write!(f, "the far end ended the session with code {code}")
            }
            Self::Session { code, reason } => {
                write!(f, "the far end ended the session with code {code}: {reason}")
            }
            Self::NotProvided(why) => write!(f, "no endpoint any more: {why}"),
            Self::BadEndpoint(what) => write!(f, "the endpoint cannot be used: {what}"),
            Self::Diagnosed(found) => found.fmt(f),
        }
    }
}
