//! One open connection: how far it is proven, and what belongs to it alone.

use alloc::string::String;

use super::account::Account;
use super::drain::Drain;
use super::gate::Gate;
use super::pulse::Pulse;
use crate::delivery::Link;
use crate::{ConnId, Instant, Span};

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnId,
    pub(super) protocol: String,
    pub(super) speech: Speech,
    pub(super) drain: Drain,
    pub(super) gate: Gate,
    pub(super) pulse: Pulse,
    /// Which of the session's hellos it was opened with; 0 on a plain line.
    pub(super) hello: u64,
    opened_at: Instant,
    /// Open for long enough, and the far end has said something.
    settled: bool,
}

/// How the two ends talk on a connection.
#[derive(Debug)]
pub(super) enum Speech {
    Plain(Account),
    Session(Link, Move),
}

/// Whether the session is about to move to another connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Move {
    Stays,
    /// A handshake is under way.
    Dialing(Dial),
    /// The hello is said, the greeting has not come.
    Asked(Asked),
}

impl Move {
    pub(super) const fn conn(&self) -> Option<ConnId> {
        match self {
            Self::Stays => None,
            Self::Dialing(dial) => Some(dial.conn),
            Self::Asked(asked) => Some(asked.dial.conn),
        }
    }
}

/// An attempt to connect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dial {
    pub(super) conn: ConnId,
    /// When it has failed: a session's greeting included.
    pub(super) until: Instant,
    /// Whether a provider, if there is one, has said where to.
    pub(super) provided: bool,
    /// Whether an alarm that rang late was put off once.
    pub(super) excused: bool,
}

impl Dial {
    /// A provider has said where to: the handshake begins now.
    pub(super) const fn provide(&mut self, until: Instant) {
        if !self.provided {
            (self.provided, self.excused, self.until) = (true, false, until);
        }
    }
}

/// An attempt on which the hello is said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) dial: Dial,
    /// The position that the hello announced.
    pub(super) received: u64,
    /// Which of the session's hellos it is.
    pub(super) hello: u64,
}

impl Connection {
    pub(super) const fn plain(id: ConnId, protocol: String, opened_at: Instant) -> Self {
        Self {
            id,
            protocol,
            speech: Speech::Plain(Account::new()),
            drain: Drain::new(),
            gate: Gate::Open,
            pulse: Pulse::new(opened_at),
            hello: 0,
            opened_at,
            settled: false,
        }
    }

    /// Settled from the beginning: a greeting is what no proxy can forge.
    pub(super) const fn session(
        asked: Asked,
        protocol: String,
        link: Link,
        opened_at: Instant,
    ) -> Self {
        let Asked { dial: Dial { conn: id, .. }, hello, .. } = asked;
        Self {
            id,
            protocol,
            speech: Speech::Session(link, Move::Stays),
            drain: Drain::new(),
            gate: Gate::Open,
            pulse: Pulse::new(opened_at),
            hello,
            opened_at,
            settled: true,
        }
    }

    /// Takes note of a message from the far end; `Some` is when the connection will have settled,
    /// if it has not by now.
    pub(super) fn heard(&mut self, now: Instant, settle_after: Span) -> Option<Instant> {
        self.pulse.heard(now);
        self.pulse.proven();
        let settles_at = self.opened_at + settle_after;
        self.settled |= settles_at <= now;
        (!self.settled).then_some(settles_at)
    }

    pub(super) const fn settle(&mut self) {
        self.settled = true;
    }

    pub(super) const fn is_settled(&self) -> bool {
        self.settled
    }

    /// The bookkeeping of a plain connection.
    pub(super) const fn account(&mut self) -> Option<&mut Account> {
        match &mut self.speech {
            Speech::Plain(account) => Some(account),
            Speech::Session(..) => None,
        }
    }

    /// The attempt to move away from this connection, if there is one.
    pub(super) const fn moves_to(&self) -> Option<ConnId> {
        match &self.speech {
            Speech::Plain(_) => None,
            Speech::Session(_, to) => to.conn(),
        }
    }
}
