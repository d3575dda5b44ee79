//! The echo: an application that answers each message with the next one, and who counts.

use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use keepline::{Builder, Decode, Encode, Json, SessionConfig, Socket};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, UnwrapThrowExt};
use wasm_bindgen_futures::spawn_local;

use crate::reading::{JsonBytes, Reading};

/// How many messages have come, and whether enough have.
#[derive(Default)]
struct Count {
    heard: Cell<u32>,
    over: Cell<bool>,
}

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
    let count = Rc::<Count>::default();
    match client.as_str() {
        "plain-json" => start(json(&url), in_flight, &count)?,
        "plain-binary" => start::<JsonBytes>(Socket::builder(&url), in_flight, &count)?,
        "session" => start(json(&url).session(SessionConfig::default()), in_flight, &count)?,
        _ => return Err(JsError::new("no such client")),
    }
    TimeoutFuture::new(warm_up_ms).await;
    let (began, before) = (keepline::now(), count.heard.get());
    TimeoutFuture::new(lasts_ms).await;
    let heard = count.heard.get() - before;
    count.over.set(true);
    Ok(f64::from(heard) / (keepline::now() - began).as_secs_f64())
}

fn json(url: &str) -> Builder<Reading, Reading, Json> {
    Socket::builder(url)
}

fn start<C>(
    line: Builder<Reading, Reading, C>,
    in_flight: u32,
    count: &Rc<Count>,
) -> Result<(), JsError>
where
    C: Encode<Reading> + Decode<Reading> + 'static,
{
    let socket = line.connect()?;
    spawn_local(talk(socket, in_flight, Rc::clone(count)));
    Ok(())
}

/// The application.
async fn talk<C>(mut socket: Socket<Reading, Reading, C>, in_flight: u32, count: Rc<Count>)
where
    C: Encode<Reading> + Decode<Reading>,
{
    let mut next = 100_000;
    for _ in 0..in_flight {
        socket.send(&Reading::first(next)).expect_throw("the outbox has room");
        next += 1;
    }
    while !count.over.get()
        && let Some(received) = socket.next().await
    {
        let mut reading = received.expect_throw("what was sent comes back");
        count.heard.set(count.heard.get() + 1);
        reading.id = next;
        next += 1;
        socket.send(&reading).expect_throw("the outbox has room");
    }
}
