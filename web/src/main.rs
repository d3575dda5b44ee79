//! The dashboard: three views over two lines that the SDK keeps up.
//!
//! Tests find their way by these ids, which are as stable as an API.
//!
//! | where | ids |
//! | --- | --- |
//! | every view | `view-chat`, `view-stream`, `view-connection` (links); `connection-state` (text: [`keepline::Status::name`] of the view's line); `banner` and in it `next-attempt` (`in 3 s`, `now`), `try-now`, `connect-again` |
//! | before a room | `chat-name`, `chat-room`, `chat-join`; `chat-name-error`, `chat-room-error` |
//! | in a room | `room-name`, `chat-me`, `chat-leave`; `people` (one `li` each), `people-count`; `chat-messages` (`li.said`, own ones `li.mine[data-fate=queued\|sent\|unknown\|never-sent]`, the rest `li.note`; the text in `.text`), `chat-newest`; `chat-text`, `chat-send`, `chat-hint` |
//! | stream | `stream-hz-1`, `stream-hz-10`, `stream-hz-50`; `stream-value`, `stream-rate`, `stream-lowest`, `stream-highest`; `stream-canvas`, `stream-summary` |
//! | connection | for `chat-line` and `stream-line`, as prefix: `-title`, `-state`, `-reason`, `-next-attempt`, `-attempt`, `-since`, `-opened`, `-outbox`, `-round-trip`, `-log` (one `li` each, newest first) |
//! | `index.html` | `loading`; `failure`, `failure-words`, `reload` |
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
