//! Where the page is: the view, the room and the stream's rate, kept in the URL's fragment.

use std::fmt;

use crate::names::RoomName;
use crate::percent;

/// What the fragment of the URL says, such as `#/chat?room=lobby&hz=10`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) view: View,
    /// The room to be in; `None` asks for one.
    pub(crate) room: Option<RoomName>,
    pub(crate) hz: Hz,
}

impl Place {
    /// Reads a fragment. What it does not understand is what a new page shows: people edit
    /// addresses by hand.
    pub(crate) fn from_hash(hash: &str) -> Self {
        let route = hash.trim_start_matches(['#', '/']);
        let (view, query) = route.split_once('?').unwrap_or((route, ""));
        let value =
            |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        Self {
            view: View::ALL.into_iter().find(|known| known.path() == view).unwrap_or_default(),
            room: value("room").and_then(|room| RoomName::parse(&percent::decode(room)).ok()),
            hz: value("hz").and_then(Hz::parse).unwrap_or_default(),
        }
    }

    /// The same place, seen in another view.
    pub(crate) fn in_view(&self, view: View) -> Self {
        Self { view, ..self.clone() }
    }

    /// The same place, in another room or in none.
    pub(crate) fn in_room(&self, room: Option<RoomName>) -> Self {
        Self { room, ..self.clone() }
    }

    /// The same place, with another rate of the stream.
    pub(crate) fn at(&self, hz: Hz) -> Self {
        Self { hz, ..self.clone() }
    }
}

/// The fragment, with its `#`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#/{}?hz={}", self.view.path(), self.hz.get())?;
        match &self.room {
            Some(room) => write!(f, "&room={}", percent::encode(room.as_str())),
            None => Ok(()),
        }
    }
}

/// One of the three views.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum View {
    #[default]
    Chat,
    Stream,
    Connection,
}

impl View {
    pub(crate) const ALL: [Self; 3] = [Self::Chat, Self::Stream, Self::Connection];

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Stream => "stream",
            Self::Connection => "connection",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Chat => "Chat",
            Self::Stream => "Stream",
            Self::Connection => "Connection",
        }
    }
}

/// How many readings a second the stream is asked for: one of [`Hz::CHOICES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hz(u16);

impl Hz {
    pub(crate) const CHOICES: [Self; 3] = [Self(1), Self(10), Self(50)];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let hz: u16 = text.parse().ok()?;
        Self::CHOICES.into_iter().find(|choice| choice.0 == hz)
    }

    pub(crate) fn get(self) -> u16 {
        self.0
    }
}

impl Default for Hz {
    fn default() -> Self {
        Self(10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reload_comes_back_to_the_same_place() {
        let room = RoomName::parse("tea & cake/../#1").unwrap();
        for view in View::ALL {
            for hz in Hz::CHOICES {
                let place = Place::default().in_room(Some(room.clone())).in_view(view).at(hz);
                assert_eq!(Place::from_hash(&place.to_string()), place);
            }
        }
    }

    #[test]
    fn an_empty_fragment_is_the_chat_without_a_room() {
        assert_eq!(Place::from_hash(""), Place::default());
        assert_eq!(Place::from_hash("#"), Place::default());
    }

    #[test]
    fn nonsense_in_the_fragment_is_ignored_piece_by_piece() {
        let place = Place::from_hash("#/stream?hz=9999&room=..&what=ever&&=");
        assert_eq!(place, Place::default().in_view(View::Stream));
        let place = Place::from_hash("#/elsewhere?room=lobby");
        assert_eq!(place.room.unwrap().as_str(), "lobby");
    }
}
