//! The echo: an application that answers each message with the next one, and who counts.

use std::cell::Cell;
use std::rc::Rc;

use keepline::{Builder, Decode, Encode, Json, SessionConfig, Socket, Status};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, UnwrapThrowExt};

use crate::reading::{JsonBytes, Reading};

/// The number of the first message.
const FIRST: u32 = 100_000;

/// A client of an echo. Freed, it closes its line.
#[wasm_bindgen]
pub struct Echo {
    line: Box<dyn Line>,
    count: Rc<Count>,
}

struct Count {
    next: Cell<u32>,
    heard: Cell<u32>,
    /// How many are in flight; exact only once it rests.
    outstanding: Cell<u32>,
    rests: Cell<bool>,
}

#[wasm_bindgen]
impl Echo {
    /// Opens a line to `url`.
    ///
    /// # Errors
    ///
    /// When there is no such client, or the SDK refuses the URL.
    #[wasm_bindgen(constructor)]
    pub fn new(client: &str, url: &str) -> Result<Self, JsError> {
        match client {
            "plain-json" => Self::over(json(url)),
            "plain-binary" => Self::over::<JsonBytes>(Socket::builder(url)),
            "session" => Self::over(json(url).session(SessionConfig::default())),
            _ => Err(JsError::new("no such client")),
        }
    }

    fn over<C>(line: Builder<Reading, Reading, C>) -> Result<Self, JsError>
    where
        C: Encode<Reading> + Decode<Reading> + 'static,
    {
        let count = Rc::new(Count {
            next: Cell::new(FIRST),
            heard: Cell::new(0),
            outstanding: Cell::new(0),
            rests: Cell::new(true),
        });
        let mut socket = line.connect()?;
        let (sender, counts) = (socket.sender(), Rc::clone(&count));
        socket.on_message(move |received| {
            let mut reading = received.expect_throw("what was sent comes back");
            if counts.goes_on() {
                reading.id = counts.next();
                sender.send(&reading).expect_throw("the outbox has room");
            }
        });
        Ok(Self { line: Box::new(socket), count })
    }

    /// Whether it may begin.
    #[wasm_bindgen(js_name = isOpen)]
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.line.is_open()
    }

    /// Sends so many messages; from then on each that comes is answered with the next one.
    pub fn begin(&self, in_flight: u32) {
        self.count.rests.set(false);
        self.count.outstanding.set(in_flight);
        for _ in 0..in_flight {
            self.line.send(&Reading::first(self.count.next()));
        }
    }

    /// From now on nothing is answered.
    pub fn rest(&self) {
        self.count.rests.set(true);
    }

    /// How many messages came.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn heard(&self) -> u32 {
        self.count.heard.get()
    }

    /// How many are in flight; exact only once it rests.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn outstanding(&self) -> u32 {
        self.count.outstanding.get()
    }
}

impl Count {
    fn next(&self) -> u32 {
        self.next.replace(self.next.get() + 1)
    }

    /// Counts a message that came, and tells whether it is to be answered.
    fn goes_on(&self) -> bool {
        self.heard.set(self.heard.get() + 1);
        let rests = self.rests.get();
        self.outstanding.set(self.outstanding.get() - u32::from(rests));
        !rests
    }
}

/// A line, whatever its codec.
trait Line {
    fn is_open(&self) -> bool;
    fn send(&self, reading: &Reading);
}

impl<C: Encode<Reading>> Line for Socket<Reading, Reading, C> {
    fn is_open(&self) -> bool {
        matches!(self.status(), Status::Online { .. })
    }

    fn send(&self, reading: &Reading) {
        self.sender().send(reading).expect_throw("the outbox has room");
    }
}

fn json(url: &str) -> Builder<Reading, Reading, Json> {
    Socket::builder(url)
}
