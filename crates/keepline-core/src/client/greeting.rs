//! How a session's connection begins: a hello is said, and a greeting comes back.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::connection::{Asked, Connection, Dial};
use super::{Client, Mode, State};
use crate::delivery::{Delivery, Link};
use crate::mutant::{Mutant, planted};
use crate::wire::{FrameWriter, Greeting, Record};
use crate::{AfterLoss, Breach, Doubt, Draw, End, Event, Instant, Loss, MessageIds, Output};

impl Client {
    /// Says hello on a connection that has just opened.
    pub(super) fn say_hello(&mut self, dial: Dial, protocol: &str, draw: Draw, now: Instant) {
        let Mode::Session(session) = &mut self.mode else { return };
        session.opened();
        if protocol != session.config.coding.subprotocol() {
            self.let_go();
            return self.end(End::NotKeepline, now);
        }
        let asked = self.hello(dial, draw);
        self.enter(State::Greeting(asked), now);
    }

    /// Hands the hello to a connection.
    pub(super) fn hello(&mut self, dial: Dial, draw: Draw) -> Asked {
        let Mode::Session(session) = &mut self.mode else {
            return Asked { dial, received: 0, hello: 0 };
        };
        let hello = session.hello(draw, self.delivery.incoming.received());
        let asked = Asked { dial, received: hello.received, hello: hello.attempt };
        let mut frame = FrameWriter::new(session.config.coding);
        frame.record(&Record::Hello(hello));
        self.outputs.push(Output::Transmit(dial.conn, frame.finish()));
        asked
    }

    /// The server accepts the hello: the line is open.
    pub(super) fn greeted(
        &mut self,
        asked: Asked,
        greeting: &Greeting,
        now: Instant,
    ) -> Result<(), Breach> {
        let link = self.agree(asked, greeting)?;
        let Mode::Session(session) = &mut self.mode else { return Ok(()) };
        session.heed(greeting);
        session.leave_behind();
        let protocol = String::from(session.config.coding.subprotocol());
        if !planted(Mutant::BackoffNotReset) {
            self.proven();
        }
        self.granted(greeting.expires, now);
        let connection = Box::new(Connection::session(asked, protocol, link, now));
        self.enter(State::Online(connection), now);
        Ok(())
    }

    /// Finds the place from which both ends go on.
    fn agree(&mut self, asked: Asked, greeting: &Greeting) -> Result<Link, Breach> {
        let Mode::Session(session) = &mut self.mode else { return Err(Breach::OutOfPlace) };
        let any = planted(Mutant::EpochIgnored) && session.epoch.is_some();
        if session.epoch == Some(greeting.epoch) || any {
            self.delivery.outgoing.resume(greeting.received)?;
            return Ok(Delivery::next_link(session.config.coding, asked.received));
        }
        if greeting.received != 0 {
            return Err(Breach::Position);
        }
        session.epoch = Some(greeting.epoch);
        let coding = session.config.coding;
        self.begin_epoch(greeting);
        Ok(self.delivery.first_link(coding))
    }

    /// The server's state is a new one: what became of what was sent in the one before?
    fn begin_epoch(&mut self, greeting: &Greeting) {
        let Mode::Session(session) = &mut self.mode else { return };
        let was_greeted = session.terms.is_some();
        let received = self.delivery.incoming.received();
        let again = session.config.after_loss == AfterLoss::SendAgain;
        let fates = self.delivery.outgoing.lose(greeting.previous, again);
        session.stale += self.delivery.incoming.waiting();
        let too_large = self.delivery.begin(greeting.window);
        self.tell_fates(fates, Doubt::SessionLost);
        self.tell_fates(too_large, Doubt::SessionLost);
        if was_greeted {
            let missed = greeting.previous.map(|it| it.sent.saturating_sub(received));
            self.tell(Event::Restarted { missed });
        }
    }

    pub(super) fn tell_all(&mut self, runs: Vec<MessageIds>, fate: Fate) {
        for ids in runs {
            self.tell(match fate {
                Fate::Delivered => Event::Delivered(ids),
                Fate::Lost(loss) => Event::Undeliverable(ids, loss),
                Fate::InDoubt(doubt) => Event::Unknown(ids, doubt),
            });
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    Delivered,
    Lost(Loss),
    InDoubt(Doubt),
}
