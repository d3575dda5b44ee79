//! The SDK's only reading of a clock, and its only source of chance.

use std::time::Duration;

use keepline_core::wire::{Instance, SessionId};
use keepline_core::{Draw, Instant};
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Crypto, Performance};

#[wasm_bindgen]
extern "C" {
    // Of the global scope, whichever it is: a Worker has no `window`.
    #[wasm_bindgen(thread_local_v2, js_name = performance)]
    static PERFORMANCE: Performance;

    #[wasm_bindgen(thread_local_v2, js_name = crypto)]
    static CRYPTO: Crypto;
}

/// The present on the clock that [`Status::Waiting`](crate::Status) counts by: monotonic, from
/// the time origin of the page or Worker (High Resolution Time §4, `performance.now()`).
#[must_use]
pub fn now() -> Instant {
    let millis = PERFORMANCE.with(Performance::now);
    Instant::from_origin(Duration::from_micros((millis * 1_000.0) as u64))
}

/// The present on the clock on the wall, in milliseconds since 1970.
pub(crate) fn wall_millis() -> f64 {
    PERFORMANCE.with(|performance| performance.time_origin() + performance.now())
}

/// A seed that nobody can guess, and that no two clients share.
pub(crate) fn seed() -> u64 {
    u64::from_le_bytes(random())
}

/// What a session may need that nobody can guess.
pub(crate) fn draw() -> Draw {
    Draw { session: SessionId(random()), instance: Instance(random()) }
}

fn random<const BYTES: usize>() -> [u8; BYTES] {
    let mut bits = [0; BYTES];
    // It fails only above 65,536 bytes (Web Cryptography §10.1.1).
    let drawn = CRYPTO.with(|crypto| crypto.get_random_values_with_u8_array(&mut bits));
    debug_assert!(drawn.is_ok());
    bits
}
