//! The pure core of Keepline: the state machine that keeps a WebSocket line up.
//!
//! It decides and never acts. A driver tells it what happened in the world ([`Input`]), tells it
//! the time ([`Instant`]), and performs what it asks for ([`Output`]). There is no clock, socket,
//! thread, global, log or randomness in here: what a [`Client`] does is a function of its
//! [`Config`], its seed and the sequence of its timed inputs, so any run can be replayed.
//!
//! # The driver's contract
//!
//! 1. `now` never goes back.
//! 2. After every call of a method that takes `&mut self`, drain [`Client::poll_output`] and
//!    perform each output in order.
//! 3. Then hold one alarm for [`Client::poll_timeout`]; when it is due by the clock, call
//!    [`Client::handle_timeout`]. An alarm that rings early or late does no harm.
//! 4. Tag every socket event with the [`ConnId`] that its [`Output::Open`] carried. News of a
//!    connection that the core has given up is harmless.
//! 5. Tell the application last, when nothing is borrowed: it may call back in.
//!
//! ```
//! use keepline_core::wire::{Instance, SessionId};
//! use keepline_core::{Client, Config, Draw, Event, Input, Instant, Output, Payload};
//!
//! let now = Instant::ORIGIN;
//! let mut client = Client::new(Config::default(), 42)?;
//! client.connect(now);
//! let Some(Output::Open(conn)) = client.poll_output() else { panic!("nothing to open") };
//!
//! // A plain line has no use for it; a session needs random bits here.
//! let draw = Draw { session: SessionId([0; 16]), instance: Instance([0; 8]) };
//! client.handle_input(Input::Opened(conn, String::new(), draw), now);
//! while let Some(output) = client.poll_output() {
//!     assert!(matches!(output, Output::Event(Event::Status(_))));
//! }
//! client.send(Payload::Text("hello".into()))?;
//! let outputs: Vec<Output> = core::iter::from_fn(|| client.poll_output()).collect();
//! assert!(outputs.contains(&Output::Transmit(conn, Payload::Text("hello".into()))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![warn(clippy::wildcard_enum_match_arm)]

extern crate alloc;

mod backoff;
mod client;
mod close;
mod config;
mod delivery;
mod diagnosis;
mod heartbeat;
mod inbox;
mod message;
#[cfg(feature = "mutants")]
pub mod mutant;
#[cfg(not(feature = "mutants"))]
#[allow(unreachable_pub, reason = "it is public for the simulator only")]
mod mutant;
mod notice;
mod options;
mod outbox;
mod port;
mod provision;
mod rng;
#[cfg_attr(
    not(feature = "server"),
    allow(dead_code, unreachable_pub, reason = "a page serves nobody")
)]
mod sessions;
mod status;
mod time;
mod timers;
pub mod wire;

pub use backoff::Backoff;
pub use client::{Client, Phase, SendError, Transition};
pub use close::{CloseCode, CloseError, Closed, MAX_CLOSE_REASON, Verdict};
pub use config::{AfterLoss, Config, ConfigError, Limits, SessionConfig};
pub use delivery::Breach;
pub use diagnosis::Diagnosis;
pub use heartbeat::{Answer, Probe};
pub use inbox::{Arrival, Inbox, Overflow};
pub use message::{Doubt, Held, Loss, MessageId, MessageIds, Payload};
pub use notice::{Notice, Wake, Waking};
pub use options::{Key, SendOptions, WhenFull};
pub use outbox::Queued;
pub use port::{ConnId, Draw, Event, Input, OpenFailure, Output};
pub use provision::{NotProvided, Provision};
#[cfg(feature = "server")]
pub use sessions::{
    Caller, Counts, Over, Refused, ServerConfig, ServerOutput, SessionEvent, SessionKey, Sessions,
};
pub use status::{Broken, Down, End, Status};
pub use time::Instant;
use time::Span;
