//! The one place that borrows the core: it is told the news, performs what it decides, and only
//! then tells the application.

mod life;
mod waits;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::task::Waker;

use keepline_core::{
    Client, Config, ConfigError, Input, Instant, Key, MessageId, Payload, Probe, SendError, Status,
};

use crate::callback::Callback;
use crate::clock;
use crate::diagnosis::Inquiry;
use crate::errands::{Application, Route};
use crate::gathering::{Gathering, Sends};
use crate::hooks::{Hooks, isolated};
use crate::journal::Happening;
use crate::mailbox::Mailbox;
use crate::microtask::Microtask;
use crate::panic::has_panicked;
use crate::pause::Pause;
use crate::works::Works;

pub(crate) use self::waits::Waiting;

pub(crate) struct Driver {
    works: RefCell<Works>,
    mailbox: RefCell<Mailbox>,
    /// Whether something is to be done when the present turn of the event loop is over.
    turn: Cell<Turn>,
    end_of_turn: Microtask<Self>,
    /// Whether this is a session: messages leave together at the end of a turn, and the far end is
    /// told what was taken. A plain line hands each one over at once.
    pub(crate) is_session: bool,
    pub(crate) this: Weak<Self>,
    /// What the application has hung in, until the line has ended.
    hooks: RefCell<Option<Rc<Hooks>>>,
    /// Whether messages have keys that only the application knows.
    has_keys: bool,
    /// Whether a message may be the answer to a probe.
    has_answers: bool,
    /// Up to which position of the journal its listeners have been told; `None` while they are.
    told: Cell<Option<u64>>,
    pub(crate) application: Application,
    /// What is being found out about a failed handshake.
    pub(crate) inquiry: RefCell<Option<Inquiry>>,
    /// Who is called with what arrives, in place of a reader.
    pub(crate) callback: RefCell<Option<Rc<Callback>>>,
    /// How many there have been.
    pub(crate) listeners: Cell<u32>,
    pub(crate) pause: Pause,
    gathering: Gathering,
}

/// When a turn of the event loop ends: the core is told what was taken then, and flushed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Idle,
    /// The listener of a session may be called: if something is to be done, then right after it.
    Listening {
        ends: bool,
    },
    /// In a microtask.
    Ending,
}

impl Driver {
    pub(crate) fn start(
        route: Route,
        mut config: Config,
        mut hooks: Hooks,
        application: Application,
        watches_page: bool,
    ) -> Result<Rc<Self>, ConfigError> {
        hooks.of_answers = config.heartbeat.as_mut().map(Probe::take_answer);
        let (has_answers, is_session) = (hooks.of_answers.is_some(), config.session.is_some());
        let (overflow, has_keys) = (config.overflow.unwrap_or_default(), hooks.of_keys.is_some());
        let core = Client::new(config, clock::seed())?;
        let mut mailbox = Mailbox::new(core.limits().clone(), overflow);
        if !hooks.listeners.is_empty() {
            mailbox.journal_mut().tells_from(Some(0));
        }
        let mailbox = RefCell::new(mailbox);
        let driver = Rc::new_cyclic(|this| {
            let works = RefCell::new(Works::new(core, route, this));
            let (turn, pause) = (Cell::new(Turn::Idle), Pause::new(this));
            let gathering = Gathering::new(this);
            let this = Weak::clone(this);
            let end_of_turn = Microtask::new(&this, Self::end_turn);
            let (hooks, told) = (RefCell::new(Some(Rc::new(hooks))), Cell::new(Some(0)));
            let (inquiry, callback) = (RefCell::default(), RefCell::default());
            Self {
                works,
                mailbox,
                turn,
                end_of_turn,
                is_session,
                this,
                hooks,
                has_keys,
                has_answers,
                told,
                application,
                inquiry,
                callback,
                listeners: Cell::new(0),
                pause,
                gathering,
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
            works.now = Some(now);
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
            works.now = None;
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
    /// it, and before anything else happens. What a listener does needs no microtask to wait for.
    pub(crate) fn end_turn_later(&self) {
        match self.turn.get() {
            Turn::Idle => {
                self.turn.set(Turn::Ending);
                self.end_of_turn.call();
            }
            Turn::Listening { .. } => self.turn.set(Turn::Listening { ends: true }),
            Turn::Ending => {}
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

    /// Has what is sent gathered from now on, if messages come in a crowd. Not in a page whose life
    /// is not watched: nobody would say when it must leave.
    fn gather(&self, works: &mut Works, now: Instant) {
        if works.life.is_none() {
            return;
        }
        match self.gathering.hears(now) {
            Sends::AtOnce => return,
            Sends::Together => {}
            Sends::TogetherFromHere => {
                works.notice_closing(now);
                works.core.flush(now);
            }
        }
        works.core.gather();
    }

    /// What was gathered leaves.
    pub(crate) fn leave_together(&self) {
        self.drive(|works, now| {
            self.gathering.is_over(works.core.queued().messages > 0);
            works.notice_closing(now);
            works.core.flush(now);
        });
    }

    /// Asks the application what only it can know of the news, and tells the core.
    pub(crate) fn hear(&self, input: Input) {
        if let Some(bytes) = size_of_frame(&input) {
            self.mailbox.borrow_mut().journal_mut().counters.frame_received(bytes);
        }
        let key = if self.has_keys { self.key_of(&input) } else { None };
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
        let may_gather = !self.is_session && matches!(input, Input::Received(..));
        self.listening(|| {
            self.drive(|works, now| {
                works.is_prompt = true;
                works.key = key;
                works.core.handle_input(input, now);
                if may_gather {
                    self.gather(works, now);
                }
            });
            self.hand_out();
            self.end_turn_if_read();
        });
    }

    /// Does something of the event loop's in which the listener of a session may be called, and has
    /// the turn ended right after it.
    pub(crate) fn listening(&self, act: impl FnOnce()) {
        let has_listener = self.is_session && self.callback.borrow().is_some();
        let listens = has_listener && self.turn.get() != Turn::Ending;
        if listens {
            self.turn.set(Turn::Listening { ends: false });
        }
        act();
        if listens && self.turn.replace(Turn::Idle) == (Turn::Listening { ends: true }) {
            self.end_turn();
        }
    }

    /// The far end of a session is to be told what is taken. Said after the reader was woken and
    /// not when it reads, this has its turn ended in the microtask that the reader runs in.
    fn end_turn_if_read(&self) {
        if self.is_session && self.mailbox(|mailbox| mailbox.has_unread()) {
            self.end_turn_later();
        }
    }

    fn key_of(&self, input: &Input) -> Option<Key> {
        let payload = input.payload()?;
        self.hooks()?.key_of(payload)
    }

    fn is_answer(&self, payload: &Payload) -> bool {
        self.has_answers && self.hooks().is_some_and(|hooks| hooks.is_answer(payload))
    }

    fn tell(&self) {
        while let Some(waker) = self.mailbox(Mailbox::next_due) {
            self.wake(waker);
        }
        let written = self.mailbox(|mailbox| mailbox.journal().end());
        if self.told.get().is_some_and(|told| told < written) {
            self.tell_journal();
        }
    }

    /// An executor of the application's own may poll at once. What JavaScript throws there must not
    /// take the end of the turn along, which a listener of messages waits for.
    fn wake(&self, waker: Waker) {
        if self.callback.borrow().is_some() {
            isolated(&mut || waker.wake_by_ref());
        } else {
            waker.wake();
        }
    }

    /// Tells the application's listeners what they have not been told, and lets go of them once the
    /// line has ended. What a listener causes is told after what it was told.
    fn tell_journal(&self) {
        let Some(mut position) = self.told.take() else { return };
        let hooks = self.hooks().filter(|hooks| !hooks.listeners.is_empty());
        let listens = hooks.is_some();
        if let Some(hooks) = hooks {
            while !has_panicked()
                && let Some(entry) = self.mailbox(|mailbox| mailbox.entry_from(position))
            {
                position = entry.position + 1;
                hooks.tell(&entry);
            }
        }
        let end = self.mailbox(|mailbox| mailbox.journal().end());
        self.told.set(Some(end));
        if listens {
            self.mailbox(|mailbox| mailbox.journal_mut().tells_from(Some(end)));
        }
        if self.mailbox(|mailbox| mailbox.has_ended()) {
            self.mailbox(|mailbox| mailbox.journal_mut().tells_from(None));
            drop(self.hooks.take());
            self.let_callback_go();
            self.gathering.ends();
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
        self.listening(|| {
            self.pause.is_over();
            self.mailbox(Mailbox::wake_reader);
            self.tell();
            self.hand_out();
        });
    }

    pub(crate) fn mailbox<R>(&self, look: impl FnOnce(&mut Mailbox) -> R) -> R {
        look(&mut self.mailbox.borrow_mut())
    }

    /// An application may send thousands of messages in a turn: no clock is read and, in a session,
    /// no socket asked before it is over.
    pub(crate) fn send(&self, payload: Payload) -> Result<MessageId, SendError> {
        self.act(|works| {
            if !self.is_session && works.is_closing() {
                works.notice_closing(clock::now());
            }
            let sent = works.core.send(payload)?;
            self.count_sent();
            Ok(sent)
        })
    }

    /// Counts a message that the core has accepted.
    pub(crate) fn count_sent(&self) {
        self.mailbox.borrow_mut().journal_mut().counters.messages_sent += 1;
    }

    pub(crate) fn status(&self) -> Status {
        self.drive(|works, _| works.core.status())
    }
}

/// How large the frame is that came, if one did.
fn size_of_frame(input: &Input) -> Option<usize> {
    match input {
        Input::TooLarge(_, size) => Some(*size),
        input => input.payload().map(Payload::len),
    }
}
