//! The native server of Keepline: a library for axum, and one small binary.
//!
//! [`run`] serves everything on a listener until a future says stop:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use keepline_server::{Options, run};
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:5000").await?;
//! let shutdown = async {
//!     let _ = tokio::signal::ctrl_c().await;
//! };
//! run(listener, Options::default(), shutdown).await?;
//! # Ok(())
//! # }
//! ```
//!
//! To serve the endpoints inside an application of your own, use [`Server`] and [`router()`]; to
//! serve sessions of your own, [`Upgrade::session`].
//!
//! # Endpoints
//!
//! | address | what it does |
//! | --- | --- |
//! | `/` | the dashboard, or a page that says how to build it |
//! | `/health` | 200 while the process lives |
//! | `/ready` | 200 while new sockets are taken; 503 when full or stopping |
//! | `/echo` | sends back every message; selects the first subprotocol offered |
//! | `/hello` | greets, then closes with 1000 |
//! | `/broadcast` | tells everybody what one client says, and who left |
//! | `/stream?hz=` | `{"timestamp", "value"}`, once a second, or 0.1 to 1,000 times |
//! | `/chat/{room}?name=` | tells all others in the room what one person says |
//! | `/items/{id}/ws?token=&q=` | answers each text if a cookie `session` or a token is there |
//! | `/task-runner` | runs `count`, `sum` or `words`, and tells how it goes on |
//! | `/runs/{run_id}` | the newest update of a run, over HTTP |
//! | `/session`, `/session/echo` | `/echo` over a session, in either encoding of `keepline.v1` |
//! | `/session/broadcast` | `/broadcast` over a session |
//! | `/session/stream?hz=` | `/stream` over a session: each sample, while the outbox has room |
//! | `/session/chat/{room}?name=` | `/chat/{room}` over a session |
//!
//! A request to `/chat/` or `/task-runner` may have at most 64 KiB; a larger one gets an error.
//! The `url` of a run is relative to the root of [`router()`], wherever that is nested.
//!
//! # Close codes
//!
//! | code | when |
//! | --- | --- |
//! | 1000 | all is said |
//! | 1001 | the server is stopping |
//! | 1002 | a frame broke the protocol |
//! | 1003 | bytes where only text is taken |
//! | 1007 | a text was not UTF-8 |
//! | 1008 | a credential is missing |
//! | 1009 | a message was larger than [`Options::message_limit`] |
//! | 1013 | [`Options::max_sockets`] are open already; a page in WebKit sees 1006 |
//! | 4400 | the address is wrong: a room, a name, a number; the reason says which |
//! | 4408 | the client read too slowly, or did not answer a ping |
//! | 4401, 4429, 4450–4456, 4500–4505 | sessions, as docs/protocol.md says |
//!
//! A refused upgrade looks to a page like a dead network, so whatever can be wrong with an
//! address is said after the upgrade. Refused before it: a request that is no WebSocket (426,
//! 400), a page of a foreign origin (403, see [`Options::allow_origin`]), a stopping server (503).

mod clock;
mod close;
#[cfg(feature = "dashboard")]
mod dashboard;
mod endpoints;
mod frames;
mod hall;
mod json;
mod line;
mod listen;
mod mailbox;
mod news;
mod options;
mod origin;
#[cfg(not(feature = "dashboard"))]
mod page;
mod pulse;
mod rooms;
mod router;
mod runs;
mod server;
mod session;
mod sessions;
mod socket;
mod stop;
mod talk;
mod task;
mod upgrade;

use tokio::join;
use tokio::net::TcpListener;

use crate::listen::listen;
pub use crate::options::{Options, OptionsError};
pub use crate::origin::OriginError;
pub use crate::router::router;
pub use crate::server::Server;
pub use crate::session::{EndError, Session};
pub use crate::sessions::{Lost, SessionOptions};
pub use crate::upgrade::{Upgrade, UpgradeError};
pub use keepline_core::wire::Credentials;
pub use keepline_core::{
    Caller, CloseCode, ConfigError, Doubt, Loss, MessageId, MessageIds, Payload, Refused, SendError,
};

/// Serves on `listener` until `shutdown`, then closes every socket with 1001 and returns.
///
/// It returns within [`Options::stop_within`] and half a second after `shutdown`, and leaves
/// nothing running. Dropping the future instead drops the sockets without a word.
///
/// # Errors
/// The options do not fit together; nothing was served.
pub async fn run(
    listener: TcpListener,
    options: Options,
    shutdown: impl Future<Output = ()>,
) -> Result<(), OptionsError> {
    let max_sockets = options.max_sockets;
    let server = Server::new(options)?;
    let stopped = async {
        shutdown.await;
        server.stop().await;
    };
    join!(listen(listener, router(&server), max_sockets, server.stop_signal()), stopped);
    Ok(())
}
