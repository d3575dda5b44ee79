//! How a line is described before it is opened.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use keepline_core::{Backoff, Closed, Config, ConfigError, Limits, Probe, SessionConfig, Verdict};

use crate::driver::Driver;
use crate::endpoint::{Endpoint, UrlError, is_token};
use crate::hooks::Hooks;
use crate::journal::Entry;
use crate::marks;
use crate::socket::Socket;

/// Describes a line; [`Builder::connect`] opens it.
///
/// Every setting has a default that is safe on the public internet.
#[must_use = "nothing is opened before `connect`"]
pub struct Builder<Tx: ?Sized, Rx, C> {
    url: String,
    query: Vec<(String, String)>,
    subprotocols: Vec<String>,
    config: Config,
    hooks: Hooks,
    types: PhantomData<fn(&Tx, C) -> Rx>,
}

impl<Tx: ?Sized, Rx, C> Builder<Tx, Rx, C> {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            query: Vec::new(),
            subprotocols: Vec::new(),
            config: Config::default(),
            hooks: Hooks::new(),
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

    /// Judges a closed connection before Keepline's own table
    /// ([`CloseCode::verdict`](crate::CloseCode::verdict)) does; `None` leaves it to the table, and
    /// so does a judge in which JavaScript throws. It may use and drop the line that it judges.
    pub fn on_closed(mut self, judge: impl Fn(&Closed) -> Option<Verdict> + 'static) -> Self {
        self.hooks.judge = Some(Box::new(judge));
        self
    }

    /// Tells a listener of everything that happens to the line but messages, as soon as it has
    /// happened and in order, until the line has ended; it is dropped then. Several may be added.
    /// A listener may use and drop the line. What JavaScript throws in it is reported as if nobody
    /// had caught it, and the line goes on.
    pub fn on_event(mut self, listener: impl Fn(&Entry) + 'static) -> Self {
        self.hooks.listeners.push(Box::new(listener));
        self
    }

    /// Marks in the browser's performance panel, under this name, when the line connects and comes
    /// back (User Timing Level 3): `name: connect` is measured from the first attempt to the first
    /// time online, `name: resume` from a loss to the next time online, and the beginning of each
    /// is a mark. Default: nothing is marked.
    pub fn marks(mut self, name: &str) -> Self {
        self.hooks.listeners.push(Box::new(marks::listener(name)));
        self
    }

    /// Starts to connect, and returns at once. Sends are queued until the line is open.
    ///
    /// # Errors
    /// When the URL, a subprotocol or a setting cannot be used. What the network makes of it is
    /// told by the line's status.
    pub fn connect(self) -> Result<Socket<Tx, Rx, C>, BuildError> {
        let endpoint = self.endpoint()?;
        let driver =
            Driver::start(endpoint, self.config, self.hooks).map_err(BuildError::Config)?;
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
            Self::Config(error) => error.fmt(f),
        }
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Url { error, .. } => Some(error),
            Self::Subprotocol(_) | Self::TwoProtocols => None,
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
