//! The page that the benchmarks drive: applications of the SDK, written as its users write them.

pub mod echo;
mod reading;
pub mod talker;
