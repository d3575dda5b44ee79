//! The stories that a real browser tells about the SDK, the server and the dashboard.

mod bad_input;
mod dashboard;
mod engines;
mod fastapi;
mod proxy;
mod session;
mod story;
mod subprotocol;
mod websockets_client;
mod worker;
