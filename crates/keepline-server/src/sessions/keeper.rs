//! The one place that borrows the core: acts on it, and carries out what it decides.

mod running;
mod stopping;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use keepline_core::wire::{Coding, Credentials};
use keepline_core::{
    Caller, CloseCode, ConfigError, ConnId, Instant, MessageId, Payload, Refused, SendError,
    ServerConfig, ServerOutput, SessionEvent, SessionKey, Sessions,
};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::desk::Desk;
use super::inbox::{Found, Inbox, Lost};
use super::seat::{Running, Seat};
use super::timer::Clock;

/// Starts the application of a session that has just begun.
pub(crate) type Application = Box<dyn FnOnce(Desk) -> BoxFuture<'static, ()> + Send>;

/// Says who somebody with these credentials is.
pub(crate) type Verifier =
    Box<dyn Fn(Option<Credentials>) -> BoxFuture<'static, Result<Caller, Refused>> + Send + Sync>;

/// All sessions of one server, shared by its connections and its applications.
pub(crate) struct Keeper {
    works: Mutex<Works>,
    clock: Clock,
    /// Without one, everybody is anonymous.
    verifier: OnceLock<Verifier>,
    verified_within: Duration,
    /// Told when a deadline comes sooner than the timer knows.
    pub(super) sooner: Notify,
    /// Told when a connection has ended, or an application.
    fewer: Notify,
    last_conn: AtomicU64,
}

struct Works {
    core: Sessions,
    lines: BTreeMap<ConnId, Line>,
    desks: BTreeMap<SessionKey, Inbox>,
    /// When the timer rings next.
    alarm: Option<Instant>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("core", &self.works().core).finish_non_exhaustive()
    }
}

/// What a connection's task has not been told yet.
struct Line {
    seat: Arc<Seat>,
    close: Option<(CloseCode, String)>,
    /// Until a session has begun on it, if one does.
    application: Option<Application>,
    /// Ends with the connection: nobody else wants to know.
    verification: Option<AbortHandle>,
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(verification) = &self.verification {
            verification.abort();
        }
    }
}

impl Keeper {
    /// `seed` must differ between two runs of a server, for epochs come from it.
    pub(crate) fn new(config: ServerConfig, seed: u64) -> Result<Arc<Self>, ConfigError> {
        let verified_within = config.hello_within;
        let core = Sessions::new(config, seed)?;
        let works = Works { core, lines: BTreeMap::new(), desks: BTreeMap::new(), alarm: None };
        Ok(Arc::new(Self {
            works: Mutex::new(works),
            clock: Clock::start(),
            verifier: OnceLock::new(),
            verified_within,
            sooner: Notify::new(),
            fewer: Notify::new(),
            last_conn: AtomicU64::new(0),
        }))
    }

    /// Acts on the core, and carries out what it decides.
    fn act<R>(self: &Arc<Self>, act: impl FnOnce(&mut Works, Instant) -> R) -> R {
        self.act_on(self.works(), act)
    }

    fn act_on<R>(
        self: &Arc<Self>,
        mut works: MutexGuard<'_, Works>,
        act: impl FnOnce(&mut Works, Instant) -> R,
    ) -> R {
        let mut tasks = Vec::new();
        let now = self.clock.now();
        let result = act(&mut works, now);
        works.perform(&mut tasks);
        let rings_sooner = works.set_alarm();
        drop(works);
        if rings_sooner {
            self.sooner.notify_one();
        }
        for task in tasks {
            self.start(task);
        }
        result
    }

    fn start(self: &Arc<Self>, task: Task) {
        let keeper = Arc::clone(self);
        match task {
            Task::Application(key, news, application) => {
                let application = application(Desk::new(keeper, key, news));
                self.settle(Running { key, application });
            }
            Task::Verification(conn, credentials) => match self.verifier.get() {
                None => keeper.verified(conn, Ok(Caller::default())),
                Some(verify) => {
                    // After that the core has closed the connection, and nobody waits.
                    let verified = timeout(self.verified_within, verify(credentials));
                    let verification = tokio::spawn(async move {
                        if let Ok(who) = verified.await {
                            keeper.verified(conn, who);
                        }
                    });
                    self.works().note(conn, verification.abort_handle());
                }
            },
        }
    }

    fn verified(self: &Arc<Self>, conn: ConnId, who: Result<Caller, Refused>) {
        self.act(|works, now| works.core.verified(conn, who, now));
    }

    /// Asks this one from now on; the first that is named stays.
    pub(crate) fn verify_by(&self, verifier: Verifier) {
        let _first_stays = self.verifier.set(verifier);
    }

    fn works(&self) -> MutexGuard<'_, Works> {
        self.works.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn opened(
        self: &Arc<Self>,
        coding: Coding,
        scope: &str,
        application: Application,
    ) -> (ConnId, Arc<Seat>) {
        let conn = ConnId(self.last_conn.fetch_add(1, Ordering::Relaxed) + 1);
        let seat = Seat::new();
        let line = Line {
            seat: Arc::clone(&seat),
            close: None,
            application: Some(application),
            verification: None,
        };
        self.act(|works, now| {
            works.lines.insert(conn, line);
            works.core.opened(conn, coding, scope, now);
        });
        (conn, seat)
    }

    pub(super) fn received(self: &Arc<Self>, conn: ConnId, frame: &Payload) {
        self.act(|works, now| works.core.received(conn, frame, now));
    }

    /// A frame came that was over every limit, and was not read.
    pub(super) fn too_large(self: &Arc<Self>, conn: ConnId) {
        self.act(|works, now| works.core.too_large(conn, now));
    }

    /// What the connection is to be sent next; or else how it is to be closed.
    pub(super) fn next_for(self: &Arc<Self>, conn: ConnId) -> Next {
        self.act(|works, now| {
            let frame = works.core.poll_frame(conn, now);
            let close = works.lines.get_mut(&conn).map(|line| &mut line.close);
            match (frame, close) {
                (Some(frame), Some(Some(_))) => Next::LastWord(frame),
                (Some(frame), Some(None) | None) => {
                    let more = works.core.has_frame(conn);
                    Next::Frame { frame, more }
                }
                (None, close) => close
                    .and_then(Option::take)
                    .map_or(Next::Nothing, |(code, reason)| Next::Close(code, reason)),
            }
        })
    }

    pub(super) fn closed(self: &Arc<Self>, conn: ConnId) {
        let line = self.act(|works, now| {
            works.core.closed(conn, now);
            works.lines.remove(&conn)
        });
        if let Some(application) = line.and_then(|line| line.seat.leave()) {
            self.settle(application);
        }
        self.fewer.notify_one();
    }

    /// Takes the next message. The core hears of it in the same breath: were a session to end in
    /// between, its client would be told that the message was not taken.
    pub(super) fn take(self: &Arc<Self>, key: SessionKey) -> Found {
        let mut works = self.works();
        let found = works.desks.get_mut(&key).map_or(Found::Over, Inbox::take);
        // Most who look find nothing, and then nothing has happened that the core must hear of.
        if let Found::Message(_) = found {
            self.act_on(works, |works, now| works.core.took(key, 1, now));
        }
        found
    }

    /// Sends what `payload` holds, which stays there if it is refused.
    pub(super) fn send(
        self: &Arc<Self>,
        key: SessionKey,
        payload: &mut Option<Payload>,
    ) -> Result<MessageId, SendError> {
        self.act(|works, now| {
            let sent = works.core.send_from(key, payload, now);
            if sent.is_err() {
                works.desks.entry(key).and_modify(Inbox::watch_outbox);
            }
            sent
        })
    }

    /// Whether the client has taken all that it was sent; `None` once the session is over.
    pub(super) fn is_settled(&self, key: SessionKey) -> Option<bool> {
        let mut works = self.works();
        let waiting = works.core.queued(key)?.messages;
        works.desks.entry(key).and_modify(Inbox::watch_outbox);
        Some(waiting == 0)
    }

    /// What was lost since this was last asked.
    pub(super) fn lost(&self, key: SessionKey) -> Vec<Lost> {
        self.works().desks.get_mut(&key).map(Inbox::take_lost).unwrap_or_default()
    }

    /// Who a session belongs to, if to anybody by name.
    pub(super) fn subject(&self, key: SessionKey) -> Option<String> {
        self.works().core.subject(key).map(str::to_owned)
    }

    /// Whether neither a session's application nor its client has ended it.
    pub(super) fn is_open(&self, key: SessionKey) -> bool {
        self.works().desks.get(&key).is_some_and(Inbox::is_open)
    }

    /// Whether every fate of a session is known.
    pub(super) fn is_over(&self, key: SessionKey) -> bool {
        self.works().desks.get(&key).is_none_or(Inbox::is_over)
    }

    /// Ends a session. Its client is told how far the application has come, so it comes no further.
    pub(super) fn end(self: &Arc<Self>, key: SessionKey, code: CloseCode, reason: &str) {
        self.act(|works, now| {
            works.core.end(key, code, reason, now);
            works.desks.entry(key).and_modify(Inbox::close);
        });
    }

    /// The application has left its desk, and nobody will ask any more.
    pub(super) fn leave(self: &Arc<Self>, key: SessionKey) {
        self.end(key, CloseCode::NORMAL, "");
        self.works().desks.remove(&key);
        self.fewer.notify_one();
    }

    /// Does what is due, and returns when to come back.
    pub(super) fn ring(self: &Arc<Self>) -> Option<Duration> {
        self.act(|works, now| {
            works.core.handle_timeout(now);
            // The timer reads it below: told that it rings sooner, it would ring without end.
            works.alarm = works.core.poll_timeout();
        });
        let next = self.works().alarm?;
        Some(next - self.clock.now())
    }
}

/// What is next for a connection.
pub(super) enum Next {
    Frame {
        frame: Payload,
        /// Whether there is another already.
        more: bool,
    },
    /// The last one before the close, which no stop may interrupt.
    LastWord(Payload),
    Close(CloseCode, String),
    Nothing,
}

/// What is to be done once nothing is borrowed.
enum Task {
    Application(SessionKey, Arc<Notify>, Application),
    Verification(ConnId, Option<Credentials>),
}

impl Works {
    fn perform(&mut self, tasks: &mut Vec<Task>) {
        while let Some(output) = self.core.poll_output() {
            match output {
                ServerOutput::Verify(conn, credentials) => {
                    tasks.push(Task::Verification(conn, credentials));
                }
                ServerOutput::Wake(conn) => self.wake(conn),
                ServerOutput::Close(conn, code, reason) => {
                    if let Some(line) = self.lines.get_mut(&conn) {
                        line.close = Some((code, reason));
                    }
                    self.wake(conn);
                }
                ServerOutput::Begin(key, conn) => tasks.extend(self.begin(key, conn)),
                ServerOutput::Deliver(key, payload) => {
                    if let Some(inbox) = self.desks.get_mut(&key) {
                        inbox.deliver(payload);
                    }
                }
                ServerOutput::Event(key, event) => self.tell(key, &event),
            }
        }
    }

    fn note(&mut self, conn: ConnId, verification: AbortHandle) {
        match self.lines.get_mut(&conn) {
            Some(line) => line.verification = Some(verification),
            None => verification.abort(),
        }
    }

    fn wake(&self, conn: ConnId) {
        if let Some(line) = self.lines.get(&conn) {
            line.seat.tell();
        }
    }

    fn begin(&mut self, key: SessionKey, conn: ConnId) -> Option<Task> {
        let application = self.lines.get_mut(&conn)?.application.take()?;
        let inbox = Inbox::default();
        let news = inbox.news();
        self.desks.insert(key, inbox);
        Some(Task::Application(key, news, application))
    }

    fn tell(&mut self, key: SessionKey, event: &SessionEvent) {
        let Some(inbox) = self.desks.get_mut(&key) else { return };
        match *event {
            SessionEvent::Over(_) => inbox.end(),
            SessionEvent::Delivered(_) => inbox.outbox_shrinks(),
            SessionEvent::Undeliverable(ids, why) => inbox.lose(Lost::Undeliverable(ids, why)),
            SessionEvent::Unknown(ids, why) => inbox.lose(Lost::Unknown(ids, why)),
            SessionEvent::Attached => inbox.attach(),
            SessionEvent::Detached | SessionEvent::Draining => {}
        }
    }

    /// Whether the timer must ring sooner than it would.
    fn set_alarm(&mut self) -> bool {
        let next = self.core.poll_timeout();
        let sooner = match (next, self.alarm) {
            (Some(next), Some(alarm)) => next < alarm,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if sooner {
            self.alarm = next;
        }
        sooner
    }
}

#[cfg(test)]
mod tests;
