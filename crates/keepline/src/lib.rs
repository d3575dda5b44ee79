//! The browser SDK of Keepline: a typed WebSocket that keeps its line up.
//!
//! A [`Socket`] connects, notices when the line is dead, connects again with a backoff that is
//! kind to servers, queues what is sent meanwhile, and says of every message what became of it.
//! It works with any WebSocket server, in a page and in a Worker.
//!
//! ```no_run
//! use keepline::{Probe, Socket};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize)]
//! struct Say { text: String }
//!
//! #[derive(Deserialize)]
//! struct Said { name: String, text: String }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut socket: Socket<Say, Said> = Socket::builder("wss://example.org/chat")
//!     .query("room", "lobby")
//!     .heartbeat(Probe::text("ping", "pong")) // what your server answers; default: no probe
//!     .connect()?;
//!
//! socket.send(&Say { text: "hello".into() })?; // queued until the line is open
//! while let Some(message) = socket.next().await {
//!     match message {
//!         Ok(Said { name, text }) => println!("{name}: {text}"),
//!         Err(error) => println!("{error}"), // the line stays up
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What a send promises
//!
//! On a plain line, which works with any server, a message is handed to a socket at most once, in
//! order. What waits in the outbox waits for the next line. What was handed to a socket that was
//! then lost is reported as [`Event::Unknown`]: it may have arrived or not, for no browser tells.
//! What still waits when the line ends is reported as [`Event::Undeliverable`].
//!
//! In a [session](Builder::session), with a server that speaks `keepline.v1`, every message ends
//! exactly once: as [`Event::Delivered`] when the far application has taken it, as
//! [`Event::Undeliverable`] when it certainly never will, or as [`Event::Unknown`] when nobody can
//! say: the server has lost the session itself, or the line ended before it had answered.
//! [`Socket::fate`] waits for it.
//!
//! # A page's life
//!
//! A line watches its page and its machine, unless [`Builder::page_lifecycle`] says otherwise.
//! When the page is shown again, restored, resumed, gets its network back, or has slept, a line
//! that waits tries at once and an open one must prove itself ([`Waking`]); a plain line can do
//! that only with a [`Probe`]. A page that is frozen or goes into the back/forward cache lets its
//! connection go, and a session goes on without loss when it returns. What a Worker cannot notice
//! of the page, an application may hand in: [`Monitor::notice`]. Nothing of it undoes a close.

/// The examples of the README, compiled as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

mod alarm;
mod bell;
mod builder;
mod callback;
mod clock;
pub mod codec;
mod diagnosis;
mod draft;
mod driver;
mod endpoint;
mod errands;
mod export;
mod fates;
mod gathering;
mod hooks;
mod journal;
mod journey;
mod mailbox;
mod marks;
mod microtask;
mod monitor;
mod page;
mod panic;
mod pause;
mod policy;
mod provider;
mod socket;
#[cfg(feature = "tracing")]
mod tracing;
mod transport;
mod works;

pub use builder::{BuildError, Builder};
pub use clock::now;
#[cfg(feature = "cbor")]
pub use codec::Cbor;
#[cfg(feature = "messagepack")]
pub use codec::MessagePack;
#[cfg(feature = "postcard")]
pub use codec::Postcard;
pub use codec::{Bytes, CodecError, Decode, Encode, Json, Text, Undecodable};
pub use draft::Draft;
pub use endpoint::UrlError;
pub use journal::{Counters, Entry, Happening};
pub use monitor::{Events, Monitor, Statuses};
pub use panic::close_on_panic;
pub use provider::{Endpoint, NoEndpoint, Occasion};
pub use socket::{BytesSocket, ReceiveError, SendError, Sender, Socket, TextSocket};

pub use fates::Fate;
pub use keepline_core::wire::{Coding, Credentials, Window};
pub use keepline_core::{
    AfterLoss, Answer, Backoff, Broken, CloseCode, CloseError, Closed, ConfigError, Diagnosis,
    Doubt, Down, End, Event, Instant, Key, Limits, Loss, MessageId, MessageIds, Notice, Overflow,
    Payload, Probe, Queued, SessionConfig, Status, Verdict, Wake, Waking,
};
