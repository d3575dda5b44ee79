//! How a session moves to another connection before it leaves the old one.

use super::connection::{Asked, Dial, Move};
use super::{Client, Mode, State};
use crate::mutant::{Mutant, planted};
use crate::timers::Timer;
use crate::wire::{Record, records};
use crate::{ConnId, Draw, Input, Instant, Payload};

impl Client {
    /// Opens another connection, while this one is still used.
    pub(super) fn move_away(&mut self, now: Instant) {
        let may = self.pace.next_allowed() <= now;
        let is_ending = self.talk().is_none();
        if !may || is_ending || !matches!(self.moving(), Some(Move::Stays)) {
            return;
        }
        let dial = self.dial(now);
        self.move_by(dial);
    }

    fn move_by(&mut self, dial: Dial) {
        if let Some(to) = self.moving() {
            *to = Move::Dialing(dial);
        }
        self.timers.set(Timer::Move, dial.until);
    }

    /// Takes in news of the connection that the session moves to.
    pub(super) fn hear_of_move(&mut self, input: Input, now: Instant) {
        match (input, self.moving().copied()) {
            (Input::Opened(_, protocol, draw), Some(Move::Dialing(dial))) => {
                self.ask_to_move(dial, &protocol, draw);
            }
            (Input::Received(conn, frame), Some(Move::Asked(asked))) => {
                self.answer_to_move(conn, asked, &frame, now);
            }
            (Input::Provided(_, Ok(provision)), Some(Move::Dialing(mut dial))) => {
                dial.provide(now + self.config.connect_timeout);
                self.move_by(dial);
                self.hold(provision, now);
            }
            (
                Input::Buffered(..)
                | Input::Answered(..)
                | Input::Diagnosed(..)
                | Input::Noticed(_),
                _,
            ) => {}
            (
                Input::Opened(..)
                | Input::OpenFailed(..)
                | Input::Received(..)
                | Input::TooLarge(..)
                | Input::PeerClosing(_)
                | Input::Closed(..)
                | Input::Provided(..),
                _,
            ) => self.stay(),
        }
    }

    /// Gives up the move: the old connection is used as long as it lasts.
    pub(super) fn stay(&mut self) {
        self.forsake(self.moves_to());
        self.timers.stop(Timer::Move);
        if let Some(to) = self.moving() {
            *to = Move::Stays;
        }
    }

    fn ask_to_move(&mut self, dial: Dial, protocol: &str, draw: Draw) {
        let Mode::Session(session) = &self.mode else { return };
        if protocol != session.config.coding.subprotocol() {
            return self.stay();
        }
        let asked = self.hello(dial, draw);
        if let Some(to) = self.moving() {
            *to = Move::Asked(asked);
        }
    }

    fn answer_to_move(&mut self, conn: ConnId, asked: Asked, frame: &Payload, now: Instant) {
        let Some(reading) = self.reading() else { return };
        let mut answer = records(reading.coding, frame, reading.limits);
        let Some(Ok(Record::Greeting(greeting))) = answer.next() else {
            return self.stay();
        };
        let old = self.conn().filter(|_| !planted(Mutant::LeaksOnMove));
        if self.greeted(asked, &greeting, now).is_err() {
            return self.stay();
        }
        self.forsake(old);
        self.hear_records(conn, answer, now);
    }

    /// The connection that is left when the present one is gone, as a state of its own.
    pub(super) fn next_after_loss(&mut self) -> Option<State> {
        match self.moving().copied()? {
            Move::Stays => None,
            Move::Dialing(dial) => Some(State::Connecting(dial)),
            Move::Asked(asked) => Some(State::Greeting(asked)),
        }
    }
}
