//! The page that end-to-end tests drive: lines of the SDK, with all they report in a log.
//!
//! The driver is native and says what it wants in the words of [`request`]; the page is wasm, does
//! it, and answers in the words of [`report`].

pub mod report;
pub mod request;
pub mod tally;

#[cfg(target_arch = "wasm32")]
mod cycle;
#[cfg(target_arch = "wasm32")]
mod line;
#[cfg(target_arch = "wasm32")]
mod log;
#[cfg(target_arch = "wasm32")]
mod page;
#[cfg(target_arch = "wasm32")]
mod pour;
#[cfg(target_arch = "wasm32")]
mod reading;
#[cfg(target_arch = "wasm32")]
mod upload;
