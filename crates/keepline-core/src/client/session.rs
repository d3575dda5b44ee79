//! What a client holds of its session, from one connection to the next.

use super::connection::{Move, Speech};
use super::{Client, Mode, State};
use crate::delivery::{Delivery, Link, patience};
use crate::mutant::{Mutant, planted};
use crate::timers::Timer;
use crate::wire::{Bye, Credentials, Epoch, Greeting, Hello, Instance, SessionId};
use crate::{
    Broken, CloseCode, Closed, ConfigError, ConnId, Down, Draw, Instant, Output, SessionConfig,
    Span,
};

/// How long an acknowledgement may wait for a message to go with (docs/protocol.md §5.2).
const ACK_WITHIN: Span = Span::millis(50);

/// So many closes in a row with the same code of resynchronisation end the line.
const MOST_RESYNCS: u8 = 3;

/// So many attempts that never opened make one doubt that there is a Keepline server.
const DOUBT_AFTER: u32 = 3;

#[derive(Debug)]
pub(super) struct SessionEnd {
    pub(super) config: SessionConfig,
    pub(super) identity: Identity,
    /// The epoch that the server has greeted with.
    pub(super) epoch: Option<Epoch>,
    /// What the last greeting said of time.
    pub(super) terms: Option<Terms>,
    /// What the server said before it closed the present connection.
    pub(super) farewell: Option<Bye>,
    pub(super) draining: Draining,
    pub(super) finishing: Option<Finish>,
    /// What an earlier epoch delivered, and the application has not taken yet.
    pub(super) stale: usize,
    /// Whether the application takes messages, or has said that it will.
    pub(super) is_read: bool,
    resync: Resync,
    never_opened: u32,
    flush_asked: bool,
}

/// A session that may speak.
pub(super) struct Talk<'a> {
    pub(super) conn: ConnId,
    pub(super) link: &'a mut Link,
    pub(super) session: &'a mut SessionEnd,
    pub(super) delivery: &'a mut Delivery,
}

/// Who this client is to a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity {
    /// `None` when the next connection must draw another.
    pub(super) session: Option<SessionId>,
    /// Drawn with the first connection.
    pub(super) instance: Instance,
    /// How many hellos were said.
    attempt: u64,
}

/// What a greeting says of time, within bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) silence: Span,
    pub(super) spread: Span,
}

/// How far a session is that ends with its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Draining {
    No,
    /// Nothing new is sent.
    Flushing,
    /// The `end` is said.
    Ending,
}

/// The application wants everything taken, and then the end.
#[derive(Clone, Debug)]
pub(super) struct Finish {
    pub(super) by: Instant,
    pub(super) code: CloseCode,
    pub(super) reason: alloc::string::String,
}

/// Closes in a row with one code of resynchronisation.
#[derive(Clone, Copy, Debug)]
enum Resync {
    None,
    Last(CloseCode, u8),
}

impl SessionEnd {
    pub(super) fn new(config: &SessionConfig) -> Self {
        Self {
            config: config.clone(),
            identity: Identity { session: None, instance: Instance([0; 8]), attempt: 0 },
            epoch: None,
            terms: None,
            farewell: None,
            draining: Draining::No,
            finishing: None,
            stale: 0,
            is_read: false,
            resync: Resync::None,
            never_opened: 0,
            flush_asked: false,
        }
    }

    pub(super) const fn is_finishing(&self) -> bool {
        self.finishing.is_some()
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining != Draining::No
    }

    /// The hello for a new connection, after what was `received` of the epoch that is known.
    pub(super) fn hello(&mut self, draw: Draw, received: u64) -> Hello {
        let identity = &mut self.identity;
        if identity.attempt == 0 {
            identity.instance = draw.instance;
        }
        identity.attempt += u64::from(identity.attempt == 0 || !planted(Mutant::AttemptNotRaised));
        let session = *identity.session.get_or_insert(draw.session);
        Hello {
            session,
            instance: identity.instance,
            attempt: identity.attempt,
            epoch: self.epoch.filter(|_| !planted(Mutant::EpochNotTold)),
            received: self.epoch.map_or(0, |_| received),
            window: self.config.window,
            credentials: self.config.credentials.clone(),
        }
    }

    /// The next hello opens a session of its own.
    pub(super) fn forget_identity(&mut self) {
        self.identity.session = None;
        self.epoch = None;
    }

    /// The session is over for this end; the next hello opens another.
    pub(super) fn leave(&mut self, delivery: &mut Delivery) {
        self.stale += delivery.incoming.waiting();
        delivery.forget_arrivals();
        self.draining = Draining::No;
        self.forget_identity();
    }

    /// What the server said on an older connection of its going away holds no longer.
    pub(super) fn leave_behind(&mut self) {
        self.farewell = None;
        self.draining = Draining::No;
    }

    /// Whether no hello was said after this one.
    pub(super) fn is_latest(&self, hello: u64) -> bool {
        self.identity.attempt <= hello
    }

    /// Something was acknowledged: the two ends understand each other.
    pub(super) const fn understood(&mut self) {
        self.resync = Resync::None;
    }

    /// Whether a close with this code of resynchronisation is one too many.
    pub(super) fn is_hopeless(&mut self, code: CloseCode) -> bool {
        let count = match self.resync {
            // What overrules the close may do so for ever.
            Resync::Last(last, count) if last == code => count.saturating_add(1),
            Resync::Last(..) | Resync::None => 1,
        };
        self.resync = Resync::Last(code, count);
        count >= MOST_RESYNCS
    }

    /// Whether so many attempts have failed to open that one doubts what is there.
    pub(super) const fn doubts(&mut self) -> bool {
        self.never_opened = self.never_opened.saturating_add(1);
        self.terms.is_none() && self.never_opened >= DOUBT_AFTER
    }

    pub(super) const fn opened(&mut self) {
        self.never_opened = 0;
    }

    pub(super) fn heed(&mut self, greeting: &Greeting) {
        let ping = Span::from(greeting.ping).clamp(Span::secs(1), Span::secs(5 * 60));
        let silence = Span::from(greeting.silence).clamp(Span::secs(2), Span::secs(15 * 60));
        self.terms = Some(Terms {
            silence: patience(silence, ping, self.config.window),
            spread: Span::secs(5 * 60).min(greeting.spread.into()),
        });
    }
}

/// What the application asks of a session.
impl Client {
    /// Tells the far end that the application has taken the next `count` messages of those
    /// delivered. What an earlier session delivered is counted too, and told to nobody. Who takes
    /// some [reads](Client::reads). Does nothing on a plain line. Drain [`Client::poll_output`]
    /// afterwards.
    pub fn took(&mut self, count: usize, now: Instant) {
        let Mode::Session(session) = &mut self.mode else { return };
        session.is_read |= count > 0;
        let stale = session.stale.min(count);
        session.stale -= stale;
        self.delivery.incoming.took(count - stale);
        self.owe_ack(now);
        self.finish_if_settled(now);
    }

    /// Whether the application takes what is delivered from now on, or rests: [`Client::finish`]
    /// waits only for one that reads. To be said of one that waits for its first message, too.
    /// Does nothing on a plain line. Drain [`Client::poll_output`] afterwards.
    pub fn reads(&mut self, it_does: bool, now: Instant) {
        if let Mode::Session(session) = &mut self.mode {
            session.is_read = it_does;
            self.finish_if_settled(now);
        }
    }

    /// Everything that was sent in this turn of the event loop leaves, in as few frames as may be.
    /// To be called when [`Output::Flush`] has asked for it, and some time after
    /// [`Client::gather`]; does nothing at other times.
    pub fn flush(&mut self, now: Instant) {
        self.expire_if_due(now);
        let Mode::Session(session) = &mut self.mode else { return self.hand_on_gathered() };
        session.flush_asked = false;
        while let Some((conn, frame)) = self.next_frame() {
            self.transmit(conn, frame);
        }
        self.owe_ack(now);
    }

    fn next_frame(&mut self) -> Option<(ConnId, crate::Payload)> {
        let takes_more = self.takes_more();
        self.withhold(!takes_more);
        let Talk { conn, link, session, delivery } = self.talk_back()?;
        Some((conn, delivery.frame(link, session.is_draining())?))
    }

    /// Replaces the credentials: for the next hello, and in band if the line is open. Does nothing
    /// on a plain line. A provider, if there is one, is asked again before the next attempt.
    ///
    /// # Errors
    /// When they are empty or larger than a hello may carry; the former ones stay.
    pub fn renew(&mut self, credentials: Credentials) -> Result<(), ConfigError> {
        credentials.check()?;
        self.forget_promise();
        let Mode::Session(session) = &mut self.mode else { return Ok(()) };
        session.config.credentials = Some(credentials);
        if let Some(Talk { link, session, .. }) = self.talk_back()
            && let Some(newest) = &session.config.credentials
        {
            link.renew(newest);
            self.ask_for_flush();
        }
        Ok(())
    }

    /// How many messages came again by a newer connection, and were discarded.
    #[must_use]
    pub const fn repeated(&self) -> u64 {
        self.delivery.incoming.repeated()
    }
}

/// What all of a session's files need.
impl Client {
    /// The link of a session's open connection, and the session; `None` once its `end` is said.
    pub(super) fn talk(&mut self) -> Option<Talk<'_>> {
        let Mode::Session(session) = &mut self.mode else { return None };
        let (State::Online(connection) | State::Leaving(connection)) = &mut self.state else {
            return None;
        };
        match &mut connection.speech {
            Speech::Session(link, _) if session.draining != Draining::Ending => {
                Some(Talk { conn: connection.id, link, session, delivery: &mut self.delivery })
            }
            Speech::Session(..) | Speech::Plain(_) => None,
        }
    }

    /// The same, while the connection takes what it is given.
    fn talk_back(&mut self) -> Option<Talk<'_>> {
        match &self.state {
            State::Online(_) => self.talk(),
            State::Idle
            | State::Connecting(_)
            | State::Greeting(_)
            | State::Leaving(_)
            | State::Waiting { .. }
            | State::Closing { .. }
            | State::Ended(_) => None,
        }
    }

    pub(super) fn ask_for_flush(&mut self) {
        let Some(Talk { link, session, delivery, .. }) = self.talk_back() else { return };
        let has_frame = delivery.has_frame(link, session.is_draining());
        if !session.flush_asked && has_frame && !planted(Mutant::FlushForgotten) {
            session.flush_asked = true;
            self.outputs.push(Output::Flush);
        }
    }

    /// Tells the far end soon what was taken, or at once if it waits for it.
    fn owe_ack(&mut self, now: Instant) {
        let Some(Talk { link, delivery, .. }) = self.talk_back() else { return };
        let (owes, at_once) = (delivery.owes_ack(link), delivery.owes_ack_now(link));
        if !owes {
            self.timers.stop(Timer::Ack);
        } else if at_once {
            self.ask_for_flush();
        } else if !self.timers.is_set(Timer::Ack) && !planted(Mutant::AckForgotten) {
            self.timers.set(Timer::Ack, now + ACK_WITHIN);
        }
        self.end_drain_if_settled(now);
    }

    pub(super) fn moves_to(&self) -> Option<ConnId> {
        match &self.state {
            State::Online(connection) | State::Leaving(connection) => connection.moves_to(),
            State::Idle
            | State::Connecting(_)
            | State::Greeting(_)
            | State::Waiting { .. }
            | State::Closing { .. }
            | State::Ended(_) => None,
        }
    }

    pub(super) const fn moving(&mut self) -> Option<&mut Move> {
        let (State::Online(connection) | State::Leaving(connection)) = &mut self.state else {
            return None;
        };
        match &mut connection.speech {
            Speech::Plain(_) => None,
            Speech::Session(_, to) => Some(to),
        }
    }

    /// Closes the present connection, for the far end has broken the protocol on it.
    pub(super) fn broken(&mut self, broken: Broken, now: Instant) {
        let Some(conn) = self.conn() else { return };
        let reason = broken.what.clone();
        self.outputs.push(Output::Close(conn, broken.code, reason));
        self.let_go();
        if self.state.is_over() {
            return self.end(crate::End::Application, now);
        }
        match self.is_hopeless(broken.code) {
            true => self.end(crate::End::Broken(broken), now),
            false => self.down(Down::Broken(broken), now),
        }
    }

    /// Whether another attempt after a breach of the protocol would be in vain.
    fn is_hopeless(&mut self, code: CloseCode) -> bool {
        match &mut self.mode {
            Mode::Session(session) if code.is_resync() => {
                if code == CloseCode::POSITION {
                    session.epoch = None;
                }
                session.is_hopeless(code)
            }
            Mode::Session(_) | Mode::Plain => true,
        }
    }

    /// Whether a close that came from afar is the last of too many, or of an identity that is not
    /// ours.
    pub(super) fn is_hopeless_close(&mut self, closed: &Closed) -> bool {
        let Mode::Session(session) = &mut self.mode else { return false };
        match closed.code {
            CloseCode::FOREIGN_SESSION => session.forget_identity(),
            CloseCode::POSITION => session.epoch = None,
            _ => {}
        }
        closed.code.is_resync() && session.is_hopeless(closed.code)
    }
}
