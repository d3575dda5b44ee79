//! One who talks on a session at a steady rate, and writes down what it hears.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use keepline::{Backoff, SessionConfig, Status, TextSocket};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, UnwrapThrowExt};
use wasm_bindgen_futures::spawn_local;

const TICK_MS: u32 = 5;

/// Says "up 1", "up 2", … and hears "down 1", "down 2", … among other things.
#[wasm_bindgen]
pub struct Talker {
    notes: Rc<Notes>,
}

#[derive(Default)]
struct Notes {
    said: Cell<u32>,
    heard: RefCell<Vec<u32>>,
    times_online: Cell<u32>,
}

#[wasm_bindgen]
impl Talker {
    /// Opens a session at `url`, and talks for so long.
    ///
    /// # Errors
    ///
    /// When the SDK refuses the URL.
    #[wasm_bindgen(constructor)]
    pub fn new(url: &str, per_second: u32, lasts_ms: u32) -> Result<Self, JsError> {
        let socket = TextSocket::builder(url)
            .session(SessionConfig::default())
            // A storm cuts the line more often than any network that the default is made for.
            .backoff(Backoff { attempts_per_minute: 240, ..Backoff::default() })
            .connect()?;
        let notes = Rc::<Notes>::default();
        spawn_local(watch(socket.statuses(), Rc::clone(&notes)));
        spawn_local(talk(socket.sender(), per_second, lasts_ms, Rc::clone(&notes)));
        spawn_local(listen(socket, Rc::clone(&notes)));
        Ok(Self { notes })
    }

    /// The number of the last message said.
    #[must_use]
    pub fn said(&self) -> u32 {
        self.notes.said.get()
    }

    /// The numbers that came, in their order.
    #[must_use]
    pub fn heard(&self) -> Vec<u32> {
        self.notes.heard.borrow().clone()
    }

    /// How often the line has come online.
    #[must_use]
    pub fn times_online(&self) -> u32 {
        self.notes.times_online.get()
    }
}

async fn watch(mut statuses: keepline::Statuses, notes: Rc<Notes>) {
    while let Some(status) = statuses.next().await {
        if let Status::Online { .. } = status {
            notes.times_online.set(notes.times_online.get() + 1);
        }
    }
}

async fn talk(
    sender: keepline::Sender<str, keepline::Text>,
    per_second: u32,
    lasts_ms: u32,
    notes: Rc<Notes>,
) {
    let lasts = Duration::from_millis(lasts_ms.into());
    let began = keepline::now();
    loop {
        let passed = (keepline::now() - began).min(lasts);
        let due = (passed.as_secs_f64() * f64::from(per_second)) as u32;
        for number in notes.said.get() + 1..=due {
            sender.send(&format!("up {number}")).expect_throw("the outbox has room");
            notes.said.set(number);
        }
        if passed == lasts {
            return;
        }
        TimeoutFuture::new(TICK_MS).await;
    }
}

async fn listen(mut socket: TextSocket, notes: Rc<Notes>) {
    while let Some(received) = socket.next().await {
        let text = received.expect_throw("texts come as texts");
        if let Some((_, number)) = text.split_once("down ")
            && let Ok(number) = number.parse()
        {
            notes.heard.borrow_mut().push(number);
        }
    }
}
