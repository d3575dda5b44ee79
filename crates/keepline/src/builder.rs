//! How a line is described before it is opened.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use keepline_core::{
    Backoff, Closed, Config, ConfigError, Diagnosis, Key, Limits, Overflow, Payload, Probe,
    SessionConfig, Verdict, Waking,
};

use crate::diagnosis;
use crate::driver::Driver;
use crate::endpoint::{Common, UrlError};
use crate::errands::{Application, Route};
use crate::hooks::Hooks;
use crate::journal::Entry;
use crate::marks;
use crate::provider::{Endpoint, Provider};
use crate::socket::Socket;

/// Describes a line; [`Builder::connect`] opens it.
///
/// Every setting has a default that is safe on the public internet.
#[must_use = "nothing is opened before `connect`"]
pub struct Builder<Tx: ?Sized, Rx, C> {
    source: Source,
    common: Common,
    config: Config,
    hooks: Hooks,
    application: Application,
    watches_page: bool,
    types: PhantomData<fn(&Tx, C) -> Rx>,
}

/// Who says where the line leads.
pub(crate) enum Source {
    Fixed(Endpoint),
    Provider(Provider),
}

impl<Tx: ?Sized, Rx, C> Builder<Tx, Rx, C> {
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            common: Common::default(),
            config: Config::default(),
            hooks: Hooks::new(),
            application: Application::default(),
            watches_page: true,
            types: PhantomData,
        }
    }

    /// Adds a parameter to the URL's query, percent-encoded (RFC 3986 §2.1). May be given several
    /// times; what the URL holds already stays as it is.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.common.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Offers a subprotocol (RFC 6455 §1.9), in the order of preference. Which one the server
    /// chose is in [`Status::Online`](crate::Status::Online). A browser may open a line whose
    /// server chose none (Firefox), or refuse it (Chromium).
    pub fn subprotocol(mut self, token: &str) -> Self {
        self.common.subprotocols.push(token.to_owned());
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

    /// How the line is looked after when the page wakes: when it is shown, comes back from the
    /// back/forward cache, resumes, gets its network back, or its machine has slept. Default:
    /// [`Waking::default`].
    pub fn waking(mut self, waking: Waking) -> Self {
        self.config.waking = waking;
        self
    }

    /// Whether the line watches the life of its page, and of its machine's network and sleep.
    /// Default: yes. In a Worker only network and sleep can be watched; what the page notices may
    /// be handed in by [`Monitor::notice`](crate::Monitor::notice), here as everywhere.
    pub fn page_lifecycle(mut self, watches: bool) -> Self {
        self.watches_page = watches;
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
    /// A message on which JavaScript throws in `key_of` has no key. The function may use and drop
    /// the line; it is dropped when the line has ended.
    ///
    /// Default: every message is kept. [`Monitor::replaced`](crate::Monitor::replaced) counts the
    /// others.
    pub fn latest_by(mut self, key_of: impl Fn(&Payload) -> Option<Key> + 'static) -> Self {
        self.hooks.of_keys = Some(Box::new(key_of));
        self
    }

    /// Judges a closed connection before Keepline's own table
    /// ([`CloseCode::verdict`](crate::CloseCode::verdict)) does; `None` leaves it to the table, and
    /// so does a judge in which JavaScript throws. It may use and drop the line that it judges.
    pub fn on_closed(mut self, judge: impl Fn(&Closed) -> Option<Verdict> + 'static) -> Self {
        self.hooks.of_closes = Some(Box::new(judge));
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

    /// Has failed handshakes looked into, of which the browser says only 1006: a `fetch` of the
    /// HTTP side of the same URL often shows why. What it finds is told as
    /// [`Down::Diagnosed`](crate::Down::Diagnosed), and ends the line as
    /// [`End::Diagnosed`](crate::End::Diagnosed) if another attempt would not mend it
    /// ([`Diagnosis::verdict`](crate::Diagnosis::verdict)); a `Retry-After` of 429 and 503 is
    /// heeded, up to an hour.
    ///
    /// One GET, or two where CORS hides the answer, after the first failed handshake since the
    /// line last proved its life, and then at most one in [`Backoff::cap`], or after a 401, 403,
    /// 429 or 503. Cookies go with it.
    ///
    /// Default: not at all, and for a reason: it asks a server for what it may log as an error, and
    /// believes that a GET is answered like the upgrade. A server whose GET says 401 or 403 while
    /// its WebSockets are open to all must not be asked so, or be judged by
    /// [`on_diagnosed`](Self::on_diagnosed). A server of another origin tells what it has to say
    /// only to pages that it names (CORS, with credentials), and `Retry-After` only if it exposes
    /// that header.
    pub fn diagnosis(mut self) -> Self {
        self.config.diagnosis = true;
        self.application.look_into = Some(diagnosis::look_into);
        self
    }

    /// Judges what [`diagnosis`](Self::diagnosis) has found before Keepline does; `None` leaves it
    /// to [`Diagnosis::verdict`](crate::Diagnosis::verdict). An application that knows that its
    /// server answers a GET there ends the line for a 404, for one.
    pub fn on_diagnosed(mut self, judge: impl Fn(Diagnosis) -> Option<Verdict> + 'static) -> Self {
        self.hooks.of_diagnoses = Some(Box::new(judge));
        self
    }

    /// Starts to connect, and returns at once. Sends are queued until the line is open.
    ///
    /// # Errors
    /// When the URL, a subprotocol or a setting cannot be used. What the network makes of it, and
    /// what a provider gives, is told by the line's status.
    pub fn connect(self) -> Result<Socket<Tx, Rx, C>, BuildError> {
        let Self { source, mut common, mut config, mut application, .. } = self;
        let Self { hooks, watches_page, .. } = self;
        if config.session.is_some() && hooks.of_keys.is_some() {
            return Err(BuildError::LatestInSession);
        }
        common.coding = config.session.as_ref().map(|session| session.coding);
        let route = match source {
            Source::Fixed(endpoint) => Route::Fixed(common.address(&endpoint)?),
            Source::Provider(provider) => {
                common.check()?;
                config.provider = true;
                let route = provider.ways.route;
                application.provider = Some(provider);
                route(common)
            }
        };
        let driver = Driver::start(route, config, hooks, application, watches_page);
        let driver = driver.map_err(BuildError::Config)?;
        Ok(Socket::new(driver))
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
    /// The subprotocol at this place, counted from 1, is not a token, or was given twice. It is not
    /// quoted, for it may be a secret.
    Subprotocol(usize),
    /// `session` and `subprotocol` exclude each other: a session has its own.
    TwoProtocols,
    /// A provider gave credentials for a plain line, which has no place for them.
    PlainCredentials,
    /// `session` and `latest_by` exclude each other: a session delivers every message.
    LatestInSession,
    /// A setting cannot be used, or contradicts another.
    Config(ConfigError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url { url, error } => write!(f, "cannot connect to {url:?}: {error}"),
            Self::Subprotocol(place) => {
                write!(f, "subprotocol {place} is not a token, or given twice")
            }
            Self::TwoProtocols => {
                f.write_str("session and subprotocol exclude each other: a session has its own")
            }
            Self::PlainCredentials => {
                f.write_str("credentials go into a session's hello, and this line is plain")
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
            Self::Subprotocol(_)
            | Self::TwoProtocols
            | Self::PlainCredentials
            | Self::LatestInSession => None,
            Self::Config(error) => Some(error),
        }
    }
}
