//! Runs both ends of the real core in virtual time against a hostile network, and judges them by
//! what a user was promised rather than by what the core believes.

mod applications;
mod chance;
mod clock;
mod driver;
mod explore;
mod fleet;
mod ledger;
mod life;
mod link;
mod network;
mod page;
mod plan;
mod process;
mod small;
mod storm;
mod story;
mod tab;
mod terms;
mod violation;
mod watch;
mod weather;
mod word;
mod world;

pub use clock::Stopwatch;
pub use explore::{Explored, explore};
pub use fleet::{Totals, judge, sail};
pub use storm::{Outcome, run};
pub use story::{Happened, Log};
pub use violation::{Oracle, Violation};
