//! What a driver does for its core that takes time and is no socket: it asks the provider, and has
//! failed handshakes looked into.

use std::cell::RefCell;
use std::mem::take;
use std::rc::Weak;
use std::time::Duration;

use keepline_core::{ConnId, Diagnosis, Input, Instant, NotProvided};

use crate::builder::BuildError;
use crate::clock;
use crate::diagnosis::{Inquiry, LookInto};
use crate::driver::Driver;
use crate::endpoint::{Address, Common};
use crate::mailbox::Mailbox;
use crate::provider::{Endpoint, Given, Occasion, Provider, Spare};
use crate::works::Works;

/// What an application has named to be asked, and asked to be done.
#[derive(Default)]
pub(crate) struct Application {
    pub(crate) provider: Option<Provider>,
    pub(crate) look_into: Option<LookInto>,
}

/// Where the attempts of a line lead.
pub(crate) enum Route {
    Fixed(Address),
    Provided(Box<Provided>),
}

/// What is known of the answers of a provider, and who waits for the next one.
pub(crate) struct Provided {
    common: Common,
    /// Makes a connection, or has the provider asked where to.
    open: fn(&mut Works, ConnId),
    /// The attempts that wait: two while a session moves, else one at most.
    attempts: Vec<ConnId>,
    renewal: Option<ConnId>,
    spare: Option<Spare>,
    /// Where the last attempt led.
    last: String,
}

impl Route {
    pub(crate) fn provided(common: Common) -> Self {
        Self::Provided(Box::new(Provided {
            common,
            open: Works::open_provided,
            attempts: Vec::new(),
            renewal: None,
            spare: None,
            last: String::new(),
        }))
    }

    fn last_url(&self) -> String {
        match self {
            Self::Fixed(address) => address.url.clone(),
            Self::Provided(provided) => provided.last.clone(),
        }
    }
}

/// What is to be done when the core is not borrowed any more.
#[derive(Default)]
pub(crate) struct Errands {
    ask: Option<Occasion>,
    look_into: Option<(ConnId, String)>,
    /// The line has ended: nothing is worth waiting for.
    give_up: bool,
}

impl Works {
    pub(crate) fn open(&mut self, conn: ConnId) {
        match &self.route {
            Route::Fixed(_) => self.open_socket(conn, None),
            Route::Provided(provided) => (provided.open)(self, conn),
        }
    }

    fn open_provided(&mut self, conn: ConnId) {
        let Route::Provided(provided) = &mut self.route else { return };
        let now = clock::now();
        match provided.spare.take().and_then(|it| it.fresh(now)) {
            Some((Ok(endpoint), age)) => return self.open_at(conn, &endpoint, age, now),
            Some((Err(none), _)) => return self.not_provided(conn, none.into(), now),
            None => {}
        }
        // Those that the core has given up wait no longer.
        provided.attempts.retain(|conn| self.core.owns(*conn));
        provided.attempts.push(conn);
        self.has_errands = true;
    }

    /// Has the provider asked for new credentials.
    pub(crate) fn renew(&mut self, conn: ConnId) {
        if let Route::Provided(provided) = &mut self.route {
            provided.renewal = Some(conn);
            self.has_errands = true;
        }
    }

    /// Has a failed handshake looked into.
    pub(crate) fn look_into(&mut self, conn: ConnId) {
        self.inquiry = Some(conn);
        self.has_errands = true;
    }

    /// What the provider has answered goes to all that wait for it, or is kept for the next.
    pub(crate) fn take_in(&mut self, given: Given, now: Instant) {
        let Route::Provided(provided) = &mut self.route else { return };
        let (mut attempts, renewal) = (take(&mut provided.attempts), provided.renewal.take());
        attempts.retain(|conn| self.core.owns(*conn));
        let renewal = renewal.filter(|conn| self.core.owns(*conn));
        if attempts.is_empty() && renewal.is_none() {
            provided.spare = Spare::new(given, now);
            return;
        }
        let endpoint = match given {
            Ok(endpoint) => endpoint,
            Err(none) => {
                for conn in attempts.into_iter().chain(renewal) {
                    self.not_provided(conn, none.clone().into(), now);
                }
                return;
            }
        };
        for conn in &attempts {
            self.open_at(*conn, &endpoint, Duration::ZERO, now);
        }
        if let Some(conn) = renewal {
            let provision = endpoint.provision(Duration::ZERO);
            self.core.handle_input(Input::Provided(conn, Ok(provision)), now);
        }
    }

    fn not_provided(&mut self, conn: ConnId, none: NotProvided, now: Instant) {
        self.core.handle_input(Input::Provided(conn, Err(none)), now);
    }

    fn open_at(&mut self, conn: ConnId, endpoint: &Endpoint, age: Duration, now: Instant) {
        let Route::Provided(provided) = &mut self.route else { return };
        match endpoint.address(&provided.common) {
            Ok(address) => {
                provided.last.clone_from(&address.url);
                let provision = Ok(endpoint.provision(age));
                self.core.handle_input(Input::Provided(conn, provision), now);
                if self.core.owns(conn) {
                    self.open_socket(conn, Some(&address));
                }
            }
            Err(error) => {
                // Its words go into statuses and exports, where no URL is to be.
                let words = match error {
                    BuildError::Url { error, .. } => format!("the endpoint's URL: {error}"),
                    other => other.to_string(),
                };
                self.not_provided(conn, NotProvided::Unusable(words), now);
            }
        }
    }

    /// What is to be done, once.
    pub(crate) fn errands(&mut self, mailbox: &RefCell<Mailbox>) -> Errands {
        self.has_errands = false;
        let inquiry = self.inquiry.take();
        if mailbox.borrow().has_ended() {
            return Errands { give_up: true, ..Errands::default() };
        }
        let look_into = inquiry.map(|conn| (conn, self.route.last_url()));
        Errands { ask: self.occasion(), look_into, give_up: false }
    }

    fn occasion(&self) -> Option<Occasion> {
        match &self.route {
            Route::Provided(it) if !it.attempts.is_empty() && self.core.was_refused() => {
                Some(Occasion::Refusal)
            }
            Route::Provided(it) if !it.attempts.is_empty() => Some(Occasion::Attempt),
            Route::Provided(it) => it.renewal.map(|_| Occasion::Renewal),
            Route::Fixed(_) => None,
        }
    }
}

impl Driver {
    /// Does what is to be done with nothing borrowed, for the application may be called.
    pub(crate) fn run(&self, errands: Errands) {
        if errands.give_up {
            self.application.provider.iter().for_each(Provider::end);
            drop(self.inquiry.take());
        }
        if let (Some(why), Some(provider)) = (errands.ask, &self.application.provider) {
            (provider.ways.consult)(self, provider, why);
        }
        if let (Some((conn, url)), Some(look_into)) =
            (errands.look_into, &self.application.look_into)
        {
            let inquiry = self.begin_inquiry(*look_into, conn, &url);
            drop(self.inquiry.replace(Some(inquiry)));
        }
    }

    pub(crate) fn consult(&self, provider: &Provider, why: Occasion) {
        let this = Weak::clone(&self.this);
        provider.call(why, clock::now(), move |given| {
            if let Some(driver) = this.upgrade() {
                driver.drive(|works, now| works.take_in(given, now));
            }
        });
    }

    fn begin_inquiry(&self, look_into: LookInto, conn: ConnId, url: &str) -> Inquiry {
        let this = Weak::clone(&self.this);
        let tell = move |found: Diagnosis| {
            if let Some(driver) = this.upgrade() {
                driver.hear(Input::Diagnosed(conn, found, None));
            }
        };
        look_into(url, Box::new(tell))
    }
}
