//! Whether the present connection takes more, or holds so much already that the rest had better
//! wait in the outbox, where it can still be dropped.

use super::connection::{Connection, Speech};
use super::{Client, Mode, State};
use crate::mutant::{Mutant, planted};
use crate::timers::Timer;
use crate::{ConnId, Instant, Output, Span};

/// How soon after it was found too full a socket is looked at again. No browser tells when its
/// buffer has drained.
const FIRST_LOOK: Span = Span::millis(8);
/// Looks become rarer up to this.
const RAREST_LOOK: Span = Span::millis(64);
/// So many messages are enough to leave together.
const GATHERED: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    /// What is sent waits for more of its kind, until the driver's flush.
    #[cfg_attr(not(feature = "gather"), allow(dead_code, reason = "it is not in every driver"))]
    Gathers,
    /// By our own count it might be too much; the driver is asked.
    Asked,
    /// It is too much, until it has fallen to the low mark.
    Shut {
        /// How long until the next look.
        look_in: Span,
    },
}

impl Client {
    /// Whether the present connection takes another message. Only the driver can tell when our own
    /// count is over the high mark: what the network took since the last look is not in it.
    pub(super) fn takes_more(&mut self) -> bool {
        let high = self.config.limits.buffer_high as u64;
        let Some(connection) = self.connection_mut() else { return false };
        let conn = connection.id;
        match connection.gate {
            Gate::Open if connection.drain.at_most() < high => true,
            Gate::Open if planted(Mutant::HighMarkIgnored) => true,
            Gate::Open => {
                connection.gate = Gate::Asked;
                self.outputs.push(Output::Measure(conn));
                false
            }
            Gate::Gathers | Gate::Asked | Gate::Shut { .. } => false,
        }
    }

    /// From now on, what is sent on an open plain line waits in the outbox, to leave together with
    /// the next [`Client::flush`], which is to come soon; before that, if there are 64 messages or
    /// the outbox or the socket has no room for more, or if one of them may expire. Does nothing in
    /// a session, whose messages always leave together.
    ///
    /// For a driver whose socket costs more when messages are given to it one by one, each in a
    /// task of its own.
    #[cfg(feature = "gather")]
    pub fn gather(&mut self) {
        if let (State::Online(connection), Mode::Plain) = (&mut self.state, &self.mode)
            && connection.gate == Gate::Open
        {
            connection.gate = Gate::Gathers;
        }
    }

    /// Hands on what was gathered if a message of this size would be too much of it: for the
    /// outbox, or for the socket, which is to take all of it when the line is closed or left.
    pub(super) fn make_way_for(&mut self, size: usize) {
        let (queued, limits) = (self.queued(), &self.config.limits);
        let Some(gathering) = self.gathering() else { return };
        let held = gathering.drain.at_most() + (queued.bytes + size) as u64;
        let fits = queued.leave_room_for(size, limits) && held < limits.buffer_high as u64;
        if queued.messages >= GATHERED || !fits {
            self.hand_on_gathered();
        }
    }

    /// The connection, while it gathers what is sent.
    pub(super) fn gathering(&self) -> Option<&Connection> {
        let State::Online(connection) = &self.state else { return None };
        let gathers = cfg!(feature = "gather") && connection.gate == Gate::Gathers;
        gathers.then_some(connection)
    }

    /// What was gathered leaves, and what is sent goes at once again.
    pub(super) fn hand_on_gathered(&mut self) {
        if self.gathering().is_some()
            && let State::Online(connection) = &mut self.state
        {
            connection.gate = Gate::Open;
            self.go_on();
        }
    }

    /// The socket holds so much: opens the gate, or shuts it.
    pub(super) fn weigh(&mut self, buffered: u64, now: Instant) {
        let (high, low) = (self.config.limits.buffer_high, self.config.limits.buffer_low);
        let State::Online(connection) = &mut self.state else { return };
        let opens = match connection.gate {
            Gate::Open | Gate::Gathers => return,
            Gate::Asked => buffered < high as u64,
            Gate::Shut { .. } if planted(Mutant::GateStaysShut) => false,
            Gate::Shut { .. } => buffered <= low as u64,
        };
        if opens {
            connection.gate = Gate::Open;
            self.timers.stop(Timer::Buffer);
            self.expire_if_due(now);
            self.go_on();
        } else if connection.gate == Gate::Asked {
            connection.gate = Gate::Shut { look_in: FIRST_LOOK };
            self.timers.set(Timer::Buffer, now + FIRST_LOOK);
        }
    }

    /// The driver has told how much the socket holds, and it is still too much.
    pub(super) fn look_later(&mut self, now: Instant) {
        let State::Online(connection) = &mut self.state else { return };
        if let Gate::Shut { look_in } = &mut connection.gate {
            *look_in = (*look_in + *look_in).min(RAREST_LOOK);
            self.timers.set(Timer::Buffer, now + *look_in);
        }
    }

    /// A message came, which is a good moment to look: in a hidden page timers are slow, messages
    /// are not.
    pub(super) fn look_again(&mut self, conn: ConnId) {
        if let State::Online(connection) = &self.state
            && let Gate::Shut { .. } = connection.gate
        {
            self.outputs.push(Output::Measure(conn));
        }
    }

    /// Hands on what waits, and tells those who wait for room.
    fn go_on(&mut self) {
        match &self.mode {
            Mode::Plain if self.queued().messages > 0 => {
                self.hand_over_all();
                self.outputs.push(Output::Room);
            }
            Mode::Plain => {}
            Mode::Session(_) => {
                self.withhold(false);
                self.ask_for_flush();
            }
        }
    }

    /// Whether a session's frames are to hold no messages, until the gate opens.
    pub(super) const fn withhold(&mut self, withholds: bool) {
        if let State::Online(connection) = &mut self.state
            && let Speech::Session(link, _) = &mut connection.speech
        {
            link.withhold(withholds);
        }
    }
}
