//! The endpoints: one file for each, a few straight lines over a socket.

pub(crate) mod broadcast;
pub(crate) mod chat;
pub(crate) mod echo;
pub(crate) mod hello;
pub(crate) mod items;
pub(crate) mod session;
pub(crate) mod stream;
pub(crate) mod task_runner;
