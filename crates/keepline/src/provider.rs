//! Where a line leads when an application says so before each attempt.

use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use keepline_core::wire::Credentials;
use keepline_core::{Instant, NotProvided, Provision};
use wasm_bindgen_futures::spawn_local;

use crate::builder::{BuildError, Builder, Source};
use crate::driver::Driver;
use crate::endpoint::{Address, Common, without_secrets};
use crate::errands::Route;
use crate::hooks::isolated;
use crate::socket::Socket;

impl<Tx: ?Sized, Rx, C> Socket<Tx, Rx, C> {
    /// Describes a line to wherever `provide` says before each attempt to connect: it is an async
    /// function that gives an [`Endpoint`], with a session's credentials for instance, or says why
    /// not. A session asks it too before credentials expire, and renews them in band. A line whose
    /// far end refuses the credentials (with 1008, 3000, 3003, 4401 or 4403) asks it once for
    /// others before it ends.
    ///
    /// It is called from a turn of the event loop of its own, one call at a time: an attempt that
    /// times out while a call is under way has failed
    /// ([`Down::ProviderSilent`](crate::Down::ProviderSilent)), and the next one waits for the same
    /// call. What it gives too late is used by the next attempt, within a minute and its life. A
    /// call that has been under way for a minute is dropped when another attempt is made, and the
    /// function is called anew. What JavaScript throws in it is reported, and means that it has no
    /// endpoint for now. When the line ends, the call is dropped, and the function with it. It
    /// may do with the line whatever it likes.
    ///
    /// An endpoint that cannot be used ends the line
    /// ([`End::BadEndpoint`](crate::End::BadEndpoint)).
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use keepline::{Endpoint, NoEndpoint, SessionConfig, TextSocket};
    ///
    /// # async fn token() -> Option<String> { None }
    /// # fn example() -> Result<(), keepline::BuildError> {
    /// let socket = TextSocket::builder_from(|_why| async {
    ///     let token = token().await.ok_or_else(|| NoEndpoint::Stop("logged out".into()))?;
    ///     let endpoint = Endpoint::new("wss://example.org/session/chat/lobby");
    ///     Ok(endpoint.credentials(token).expires_in(Duration::from_secs(15 * 60)))
    /// })
    /// .session(SessionConfig::default())
    /// .connect()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder_from<F, P>(provide: F) -> Builder<Tx, Rx, C>
    where
        F: Fn(Occasion) -> P + 'static,
        P: Future<Output = Result<Endpoint, NoEndpoint>> + 'static,
    {
        Builder::new(Source::Provider(Provider::new(provide)))
    }
}

/// Where an attempt is to lead, and with which credentials: what a provider gives
/// ([`Socket::builder_from`](crate::Socket::builder_from)).
///
/// Its `Debug` form has nothing that may hold a secret: no credentials, no subprotocol, and of the
/// URL neither user, query nor fragment.
#[derive(Clone)]
pub struct Endpoint {
    pub(crate) url: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) subprotocols: Vec<String>,
    credentials: Option<Credentials>,
    expires_in: Option<Duration>,
}

impl Endpoint {
    /// The endpoint at `url`: absolute (`ws`, `wss`, `http` or `https`), or relative to the page or
    /// Worker.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            query: Vec::new(),
            subprotocols: Vec::new(),
            credentials: None,
            expires_in: None,
        }
    }

    /// Adds a parameter to the URL's query, as [`Builder::query`](crate::Builder::query) does, and
    /// after those. What is in a URL is read by proxies and logs: a session's credentials belong
    /// into [`Endpoint::credentials`].
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Offers a subprotocol, as [`Builder::subprotocol`](crate::Builder::subprotocol) does, and
    /// after those. Plain lines only.
    #[must_use]
    pub fn subprotocol(mut self, token: &str) -> Self {
        self.subprotocols.push(token.to_owned());
        self
    }

    /// Who the client says it is: goes into a session's hello or, if the line is open, is handed in
    /// in band. Never into the URL. At most 8 KiB. Sessions only; without it, credentials given
    /// before are used again.
    #[must_use]
    pub fn credentials(mut self, credentials: impl Into<String>) -> Self {
        self.credentials = Some(Credentials(credentials.into()));
        self
    }

    /// How long the credentials hold from now on. A session renews them in band when 80 to 90 % of
    /// that is over; the server may say so as well, and the earlier time counts. A plain line
    /// cannot: its provider is asked again before the next attempt.
    #[must_use]
    pub const fn expires_in(mut self, life: Duration) -> Self {
        self.expires_in = Some(life);
        self
    }

    /// What a core must know of it, `late` after it was given.
    pub(crate) fn provision(&self, late: Duration) -> Provision {
        let expires = self.expires_in.map(|life| life.saturating_sub(late));
        Provision { credentials: self.credentials.clone(), expires }
    }

    /// Where it leads, together with what holds for all endpoints of a line.
    pub(crate) fn address(&self, common: &Common) -> Result<Address, BuildError> {
        if common.coding.is_none() && self.credentials.is_some() {
            return Err(BuildError::PlainCredentials);
        }
        common.address(self)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("url", &without_secrets(&self.url))
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// Why a provider is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// An attempt to connect is to be made.
    Attempt,
    /// The same, after credentials were refused: the same again would end the line.
    Refusal,
    /// The credentials of an open session are about to expire. Only
    /// [`Endpoint::credentials`] and [`Endpoint::expires_in`] of the answer count.
    Renewal,
}

/// Why a provider has no endpoint. The words are shown in statuses, so that they must not hold a
/// secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoEndpoint {
    /// It may have one later: the attempt has failed
    /// ([`Down::NotProvided`](crate::Down::NotProvided)), and the next one waits for the backoff. A
    /// renewal is tried again until the credentials expire.
    TryAgain(String),
    /// It never will: the line ends with [`End::NotProvided`](crate::End::NotProvided). Asked for a
    /// renewal, the line lasts as long as the credentials it has.
    Stop(String),
}

impl fmt::Display for NoEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TryAgain(why) => write!(f, "no endpoint for now: {why}"),
            Self::Stop(why) => write!(f, "no endpoint any more: {why}"),
        }
    }
}

impl std::error::Error for NoEndpoint {}

impl From<NoEndpoint> for NotProvided {
    fn from(none: NoEndpoint) -> Self {
        match none {
            NoEndpoint::TryAgain(why) => Self::TryAgain(why),
            NoEndpoint::Stop(why) => Self::Stop(why),
        }
    }
}

pub(crate) type Given = Result<Endpoint, NoEndpoint>;

type Answer = Pin<Box<dyn Future<Output = Given>>>;

type Ask = Rc<dyn Fn(Occasion) -> Answer>;

/// An application's function, and the one call of it that may be under way.
pub(crate) struct Provider {
    /// Until the line has ended.
    ask: RefCell<Option<Ask>>,
    call: RefCell<Option<Rc<Call>>>,
    pub(crate) ways: Ways,
}

/// What of a driver only a line with a provider needs. It is known by pointers, so that it is in no
/// download without one.
#[derive(Clone, Copy)]
pub(crate) struct Ways {
    pub(crate) route: fn(Common) -> Route,
    pub(crate) consult: fn(&Driver, &Provider, Occasion),
}

impl Provider {
    pub(crate) fn new<F, P>(provide: F) -> Self
    where
        F: Fn(Occasion) -> P + 'static,
        P: Future<Output = Given> + 'static,
    {
        let ask: Ask = Rc::new(move |why| Box::pin(provide(why)));
        let ways = Ways { route: Route::provided, consult: Driver::consult };
        Self { ask: RefCell::new(Some(ask)), call: RefCell::new(None), ways }
    }

    /// Asks it, unless it is being asked already, and hands the answer to `take`. The application
    /// is called from a turn of the event loop of its own, so that it may do what it likes. To be
    /// called when nothing is borrowed, for a call that hangs is dropped.
    pub(crate) fn call(&self, why: Occasion, now: Instant, take: impl FnOnce(Given) + 'static) {
        let under_way = self.call.borrow().clone().filter(|call| !call.is_over());
        if let Some(call) = under_way {
            if now - call.begun < HANGS {
                return;
            }
            call.cancel();
        }
        let Some(ask) = self.ask.borrow().clone() else { return };
        let call = Rc::new(Call::new(Box::pin(async move { ask(why).await }), now));
        self.call.replace(Some(Rc::clone(&call)));
        spawn_local(async move {
            if let Some(given) = poll_fn(|cx| call.poll(cx)).await {
                take(given);
            }
        });
    }

    /// Drops the function, and the call of it that may be under way. To be called when nothing is
    /// borrowed, for what is dropped is the application's own.
    pub(crate) fn end(&self) {
        drop(self.ask.take());
        let call = self.call.take();
        if let Some(call) = call {
            call.cancel();
        }
    }
}

/// A call that has not returned for so long never will.
const HANGS: Duration = Duration::from_secs(60);

/// A call of an application's function: it can be cancelled from anywhere, from within as well.
struct Call {
    stage: RefCell<Stage>,
    begun: Instant,
}

enum Stage {
    Pending(Answer, Option<Waker>),
    /// The application's code runs.
    Polled,
    Over,
}

impl Call {
    fn new(answer: Answer, begun: Instant) -> Self {
        Self { stage: RefCell::new(Stage::Pending(answer, None)), begun }
    }

    fn is_over(&self) -> bool {
        matches!(*self.stage.borrow(), Stage::Over)
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Given>> {
        let Stage::Pending(answer, _) = self.stage.replace(Stage::Polled) else {
            self.stage.replace(Stage::Over);
            return Poll::Ready(None);
        };
        // After JavaScript has thrown, it stands in the middle of something, and may be neither
        // polled nor dropped.
        let mut answer = ManuallyDrop::new(answer);
        let Some(polled) = polled(&mut answer, cx) else {
            return self.end_with(Err(NoEndpoint::TryAgain(THREW.to_owned())));
        };
        let answer = ManuallyDrop::into_inner(answer);
        match polled {
            Poll::Ready(given) => self.end_with(given),
            Poll::Pending if self.is_over() => Poll::Ready(None),
            Poll::Pending => {
                self.stage.replace(Stage::Pending(answer, Some(cx.waker().clone())));
                Poll::Pending
            }
        }
    }

    /// What was given, unless the call was cancelled from within.
    fn end_with(&self, given: Given) -> Poll<Option<Given>> {
        let was_over = matches!(self.stage.replace(Stage::Over), Stage::Over);
        Poll::Ready((!was_over).then_some(given))
    }

    fn cancel(&self) {
        let stage = self.stage.replace(Stage::Over);
        if let Stage::Pending(answer, waker) = stage {
            drop(answer);
            // Its task ends when it finds nothing to do.
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

/// Asks the application's code for its answer; `None` if JavaScript throws in it.
fn polled(answer: &mut Answer, cx: &mut Context<'_>) -> Option<Poll<Given>> {
    let mut polled = None;
    isolated(&mut || polled = Some(answer.as_mut().poll(cx)));
    polled
}

/// What JavaScript threw is reported as it was; it may hold a secret.
const THREW: &str = "the provider has thrown an exception";

/// An answer that came when no attempt waited for it any more is of use to the next one, for so
/// long.
const LATE: Duration = Duration::from_secs(60);

/// What a provider gave too late for the attempt that had asked.
pub(crate) struct Spare {
    given: Given,
    given_at: Instant,
}

impl Spare {
    /// `None` if it says no more than to ask again.
    pub(crate) fn new(given: Given, given_at: Instant) -> Option<Self> {
        let is_vain = matches!(given, Err(NoEndpoint::TryAgain(_)));
        (!is_vain).then_some(Self { given, given_at })
    }

    /// What was given, and how long ago; `None` if it is too old, as what ends a line never is.
    pub(crate) fn fresh(self, now: Instant) -> Option<(Given, Duration)> {
        let age = now - self.given_at;
        let is_fresh = self
            .given
            .as_ref()
            .map_or(true, |endpoint| age < endpoint.expires_in.map_or(LATE, |life| life.min(LATE)));
        is_fresh.then_some((self.given, age))
    }
}
