//! The dashboard: three views over two lines that the SDK keeps up.
//!
//! Tests find their way by these ids, which are as stable as an API:
//!
//! - every view: the links `view-chat`, `view-stream` and `view-connection`; `connection-state`,
//!   whose text is the [`keepline::Status::name`] of the view's line; `banner`, and in it
//!   `next-attempt` (`in 3 s`, `now`), `try-now` and `connect-again`
//! - before a room: `chat-name`, `chat-room`, `chat-join`; `chat-name-error`, `chat-room-error`
//! - in a room: `room-name`, `chat-me`, `chat-leave`; `people`, with an `li` each, and
//!   `people-count`; `chat-messages`, with the classes `said` (text in `.text`), `mine` (with
//!   `data-fate`: `queued`, `sent`, `unknown`, `never-sent`) and `note`; `chat-newest`;
//!   `chat-text`, `chat-send`, `chat-hint`
//! - stream: `stream-hz-1`, `stream-hz-10`, `stream-hz-50`; `stream-value`, `stream-rate`,
//!   `stream-lowest`, `stream-highest`; `stream-canvas`, `stream-summary`
//! - connection, each after `chat-line` or `stream-line`: `-title`, `-state`, `-reason`,
//!   `-next-attempt`, `-attempt`, `-since`, `-opened`, `-outbox`, `-round-trip` and `-log`, whose
//!   first `li` is the newest
//! - `index.html`: `loading`; `failure`, `failure-words`, `failure-details`, `reload`
//!
//! The place is in the fragment (`#/chat?hz=10&room=lobby`), the name in the tab's session
//! storage; with both known a reload goes straight into the room.

mod app;
mod chat;
mod clock;
mod connection;
mod focus;
mod journal;
mod line;
mod names;
mod percent;
mod place;
mod remembered;
mod shell;
mod stream;
mod task;

use app::App;

fn main() {
    let root = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id("app"));
    // Without it this is not our page, and there is nothing to draw on.
    if let Some(root) = root {
        yew::Renderer::<App>::with_root(root).render();
    }
}
