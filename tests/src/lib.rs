//! The harness of the end-to-end tests: browsers, servers, peers and pages that end with the test.
//!
//! `cargo xtask test e2e` builds what the tests need and says where it is, in the variables of
//! [`environment`]. Every wait is a poll of a condition with a deadline, and a deadline that
//! passes says what was waited for.

pub mod bad_peer;
pub mod browser;
pub mod display;
pub mod environment;
pub mod hidden_tab;
pub mod http_peer;
pub mod page;
pub mod peer;
pub mod port;
pub mod program;
pub mod proxy;
pub mod raw_peer;
pub mod relay;
pub mod scales;
pub mod server;
pub mod site;
pub mod tab;
pub mod tls;
pub mod wait;
