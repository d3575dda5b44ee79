//! Whether the present connection takes more, or holds so much already that the rest had better
//! wait in the outbox, where it can still be dropped.

use super::connection::Speech;
use super::{Client, Mode, State};
use crate::mutant::{Mutant, planted};
use crate::timers::Timer;
use crate::{ConnId, Instant, Output, Span};

/// How soon after it was found too full a socket is looked at again. No browser tells when its
/// buffer has drained.
const FIRST_LOOK: Span = Span::millis(8);
/// Looks become rarer up to this.
const RAREST_LOOK: Span = Span::millis(64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
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
            Gate::Asked | Gate::Shut { .. } => false,
        }
    }

    /// The socket holds so much: opens the gate, or shuts it.
    pub(super) fn weigh(&mut self, buffered: u64, now: Instant) {
        let (high, low) = (self.config.limits.buffer_high, self.config.limits.buffer_low);
        let State::Online(connection) = &mut self.state else { return };
        let opens = match connection.gate {
            Gate::Open => return,
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
