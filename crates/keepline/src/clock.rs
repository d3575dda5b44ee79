//! The SDK's only reading of a clock, and its only source of chance.

use std::cell::Cell;
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

thread_local! {
    /// The two clocks when they were last compared and the second had not been set back, in
    /// milliseconds; and how long the machine has slept while the first stood still.
    static COMPARED: Cell<(f64, f64)> = Cell::new((PERFORMANCE.with(Performance::now), wall()));
    static SLEPT: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// The clocks drift apart by themselves, and are set; less than this is no sleep.
const SHORTEST_SLEEP_MS: f64 = 2_000.0;

/// So long it may take until a clock that was set back is set right; meanwhile a sleep that is no
/// longer than it was set back is not noticed.
const SET_RIGHT_WITHIN_MS: f64 = 300_000.0;

/// The present on the clock that [`Status::Waiting`](crate::Status) counts by: monotonic, from
/// the time origin of the page or Worker (High Resolution Time §4, `performance.now()`). In some
/// browsers that clock stands still while the machine sleeps; this one catches up as soon as a
/// line has noticed.
#[must_use]
pub fn now() -> Instant {
    Instant::from_origin(micros(PERFORMANCE.with(Performance::now)) + SLEPT.get())
}

/// Where what happened since the machine last slept is on the clock of `performance.now()`, in
/// milliseconds.
pub(crate) fn on_timeline(at: Instant) -> f64 {
    at.since_origin().saturating_sub(SLEPT.get()).as_secs_f64() * 1_000.0
}

/// How long the machine has slept in all while `performance.now()` stood still, by a comparison
/// with the wall clock now. Somebody who sets the clock forward looks the same, and does no harm.
pub(crate) fn slept() -> Duration {
    let (monotonic, wall) = (PERFORMANCE.with(Performance::now), wall());
    let (monotonic_then, wall_then) = COMPARED.get();
    let jump = (wall - wall_then) - (monotonic - monotonic_then);
    // A clock that was set back may be set forward again before long, which is no sleep.
    if jump >= -SHORTEST_SLEEP_MS || monotonic - monotonic_then > SET_RIGHT_WITHIN_MS {
        COMPARED.set((monotonic, wall));
    }
    if jump > SHORTEST_SLEEP_MS {
        SLEPT.set(SLEPT.get() + micros(jump));
    }
    SLEPT.get()
}

/// The present on the clock on the wall, in milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "only it goes on while a machine sleeps")]
pub(crate) fn wall() -> f64 {
    js_sys::Date::now()
}

fn micros(millis: f64) -> Duration {
    Duration::from_micros((millis * 1_000.0) as u64)
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
