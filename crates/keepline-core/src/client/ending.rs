//! How a session ends, and what that says of the messages that were under way.

use core::time::Duration;

use super::greeting::Fate;
use super::session::{Draining, Finish, SessionEnd, Talk};
use super::{Client, Mode, Next, State};
use crate::close::check_close;
use crate::delivery::Fates;
use crate::mutant::{Mutant, planted};
use crate::timers::Timer;
use crate::wire::{Finale, FrameWriter, Previous, Record};
use crate::{AfterLoss, CloseCode, CloseError, Doubt, Down, End, Instant, Loss, Output, Span};

/// This part of a server's patience is left for the `end` and its answer.
const PART_FOR_THE_END: u64 = 8;

/// Longer than this no server that goes away is believed to wait.
const LONGEST_DRAIN: Span = Span::secs(60 * 60);

impl Client {
    /// Ends the session in band: what still may go out goes first.
    pub(super) fn say_end(&mut self, code: CloseCode, reason: &str, now: Instant) {
        self.flush(now);
        self.write_end(code, reason);
        self.pass(Next::Closing(None), now);
    }

    /// Says how far the application is, and that it takes nothing more; once.
    pub(super) fn write_end(&mut self, code: CloseCode, reason: &str) {
        let Some(Talk { conn, link, session, delivery }) = self.talk() else { return };
        let taken = delivery.incoming.taken();
        let mut frame = FrameWriter::new(link.coding());
        frame.record(&Record::End(Finale { taken, code, reason: reason.into() }));
        session.stale = 0;
        delivery.forget_arrivals();
        if !planted(Mutant::DiscardForgotten) {
            self.outputs.push(Output::Discard);
        }
        self.transmit(conn, frame.finish());
    }

    /// The far end has answered our `end`: every fate is known.
    pub(super) fn end_answered(&mut self, finale: &Finale, now: Instant) {
        self.settle_fates(Some(finale.taken));
        self.let_go();
        self.enter(State::Ended(End::Application), now);
    }

    /// The far end's application has ended the session.
    pub(super) fn ended_from_afar(&mut self, finale: Finale, now: Instant) {
        self.write_end(CloseCode::NORMAL, "");
        self.ended_while_away(finale, now);
    }

    /// It had ended it before this connection, and knows how far it had come.
    pub(super) fn ended_while_away(&mut self, finale: Finale, now: Instant) {
        let Mode::Session(session) = &self.mode else { return };
        // What it has taken is said of the epoch that the hello named, if it named one.
        self.settle_fates(session.epoch.map(|_| finale.taken));
        self.let_go();
        let Finale { code, reason, .. } = finale;
        self.enter(State::Ended(End::Session { code, reason }), now);
    }

    /// Tells what became of everything that is held, once and for all. `taken` is the far end's
    /// last word, if it has said one.
    pub(super) fn settle_fates(&mut self, taken: Option<u64>) {
        let fates = self.delivery.outgoing.end(taken.map(last_word));
        if let Mode::Session(session) = &mut self.mode {
            session.leave(&mut self.delivery);
            (session.terms, session.finishing) = (None, None);
        }
        self.tell_fates(fates, Doubt::Ended);
    }

    pub(super) fn tell_fates(&mut self, fates: Fates, doubt: Doubt) {
        let Fates { delivered, not_taken, unknown, never_sent, too_large } = fates;
        self.tell_all(delivered, Fate::Delivered);
        self.tell_all(not_taken, Fate::Lost(Loss::NotTaken));
        self.tell_all(unknown, Fate::InDoubt(doubt));
        self.tell_all(never_sent, Fate::Lost(Loss::NeverSent));
        self.tell_all(too_large, Fate::Lost(Loss::TooLarge));
    }
}

/// An end that waits until everything is taken.
impl Client {
    /// Ends the line once everything that was sent has been taken, or when `within` is over: then
    /// as [`Client::close`] does. It also waits until what has come is taken, for its end discards
    /// the rest; but not for an application that does not [read](Client::reads). Takes no more
    /// messages. On a plain line it closes at once.
    ///
    /// # Errors
    /// When a page may not send such a code or reason; the line then stays as it is.
    pub fn finish(
        &mut self,
        code: CloseCode,
        reason: &str,
        within: Duration,
        now: Instant,
    ) -> Result<(), CloseError> {
        check_close(code, reason)?;
        if let (Mode::Session(session), false) = (&mut self.mode, self.state.is_over()) {
            let by = now + within;
            session.finishing = Some(Finish { by, code, reason: reason.into() });
            self.timers.set(Timer::Finish, by);
            self.finish_if_settled(now);
            return Ok(());
        }
        self.close(code, reason, now)
    }

    pub(super) const fn is_finishing(&self) -> bool {
        match &self.mode {
            Mode::Plain => false,
            Mode::Session(session) => session.is_finishing(),
        }
    }

    pub(super) fn finish_if_settled(&mut self, now: Instant) {
        if let Mode::Session(session) = &self.mode
            && session.is_finishing()
            && self.delivery.outgoing.queued().messages == 0
            && (self.all_is_taken(session) || !session.is_read)
        {
            self.finish_now(now);
        }
    }

    /// Whether the application has taken all that came, in this epoch and before.
    fn all_is_taken(&self, session: &SessionEnd) -> bool {
        self.delivery.incoming.is_settled() && session.stale == 0
    }

    pub(super) fn finish_now(&mut self, now: Instant) {
        let Mode::Session(session) = &mut self.mode else { return };
        if let Some(Finish { code, reason, .. }) = session.finishing.take() {
            // It was checked when the application asked for it.
            let closed = self.close(code, &reason, now);
            debug_assert!(closed.is_ok());
        }
    }
}

/// A server that goes away and takes the session with it.
impl Client {
    /// Sends nothing new, and ends the session once everything is taken, or shortly before the
    /// server's patience is over.
    pub(super) fn drain_within(&mut self, within: Duration, now: Instant) {
        if let (State::Online(_), Mode::Session(session)) = (&self.state, &mut self.mode)
            && session.draining == Draining::No
        {
            let within = LONGEST_DRAIN.min(within.into());
            session.draining = Draining::Flushing;
            self.timers.set(Timer::Drain, now + (within - within / PART_FOR_THE_END));
        }
    }

    pub(super) fn end_drain_if_settled(&mut self, now: Instant) {
        if let (State::Online(_), Mode::Session(session)) = (&self.state, &self.mode)
            && session.draining == Draining::Flushing
            && self.delivery.outgoing.is_settled()
            && self.all_is_taken(session)
        {
            self.end_drain(now);
        }
    }

    /// The drain is over, one way or the other.
    pub(super) fn drain_due(&mut self, now: Instant) {
        let Mode::Session(session) = &self.mode else { return };
        match session.draining {
            Draining::No => {}
            Draining::Flushing => self.end_drain(now),
            Draining::Ending => {
                self.let_go();
                self.down(Down::GoneAway, now);
            }
        }
    }

    /// Ends the session with the server that goes away; its answer begins the next one.
    fn end_drain(&mut self, now: Instant) {
        self.stay();
        self.write_end(CloseCode::NORMAL, "");
        if let Mode::Session(session) = &mut self.mode {
            session.draining = Draining::Ending;
        }
        self.timers.set(Timer::Drain, now + self.config.close_timeout);
    }

    /// The server that goes away has said its last word.
    pub(super) fn drained(&mut self, finale: &Finale, now: Instant) {
        self.part(Some(finale.taken));
        self.let_go();
        self.down(Down::GoneAway, now);
    }

    /// Leaves a session that the line itself outlives; what was in no frame goes on to the next.
    pub(super) fn part(&mut self, taken: Option<u64>) {
        let Mode::Session(session) = &mut self.mode else { return };
        let again = session.config.after_loss == AfterLoss::SendAgain;
        let fates = self.delivery.outgoing.lose(taken.map(last_word), again);
        session.leave(&mut self.delivery);
        self.tell_fates(fates, Doubt::SessionLost);
    }
}

const fn last_word(taken: u64) -> Previous {
    Previous { taken, sent: 0 }
}
