//! The native server.
