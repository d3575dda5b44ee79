//! The benchmarks: what `cargo xtask bench` runs, once it has built what they need.
//!
//! What is measured goes to stdout, and how it goes on to stderr.

mod echo;
mod faults;
mod options;
mod order;
mod page;
mod witness;

use crate::options::Bench;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match options::read()? {
        Bench::Echo(options) => echo::run(&options).await,
        Bench::Faults(options) => faults::run(&options).await,
    }
}
