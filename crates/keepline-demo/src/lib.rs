//! The messages that the demo server and the dashboard exchange, and what a name in them may be.

mod chat;
mod name;
mod stream;
mod task;

pub use chat::{ChatEvent, ChatRequest, MAX_NAME_CHARS, MAX_ROOM_CHARS, MAX_TEXT_CHARS};
pub use name::is_invisible;
pub use stream::Sample;
pub use task::{TaskRequest, TaskUpdate};

/// The heartbeat probe that `/chat/{room}` and `/stream` answer: the text of
/// [`ChatRequest::Ping`].
pub const PROBE: &str = r#"{"type":"ping"}"#;

/// What they answer to [`PROBE`]: the text of [`ChatEvent::Pong`].
pub const PROBE_ANSWER: &str = r#"{"type":"pong"}"#;
