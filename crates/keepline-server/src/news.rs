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

/// As `/chat` says it.
pub(crate) fn in_chat(news: News<'_>) -> Option<Message> {
    Some(Message::json(&match news {
        News::Joined(name) => ChatEvent::Joined { name: name.to_string() },
        News::Left(name) => ChatEvent::Left { name: name.to_string() },
    }))
}

/// As `/broadcast` says it: only leaving is told, as the guides for FastAPI do it.
pub(crate) fn in_broadcast(news: News<'_>) -> Option<Message> {
    match news {
        News::Joined(_) => None,
        News::Left(name) => Some(Message::text(format!("{name} left"))),
    }
}
