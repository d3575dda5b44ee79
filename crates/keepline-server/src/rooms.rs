//! Who is in which room: pure state, without sockets.

use std::collections::HashMap;
use std::{fmt, iter};

use keepline_demo::{MAX_NAME_CHARS, MAX_ROOM_CHARS, is_invisible};

/// Every room with at least one person in it. `L` is the line by which a person is reached.
///
/// A room begins with its first person and vanishes with its last, so there are never more rooms
/// than sockets.
#[derive(Debug)]
pub(crate) struct Rooms<L> {
    rooms: HashMap<RoomName, Vec<Person<L>>>,
    joined: u64,
}

/// What one joining names for ever: a person who comes back is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PersonId(u64);

#[derive(Debug)]
struct Person<L> {
    id: PersonId,
    name: PersonName,
    line: L,
}

/// What a person who joined is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) id: PersonId,
    /// The wanted name, or that with a number if somebody in the room has it.
    pub(crate) name: PersonName,
    /// Everybody in the room in the order of joining, this person last.
    pub(crate) people: Vec<PersonName>,
}

impl<L> Rooms<L> {
    pub(crate) fn new() -> Self {
        Self { rooms: HashMap::new(), joined: 0 }
    }

    pub(crate) fn join(&mut self, room: &RoomName, wanted: &PersonName, line: L) -> Joined {
        let people = self.rooms.entry(room.clone()).or_default();
        let name = wanted.distinct_among(people);
        let id = PersonId(self.joined);
        self.joined += 1;
        people.push(Person { id, name: name.clone(), line });
        Joined { id, name, people: people.iter().map(|person| person.name.clone()).collect() }
    }

    /// Takes a person out; tells the name, unless that person was taken out before.
    pub(crate) fn leave(&mut self, room: &RoomName, id: PersonId) -> Option<PersonName> {
        let people = self.rooms.get_mut(room)?;
        let seat = people.iter().position(|person| person.id == id)?;
        let left = people.remove(seat);
        self.forget_if_empty(room);
        Some(left.name)
    }

    /// Hands something to everybody in a room but `except`. Who cannot take it is taken out;
    /// returns their names.
    pub(crate) fn reach(
        &mut self,
        room: &RoomName,
        except: Option<PersonId>,
        mut takes: impl FnMut(&L) -> bool,
    ) -> Vec<PersonName> {
        let Some(people) = self.rooms.get_mut(room) else { return Vec::new() };
        let fails = |person: &mut Person<L>| Some(person.id) != except && !takes(&person.line);
        let left = people.extract_if(.., fails).map(|person| person.name).collect();
        self.forget_if_empty(room);
        left
    }

    fn forget_if_empty(&mut self, room: &RoomName) {
        if self.rooms.get(room).is_some_and(Vec::is_empty) {
            self.rooms.remove(room);
        }
    }
}

/// The name of a room: text for people, never a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RoomName(String);

impl RoomName {
    pub(crate) fn parse(text: &str) -> Result<Self, NameError> {
        checked("room", text, MAX_ROOM_CHARS).map(Self)
    }

    /// The only room of an endpoint without rooms.
    pub(crate) fn everybody() -> Self {
        Self("everybody".to_owned())
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a person: text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PersonName(String);

impl PersonName {
    pub(crate) fn parse(text: &str) -> Result<Self, NameError> {
        checked("name", text, MAX_NAME_CHARS).map(Self)
    }

    /// The name of somebody who has only a number.
    pub(crate) fn client(number: u64) -> Self {
        Self(format!("Client #{number}"))
    }

    /// This name, or this name with the lowest number that none of `people` has.
    fn distinct_among<L>(&self, people: &[Person<L>]) -> Self {
        let is_free = |name: &Self| people.iter().all(|person| person.name != *name);
        let numbered = (2_usize..).map(|number| self.numbered(number));
        let mut names = iter::once(self.clone()).chain(numbered);
        names.find(is_free).expect("a room has fewer people than there are numbers")
    }

    fn numbered(&self, number: usize) -> Self {
        let suffix = format!(" ({number})");
        let kept = self.0.chars().take(MAX_NAME_CHARS - suffix.len()).collect::<String>();
        Self(kept + &suffix)
    }
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text cannot be a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NameError {
    Empty { what: &'static str },
    TooLong { what: &'static str, max: usize },
    Invisible { what: &'static str },
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { what } => write!(f, "the {what} must not be empty"),
            Self::TooLong { what, max } => write!(f, "the {what} is longer than {max} characters"),
            Self::Invisible { what } => write!(f, "the {what} has control characters"),
        }
    }
}

impl std::error::Error for NameError {}

fn checked(what: &'static str, text: &str, max: usize) -> Result<String, NameError> {
    let name = text.trim();
    if name.is_empty() {
        Err(NameError::Empty { what })
    } else if name.chars().count() > max {
        Err(NameError::TooLong { what, max })
    } else if name.chars().any(is_invisible) {
        Err(NameError::Invisible { what })
    } else {
        Ok(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(text: &str) -> RoomName {
        RoomName::parse(text).unwrap()
    }

    fn person(text: &str) -> PersonName {
        PersonName::parse(text).unwrap()
    }

    fn names(people: &[PersonName]) -> Vec<&str> {
        people.iter().map(|name| name.0.as_str()).collect()
    }

    #[test]
    fn who_joins_sees_everybody_in_the_order_of_joining() {
        let mut rooms = Rooms::new();
        rooms.join(&room("lobby"), &person("Ada"), ());
        rooms.join(&room("attic"), &person("Bob"), ());
        let joined = rooms.join(&room("lobby"), &person("Cleo"), ());
        assert_eq!(names(&joined.people), ["Ada", "Cleo"]);
    }

    #[test]
    fn a_second_person_of_a_name_gets_a_number_and_stays_within_the_limit() {
        let mut rooms = Rooms::new();
        let long = person(&"é".repeat(MAX_NAME_CHARS));
        for wanted in [&person("Ada"), &person("Ada"), &person("Ada (2)"), &long, &long] {
            rooms.join(&room("lobby"), wanted, ());
        }
        let joined = rooms.join(&room("lobby"), &person("Ada"), ());
        assert_eq!(names(&joined.people)[..3], ["Ada", "Ada (2)", "Ada (2) (2)"]);
        assert_eq!(joined.name, person("Ada (3)"));
        assert_eq!(names(&joined.people)[4].chars().count(), MAX_NAME_CHARS);
    }

    #[test]
    fn a_room_vanishes_with_its_last_person() {
        let mut rooms = Rooms::new();
        let ada = rooms.join(&room("lobby"), &person("Ada"), ());
        assert_eq!(rooms.leave(&room("lobby"), ada.id), Some(person("Ada")));
        assert!(rooms.rooms.is_empty());
        assert_eq!(rooms.leave(&room("lobby"), ada.id), None);
    }

    #[test]
    fn who_cannot_be_reached_is_taken_out_and_the_others_hear_who() {
        let mut rooms = Rooms::new();
        let ada = rooms.join(&room("lobby"), &person("Ada"), "ada");
        let bob = rooms.join(&room("lobby"), &person("Bob"), "bob");
        rooms.join(&room("lobby"), &person("Cleo"), "cleo");
        let mut reached = Vec::new();
        let left = rooms.reach(&room("lobby"), Some(ada.id), |&line| {
            reached.push(line);
            line != "bob"
        });
        assert_eq!(reached, ["bob", "cleo"]);
        assert_eq!(left, [person("Bob")]);
        assert_eq!(rooms.leave(&room("lobby"), bob.id), None);
        assert_eq!(rooms.reach(&room("lobby"), None, |_| false).len(), 2);
        assert!(rooms.rooms.is_empty());
    }

    #[test]
    fn a_hostile_name_is_only_text_and_an_unusable_one_is_refused_with_the_reason() {
        for text in ["../../etc/passwd", "<script>alert(1)</script>", "a/b", "%2e%2e", "雪"] {
            assert_eq!(room(text).to_string(), text);
        }
        let why = |text: &str| RoomName::parse(text).unwrap_err().to_string();
        assert_eq!(why(" \t"), "the room must not be empty");
        assert_eq!(why(&"x".repeat(65)), "the room is longer than 64 characters");
        for text in ["a\0b", "a\nb", "\u{202e}txt", "a\u{200b}b"] {
            assert_eq!(why(text), "the room has control characters");
        }
        assert_eq!(PersonName::parse("").unwrap_err().to_string(), "the name must not be empty");
    }
}
