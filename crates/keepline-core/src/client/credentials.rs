//! What a client makes of a provider: what it gives, when that expires, and what was refused.

use alloc::string::String;
use core::time::Duration;

use super::{Client, Mode, State};
use crate::config::BAD_CREDENTIALS;
use crate::timers::Timer;
use crate::wire::Credentials;
use crate::{Down, End, Instant, NotProvided, Output, Provision, Span};

/// Credentials are not renewed more often than that, whatever is said of their life.
const BETWEEN_RENEWALS: Span = Span::secs(1);

/// What is known of the credentials in use.
#[derive(Debug)]
pub(super) struct Supply {
    /// Whether some were refused since the last proven life: a provider is asked once more.
    pub(super) refused: bool,
    /// When they expire, by the provider and by the server, as far as they have said so.
    promised: Instant,
    granted: Instant,
    /// When the provider is to be asked for new ones; never when it is asked already.
    renew_at: Instant,
    /// How often in a row it gave none.
    failures: u32,
}

impl Supply {
    pub(super) const fn new() -> Self {
        Self {
            refused: false,
            promised: Instant::NEVER,
            granted: Instant::NEVER,
            renew_at: Instant::NEVER,
            failures: 0,
        }
    }

    fn expires_at(&self) -> Instant {
        self.promised.min(self.granted)
    }
}

impl Client {
    /// Takes in what the provider gave for an attempt, or for a renewal.
    pub(super) fn provided(&mut self, given: Result<Provision, NotProvided>, now: Instant) {
        let given = given.and_then(check);
        match (&mut self.state, given) {
            (State::Connecting(dial), Ok(provision)) => {
                dial.provide(now + self.config.connect_timeout);
                self.timers.set(Timer::Connect, dial.until);
                self.hold(provision, now);
            }
            (State::Connecting(_), Err(NotProvided::TryAgain(why))) => {
                self.down(Down::NotProvided(why), now);
            }
            (State::Connecting(_), Err(NotProvided::Stop(why))) => {
                self.end(End::NotProvided(why), now);
            }
            (State::Connecting(_), Err(NotProvided::Unusable(why))) => {
                self.end(End::BadEndpoint(why), now);
            }
            (State::Online(_), Ok(provision)) => self.renew_with(provision, now),
            (State::Online(_), Err(NotProvided::TryAgain(_))) => self.renew_later(now),
            // The line lasts as long as the credentials it has.
            (State::Online(_), Err(NotProvided::Stop(_) | NotProvided::Unusable(_))) => {}
            (
                State::Idle
                | State::Greeting(_)
                | State::Leaving(_)
                | State::Waiting { .. }
                | State::Closing { .. }
                | State::Ended(_),
                _,
            ) => {}
        }
    }

    /// Keeps the credentials for the next hello.
    pub(super) fn hold(&mut self, provision: Provision, now: Instant) {
        self.supply.promised = now.after(provision.expires);
        if let (Mode::Session(session), Some(given)) = (&mut self.mode, provision.credentials) {
            session.config.credentials = Some(given);
        }
    }

    fn renew_with(&mut self, provision: Provision, now: Instant) {
        let promised = now.after(provision.expires);
        if let Some(credentials) = provision.credentials {
            let renewed = self.renew(credentials);
            debug_assert!(renewed.is_ok(), "they were checked");
            self.supply.promised = promised;
        } else if provision.expires.is_some() {
            // The former ones hold for so long from now on: they are renewed as new ones are.
            self.supply.promised = promised;
            self.renew_in_time(now);
            self.expect_renewal();
        } else {
            self.renew_later(now);
        }
    }

    /// The provider had no new credentials: it is asked again, as long as the old ones hold.
    fn renew_later(&mut self, now: Instant) {
        let failures = self.supply.failures.saturating_add(1);
        let delay = self.config.backoff.delay(failures, &mut self.rng).max(BETWEEN_RENEWALS);
        let again = match self.supply.expires_at() {
            Instant::NEVER => Instant::NEVER,
            at if at <= now + delay => Instant::NEVER,
            _ => now + delay,
        };
        (self.supply.failures, self.supply.renew_at) = (failures, again);
        self.expect_renewal();
    }

    /// The server says how long the credentials hold from now on.
    pub(super) fn granted(&mut self, expires: Option<Duration>, now: Instant) {
        self.supply.granted = now.after(expires);
        self.renew_in_time(now);
    }

    /// Credentials are renewed when 80 to 90 % of their life is over: a crowd that came at once
    /// does not renew at once.
    fn renew_in_time(&mut self, now: Instant) {
        self.supply.failures = 0;
        self.supply.renew_at = match self.supply.expires_at() {
            at if self.config.provider && at != Instant::NEVER => {
                let life = at.since(now);
                let jitter = self.rng.up_to(life / 10);
                now + (life - life / 5 + jitter).max(BETWEEN_RENEWALS)
            }
            _ => Instant::NEVER,
        };
    }

    pub(super) fn expect_renewal(&mut self) {
        self.timers.set(Timer::Renew, self.supply.renew_at);
    }

    pub(super) fn renewal_due(&mut self) {
        self.supply.renew_at = Instant::NEVER;
        if let Some(conn) = self.conn() {
            self.outputs.push(Output::Renew(conn));
        }
    }

    /// What is known of the life of credentials that the application hands in itself.
    pub(super) const fn forget_promise(&mut self) {
        self.supply.promised = Instant::NEVER;
    }

    /// Whether refused credentials are worth another attempt: once since the last proven life, and
    /// if somebody may have others.
    pub(super) const fn may_ask_again(&mut self) -> bool {
        self.config.provider && !core::mem::replace(&mut self.supply.refused, true)
    }

    /// Whether credentials were refused, and nothing has proven since that others are accepted: a
    /// provider that is asked now should not give the same again.
    #[must_use]
    pub const fn was_refused(&self) -> bool {
        self.supply.refused
    }

    /// Why an attempt took too long.
    pub(super) const fn too_slow(&self) -> Down {
        match &self.state {
            State::Connecting(dial) if self.config.provider && !dial.provided => {
                Down::ProviderSilent
            }
            State::Connecting(_)
            | State::Idle
            | State::Greeting(_)
            | State::Online(_)
            | State::Leaving(_)
            | State::Waiting { .. }
            | State::Closing { .. }
            | State::Ended(_) => Down::TimedOut,
        }
    }
}

fn check(provision: Provision) -> Result<Provision, NotProvided> {
    match provision.credentials.as_ref().map(Credentials::check) {
        Some(Err(_)) => Err(NotProvided::Unusable(String::from(BAD_CREDENTIALS))),
        Some(Ok(())) | None => Ok(provision),
    }
}
