//! An application that is called with its messages, where another waits for them.

use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;

use js_sys::{Function, WebAssembly};
use keepline_core::Arrival;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;

use crate::codec::Decode;
use crate::driver::Driver;
use crate::hooks::report;
use crate::mailbox::Mailbox;
use crate::socket::{ReceiveError, Socket, receive};

/// Hands out what waits in the inbox. A function of JavaScript, for only there can be caught what
/// JavaScript throws in an application.
pub(crate) struct Callback {
    hand_out: Closure<dyn Fn()>,
    /// A panic has interrupted it: what it holds is half done, and it is called no more.
    has_trapped: Cell<bool>,
}

impl Callback {
    fn new(hand_out: impl Fn() + 'static) -> Self {
        Self { hand_out: Closure::own_aborting(hand_out), has_trapped: Cell::new(false) }
    }

    /// What JavaScript throws leaves the frames that it passes on the stack of this module, for
    /// nothing is unwound. A function with a frame of its own takes them off when it returns.
    #[inline(never)]
    fn call(&self) {
        let mut frame = 0_u32;
        black_box(&mut frame);
        let hand_out = self.hand_out.as_ref().unchecked_ref::<Function>();
        if let Err(thrown) = hand_out.call0(&JsValue::UNDEFINED) {
            self.has_trapped.set(thrown.is_instance_of::<WebAssembly::RuntimeError>());
            report(&thrown);
        }
        black_box(&mut frame);
    }
}

impl<Tx: ?Sized, Rx, C: Decode<Rx>> Socket<Tx, Rx, C> {
    /// Calls `listener` with each message from now on, in the turn of the event loop in which it
    /// came, and first with those that wait: quicker than a task that waits for
    /// [`next`](Self::next), for it costs no microtask. It takes the place of the one before, and
    /// of a reader; until the line has ended or the socket is dropped, which drop the listener.
    ///
    /// The listener may use and drop the line: a [`Sender`](crate::Sender) sends from within it.
    /// In a session, what it sends leaves in one frame when it was called with all that came
    /// together; what it has others do in microtasks leaves after that.
    /// What JavaScript throws in it is reported as if nobody had caught it, and the next message
    /// comes all the same; after a panic it is called no more. When it has been busy for 8 ms with
    /// messages that came together, the event loop has its turn first.
    ///
    /// ```no_run
    /// # fn example() -> Result<(), keepline::BuildError> {
    /// let mut line = keepline::TextSocket::builder("/echo").connect()?;
    /// let sender = line.sender();
    /// line.on_message(move |received| {
    ///     if let Ok(text) = received {
    ///         sender.send(&format!("{text}, too")).ok();
    ///     }
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_message(&mut self, listener: impl Fn(Result<Rx, ReceiveError>) + 'static) {
        // A circle, until the line has ended or the socket is dropped.
        let driver = Rc::clone(&self.driver);
        let nth = driver.listeners.get().wrapping_add(1);
        driver.listeners.set(nth);
        let hand_out = move || {
            // The listener may put another in its place.
            while driver.listeners.get() == nth
                && let Some(arrival) = driver.next_arrival()
            {
                listener(receive::<Rx, C>(&driver, arrival));
            }
        };
        drop(self.driver.callback.replace(Some(Rc::new(Callback::new(hand_out)))));
        self.driver.hand_out_later();
    }
}

impl Driver {
    /// Hands what waits to the callback, if there is one. Called from the event loop alone, when
    /// nothing is borrowed.
    pub(crate) fn hand_out(&self) {
        // Again after one that threw.
        while self.mailbox(|mailbox| mailbox.has_unread()) && !self.pause.rests() {
            let Some(callback) = self.callback.borrow().clone() else { return };
            if callback.has_trapped.get() {
                return;
            }
            callback.call();
        }
        self.let_callback_go();
    }

    /// Drops it once the line has ended and all is handed out.
    pub(crate) fn let_callback_go(&self) {
        if self.mailbox(|mailbox| mailbox.has_ended() && !mailbox.has_unread()) {
            drop(self.callback.take());
        }
    }

    /// What waits already may be handed out as soon as whoever says so has ended.
    fn hand_out_later(&self) {
        if self.mailbox(|mailbox| mailbox.has_unread() || mailbox.has_ended()) {
            let driver = self.this.clone();
            spawn_local(async move {
                if let Some(driver) = driver.upgrade() {
                    driver.listening(|| driver.hand_out());
                }
            });
        }
    }

    /// The next message for who need not wait for one: `None` when there is none, and while the
    /// event loop has its turn.
    fn next_arrival(&self) -> Option<Arrival> {
        if self.mailbox(|mailbox| mailbox.has_unread()) && self.pause.is_due() {
            return None;
        }
        self.take_arrival()
    }

    /// Takes the next message; the far end of a session is told of it at the end of the turn.
    pub(crate) fn take_arrival(&self) -> Option<Arrival> {
        let arrival = self.mailbox(Mailbox::pop);
        match &arrival {
            Some(_) if self.is_session => self.end_turn_later(),
            Some(_) => {}
            None => self.pause.is_over(),
        }
        arrival
    }
}
