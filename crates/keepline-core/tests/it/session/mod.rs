//! Stories about a session: both ends, in virtual time.

mod delivery;
mod ending;
mod going_away;
mod heartbeat;
mod limits;
mod misbehaving;
mod moving;
mod opening;
mod pair;
mod provider;
mod quotas;
mod refusals;
mod renewal;
mod settings;
#[cfg(not(target_arch = "wasm32"))]
mod states;
mod storms;
mod terms;
mod waking;
