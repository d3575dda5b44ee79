//! Stories about a client, told in virtual time: nothing here sleeps or touches a network.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod chaos;
mod closing;
mod connecting;
mod diagnosis;
mod gathering;
mod heartbeat;
mod held;
mod inbox;
mod marks;
mod outbox;
mod provider;
mod session;
mod settings;
mod terms;
#[cfg(all(feature = "json", not(target_arch = "wasm32")))]
mod vectors;
mod waiting;
mod waking;
mod wire;
mod world;
