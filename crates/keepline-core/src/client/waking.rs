//! What a client makes of what the page notices: who wakes looks after the line.

use core::time::Duration;

use super::connection::Dial;
use super::pulse::Excuse;
use super::session::Talk;
use super::{Client, Mode, State};
use crate::mutant::{Mutant, planted};
use crate::timers::Timer;
use crate::wire::Record;
use crate::{CloseCode, Down, Instant, Notice, Probe, Span, Wake};

/// An alarm that is later than this tells more of the page than of the far end: timers of hidden
/// pages run once a minute, machines sleep, and a busy page does not read what comes.
const VERY_LATE: Span = Span::secs(1);

/// So long at least a page has to read what came before an alarm that was late.
const TO_READ: Span = Span::millis(50);

/// A page that stands still makes no attempts; should nobody say that it runs again, this ends it.
const SUSPENDED_FOR: Span = Span::secs(24 * 60 * 60);

/// What the client was told of the page and of the machine around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings {
    page: Page,
    network: Network,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Shown,
    Hidden,
    Suspended,
}

/// Whether there is one, as far as the browser knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    Up,
    Down,
}

impl Surroundings {
    pub(super) const fn new() -> Self {
        Self { page: Page::Shown, network: Network::Up }
    }

    const fn heed(&mut self, wake: Wake) {
        match (wake, self.page) {
            (Wake::Shown | Wake::Restored, _) => self.page = Page::Shown,
            (Wake::NetworkUp, _) => self.network = Network::Up,
            (Wake::Resumed | Wake::Slept(_), _) => {}
        }
        self.runs();
    }

    /// The page does not stand still, or this would not be; whether anybody looks at it, is yet to
    /// be said.
    pub(super) const fn runs(&mut self) {
        match self.page {
            Page::Suspended => self.page = Page::Hidden,
            Page::Shown | Page::Hidden => {}
        }
    }

    /// How long a plain line may be quiet before it is probed.
    pub(super) fn idle(&self, probe: &Probe) -> Duration {
        match self.page {
            Page::Hidden => probe.hidden_idle.unwrap_or(probe.idle),
            Page::Shown | Page::Suspended => probe.idle,
        }
    }

    /// A line that opens belies what was said of the network.
    pub(super) const fn opened(&mut self) {
        self.network = Network::Up;
    }
}

impl Client {
    pub(super) fn notice(&mut self, notice: Notice, now: Instant) {
        match notice {
            Notice::Woke(wake) => self.wake(wake, now),
            Notice::Hidden => {
                self.around.page = Page::Hidden;
                self.expect_silence_since_heard();
            }
            Notice::NetworkDown => {
                self.around.network = Network::Down;
                self.wait_on(now);
            }
            Notice::Suspended => self.suspend(now),
            Notice::Left => self.part_with_page(now),
        }
    }

    fn wake(&mut self, wake: Wake, now: Instant) {
        let was_down = self.around.network == Network::Down;
        self.around.heed(wake);
        let slept = self.config.waking.is_sleep(wake);
        if slept || wake == Wake::NetworkUp {
            // What failed in another world says nothing of this one.
            self.failures = 0;
        }
        match &self.state {
            State::Waiting { .. } => self.hurry(now),
            State::Connecting(_) if was_down && wake == Wake::NetworkUp => self.dial_anew(now),
            State::Connecting(dial) if slept && dial.until <= now => self.dial_anew(now),
            State::Greeting(asked) if slept && asked.dial.until <= now => self.dial_anew(now),
            State::Online(_) => self.look_after(slept, slept || wake == Wake::NetworkUp, now),
            State::Ended(_) if planted(Mutant::WakeUndoesClose) => self.attempt(now),
            State::Idle
            | State::Connecting(_)
            | State::Greeting(_)
            | State::Leaving(_)
            | State::Closing { .. }
            | State::Ended(_) => {}
        }
    }

    /// A line that waits does not wait any longer, but for a moment that is not the same for all.
    fn hurry(&mut self, now: Instant) {
        let soon = now + self.moment();
        let State::Waiting { why, retry_at, not_before } = &self.state else { return };
        let not_before = *not_before;
        let advised = if planted(Mutant::WakeOverridesBye) { now } else { not_before };
        let at = soon.max(self.pace.next_allowed()).max(advised);
        if at < *retry_at && !planted(Mutant::WakeDoesNotHurry) {
            let why = why.clone();
            self.enter(State::Waiting { why, retry_at: at, not_before }, now);
        }
    }

    /// A short time that is not the same for all.
    pub(super) fn moment(&mut self) -> Span {
        let cap = Span::from(self.config.backoff.cap);
        self.rng.up_to(cap.min(self.config.waking.jitter.into()))
    }

    /// A handshake that began in another world begins again, if the pace allows, and unless the far
    /// end has said goodbye on it meanwhile.
    fn dial_anew(&mut self, now: Instant) {
        if self.pace.next_allowed() <= now && !self.has_farewell() {
            self.let_go();
            self.attempt(now);
        }
    }

    /// Has an open line prove that it is alive, or replaces it when it cannot. What it has just
    /// heard is a proof, unless the time before is `doubtful`.
    fn look_after(&mut self, slept: bool, doubtful: bool, now: Instant) {
        let State::Online(connection) = &mut self.state else { return };
        let is_fresh = !doubtful && connection.pulse.is_fresh(now, self.config.waking.fresh.into());
        match (&self.mode, &self.config.heartbeat) {
            (Mode::Plain, None) if slept => self.give_up(Down::Slept, now),
            (Mode::Plain, None) => {}
            (Mode::Plain, Some(_)) if is_fresh => self.expect_silence_since_heard(),
            (Mode::Session(_), _) if is_fresh => {}
            (Mode::Plain | Mode::Session(_), _) => {
                if connection.pulse.asks(now) {
                    self.ask(now);
                }
            }
        }
    }

    /// Asks the far end for a sign of life, to be had soon.
    fn ask(&mut self, now: Instant) {
        let State::Online(connection) = &self.state else { return };
        let (soon, token) = (self.soon(), connection.pulse.token());
        if let Mode::Plain = self.mode {
            self.probe(now);
        } else if let Some(Talk { link, session, .. }) = self.talk() {
            link.say(Record::Ping(token));
            let silence = session.terms.map_or(soon, |terms| terms.silence);
            self.timers.set(Timer::Silence, now + silence);
            self.ask_for_flush();
        }
        if !planted(Mutant::WakeProofForgotten) {
            self.timers.set(Timer::Answer, now + soon);
        }
    }

    /// How soon a line that is in question must give a sign of life.
    pub(super) fn soon(&self) -> Span {
        let within = Span::from(self.config.waking.within);
        self.config.heartbeat.as_ref().map_or(within, |probe| within.min(probe.within.into()))
    }

    /// How long an answer that is due may still take, when the network has proven that it works.
    pub(super) fn patience(&self, probe: &Probe) -> Span {
        match self.connection().is_some_and(|it| it.pulse.is_in_question()) {
            true => self.soon(),
            false => probe.within.into(),
        }
    }

    /// The far end has answered a `ping`: it is the one that was sent when the page woke, and not
    /// one before, or it has proven nothing.
    pub(super) fn ponged(&mut self, answer: u64) {
        let State::Online(connection) = &mut self.state else { return };
        if connection.pulse.token() == answer {
            connection.pulse.proven();
            self.timers.stop(Timer::Answer);
        }
    }

    /// A probe is due at the usual time after the last message.
    fn expect_silence_since_heard(&mut self) {
        if let State::Online(connection) = &self.state
            && let Some(probe) = &self.config.heartbeat
            && !self.timers.is_set(Timer::Answer)
        {
            let idle = self.around.idle(probe);
            self.timers.set(Timer::Probe, connection.pulse.last_heard() + idle);
        }
    }
}

/// Alarms that ring late.
impl Client {
    /// Whether a deadline is put off because its alarm rang late, so that what came in time may not
    /// have been read yet: for as long as it was late, or with a question, whose own alarm may be
    /// late once more.
    pub(super) fn excuses(&mut self, timer: Timer, late: Span, now: Instant) -> bool {
        if late == Span::ZERO || planted(Mutant::LateAlarmBelieved) {
            return false;
        }
        match timer {
            Timer::Silence | Timer::Answer => self.excuses_silence(timer, late, now),
            Timer::Connect => self.expect_handshake_again(late, now),
            Timer::Retry
            | Timer::Settle
            | Timer::Probe
            | Timer::Close
            | Timer::Ack
            | Timer::Move
            | Timer::Drain
            | Timer::Finish
            | Timer::Renew
            | Timer::Expiry
            | Timer::Buffer => false,
        }
    }

    fn excuses_silence(&mut self, timer: Timer, late: Span, now: Instant) -> bool {
        let State::Online(connection) = &mut self.state else { return false };
        let excuse = connection.pulse.excuse(late >= VERY_LATE, now);
        match excuse {
            Excuse::None => {}
            Excuse::Read => self.let_read(timer, now + late.clamp(TO_READ, VERY_LATE)),
            Excuse::Ask => self.ask(now),
        }
        excuse != Excuse::None
    }

    /// Both deadlines that what waits to be read may meet are put off: they may be due together.
    fn let_read(&mut self, timer: Timer, until: Instant) {
        self.timers.set(timer, until);
        self.timers.put_off(Timer::Silence, until);
        self.timers.put_off(Timer::Answer, until);
    }

    fn expect_handshake_again(&mut self, late: Span, now: Instant) -> bool {
        let until = now + late.max(TO_READ).min(self.config.waking.within.into());
        let dial = match &mut self.state {
            State::Connecting(dial) => dial,
            State::Greeting(asked) => &mut asked.dial,
            State::Idle
            | State::Online(_)
            | State::Leaving(_)
            | State::Waiting { .. }
            | State::Closing { .. }
            | State::Ended(_) => return false,
        };
        let may = !dial.excused;
        if may {
            *dial = Dial { until, excused: true, ..*dial };
            self.timers.set(Timer::Connect, until);
        }
        may
    }
}

/// Times in which nothing is tried.
impl Client {
    /// When the next attempt is due as things are, and what for it must wait.
    pub(super) fn as_things_are(
        &mut self,
        why: Down,
        retry_at: Instant,
        now: Instant,
    ) -> (Down, Instant) {
        match (self.around.page, self.around.network) {
            (Page::Suspended, _) if !planted(Mutant::SuspendedTries) => {
                (Down::Suspended, now + SUSPENDED_FOR)
            }
            (_, Network::Down) if !planted(Mutant::OfflineIgnored) => {
                // The browser may be wrong, so an attempt is made now and then.
                let half = Span::from(self.config.backoff.cap) / 2;
                let seldom = half + self.rng.up_to(half);
                (Down::Offline, retry_at.max(now + seldom))
            }
            _ => (why, retry_at),
        }
    }

    /// A line that waits waits as things are now.
    fn wait_on(&mut self, now: Instant) {
        if let State::Waiting { why, retry_at, not_before } = &self.state {
            let (why, retry_at, not_before) = (why.clone(), *retry_at, *not_before);
            let (why, retry_at) = self.as_things_are(why, retry_at, now);
            self.enter(State::Waiting { why, retry_at, not_before }, now);
        }
    }

    /// The page is about to stand still: the far end is to notice at once, and not by our silence.
    fn suspend(&mut self, now: Instant) {
        self.around.page = Page::Suspended;
        match &self.state {
            State::Online(_) | State::Leaving(_) => {
                self.flush(now);
                self.stay();
                self.give_up(Down::Suspended, now);
            }
            State::Connecting(_) | State::Greeting(_) => self.give_up(Down::Suspended, now),
            State::Waiting { .. } => self.wait_on(now),
            State::Idle | State::Closing { .. } | State::Ended(_) => {}
        }
    }

    /// The page is left: a session ends, so that its server need not hold it, unless it has yet to
    /// take something. The line itself does not end, for some pages live on.
    fn part_with_page(&mut self, now: Instant) {
        let State::Online(_) = self.state else { return };
        self.flush(now);
        self.stay();
        let is_session = matches!(self.mode, Mode::Session(_));
        if is_session && self.queued().messages == 0 {
            self.write_end(CloseCode::NORMAL, "");
            self.part(None);
        }
        self.give_up(Down::Suspended, now);
    }
}
