//! The stories that a real browser tells about the SDK, the server and the dashboard.

#[macro_use]
mod each;

mod bad_input;
mod callback;
mod codecs;
mod credentials;
mod dashboard;
mod diagnosis;
mod dropin;
mod engines;
mod fastapi;
mod hidden_tab;
mod installed;
mod leaks;
mod lifecycle;
mod observability;
mod package;
mod package_contents;
mod package_examples;
mod panic;
mod proxy;
mod queues;
mod session;
mod shared_worker;
mod story;
mod subprotocol;
mod tls;
mod websockets_client;
mod worker;
