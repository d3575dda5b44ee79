//! What each engine does with sockets, and what the SDK makes of it: docs/browsers.md, as tests.

mod bare;
mod line;
