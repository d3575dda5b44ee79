//! How a line is described before it is opened.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use keepline_core::{
    Backoff, Closed, Config, ConfigError, Key, Limits, Overflow, Payload, Probe, SessionConfig,
    Verdict,
};

use crate::driver::{Driver, Judge};
use crate::endpoint::{Endpoint, UrlError, is_token};
use crate::socket::Socket;

/// What an application says that the messages have in common of which only the latest counts.
pub(crate) type KeyOf = Box<dyn Fn(&Payload) -> Option<Key>>;

/// Describes a line; [`Builder::connect`] opens it.
///
/// Every setting has a default that is safe on the public internet.
#[must_use = "nothing is opened before `connect`"]
pub struct Builder<Tx: ?Sized, Rx, C> {
    url: String,
    query: Vec<(String, String)>,
    subprotocols: Vec<String>,
    config: Config,
    judge: Option<Judge>,
    key_of: Option<KeyOf>,
    types: PhantomData<fn(&Tx, C) -> Rx>,
}

impl<Tx: ?Sized, Rx, C> Builder<Tx, Rx, C> {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            query: Vec::new(),
            subprotocols: Vec::new(),
            config: Config::default(),
            judge: None,
            key_of: None,
            types: PhantomData,
        }
    }

    /// Adds a parameter to the URL's query, percent-encoded (RFC 3986 §2.1). May be given several
    /// times; what the URL holds already stays as it is.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Offers a subprotocol (RFC 6455 §1.9), in the order of preference. Which one the server
    /// chose is in [`Status::Online`](crate::Status::Online). A browser may open a line whose
    /// server chose none (Firefox), or refuse it (Chromium).
    pub fn subprotocol(mut self, token: &str) -> Self {
        self.subprotocols.push(token.to_owned());
        self
    }

    /// Asks for a sign of life with this probe when the line is quiet. Default: no probe, and so
    /// no notice of a half-open line before the browser has one. See [`Probe`].
    pub fn heartbeat(mut self, probe: Probe) -> Self {
        self.config.heartbeat = Some(probe);
        self
    }

    /// Speaks the session protocol `keepline.v1` (docs/protocol.md): what is sent is delivered
    /// exactly once and in order across any number of reconnections, or reported. The server must
    /// speak it too; the mode is never guessed. Default: a plain line, for any WebSocket server.
    ///
    /// A session has a heartbeat and a subprotocol of its own: it excludes
    /// [`heartbeat`](Self::heartbeat) and [`subprotocol`](Self::subprotocol).
    pub fn session(mut self, session: SessionConfig) -> Self {
        self.config.session = Some(session);
        self
    }

    /// How long a handshake may take before the attempt has failed. Default: 8 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.config.connect_timeout = timeout;
        self
    }

    /// How long the closing handshake may take. Default: 5 s.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.config.close_timeout = timeout;
        self
    }

    /// How long to wait between attempts. Default: [`Backoff::default`].
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.config.backoff = backoff;
        self
    }

    /// How long a line must be open, with a message from the far end, before earlier failures are
    /// forgotten. Default: 5 s.
    pub fn settle_after(mut self, settle_after: Duration) -> Self {
        self.config.settle_after = settle_after;
        self
    }

    /// The bounds of the queues and of a message. Default: [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// What happens when a message finds the inbox full, on a plain line. Default:
    /// [`Overflow::DropOldest`]. Excludes [`session`](Self::session), where the far end is slowed
    /// down instead and nothing is dropped.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.config.overflow = Some(overflow);
        self
    }

    /// Of unread messages with the same key only the latest is kept, at the place of the first: of
    /// prices, positions and the like. `None` is for a message that is kept anyway. On a plain line
    /// only: it excludes [`session`](Self::session).
    ///
    /// Default: every message is kept. [`Monitor::replaced`](crate::Monitor::replaced) counts the
    /// others.
    pub fn latest_by(mut self, key_of: impl Fn(&Payload) -> Option<Key> + 'static) -> Self {
        self.key_of = Some(Box::new(key_of));
        self
    }

    /// Judges a closed connection before Keepline's own table
    /// ([`CloseCode::verdict`](crate::CloseCode::verdict)) does; `None` leaves it to the table.
    pub fn on_closed(mut self, judge: impl Fn(&Closed) -> Option<Verdict> + 'static) -> Self {
        self.judge = Some(Box::new(judge));
        self
    }

    /// Starts to connect, and returns at once. Sends are queued until the line is open.
    ///
    /// # Errors
    /// When the URL, a subprotocol or a setting cannot be used. What the network makes of it is
    /// told by the line's status.
    pub fn connect(self) -> Result<Socket<Tx, Rx, C>, BuildError> {
        let endpoint = self.endpoint()?;
        if self.config.session.is_some() && self.key_of.is_some() {
            return Err(BuildError::LatestInSession);
        }
        let driver = Driver::start(endpoint, self.config, self.judge, self.key_of);
        let driver = driver.map_err(BuildError::Config)?;
        Ok(Socket::new(driver))
    }

    fn endpoint(&self) -> Result<Endpoint, BuildError> {
        for (position, token) in self.subprotocols.iter().enumerate() {
            if !is_token(token) || self.subprotocols[..position].contains(token) {
                return Err(BuildError::Subprotocol(token.clone()));
            }
        }
        let subprotocols = match &self.config.session {
            None => self.subprotocols.clone(),
            Some(_) if !self.subprotocols.is_empty() => return Err(BuildError::TwoProtocols),
            Some(session) => vec![session.coding.subprotocol().to_owned()],
        };
        Endpoint::new(&self.url, &self.query, &subprotocols)
            .map_err(|error| BuildError::Url { url: without_secrets(&self.url), error })
    }
}

/// Why a line cannot be opened as described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildError {
    /// The URL cannot be used.
    Url {
        /// The URL as given, without what may hold a secret: user, query and fragment.
        url: String,
        /// What is wrong with it.
        error: UrlError,
    },
    /// This subprotocol is not a token, or was given twice.
    Subprotocol(String),
    /// `session` and `subprotocol` exclude each other: a session has its own.
    TwoProtocols,
    /// `session` and `latest_by` exclude each other: a session delivers every message.
    LatestInSession,
    /// A setting cannot be used, or contradicts another.
    Config(ConfigError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url { url, error } => write!(f, "cannot connect to {url:?}: {error}"),
            Self::Subprotocol(token) => {
                write!(f, "the subprotocol {token:?} is not a token, or given twice")
            }
            Self::TwoProtocols => {
                f.write_str("session and subprotocol exclude each other: a session has its own")
            }
            Self::LatestInSession => f.write_str(
                "session and latest_by exclude each other: a session delivers every message",
            ),
            Self::Config(error) => error.fmt(f),
        }
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Url { error, .. } => Some(error),
            Self::Subprotocol(_) | Self::TwoProtocols | Self::LatestInSession => None,
            Self::Config(error) => Some(error),
        }
    }
}

fn without_secrets(url: &str) -> String {
    let address = url.split(['?', '#']).next().unwrap_or_default();
    match (address.find("//"), address.rfind('@')) {
        (Some(slashes), Some(at)) if slashes < at => {
            format!("{}{}", &address[..slashes + 2], &address[at + 1..])
        }
        (Some(_) | None, Some(_) | None) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn an_error_about_a_url_tells_no_secret() {
        for url in
            ["ws://me:pw@h/p?token=1", "ws://h/p#access_token=1", "ws://me@h/p?#", "ws://h/p"]
        {
            let shown = without_secrets(url);
            assert!(shown == "ws://h/p", "{url} is shown as {shown}");
        }
        assert_eq!(without_secrets("//@"), "//");
        assert_eq!(without_secrets(""), "");
    }
}
