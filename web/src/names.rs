//! Names that people type, checked once: a room's, and a person's own.

use std::fmt;

use keepline_demo::{MAX_NAME_CHARS, MAX_ROOM_CHARS, is_invisible};

/// The name of a room: trimmed, not empty, within [`MAX_ROOM_CHARS`], usable as a path segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoomName(String);

impl RoomName {
    /// Checks what somebody typed.
    pub(crate) fn parse(typed: &str) -> Result<Self, NameError> {
        let name = checked(typed, MAX_ROOM_CHARS)?;
        // A URL parser resolves these two even when they are percent-encoded (WHATWG URL §4.4).
        if name == "." || name == ".." {
            return Err(NameError::Dots);
        }
        Ok(Self(name.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name that a person goes by: trimmed, not empty, within [`MAX_NAME_CHARS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PersonName(String);

impl PersonName {
    /// Checks what somebody typed.
    pub(crate) fn parse(typed: &str) -> Result<Self, NameError> {
        checked(typed, MAX_NAME_CHARS).map(|name| Self(name.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn checked(typed: &str, limit: usize) -> Result<&str, NameError> {
    let name = typed.trim();
    match name.chars().count() {
        0 => Err(NameError::Empty),
        chars if chars > limit => Err(NameError::TooLong { chars, limit }),
        _ if name.chars().any(is_invisible) => Err(NameError::Invisible),
        _ => Ok(name),
    }
}

/// Why a name cannot be used, in words that follow "your name" or "the room".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameError {
    Empty,
    TooLong { chars: usize, limit: usize },
    Invisible,
    Dots,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("needs at least one character"),
            Self::TooLong { chars, limit } => {
                write!(f, "has {chars} characters, and at most {limit} fit")
            }
            Self::Invisible => f.write_str("has a character that cannot be seen"),
            Self::Dots => f.write_str("cannot be just dots: browsers would take it for a folder"),
        }
    }
}

impl std::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_may_have_any_visible_name() {
        for typed in ["lobby", "../etc", "<b>bold</b>", "Küche 🎈", "...", "a b"] {
            assert_eq!(RoomName::parse(typed).unwrap().as_str(), typed);
        }
        assert_eq!(RoomName::parse("  lobby \n").unwrap().as_str(), "lobby");
    }

    #[test]
    fn a_room_that_no_address_can_name_is_refused() {
        assert_eq!(RoomName::parse("  "), Err(NameError::Empty));
        assert_eq!(RoomName::parse("."), Err(NameError::Dots));
        assert_eq!(RoomName::parse(".."), Err(NameError::Dots));
        assert_eq!(RoomName::parse("a\u{7}b"), Err(NameError::Invisible));
    }

    #[test]
    fn a_name_that_the_server_would_refuse_is_refused_here() {
        for typed in ["Ada\u{200b}", "\u{202e}Ada", "Ada\u{feff}", "A\u{2028}da", "A\u{fffd}"] {
            assert_eq!(PersonName::parse(typed), Err(NameError::Invisible), "{typed:?}");
        }
        assert!(PersonName::parse("علی\u{200c}رضا").is_ok());
    }

    #[test]
    fn length_is_counted_in_characters_and_not_in_bytes() {
        let longest = "ä".repeat(MAX_NAME_CHARS);
        assert!(PersonName::parse(&longest).is_ok());
        let (chars, limit) = (MAX_NAME_CHARS + 1, MAX_NAME_CHARS);
        let error = PersonName::parse(&format!("{longest}ä"));
        assert_eq!(error, Err(NameError::TooLong { chars, limit }));
    }
}
