//! What is said over `/chat/{room}?name=…`.

use serde::{Deserialize, Serialize};

/// The longest name of a room, in characters.
pub const MAX_ROOM_CHARS: usize = 64;

/// The longest name of a person, in characters.
pub const MAX_NAME_CHARS: usize = 32;

/// The longest text of one chat message, in characters.
pub const MAX_TEXT_CHARS: usize = 4_000;

/// What a page says to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChatRequest {
    /// Say something to everybody else in the room.
    Say {
        /// What is said: plain text, never markup. 1 to [`MAX_TEXT_CHARS`] characters.
        text: String,
    },
    /// The heartbeat probe; answered by [`ChatEvent::Pong`].
    Ping,
}

/// What the server says to a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChatEvent {
    /// The first message on every connection that may stay: who is in the room.
    Welcome {
        /// The room that was joined.
        room: String,
        /// The name that the others see: the one asked for, with a number if it was taken.
        you: String,
        /// Everybody in the room, this page included, in the order of joining.
        people: Vec<String>,
    },
    /// Somebody joined the room.
    Joined {
        /// Who.
        name: String,
    },
    /// Somebody left the room.
    Left {
        /// Who.
        name: String,
    },
    /// Somebody else said something.
    Said {
        /// Who.
        name: String,
        /// What: plain text, to be shown as text.
        text: String,
        /// When the server heard it, in seconds since the Unix epoch.
        timestamp: f64,
    },
    /// What this page sent could not be used; the connection stays. As the first message: the room
    /// or the name cannot be used, and the connection is closed with 4400.
    Error {
        /// Why, in words for the person who reads it.
        message: String,
    },
    /// The answer to [`ChatRequest::Ping`].
    Pong,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PROBE, PROBE_ANSWER};

    #[test]
    fn the_probe_and_its_answer_are_chat_messages() {
        assert_eq!(serde_json::to_string(&ChatRequest::Ping).unwrap(), PROBE);
        assert_eq!(serde_json::to_string(&ChatEvent::Pong).unwrap(), PROBE_ANSWER);
    }
}
