//! What a hall itself tells the people in a room, in the words of each endpoint.

use keepline_demo::ChatEvent;

use crate::rooms::PersonName;
use crate::socket::Message;

/// Who came and who went.
#[derive(Clone, Copy, Debug)]
pub(crate) enum News<'a> {
    Joined(&'a PersonName),
    Left(&'a PersonName),
}

impl News<'_> {
    /// As `/chat` says it.
    pub(crate) fn for_chat(self) -> Option<Message> {
        Some(Message::json(&match self {
            Self::Joined(name) => ChatEvent::Joined { name: name.to_string() },
            Self::Left(name) => ChatEvent::Left { name: name.to_string() },
        }))
    }

    /// As `/broadcast` says it: only leaving is told, as the guides for FastAPI do it.
    pub(crate) fn for_broadcast(self) -> Option<Message> {
        match self {
            Self::Joined(_) => None,
            Self::Left(name) => Some(Message::text(format!("{name} left"))),
        }
    }
}
