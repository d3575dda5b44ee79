//! The server's end of many clients: accepts hellos, keeps sessions, and forgets them in time.

mod accept;
mod alarms;
mod config;
mod departure;
mod hearing;
mod held;
mod line;
mod memory;
mod owner;
mod port;
mod session;
mod timeouts;
mod tombstones;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use core::time::Duration;

use self::alarms::{Alarms, Whose};
pub use self::config::ServerConfig;
use self::held::Holdings;
use self::line::{LastWord, Line, Stage, Talk};
pub use self::port::{Caller, Over, Refused, ServerOutput, SessionEvent, SessionKey};
use self::session::{Session, Stand};
use self::tombstones::Tombstones;
use crate::client::SendError;
use crate::message::Freight;
use crate::mutant::{Mutant, planted};
use crate::rng::Rng;
use crate::wire::{Coding, SessionId};
use crate::{CloseCode, ConfigError, ConnId, Instant, MessageId, MessageIds, Payload, Queued};

/// A server that goes away still sends, until an `end`: its applications answer what they have
/// taken. Only clients hold back what is new, for the next session.
const HOLDS_NEW_BACK: bool = false;

/// Keeps the sessions of one server, each with at most one connection.
///
/// As with the [`Client`](crate::Client), a driver tells it what happened and the time, drains
/// [`Sessions::poll_output`] after every call and performs each output in order, and calls
/// [`Sessions::handle_timeout`] when [`Sessions::poll_timeout`] is due by its clock. Every
/// connection has an id of its own, and every session a key; news of one that is gone is harmless.
///
/// # Memory
///
/// Bounded by the [`ServerConfig`]: sessions, tombstones, and what all sessions hold together,
/// those of one identity, and the anonymous ones. When a bound is reached, new sessions are
/// refused; what a session sends or receives makes room by giving up those that have been without a
/// connection for longest. If that is not enough, a send is refused; and for what was received,
/// those of the same identity that hold most, or anonymous ones, are given up, whose clients are
/// told what was not taken. The last eighth of each bound is for sessions that hold at most 16 KiB:
/// who holds much does not stop those who do not.
///
/// One that its client left before it had sent or acknowledged anything holds no place against a
/// new one of the same identity, or another anonymous one: its client begins anew, and what its
/// application has said meanwhile is told as lost.
#[derive(Debug)]
pub struct Sessions {
    config: ServerConfig,
    rng: Rng,
    lines: BTreeMap<ConnId, Line>,
    by_key: BTreeMap<SessionKey, Session>,
    by_id: BTreeMap<SessionId, SessionKey>,
    /// Those without a connection, the longest first.
    detached: BTreeSet<(Instant, SessionKey)>,
    /// Those of them in which nothing has passed; whether they are somebody's by name comes first.
    unheard: BTreeSet<(bool, Instant, SessionKey)>,
    tombstones: Tombstones,
    tombstone_alarm: Option<Instant>,
    alarms: Alarms,
    outputs: VecDeque<ServerOutput>,
    last_key: SessionKey,
    holdings: Holdings,
    /// Until when this server waits that goes away and takes its sessions with it.
    draining: Option<Instant>,
    counts: Counts,
}

/// What has been refused and discarded since the beginning, and how much is held now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were closed because a frame was malformed.
    pub malformed: u64,
    /// Connections that were closed because a rule of delivery was broken.
    pub breaches: u64,
    /// Hellos of a copy of the client, or from the past.
    pub superseded: u64,
    /// Hellos for a session of somebody else.
    pub foreign: u64,
    /// Hellos refused because there were too many sessions, or no memory.
    pub full: u64,
    /// Messages that came again by a newer connection, and were discarded.
    pub repeated: u64,
    /// Sessions given up because nobody came back, or for want of room.
    pub given_up: u64,
}

impl Sessions {
    /// No sessions yet. `seed` is the source of epochs: hand in a random one.
    ///
    /// # Errors
    /// When the configuration contradicts itself.
    pub fn new(config: ServerConfig, seed: u64) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            rng: Rng::new(seed),
            lines: BTreeMap::new(),
            by_key: BTreeMap::new(),
            by_id: BTreeMap::new(),
            detached: BTreeSet::new(),
            unheard: BTreeSet::new(),
            tombstones: Tombstones::new(config.tombstones),
            tombstone_alarm: None,
            alarms: Alarms::default(),
            outputs: VecDeque::new(),
            last_key: SessionKey(0),
            holdings: Holdings::default(),
            draining: None,
            counts: Counts::default(),
            config,
        })
    }

    /// A connection has opened on the address `scope`, and speaks `coding`. A session belongs to
    /// the address that it was opened on.
    pub fn opened(&mut self, conn: ConnId, coding: Coding, scope: &str, now: Instant) {
        let stage = Stage::Silent { until: now + self.config.hello_within };
        self.lines.insert(conn, Line { coding, scope: scope.into(), stage, alarm: None });
        self.set_line_alarm(conn);
    }

    /// A connection is over.
    pub fn closed(&mut self, conn: ConnId, now: Instant) {
        let Some(mut line) = self.lines.remove(&conn) else { return };
        self.alarms.stop(Whose::Line(conn), &mut line.alarm);
        match line.stage {
            Stage::Attached(talk) => self.lost(talk.key, now),
            Stage::Silent { .. } | Stage::Verifying { .. } | Stage::Closing { .. } => {}
        }
    }

    /// Accepts a message for a session's client, in order. Its fate comes as a [`SessionEvent`].
    ///
    /// # Errors
    /// When it is too large, there is no room for it, or the session is over.
    pub fn send(
        &mut self,
        key: SessionKey,
        payload: Payload,
        now: Instant,
    ) -> Result<MessageId, SendError> {
        self.send_from(key, &mut Some(payload), now)
    }

    /// The same for an owner who would rather wait with a message than lose it: one that is refused
    /// stays where it is.
    ///
    /// # Errors
    /// As [`Sessions::send`]; [`SendError::Ended`] if there is no message.
    pub fn send_from(
        &mut self,
        key: SessionKey,
        payload: &mut Option<Payload>,
        now: Instant,
    ) -> Result<MessageId, SendError> {
        self.make_room_for(key, payload.as_ref().map_or(0, Payload::len), now)?;
        let Some(session) = self.by_key.get_mut(&key) else { return Err(SendError::Ended) };
        let Some(payload) = payload.take() else { return Err(SendError::Ended) };
        let id = session.delivery.outgoing.push(Freight::Here(payload));
        self.recount(key);
        self.wake(key);
        Ok(id)
    }

    fn make_room_for(
        &mut self,
        key: SessionKey,
        size: usize,
        now: Instant,
    ) -> Result<(), SendError> {
        let Some(session) = self.by_key.get(&key) else { return Err(SendError::Ended) };
        if session.is_ending() {
            return Err(SendError::Ended);
        }
        let queued = session.delivery.outgoing.queued();
        let far = session.delivery.outgoing.largest().unwrap_or(u64::MAX);
        let limit = far.min(self.config.window.message_bytes);
        if size as u64 > limit {
            return Err(SendError::TooLarge { size, limit: limit as usize });
        }
        let ServerConfig { outbox_messages, outbox_bytes, .. } = self.config;
        let fits = queued.messages < outbox_messages && queued.bytes + size <= outbox_bytes;
        match fits && self.make_room(Session::cost_of(size), key, now) {
            true => Ok(()),
            false => Err(SendError::Full { queued }),
        }
    }

    /// Tells the client that the session's application has taken the next `count` messages of
    /// those delivered.
    pub fn took(&mut self, key: SessionKey, count: usize, now: Instant) {
        let Some(session) = self.by_key.get_mut(&key) else { return };
        if session.is_ending() {
            return;
        }
        session.delivery.incoming.took(count);
        self.recount(key);
        if let Some(conn) = self.conn(key) {
            self.owe_ack(conn, now);
        }
        self.wake(key);
    }

    /// What a connection is to be sent next, in one WebSocket message; `None` when there is
    /// nothing. Call it when the connection can take more: all that waits meanwhile leaves
    /// together.
    pub fn poll_frame(&mut self, conn: ConnId, now: Instant) -> Option<Payload> {
        let line = self.lines.get_mut(&conn)?;
        let talk = match &mut line.stage {
            Stage::Closing { last, .. } => return last.take(),
            Stage::Attached(talk) => talk,
            Stage::Silent { .. } | Stage::Verifying { .. } => return None,
        };
        let session = self.by_key.get_mut(&talk.key)?;
        let frame = match &talk.last {
            LastWord::Said => None,
            LastWord::Ready(_) if planted(Mutant::EndBeforeGreeting) => None,
            LastWord::NotYet | LastWord::Ready(_) => {
                session.delivery.frame(&mut talk.link, HOLDS_NEW_BACK)
            }
        };
        // What still may go out goes before an `end`.
        let frame = frame.or_else(|| talk.say_end());
        if frame.is_some() {
            (talk.sent, talk.ack_by) = (now, None);
        }
        talk.woken = frame.is_some() && talk.has_more(session);
        frame
    }

    /// Whether there is more to send than [`Sessions::poll_frame`] has given. If not, the next is
    /// told by [`ServerOutput::Wake`] again.
    #[must_use]
    pub fn has_frame(&self, conn: ConnId) -> bool {
        self.lines.get(&conn).is_some_and(|line| match &line.stage {
            Stage::Attached(talk) => talk.woken,
            Stage::Closing { last, .. } => last.is_some(),
            Stage::Silent { .. } | Stage::Verifying { .. } => false,
        })
    }

    /// The next thing to do, until there is none.
    pub fn poll_output(&mut self) -> Option<ServerOutput> {
        self.outputs.pop_front()
    }

    /// When [`Sessions::handle_timeout`] is to be called next, if ever.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.alarms.next()
    }

    /// What waits for a session's client, queued and unacknowledged together; `None` once the
    /// session is over.
    #[must_use]
    pub fn queued(&self, key: SessionKey) -> Option<Queued> {
        self.by_key.get(&key).map(|session| session.delivery.outgoing.queued())
    }

    /// Who a session belongs to; `None` for an anonymous one, and once it is over.
    #[must_use]
    pub fn subject(&self, key: SessionKey) -> Option<&str> {
        self.by_key.get(&key)?.owner.subject.as_deref()
    }

    /// How many sessions there are, with and without a connection.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there is no session.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// How many tombstones are kept.
    #[must_use]
    pub fn tombstones(&self) -> usize {
        self.tombstones.len()
    }

    /// How much all sessions together hold, in bytes.
    #[must_use]
    pub const fn total_bytes(&self) -> usize {
        self.holdings.total()
    }

    /// What has been refused and discarded since the beginning.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The connection that a session has now.
    #[must_use]
    pub fn conn(&self, key: SessionKey) -> Option<ConnId> {
        self.by_key.get(&key).and_then(Session::conn)
    }
}

/// What all files of this folder need.
impl Sessions {
    fn tell(&mut self, key: SessionKey, event: SessionEvent) {
        self.outputs.push_back(ServerOutput::Event(key, event));
    }

    fn tell_all(
        &mut self,
        key: SessionKey,
        runs: impl IntoIterator<Item = MessageIds>,
        what: impl Fn(MessageIds) -> SessionEvent,
    ) {
        runs.into_iter().for_each(|ids| self.tell(key, what(ids)));
    }

    /// Lets the driver know that a session's connection has something to send.
    fn wake(&mut self, key: SessionKey) {
        let Some(session) = self.by_key.get(&key) else { return };
        let Some(conn) = session.conn() else { return };
        let Some(Line { stage: Stage::Attached(talk), .. }) = self.lines.get_mut(&conn) else {
            return;
        };
        if !talk.woken && talk.has_more(session) {
            talk.woken = true;
            self.outputs.push_back(ServerOutput::Wake(conn));
        }
    }

    /// Counts what a session holds now; whether it is more than it was.
    fn recount(&mut self, key: SessionKey) -> bool {
        let Some(session) = self.by_key.get_mut(&key) else { return false };
        let (before, after) = session.recount();
        let is_away = matches!(session.stand, Stand::Detached(_));
        self.holdings.count(session.owner.subject.as_deref(), before, after, is_away);
        after > before
    }

    fn set_line_alarm(&mut self, conn: ConnId) {
        if let Some(line) = self.lines.get_mut(&conn) {
            let at = line.deadline(self.config.ping, self.config.patience());
            self.alarms.set(Whose::Line(conn), &mut line.alarm, at);
        }
    }

    fn talk(&mut self, conn: ConnId) -> Option<(&mut Talk, &mut Session)> {
        match &mut self.lines.get_mut(&conn)?.stage {
            Stage::Attached(talk) => {
                let session = self.by_key.get_mut(&talk.key)?;
                Some((talk, session))
            }
            Stage::Silent { .. } | Stage::Verifying { .. } | Stage::Closing { .. } => None,
        }
    }

    /// Closes a connection, which carries no session any more, after one last frame.
    fn close(
        &mut self,
        conn: ConnId,
        code: CloseCode,
        reason: &str,
        last: Option<Payload>,
        now: Instant,
    ) {
        let Some(line) = self.lines.get_mut(&conn) else { return };
        // A driver whose network is slow may be busy with the frame before the last one.
        let patience = if last.is_some() { self.config.patience() } else { Duration::ZERO };
        let until = now + self.config.close_timeout + patience;
        line.stage = Stage::Closing { last, until };
        self.outputs.push_back(ServerOutput::Close(conn, code, shortened(reason)));
        self.set_line_alarm(conn);
    }
}

/// At most 123 bytes of a reason, cut between characters (RFC 6455 §5.5).
fn shortened(reason: &str) -> String {
    let most = reason.len().min(crate::MAX_CLOSE_REASON);
    let end = (0..=most).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
    reason[..end].into()
}
