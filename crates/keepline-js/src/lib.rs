//! The core for JavaScript: what `ts/driver.ts` calls, and what it is told.
//!
//! The npm package `keepline` is this module and a driver in TypeScript. The Rust SDK is not in
//! between: its futures and its codecs would more than double the download, and JavaScript has
//! promises and `JSON` of its own. Payloads of a plain line stay in JavaScript; those of a session
//! come here, for they are packed into frames.
//!
//! Nothing of it is for users: they see the classes of `ts/index.ts`. Times are milliseconds of one
//! monotonic clock. What numbers stand for is said in `ts/numbers.ts`, and checked by a test.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod exports;
mod host;
mod line;
mod numbers;
mod outputs;
mod settings;
mod status;

#[cfg(target_arch = "wasm32")]
mod runtime;
