//! The server as its clients see it: over real sockets, on ports of its own.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod application;
mod bad_input;
mod chat;
mod crowds;
mod endpoints;
mod http;
mod limits;
mod program;
mod session;
mod stop;
mod world;
