//! The stories that a real browser tells about the SDK, the server and the dashboard.

mod bad_input;
mod codecs;
mod dashboard;
mod fastapi;
mod leaks;
mod observability;
mod panic;
mod proxy;
mod session;
mod story;
mod subprotocol;
mod websockets_client;
mod worker;
