//! Performs what the core decides: owns the socket, the alarm, and nothing of the logic.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use gloo_timers::callback::Timeout;
use keepline_core::{
    Arrival, Client, Closed, Config, ConfigError, ConnId, Input, Instant, MessageId, Output,
    Payload, Probe, SendError, Status, Verdict,
};

use crate::clock;
use crate::endpoint::Endpoint;
use crate::mailbox::{Mailbox, Watcher};
use crate::transport::{Listen, Transport};

/// The longest delay of `setTimeout`: a longer one rings at once (HTML §8.6).
const LONGEST_ALARM: u32 = i32::MAX as u32;

/// An application's own reading of a closed connection.
pub(crate) type Judge = Box<dyn Fn(&Closed) -> Option<Verdict>>;

pub(crate) struct Driver {
    works: RefCell<Works>,
    mailbox: RefCell<Mailbox>,
    /// What the application is asked about news, before the core hears of it.
    probe: Option<Probe>,
    judge: Option<Judge>,
}

/// The core, and what it has asked for.
pub(crate) struct Works {
    pub(crate) core: Client,
    endpoint: Endpoint,
    transport: Option<Transport>,
    alarm: Option<Alarm>,
    listen: Listen,
    ring: Rc<dyn Fn()>,
}

struct Alarm {
    at: Instant,
    _timeout: Timeout,
}

impl Driver {
    pub(crate) fn start(
        endpoint: Endpoint,
        config: Config,
        judge: Option<Judge>,
    ) -> Result<Rc<Self>, ConfigError> {
        let probe = config.heartbeat.clone();
        let core = Client::new(config, clock::seed())?;
        let mailbox = RefCell::new(Mailbox::new(core.limits().clone()));
        let driver = Rc::new_cyclic(|this| {
            let works = RefCell::new(Works::new(core, endpoint, this));
            Self { works, mailbox, probe, judge }
        });
        driver.drive(|works, now| works.core.connect(now));
        Ok(driver)
    }

    /// The one place that borrows the core: acts on it, performs what it decides, and tells the
    /// application last, when nothing is borrowed any more.
    pub(crate) fn drive<R>(&self, act: impl FnOnce(&mut Works, Instant) -> R) -> R {
        let result = {
            let mut works = self.works.borrow_mut();
            let result = act(&mut works, clock::now());
            works.perform(&self.mailbox);
            result
        };
        self.tell();
        result
    }

    /// Asks the application what only it can know of the news, and tells the core.
    fn hear(&self, input: Input) {
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
        self.drive(|works, now| works.core.handle_input(input, now));
    }

    fn is_answer(&self, payload: &Payload) -> bool {
        self.probe.as_ref().is_some_and(|probe| probe.is_answered_by(payload))
    }

    fn tell(&self) {
        let due = self.mailbox.borrow_mut().take_due();
        due.into_iter().for_each(std::task::Waker::wake);
    }

    pub(crate) fn mailbox<R>(&self, look: impl FnOnce(&mut Mailbox) -> R) -> R {
        look(&mut self.mailbox.borrow_mut())
    }

    pub(crate) fn send(&self, payload: Payload) -> Result<MessageId, SendError> {
        self.drive(|works, now| {
            works.notice_closing(now);
            works.core.send(payload)
        })
    }

    pub(crate) fn status(&self) -> Status {
        self.drive(|works, _| works.core.status())
    }

    pub(crate) fn poll_arrival(&self, cx: &Context<'_>) -> Poll<Option<Arrival>> {
        let (arrival, has_ended) = self.mailbox(|mailbox| (mailbox.pop(), mailbox.has_ended()));
        if arrival.is_some() || has_ended {
            return Poll::Ready(arrival);
        }
        drop(self.mailbox(|mailbox| mailbox.await_message(cx.waker())));
        Poll::Pending
    }

    /// Waits until `ready` of the core, or the end of the line.
    pub(crate) fn poll_until(
        &self,
        ready: impl FnOnce(&Client) -> bool,
        cx: &Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        if self.mailbox(|mailbox| mailbox.has_ended()) {
            return Poll::Ready(Err(SendError::Ended));
        }
        if self.drive(|works, _| ready(&works.core)) {
            return Poll::Ready(Ok(()));
        }
        drop(self.mailbox(|mailbox| mailbox.await_event(Watcher::SINK, cx.waker())));
        Poll::Pending
    }

    pub(crate) fn poll_ended(&self, cx: &Context<'_>) -> Poll<()> {
        self.poll_until(|_| false, cx).map(|_| ())
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
        Self { core, endpoint, transport: None, alarm: None, listen, ring }
    }

    fn ring(&mut self, now: Instant) {
        self.alarm = None;
        self.notice_closing(now);
        if let Some(transport) = &self.transport {
            let buffered = Input::Buffered(transport.conn(), transport.buffered());
            self.core.handle_input(buffered, now);
        }
        self.core.handle_timeout(now);
    }

    /// Tells the core of a socket that takes nothing more, before a message is lost in it.
    fn notice_closing(&mut self, now: Instant) {
        if let Some(transport) = self.transport.as_ref().filter(|socket| socket.is_closing()) {
            self.core.handle_input(Input::PeerClosing(transport.conn()), now);
        }
    }

    fn perform(&mut self, mailbox: &RefCell<Mailbox>) {
        while let Some(output) = self.core.poll_output() {
            match output {
                Output::Open(conn) => self.open(conn),
                Output::Transmit(conn, payload) => self.transmit(conn, &payload),
                Output::Close(_, code, reason) => {
                    if let Some(transport) = &self.transport {
                        transport.close(code, &reason);
                    }
                }
                Output::Abandon(_) => self.transport = None,
                Output::Deliver(payload) => mailbox.borrow_mut().deliver(payload),
                Output::Refuse { size } => mailbox.borrow_mut().refuse(size),
                Output::Event(event) => mailbox.borrow_mut().take_in(event),
            }
        }
        self.let_go();
        self.set_alarm();
    }

    fn open(&mut self, conn: ConnId) {
        let message_bytes = self.core.limits().message_bytes;
        match Transport::open(conn, &self.endpoint, message_bytes, &self.listen) {
            Ok(transport) => self.transport = Some(transport),
            Err(failure) => {
                self.core.handle_input(Input::OpenFailed(conn, failure), clock::now());
            }
        }
    }

    fn transmit(&mut self, conn: ConnId, payload: &Payload) {
        let sent = self.transport.as_ref().map(|transport| transport.send(payload));
        if let Some(Err(_)) = sent {
            self.core.handle_input(Input::Closed(conn, Closed::abnormal(), None), clock::now());
        }
    }

    /// A socket that the core does not own any more has no listener any more.
    fn let_go(&mut self) {
        let owned = self.core.conn();
        self.transport = self.transport.take().filter(|socket| Some(socket.conn()) == owned);
    }

    /// Holds one alarm. One that rings too early is set again then, which costs less than setting
    /// it again with every message that puts a deadline off.
    fn set_alarm(&mut self) {
        let Some(at) = self.core.poll_timeout() else {
            self.alarm = None;
            return;
        };
        if self.alarm.as_ref().is_none_or(|alarm| at < alarm.at) {
            let millis = (at - clock::now()).as_micros().div_ceil(1_000);
            let millis = u32::try_from(millis).unwrap_or(u32::MAX).min(LONGEST_ALARM);
            let ring = Rc::clone(&self.ring);
            self.alarm = Some(Alarm { at, _timeout: Timeout::new(millis, move || ring()) });
        }
    }
}
