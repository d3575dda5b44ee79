//! Performs what the core decides: owns the socket, the alarm, and nothing of the logic.

mod waits;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo_timers::callback::Timeout;
use keepline_core::{
    Client, CloseCode, Closed, Config, ConfigError, ConnId, Input, Instant, Key, MessageId, Output,
    Payload, Probe, SendError, Status, Verdict,
};
use wasm_bindgen_futures::spawn_local;

use crate::builder::KeyOf;
use crate::clock;
use crate::endpoint::Endpoint;
use crate::mailbox::Mailbox;
use crate::pause::Pause;
use crate::transport::{Listen, Transport};

/// The longest delay of `setTimeout`: a longer one rings at once (HTML §8.6).
const LONGEST_ALARM: u32 = i32::MAX as u32;

/// An application's own reading of a closed connection.
pub(crate) type Judge = Box<dyn Fn(&Closed) -> Option<Verdict>>;

pub(crate) struct Driver {
    works: RefCell<Works>,
    mailbox: RefCell<Mailbox>,
    /// Whether something is to be done when the present turn of the event loop is over.
    turn: Cell<Turn>,
    /// Whether this is a session: messages leave together at the end of a turn, and the far end is
    /// told what was taken. A plain line hands each one over at once.
    is_session: bool,
    this: Weak<Self>,
    /// What the application is asked about news, before the core hears of it.
    probe: Option<Probe>,
    judge: Option<Judge>,
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
    endpoint: Endpoint,
    /// Two while a session moves from one to the other, else one at most.
    transports: Vec<Transport>,
    /// The core wants to be flushed.
    flush: bool,
    /// The present turn of the event loop is a socket's.
    is_prompt: bool,
    /// Of the message that is being heard.
    key: Option<Key>,
    alarm: Option<Alarm>,
    listen: Listen,
    ring: Rc<dyn Fn()>,
}

struct Alarm {
    at: Instant,
    /// Whether it was set in a turn of a socket, and not when another alarm rang.
    is_prompt: bool,
    _timeout: Timeout,
}

impl Driver {
    pub(crate) fn start(
        endpoint: Endpoint,
        config: Config,
        judge: Option<Judge>,
        key_of: Option<KeyOf>,
    ) -> Result<Rc<Self>, ConfigError> {
        let (probe, is_session) = (config.heartbeat.clone(), config.session.is_some());
        let overflow = config.overflow.unwrap_or_default();
        let core = Client::new(config, clock::seed())?;
        let mailbox = RefCell::new(Mailbox::new(core.limits().clone(), overflow));
        let driver = Rc::new_cyclic(|this| {
            let works = RefCell::new(Works::new(core, endpoint, this));
            let (turn, pause) = (Cell::new(Turn::Idle), Pause::new(this));
            let this = Weak::clone(this);
            Self { works, mailbox, turn, is_session, this, probe, judge, key_of, pause }
        });
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
        let result = {
            let mut works = self.works.borrow_mut();
            let result = act(&mut works);
            works.perform(&self.mailbox);
            if works.flush {
                self.end_turn_later();
            }
            result
        };
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
    fn hear(&self, input: Input) {
        let key = self.key_of.as_ref().and_then(|key_of| key_of(input.payload()?));
        let input = match input {
            Input::Received(conn, payload) if self.is_answer(&payload) => {
                Input::Answered(conn, payload)
            }
            Input::Closed(conn, closed, _) => {
                let judged = self.judge.as_ref().and_then(|judge| judge(&closed));
                Input::Closed(conn, closed, judged)
            }
            Input::Received(..)
            | Input::Opened(..)
            | Input::OpenFailed(..)
            | Input::Answered(..)
            | Input::TooLarge(..)
            | Input::PeerClosing(_)
            | Input::Buffered(..) => input,
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
            works.core.send(payload)
        })
    }

    pub(crate) fn status(&self) -> Status {
        self.drive(|works, _| works.core.status())
    }
}

impl Works {
    fn new(core: Client, endpoint: Endpoint, driver: &Weak<Driver>) -> Self {
        let (heard, rung) = (Weak::clone(driver), Weak::clone(driver));
        let listen = move |input| {
            if let Some(driver) = heard.upgrade() {
                driver.hear(input);
            }
        };
        let ring = move || {
            if let Some(driver) = rung.upgrade() {
                driver.drive(Self::ring);
            }
        };
        let (listen, ring) = (Rc::new(listen), Rc::new(ring));
        let (flush, is_prompt, key) = (false, false, None);
        let (transports, alarm) = (Vec::new(), None);
        Self { core, endpoint, transports, flush, is_prompt, key, alarm, listen, ring }
    }

    fn ring(&mut self, now: Instant) {
        self.alarm = None;
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
                Output::Transmit(conn, payload) => self.transmit(conn, &payload),
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
                Output::Event(event) => mailbox.borrow_mut().take_in(event),
            }
        }
        self.let_go();
        self.set_alarm();
    }

    fn open(&mut self, conn: ConnId) {
        let frame_bytes = self.core.largest_frame();
        match Transport::open(conn, &self.endpoint, frame_bytes, &self.listen) {
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

    /// Holds one alarm. One that rings too early is set again then, which costs less than setting
    /// it again with every message that puts a deadline off. But an alarm that was set when another
    /// rang is set again from a message: Chromium lets the timers of a hidden page that beget each
    /// other ring once a minute (HTML §8.6, the nesting level).
    fn set_alarm(&mut self) {
        let is_prompt = std::mem::take(&mut self.is_prompt);
        let Some(at) = self.core.poll_timeout() else {
            self.alarm = None;
            return;
        };
        let must_be_set = |alarm: &Alarm| at < alarm.at || (is_prompt && !alarm.is_prompt);
        if self.alarm.as_ref().is_none_or(must_be_set) {
            let millis = (at - clock::now()).as_micros().div_ceil(1_000);
            let millis = u32::try_from(millis).unwrap_or(u32::MAX).min(LONGEST_ALARM);
            let ring = Rc::clone(&self.ring);
            let _timeout = Timeout::new(millis, move || ring());
            self.alarm = Some(Alarm { at, is_prompt, _timeout });
        }
    }
}
