//! Performs what the core decides: owns the socket, the alarm, and nothing of the logic.

mod life;
mod waits;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use keepline_core::{
    Client, CloseCode, Closed, Config, ConfigError, ConnId, Event, Input, Instant, Key, MessageId,
    Output, Payload, Probe, SendError, Status,
};
use wasm_bindgen_futures::spawn_local;

use crate::alarm::Alarm;
use crate::builder::KeyOf;
use crate::clock;
use crate::diagnosis::Inquiry;
use crate::endpoint::Address;
use crate::errands::{Application, Route};
use crate::hooks::Hooks;
use crate::journal::Happening;
use crate::mailbox::Mailbox;
use crate::page::PageLife;
use crate::panic::has_panicked;
use crate::pause::Pause;
use crate::transport::{Listen, Transport};

pub(crate) struct Driver {
    works: RefCell<Works>,
    mailbox: RefCell<Mailbox>,
    /// Whether something is to be done when the present turn of the event loop is over.
    turn: Cell<Turn>,
    /// Whether this is a session: messages leave together at the end of a turn, and the far end is
    /// told what was taken. A plain line hands each one over at once.
    is_session: bool,
    pub(crate) this: Weak<Self>,
    /// What the application is asked about news, before the core hears of it.
    probe: Option<Probe>,
    /// What it has hung in, until the line has ended.
    hooks: RefCell<Option<Rc<Hooks>>>,
    /// Up to which position of the journal its listeners have been told; `None` while they are.
    told: Cell<Option<u64>>,
    pub(crate) application: Application,
    /// What is being found out about a failed handshake.
    pub(crate) inquiry: RefCell<Option<Inquiry>>,
    key_of: Option<KeyOf>,
    pause: Pause,
}

/// What is to be done at the end of a turn of the event loop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Idle,
    /// The core is to be told what was taken.
    Ending,
}

/// The core, and what it has asked for.
pub(crate) struct Works {
    pub(crate) core: Client,
    pub(crate) route: Route,
    /// The connection whose handshake is to be looked into.
    pub(crate) inquiry: Option<ConnId>,
    /// Whether there is something to do when the core is not borrowed any more.
    pub(crate) has_errands: bool,
    /// Two while a session moves from one to the other, else one at most.
    transports: Vec<Transport>,
    /// The core wants to be flushed.
    flush: bool,
    /// The present turn of the event loop is a socket's.
    is_prompt: bool,
    /// Of the message that is being heard.
    key: Option<Key>,
    alarm: Alarm,
    /// What is noticed of the page, until the line has ended; `None` also if nothing is to be.
    life: Option<PageLife>,
    listen: Listen,
}

impl Driver {
    pub(crate) fn start(
        route: Route,
        config: Config,
        hooks: Hooks,
        application: Application,
        key_of: Option<KeyOf>,
        watches_page: bool,
    ) -> Result<Rc<Self>, ConfigError> {
        let (probe, is_session) = (config.heartbeat.clone(), config.session.is_some());
        let overflow = config.overflow.unwrap_or_default();
        let core = Client::new(config, clock::seed())?;
        let mailbox = RefCell::new(Mailbox::new(core.limits().clone(), overflow));
        let driver = Rc::new_cyclic(|this| {
            let works = RefCell::new(Works::new(core, route, this));
            let (turn, pause) = (Cell::new(Turn::Idle), Pause::new(this));
            let this = Weak::clone(this);
            let (hooks, told) = (RefCell::new(Some(Rc::new(hooks))), Cell::new(Some(0)));
            let inquiry = RefCell::default();
            Self {
                works,
                mailbox,
                turn,
                is_session,
                this,
                probe,
                hooks,
                told,
                application,
                inquiry,
                key_of,
                pause,
            }
        });
        if watches_page {
            driver.watch_page();
        }
        driver.drive(|works, now| works.core.connect(now));
        Ok(driver)
    }

    /// Acts on the core at the present time, once it knows what the application has taken.
    pub(crate) fn drive<R>(&self, act: impl FnOnce(&mut Works, Instant) -> R) -> R {
        self.act(|works| {
            let now = clock::now();
            let taken = self.mailbox.borrow_mut().take_taken();
            if taken > 0 {
                works.core.took(taken, now);
            }
            act(works, now)
        })
    }

    /// The one place that borrows the core: acts on it, performs what it decides, and tells the
    /// application last, when nothing is borrowed any more.
    fn act<R>(&self, act: impl FnOnce(&mut Works) -> R) -> R {
        let (result, errands) = {
            let mut works = self.works.borrow_mut();
            let result = act(&mut works);
            works.perform(&self.mailbox);
            if works.flush {
                self.end_turn_later();
            }
            let errands = works.has_errands.then(|| works.errands(&self.mailbox));
            (result, errands)
        };
        if let Some(errands) = errands {
            self.run(errands);
        }
        self.tell();
        result
    }

    /// Has the turn of the event loop ended in a microtask: after whatever the application does in
    /// it, and before anything else happens.
    fn end_turn_later(&self) {
        if self.turn.replace(Turn::Ending) == Turn::Idle {
            let this = Weak::clone(&self.this);
            spawn_local(async move {
                if let Some(driver) = this.upgrade() {
                    driver.end_turn();
                }
            });
        }
    }

    fn end_turn(&self) {
        self.turn.set(Turn::Idle);
        self.drive(|works, now| {
            if std::mem::take(&mut works.flush) {
                works.notice_closing(now);
                works.core.flush(now);
            }
        });
    }

    /// Asks the application what only it can know of the news, and tells the core.
    pub(crate) fn hear(&self, input: Input) {
        if let Input::Received(_, payload) = &input {
            self.mailbox.borrow_mut().journal_mut().counters.frame_received(payload.len());
        }
        let key = self.key_of.as_ref().and_then(|key_of| key_of(input.payload()?));
        let input = match input {
            Input::Received(conn, payload) if self.is_answer(&payload) => {
                Input::Answered(conn, payload)
            }
            Input::Closed(conn, closed, _) => {
                let judged = self.hooks().and_then(|hooks| hooks.judge(&closed));
                Input::Closed(conn, closed, judged)
            }
            Input::Diagnosed(conn, found, _) => {
                let judged = self.hooks().and_then(|hooks| hooks.read(found));
                Input::Diagnosed(conn, found, judged)
            }
            Input::Received(..)
            | Input::Opened(..)
            | Input::OpenFailed(..)
            | Input::Answered(..)
            | Input::TooLarge(..)
            | Input::PeerClosing(_)
            | Input::Buffered(..)
            | Input::Provided(..)
            | Input::Noticed(_) => input,
        };
        self.drive(|works, now| {
            works.is_prompt = true;
            works.key = key;
            works.core.handle_input(input, now);
        });
    }

    fn is_answer(&self, payload: &Payload) -> bool {
        self.probe.as_ref().is_some_and(|probe| probe.is_answered_by(payload))
    }

    fn tell(&self) {
        while let Some(waker) = self.mailbox(Mailbox::next_due) {
            waker.wake();
        }
        let written = self.mailbox(|mailbox| mailbox.journal().end());
        if self.told.get().is_some_and(|told| told < written) {
            self.tell_journal();
        }
    }

    /// Tells the application's listeners what they have not been told, and lets go of them once the
    /// line has ended. What a listener causes is told after what it was told.
    fn tell_journal(&self) {
        let Some(mut position) = self.told.take() else { return };
        if let Some(hooks) = self.hooks().filter(|hooks| !hooks.listeners.is_empty()) {
            while let Some(entry) = self.mailbox(|mailbox| mailbox.entry_from(position)) {
                position = entry.position + 1;
                hooks.tell(&entry);
            }
        }
        self.told.set(Some(self.mailbox(|mailbox| mailbox.journal().end())));
        if self.mailbox(|mailbox| mailbox.has_ended()) {
            drop(self.hooks.take());
        }
    }

    fn hooks(&self) -> Option<Rc<Hooks>> {
        self.hooks.borrow().clone()
    }

    /// Writes into the journal what the reader of messages has found.
    pub(crate) fn note(&self, what: Happening) {
        self.mailbox(|mailbox| mailbox.journal_mut().take_in(what, clock::now()));
        self.tell();
    }

    /// The reader goes on after a pause.
    pub(crate) fn go_on(&self) {
        self.pause.is_over();
        self.mailbox(Mailbox::wake_reader);
        self.tell();
    }

    pub(crate) fn mailbox<R>(&self, look: impl FnOnce(&mut Mailbox) -> R) -> R {
        look(&mut self.mailbox.borrow_mut())
    }

    /// An application may send thousands of messages in a turn: no clock is read and, in a session,
    /// no socket asked before it is over.
    pub(crate) fn send(&self, payload: Payload) -> Result<MessageId, SendError> {
        self.act(|works| {
            if !self.is_session && works.transports.iter().any(Transport::is_closing) {
                works.notice_closing(clock::now());
            }
            let sent = works.core.send(payload)?;
            self.mailbox.borrow_mut().journal_mut().counters.messages_sent += 1;
            Ok(sent)
        })
    }

    pub(crate) fn status(&self) -> Status {
        self.drive(|works, _| works.core.status())
    }
}

impl Works {
    fn new(core: Client, route: Route, driver: &Weak<Driver>) -> Self {
        let (heard, rung) = (Weak::clone(driver), Weak::clone(driver));
        let listen = move |input| {
            if let Some(driver) = heard.upgrade().filter(|_| !has_panicked()) {
                driver.hear(input);
            }
        };
        let ring = move || {
            if let Some(driver) = rung.upgrade().filter(|_| !has_panicked()) {
                driver.drive(Self::ring);
            }
        };
        let (listen, alarm) = (Rc::new(listen), Alarm::new(Rc::new(ring)));
        Self {
            core,
            route,
            inquiry: None,
            has_errands: false,
            transports: Vec::new(),
            flush: false,
            is_prompt: false,
            key: None,
            alarm,
            life: None,
            listen,
        }
    }

    fn ring(&mut self, now: Instant) {
        let now = self.notice_sleep(now);
        self.alarm.stop();
        self.notice_closing(now);
        for transport in &self.transports {
            let buffered = Input::Buffered(transport.conn(), transport.buffered());
            self.core.handle_input(buffered, now);
        }
        self.core.handle_timeout(now);
    }

    /// Tells the core of a socket that takes nothing more, before a message is lost in it.
    pub(crate) fn notice_closing(&mut self, now: Instant) {
        for transport in self.transports.iter().filter(|socket| socket.is_closing()) {
            self.core.handle_input(Input::PeerClosing(transport.conn()), now);
        }
    }

    fn perform(&mut self, mailbox: &RefCell<Mailbox>) {
        while let Some(output) = self.core.poll_output() {
            match output {
                Output::Open(conn) => self.open(conn),
                Output::Renew(conn) => self.renew(conn),
                Output::Diagnose(conn) => self.look_into(conn),
                Output::Transmit(conn, payload) => {
                    mailbox.borrow_mut().journal_mut().counters.frame_sent(payload.len());
                    self.transmit(conn, &payload);
                }
                Output::Measure(conn) => {
                    let buffered = Input::Buffered(conn, self.buffered(conn));
                    self.core.handle_input(buffered, clock::now());
                }
                Output::Close(conn, code, reason) => {
                    if let Some(transport) = self.transport(conn) {
                        transport.close(code, &reason);
                    }
                }
                Output::Abandon(conn) => self.transports.retain(|socket| socket.conn() != conn),
                Output::Discard => mailbox.borrow_mut().discard(),
                Output::Flush => self.flush = true,
                Output::Room => mailbox.borrow_mut().wake_watchers(),
                Output::Deliver(payload) => {
                    let full = mailbox.borrow_mut().deliver(payload, self.key.take());
                    self.close_full(full);
                }
                Output::Refuse { size } => {
                    let full = mailbox.borrow_mut().refuse(size);
                    self.close_full(full);
                }
                Output::Event(event) => {
                    self.has_errands |= matches!(event, Event::Status(Status::Ended { .. }));
                    mailbox.borrow_mut().take_in(event, clock::now());
                }
            }
        }
        self.let_go();
        self.set_alarm();
    }

    /// Opens a socket to `address`, or to where the line leads.
    pub(crate) fn open_socket(&mut self, conn: ConnId, address: Option<&Address>) {
        let fixed = match &self.route {
            Route::Fixed(address) => Some(address),
            Route::Provided(_) => None,
        };
        let Some(address) = address.or(fixed) else { return };
        let frame_bytes = self.core.largest_frame();
        match Transport::open(conn, address, frame_bytes, &self.listen) {
            Ok(transport) => self.transports.push(transport),
            Err(failure) => {
                self.core.handle_input(Input::OpenFailed(conn, failure), clock::now());
            }
        }
    }

    fn transmit(&mut self, conn: ConnId, payload: &Payload) {
        let sent = self.transport(conn).map(|transport| transport.send(payload));
        if let Some(Err(_)) = sent {
            self.core.handle_input(Input::Closed(conn, Closed::abnormal(), None), clock::now());
        }
    }

    /// Closes the line whose inbox is full, if it is to be closed for that.
    fn close_full(&mut self, full: Option<CloseCode>) {
        if let Some(code) = full {
            let closed = self.core.close(code, "the inbox is full", clock::now());
            debug_assert!(closed.is_ok(), "the core checks codes and reasons");
        }
    }

    /// A socket that the core does not own any more has no listener any more.
    fn let_go(&mut self) {
        self.transports.retain(|socket| self.core.owns(socket.conn()));
    }

    /// What a socket holds that the network has not taken.
    pub(crate) fn buffered(&self, conn: ConnId) -> u64 {
        self.transport(conn).map_or(0, Transport::buffered)
    }

    fn transport(&self, conn: ConnId) -> Option<&Transport> {
        self.transports.iter().find(|socket| socket.conn() == conn)
    }

    fn set_alarm(&mut self) {
        let is_prompt = std::mem::take(&mut self.is_prompt);
        let due = self.core.poll_timeout();
        if due.is_none() && self.core.has_ended() {
            self.life = None;
        }
        self.alarm.hold(due, self.life.is_some(), is_prompt);
    }
}
