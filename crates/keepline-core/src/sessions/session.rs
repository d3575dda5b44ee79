//! The server's end of one client.

use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use super::owner::Owner;
use super::tombstones::{Tombstone, Worth};
use crate::delivery::{Delivery, Link};
use crate::mutant::{Mutant, planted};
use crate::wire::{Coding, Epoch, Finale, Greeting, Hello, Instance, Previous, SessionId, Window};
use crate::{Breach, CloseCode, ConnId, Instant, MessageIds};

/// What a session costs beside its payloads, and each message: an estimate from above.
const SESSION_COST: usize = 1_024;
const MESSAGE_COST: usize = 64;

/// The server's end of a session: it outlives connections, and ends by an `end` or by time.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: SessionId,
    pub(super) owner: Owner,
    pub(super) epoch: Epoch,
    instance: Instance,
    attempt: u64,
    pub(super) delivery: Delivery,
    pub(super) stand: Stand,
    /// What became of an earlier epoch, for a client that knows only that one.
    previous: Option<(Epoch, Previous)>,
    /// What this session has been counted for in the total.
    pub(super) counted: usize,
    pub(super) alarm: Option<Instant>,
}

/// Whether a connection is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Attached(ConnId),
    Detached(Instant),
    /// This end has said `end` on the connection, with this code and reason, and waits for the
    /// answer.
    Ending(ConnId, CloseCode, String),
}

/// The place from which both ends go on.
pub(super) struct Agreed {
    pub(super) link: Link,
    pub(super) received: u64,
    pub(super) previous: Option<Previous>,
    /// What this client would not take for its size.
    pub(super) too_large: Vec<MessageIds>,
}

/// How a hello fits to a session that is known.
pub(super) enum Fit {
    Resumes,
    /// The client has never heard of this epoch, and nothing has passed in it.
    BeginsUnheard,
    /// The client cannot go on from here.
    Replaces,
}

impl Session {
    pub(super) fn new(
        hello: &Hello,
        owner: Owner,
        epoch: Epoch,
        window: Window,
        previous: Option<(Epoch, Previous)>,
        now: Instant,
    ) -> Self {
        let mut delivery = Delivery::new(window);
        let none_yet = delivery.begin(hello.window);
        debug_assert!(none_yet.too_large.is_empty());
        Self {
            id: hello.session,
            owner,
            epoch,
            instance: hello.instance,
            attempt: hello.attempt,
            delivery,
            stand: Stand::Detached(now),
            previous,
            counted: 0,
            alarm: None,
        }
    }

    pub(super) const fn conn(&self) -> Option<ConnId> {
        match self.stand {
            Stand::Attached(conn) | Stand::Ending(conn, ..) => Some(conn),
            Stand::Detached(_) => None,
        }
    }

    /// Whether this end has said `end`.
    pub(super) const fn is_ending(&self) -> bool {
        matches!(self.stand, Stand::Ending(..))
    }

    /// Whether a hello comes from this client, and not from a copy of it or from the past.
    pub(super) fn is_newer(&self, hello: &Hello) -> bool {
        let is_later = self.attempt < hello.attempt || planted(Mutant::SupersededAccepted);
        self.instance == hello.instance && is_later
    }

    pub(super) fn fit(&self, hello: &Hello) -> Result<Fit, Breach> {
        if hello.epoch == Some(self.epoch) {
            return match self.delivery.outgoing.could_resume(hello.received) {
                true => Ok(Fit::Resumes),
                false => Err(Breach::Position),
            };
        }
        Ok(if self.is_unheard() { Fit::BeginsUnheard } else { Fit::Replaces })
    }

    /// Whether nothing has passed in this epoch, so that its client may never have heard of it.
    pub(super) fn is_unheard(&self) -> bool {
        self.delivery.incoming.received() == 0 && self.delivery.outgoing.taken() == 0
    }

    /// Takes a connection whose hello fits, and makes its link and the positions of its greeting.
    pub(super) fn attach(
        &mut self,
        conn: ConnId,
        coding: Coding,
        hello: &Hello,
    ) -> Result<Agreed, Breach> {
        self.attempt = hello.attempt;
        self.stand = Stand::Attached(conn);
        if hello.epoch == Some(self.epoch) {
            self.delivery.outgoing.resume(hello.received)?;
            let received = self.delivery.incoming.received();
            let link = Delivery::next_link(coding, received);
            return Ok(Agreed { link, received, previous: None, too_large: Vec::new() });
        }
        // The client may have said other windows before.
        let too_large = self.delivery.begin(hello.window).too_large;
        let previous = self.previous.filter(|(epoch, _)| Some(*epoch) == hello.epoch);
        let previous = previous.map(|(_, positions)| positions);
        Ok(Agreed { link: self.delivery.first_link(coding), received: 0, previous, too_large })
    }

    /// How much will be lost with its tombstone.
    pub(super) fn worth(&self, has_parted: bool) -> Worth {
        match (self.is_unheard() && self.previous.is_none(), has_parted) {
            (true, _) => Worth::NothingPassed,
            (false, true) => Worth::Parted,
            (false, false) => Worth::MayReturn,
        }
    }

    /// What is left of it for those who ask later. A client that never heard of this epoch will
    /// ask for the one before.
    pub(super) fn tombstone(&self, ended: Option<(CloseCode, String)>) -> Tombstone {
        let taken = match planted(Mutant::TombstoneWrong) {
            true => self.delivery.incoming.received(),
            false => self.delivery.incoming.taken(),
        };
        let present = Previous { taken, sent: self.delivery.outgoing.last() };
        Tombstone {
            owner: self.owner.clone(),
            instance: self.instance,
            attempt: self.attempt,
            last: (self.epoch, present),
            before: self.previous.filter(|_| self.is_unheard()),
            ended,
        }
    }

    /// What it costs now beyond what it was last counted for.
    pub(super) fn recount(&mut self) -> (usize, usize) {
        let (queued, incoming) = (self.delivery.outgoing.queued(), &self.delivery.incoming);
        let messages = queued.messages + incoming.waiting();
        // What is in memory fits into a usize.
        let bytes = queued.bytes + incoming.waiting_bytes() as usize;
        let counts = !planted(Mutant::TotalNotCounted);
        let cost = SESSION_COST + if counts { bytes + MESSAGE_COST * messages } else { 0 };
        (mem::replace(&mut self.counted, cost), cost)
    }

    pub(super) const fn first_cost() -> usize {
        SESSION_COST
    }

    pub(super) const fn cost_of(bytes: usize) -> usize {
        MESSAGE_COST.saturating_add(bytes)
    }

    pub(super) fn finale(&self, code: CloseCode, reason: &str) -> Finale {
        let taken = match planted(Mutant::EndSaysReceived) {
            true => self.delivery.incoming.received(),
            false => self.delivery.incoming.taken(),
        };
        Finale { taken, code, reason: reason.into() }
    }
}

/// What all greetings of a server have in common.
pub(super) struct Terms {
    pub(super) window: Window,
    pub(super) ping: core::time::Duration,
    pub(super) silence: core::time::Duration,
    pub(super) spread: core::time::Duration,
    pub(super) hold: core::time::Duration,
}

impl Terms {
    pub(super) const fn greeting(
        &self,
        epoch: Epoch,
        received: u64,
        expires: Option<core::time::Duration>,
        previous: Option<Previous>,
    ) -> Greeting {
        let Self { window, ping, silence, spread, hold } = *self;
        Greeting { epoch, received, window, ping, silence, spread, hold, expires, previous }
    }
}
