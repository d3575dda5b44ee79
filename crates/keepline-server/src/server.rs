//! The state of one server: what all its sockets share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};

use keepline_core::wire::Credentials;
use keepline_core::{Caller, Refused};
use tokio::join;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

use crate::hall::Hall;
use crate::news;
use crate::options::{Options, OptionsError};
use crate::origin::Allowed;
use crate::runs::Runs;
use crate::sessions::{Keeper, ring};
use crate::stop::{Phase, StopSignal};

/// One server: its rooms, its runs, and the count of its sockets. Cloning shares it.
///
/// Dropping the last clone drops every socket without a word; [`Server::stop`] says goodbye.
#[derive(Clone, Debug)]
pub struct Server {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: Arc<Options>,
    allowed: Allowed,
    phase: watch::Sender<Phase>,
    places: Arc<Semaphore>,
    chat: Arc<Hall>,
    broadcast: Arc<Hall>,
    runs: Arc<Runs>,
    clients: AtomicU64,
    keeper: Arc<Keeper>,
    /// Sessions' connections are told of a stop only when their clients have had time to leave.
    session_phase: watch::Sender<Phase>,
    timer: Once,
}

/// Whether a server takes new sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    Ready,
    Full,
    Stopping,
}

impl Server {
    /// A server that nobody is connected to. [`router`](crate::router()) makes it reachable.
    ///
    /// # Errors
    /// The options do not fit together.
    pub fn new(options: Options) -> Result<Self, OptionsError> {
        let allowed = options.allowed()?;
        let (phase, _) = watch::channel(Phase::Serving);
        let (session_phase, _) = watch::channel(Phase::Serving);
        let seed = getrandom::u64().map_err(OptionsError::NoChance)?;
        let keeper = Keeper::new(options.sessions.config(), seed);
        let shared = Shared {
            allowed,
            places: Arc::new(Semaphore::new(options.max_sockets as usize)),
            chat: Arc::new(Hall::new(&options, news::in_chat)),
            broadcast: Arc::new(Hall::new(&options, news::in_broadcast)),
            runs: Arc::new(Runs::new(StopSignal::new(&phase))),
            clients: AtomicU64::new(1),
            keeper: keeper.map_err(OptionsError::Sessions)?,
            session_phase,
            timer: Once::new(),
            options: Arc::new(options),
            phase,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Asks `verify` who opens a session or renews its credentials. Without it, everybody is
    /// anonymous, and sessions rest on the secrecy of their ids alone. The first that is named
    /// stays.
    ///
    /// It may take as long as a hello may (10 s), and sees what the client has handed in, if
    /// anything. The subject must be stable, never the credentials themselves: a session belongs
    /// to it, also after a renewal.
    #[must_use]
    pub fn verifying<F, V>(self, verify: V) -> Self
    where
        V: Fn(Option<Credentials>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Caller, Refused>> + Send + 'static,
    {
        self.shared.keeper.verify_by(Box::new(move |credentials| Box::pin(verify(credentials))));
        self
    }

    /// Refuses new sockets, closes the open ones with 1001, and waits for them to end, at most
    /// as long as [`Options::stop_within`]; those that are left then are dropped.
    ///
    /// Sessions end with the server: their clients are told to come back to another one, and have
    /// until shortly before the end to see that nothing is under way. [`Session::recv`] gives
    /// `None` then, and applications have the rest of the time, until none is left.
    ///
    /// [`Session::recv`]: crate::Session::recv
    pub async fn stop(&self) {
        self.shared.phase.send_replace(Phase::Stopping);
        // Every place is free again once every socket has ended.
        let every_place = self.shared.places.acquire_many(self.shared.options.max_sockets);
        let ended_in_time = timeout(self.shared.options.stop_within, every_place);
        let (_, _) = join!(ended_in_time, self.stop_sessions());
        self.shared.phase.send_replace(Phase::Over);
    }

    async fn stop_sessions(&self) {
        let Options { stop_within, close_within, .. } = *self.shared.options;
        self.shared.keeper.drain(stop_within.saturating_sub(close_within)).await;
        self.shared.session_phase.send_replace(Phase::Stopping);
        self.shared.keeper.let_applications_end(close_within).await;
    }

    /// The keeper of all sessions, whose timer runs from the first call on.
    pub(crate) fn keeper(&self) -> Arc<Keeper> {
        self.shared.timer.call_once(|| {
            tokio::spawn(ring(Arc::downgrade(&self.shared.keeper), self.stop_signal()));
        });
        Arc::clone(&self.shared.keeper)
    }

    pub(crate) fn session_stop_signal(&self) -> StopSignal {
        StopSignal::new(&self.shared.session_phase)
    }

    pub(crate) fn options(&self) -> Arc<Options> {
        Arc::clone(&self.shared.options)
    }

    pub(crate) fn stop_signal(&self) -> StopSignal {
        StopSignal::new(&self.shared.phase)
    }

    pub(crate) fn admits(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        self.shared.allowed.admits(origin, host)
    }

    pub(crate) fn readiness(&self) -> Readiness {
        match *self.shared.phase.borrow() {
            Phase::Serving if self.shared.places.available_permits() == 0 => Readiness::Full,
            Phase::Serving => Readiness::Ready,
            Phase::Stopping | Phase::Over => Readiness::Stopping,
        }
    }

    /// A place for one more socket, if there is one.
    pub(crate) fn take_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.shared.places).try_acquire_owned().ok()
    }

    pub(crate) fn chat(&self) -> Arc<Hall> {
        Arc::clone(&self.shared.chat)
    }

    pub(crate) fn broadcast(&self) -> Arc<Hall> {
        Arc::clone(&self.shared.broadcast)
    }

    pub(crate) fn runs(&self) -> Arc<Runs> {
        Arc::clone(&self.shared.runs)
    }

    /// The number of the next client of `/broadcast`: 1, 2, 3, …
    pub(crate) fn next_client(&self) -> u64 {
        self.shared.clients.fetch_add(1, Ordering::Relaxed)
    }
}
