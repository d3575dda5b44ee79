//! Stories that need a real browser but no server, told in a page.
//!
//! What needs a server as well is told by the package `e2e`.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod page;
mod provider;
mod stories;
mod terms;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
