//! Performs what the core decides: owns the sockets, the alarm, and nothing of the logic.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use keepline_core::{
    Client, CloseCode, Closed, ConnId, Event, Input, Instant, Key, Output, Payload, Status,
};

use crate::alarm::Alarm;
use crate::clock;
use crate::driver::Driver;
use crate::endpoint::Address;
use crate::errands::Route;
use crate::mailbox::Mailbox;
use crate::page::PageLife;
use crate::panic::has_panicked;
use crate::transport::{Listen, Transport};

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
    pub(crate) flush: bool,
    /// When what happens now happens; `None` if nobody has looked at the clock for it.
    pub(crate) now: Option<Instant>,
    /// The present turn of the event loop is a socket's.
    pub(crate) is_prompt: bool,
    /// Of the message that is being heard.
    pub(crate) key: Option<Key>,
    pub(crate) alarm: Alarm,
    /// What is noticed of the page, until the line has ended; `None` also if nothing is to be.
    pub(crate) life: Option<PageLife>,
    listen: Listen,
}

impl Works {
    pub(crate) fn new(core: Client, route: Route, driver: &Weak<Driver>) -> Self {
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
            now: None,
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

    /// Whether a socket takes nothing more.
    pub(crate) fn is_closing(&self) -> bool {
        self.transports.iter().any(Transport::is_closing)
    }

    /// Tells the core of a socket that takes nothing more, before a message is lost in it.
    pub(crate) fn notice_closing(&mut self, now: Instant) {
        for transport in self.transports.iter().filter(|socket| socket.is_closing()) {
            self.core.handle_input(Input::PeerClosing(transport.conn()), now);
        }
    }

    pub(crate) fn perform(&mut self, mailbox: &RefCell<Mailbox>) {
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
                    let now = self.now();
                    self.core.handle_input(buffered, now);
                }
                Output::Close(conn, code, reason) => {
                    if let Some(transport) = self.transport(conn) {
                        transport.close(code, &reason);
                    }
                }
                Output::Abandon(conn) => self.transports.retain(|socket| socket.conn() != conn),
                Output::Discard => mailbox.borrow_mut().discard(),
                Output::Flush => self.flush = true,
                // This driver keeps nothing for the core.
                Output::HandOver(..) => {}
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
                    mailbox.borrow_mut().take_in(event, self.now());
                }
            }
        }
        self.let_go();
        self.set_alarm();
    }

    fn now(&mut self) -> Instant {
        *self.now.get_or_insert_with(clock::now)
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
