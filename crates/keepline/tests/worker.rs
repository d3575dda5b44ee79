//! The stories of `it` again, told in a dedicated Worker.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "it/page.rs"]
mod page;
#[path = "it/provider.rs"]
mod provider;
#[path = "it/stories.rs"]
mod stories;
#[path = "it/terms.rs"]
mod terms;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);
