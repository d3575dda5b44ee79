//! The client's end of a line: one state machine that decides everything and does nothing.

mod account;
mod connection;
mod credentials;
mod drain;
mod ending;
mod gate;
mod greeting;
mod inquiry;
mod moving;
mod news;
mod phase;
mod policy;
mod pulse;
mod records;
mod send;
mod session;
mod state;
mod transition;
mod waking;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use self::credentials::Supply;
use self::inquiry::Inquiry;
pub use self::phase::{Phase, Transition};
pub use self::send::SendError;
use self::session::SessionEnd;
use self::state::{Next, State};
use self::waking::Surroundings;
use crate::backoff::Pace;
use crate::close::check_close;
use crate::delivery::Delivery;
use crate::mutant::{Mutant, planted};
use crate::rng::Rng;
use crate::timers::{Timer, Timers};
use crate::wire::Window;
use crate::{
    CloseCode, CloseError, Config, ConfigError, ConnId, Down, End, Input, Instant, Limits, Output,
    SessionConfig, Status,
};

/// Keeps one line up.
///
/// Commands are methods; what happens in the world comes in by [`Client::handle_input`] and
/// [`Client::handle_timeout`]; what is to be done comes out by [`Client::poll_output`]. The
/// [crate's page](crate) has the driver's contract.
#[derive(Debug)]
pub struct Client {
    config: Box<Config>,
    rng: Rng,
    state: State,
    timers: Timers,
    /// Consecutive failures since the line last settled.
    failures: u32,
    pace: Pace,
    mode: Mode,
    /// On a plain line nothing of it is ever given to a connection, so all that is held waits.
    delivery: Delivery,
    supply: Supply,
    inquiry: Inquiry,
    around: Surroundings,
    outputs: Vec<Output>,
    /// How many of them were polled: a driver takes all before it calls again.
    polled: usize,
    last_conn: ConnId,
}

/// What only a session holds on to from one connection to the next.
#[derive(Debug)]
enum Mode {
    Plain,
    Session(Box<SessionEnd>),
}

impl Client {
    /// A client at rest. `seed` is its only source of chance: hand in a random one.
    ///
    /// # Errors
    /// When the configuration contradicts itself.
    pub fn new(config: Config, seed: u64) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self::unchecked(config, seed))
    }

    /// The same for a driver that has checked the configuration itself, and has told in its own
    /// words what is wrong with it: the checks and their words are then in no download twice. One
    /// that contradicts itself makes a line that may refuse every message, or wait for ever.
    #[must_use]
    pub fn unchecked(mut config: Config, seed: u64) -> Self {
        if let Some(SessionConfig { window, .. }) = &mut config.session {
            let largest = config.limits.message_bytes as u64;
            window.message_bytes = window.message_bytes.min(largest);
        }
        Self {
            rng: Rng::new(seed),
            state: State::Idle,
            timers: Timers::new(),
            failures: 0,
            pace: Pace::new(&config.backoff),
            mode: match &config.session {
                None => Mode::Plain,
                Some(session) => Mode::Session(Box::new(SessionEnd::new(session))),
            },
            delivery: Delivery::new(
                config.session.as_ref().map_or_else(Window::default, |it| it.window),
            ),
            supply: Supply::new(),
            inquiry: Inquiry::default(),
            around: Surroundings::new(),
            outputs: Vec::new(),
            polled: 0,
            last_conn: ConnId(0),
            config: Box::new(config),
        }
    }

    /// Starts the first attempt, from [`Status::Idle`] or again from [`Status::Ended`].
    /// Elsewhere it does nothing: the line is being kept up already.
    pub fn connect(&mut self, now: Instant) {
        match self.state {
            State::Idle | State::Ended(_) => {
                self.proven();
                if let Mode::Session(session) = &mut self.mode {
                    session.understood();
                }
                self.attempt(now);
            }
            State::Connecting(_)
            | State::Greeting(_)
            | State::Online(_)
            | State::Leaving(_)
            | State::Waiting { .. }
            | State::Closing { .. } => {}
        }
    }

    /// Does not wait for the next attempt any longer, as far as the pace of
    /// [`Backoff::attempts_per_minute`](crate::Backoff::attempts_per_minute) allows, and not before
    /// the time that the server has asked for, by a `bye` or a `Retry-After`: it knows when it can
    /// take somebody, and a crowd that is impatient at once is what it has to fear. Until when that
    /// is, the status says. Who knows better connects anew: [`Client::close`] and
    /// [`Client::connect`] leave the advice behind, though not the pace.
    ///
    /// Does nothing unless the status is [`Status::Waiting`].
    pub fn retry_now(&mut self, now: Instant) {
        let State::Waiting { why, retry_at, not_before } = &self.state else {
            return;
        };
        let not_before = self.pace.next_allowed().max(*not_before);
        if not_before <= now {
            self.attempt(now);
        } else if not_before < *retry_at {
            let (why, retry_at) = (why.clone(), not_before);
            self.enter(State::Waiting { why, retry_at, not_before }, now);
        }
    }

    /// Whether [`Client::retry_now`] would have the next attempt made sooner than it is due: not
    /// while it is the pace, or the server's advice, that is waited for. What a page offers as *try
    /// now* is of no use then.
    #[must_use]
    pub fn can_hurry(&self) -> bool {
        let State::Waiting { retry_at, not_before, .. } = &self.state else { return false };
        self.pace.next_allowed().max(*not_before) < *retry_at
    }

    /// Ends the line: with a closing handshake when it is open, at once when it is not.
    ///
    /// On a plain line, what was handed over is not in doubt when the far end answers with the
    /// same code, as RFC 6455 §5.5.1 asks of an endpoint that has read all before it; else it is
    /// reported as [`Event::Unknown`](crate::Event). A session says `end`, and the far end's answer
    /// says what it has taken. What still waits is reported as
    /// [`Event::Undeliverable`](crate::Event). Does nothing on an ended line.
    ///
    /// # Errors
    /// When a page may not send such a code or reason; the line then stays as it is.
    pub fn close(&mut self, code: CloseCode, reason: &str, now: Instant) -> Result<(), CloseError> {
        check_close(code, reason)?;
        match (&self.state, &self.mode) {
            (State::Online(_), Mode::Session(_)) => self.say_end(code, reason, now),
            (State::Online(_), Mode::Plain) => {
                self.expire_if_due(now);
                self.hand_over_the_rest();
                self.say_close(code, String::from(reason));
                self.pass(Next::Closing(Some(code)), now);
            }
            (State::Leaving(_), _) => self.pass(Next::Closing(None), now),
            (State::Connecting(_) | State::Greeting(_), _) => self.abandon(now),
            (State::Idle | State::Waiting { .. }, _) => self.end(End::Application, now),
            (State::Closing { .. } | State::Ended(_), _) => {}
        }
        Ok(())
    }

    /// Ends the line at once, without waiting for a closing handshake: for an owner that goes
    /// away. A session still says `end`, and does not wait for the answer. Does nothing on an ended
    /// line.
    pub fn abandon(&mut self, now: Instant) {
        if let State::Ended(_) = self.state {
            return;
        }
        if let State::Online(_) = self.state {
            self.flush(now);
            self.write_end(CloseCode::NORMAL, "");
        }
        self.let_go();
        self.end(End::Application, now);
    }

    /// Takes in what happened in the world. News of a connection that was given up is ignored.
    pub fn handle_input(&mut self, input: Input, now: Instant) {
        // It is said of a connection that is gone, and of none that is there.
        if let Input::Diagnosed(conn, found, judged) = input {
            return self.diagnosed(conn, found, judged, now);
        }
        match input.conn() {
            // What the page notices belongs to no connection.
            None => self.hear(input, now),
            conn if conn == self.moves_to() => self.hear_of_move(input, now),
            conn if conn == self.conn() || planted(Mutant::StaleConnectionHeard) => {
                self.hear(input, now);
            }
            Some(_) => {}
        }
    }

    fn hear(&mut self, input: Input, now: Instant) {
        match input {
            Input::Opened(conn, protocol, draw) => self.opened(conn, protocol, draw, now),
            Input::OpenFailed(_, failure) => self.open_failed(failure, now),
            Input::Received(conn, payload) => self.received(conn, payload, now),
            Input::TooLarge(_, size) => self.too_large(size, now),
            Input::Answered(_, payload) => self.answered(payload, now),
            Input::PeerClosing(_) => self.peer_closing(now),
            Input::Closed(_, closed, judged) => self.closed(closed, judged, now),
            Input::Buffered(_, bytes) => self.buffered(bytes, now),
            Input::Provided(_, given) => self.provided(given, now),
            Input::Diagnosed(..) => {}
            Input::Noticed(notice) => self.notice(notice, now),
        }
    }

    /// Does whatever is due by `now`. Whether the far end was silent is judged with a second
    /// question if the alarm rang late: what came in time may wait to be read.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((timer, at)) = self.timers.take_due(now) {
            if self.excuses(timer, now.since(at), now) {
                continue;
            }
            match timer {
                Timer::Connect => self.give_up(self.too_slow(), now),
                Timer::Retry => self.attempt(now),
                Timer::Settle => self.settle(),
                Timer::Probe => self.probe(now),
                Timer::Answer => self.give_up(Down::Silent, now),
                Timer::Close => self.close_timed_out(now),
                Timer::Silence => self.give_up(Down::Silent, now),
                Timer::Ack => self.flush(now),
                Timer::Move => self.stay(),
                Timer::Drain => self.drain_due(now),
                Timer::Finish => self.finish_now(now),
                Timer::Renew => self.renewal_due(),
                Timer::Expiry => self.expire(now),
                Timer::Buffer => self.look_later(now),
            }
        }
    }

    /// The next thing to do, until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        let Some(next) = self.outputs.get_mut(self.polled) else {
            self.outputs.clear();
            self.polled = 0;
            return None;
        };
        self.polled += 1;
        Some(mem::replace(next, Output::Flush))
    }

    /// When [`Client::handle_timeout`] is to be called next, if ever.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Where the line stands.
    #[must_use]
    pub fn status(&self) -> Status {
        match &self.state {
            State::Idle => Status::Idle,
            State::Connecting(_) | State::Greeting(_) => {
                Status::Connecting { attempt: self.next_attempt() }
            }
            State::Online(connection) | State::Leaving(connection) => {
                Status::Online { protocol: connection.protocol.clone() }
            }
            State::Waiting { why, retry_at, .. } => Status::Waiting {
                why: why.clone(),
                attempt: self.next_attempt(),
                retry_at: *retry_at,
            },
            State::Closing { .. } => Status::Closing,
            State::Ended(why) => Status::Ended { why: why.clone() },
        }
    }

    /// Whether the status is [`Status::Ended`].
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }

    /// The bounds this client was made with.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// The largest WebSocket message that a driver needs to copy: a larger one is told as
    /// [`Input::TooLarge`].
    #[must_use]
    pub fn largest_frame(&self) -> usize {
        match self.reading() {
            Some(reading) => reading.limits.bytes,
            None => self.config.limits.message_bytes,
        }
    }

    /// Whether a driver must keep this connection: the present one, or the one that a session moves
    /// to.
    #[must_use]
    pub fn owns(&self, conn: ConnId) -> bool {
        self.conn() == Some(conn) || self.moves_to() == Some(conn)
    }

    /// The present connection, if there is one.
    #[must_use]
    pub const fn conn(&self) -> Option<ConnId> {
        match &self.state {
            State::Connecting(dial) => Some(dial.conn),
            State::Greeting(asked) => Some(asked.dial.conn),
            State::Online(connection)
            | State::Leaving(connection)
            | State::Closing { connection, .. } => Some(connection.id),
            State::Idle | State::Waiting { .. } | State::Ended(_) => None,
        }
    }
}
