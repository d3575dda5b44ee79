//! The echo: an application that answers each message with the next one, and who counts.

use std::any::Any;
use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use keepline::{Builder, Decode, Encode, Json, SessionConfig, Socket};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, UnwrapThrowExt};

use crate::reading::{JsonBytes, Reading};

/// The number of the first message.
const FIRST: u32 = 100_000;

/// Messages per second of one client, with so many in flight, after a warm-up.
///
/// # Errors
///
/// When there is no such client, or no line to `url`.
#[wasm_bindgen]
pub async fn echo(
    client: String,
    url: String,
    in_flight: u32,
    warm_up_ms: u32,
    lasts_ms: u32,
) -> Result<f64, JsError> {
    let heard = Rc::<Cell<u32>>::default();
    let socket = match client.as_str() {
        "plain-json" => start(json(&url), in_flight, &heard)?,
        "plain-binary" => start::<JsonBytes>(Socket::builder(&url), in_flight, &heard)?,
        "session" => start(json(&url).session(SessionConfig::default()), in_flight, &heard)?,
        _ => return Err(JsError::new("no such client")),
    };
    TimeoutFuture::new(warm_up_ms).await;
    let (began, before) = (keepline::now(), heard.get());
    TimeoutFuture::new(lasts_ms).await;
    let rate = f64::from(heard.get() - before) / (keepline::now() - began).as_secs_f64();
    drop(socket);
    Ok(rate)
}

fn json(url: &str) -> Builder<Reading, Reading, Json> {
    Socket::builder(url)
}

/// Connects, and answers from then on; until what comes back is dropped.
fn start<C>(
    line: Builder<Reading, Reading, C>,
    in_flight: u32,
    heard: &Rc<Cell<u32>>,
) -> Result<Box<dyn Any>, JsError>
where
    C: Encode<Reading> + Decode<Reading> + 'static,
{
    let mut socket = line.connect()?;
    for id in 0..in_flight {
        socket.send(&Reading::first(FIRST + id)).expect_throw("the outbox has room");
    }
    let (sender, next, heard) = (socket.sender(), Cell::new(FIRST + in_flight), Rc::clone(heard));
    socket.on_message(move |received| {
        let mut reading = received.expect_throw("what was sent comes back");
        heard.set(heard.get() + 1);
        reading.id = next.replace(next.get() + 1);
        sender.send(&reading).expect_throw("the outbox has room");
    });
    Ok(Box::new(socket))
}
