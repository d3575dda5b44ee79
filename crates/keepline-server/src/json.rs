//! JSON in, with an error for people that is never longer than a few lines.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Parsed JSON can take a hundred times the memory of its text. The longest thing that may
/// be said in a chat fits, even with each of its 4,000 characters escaped.
const MAX_BYTES: usize = 64 * 1024;

/// An error quotes what it found, which may be as large as a message.
const MAX_ERROR_CHARS: usize = 200;

pub(crate) fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, ShapeError> {
    if text.len() > MAX_BYTES {
        return Err(ShapeError::TooLarge);
    }
    serde_json::from_str(text).map_err(|error| ShapeError::mismatch(&error))
}

pub(crate) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, ShapeError> {
    serde_json::from_value(value).map_err(|error| ShapeError::mismatch(&error))
}

/// Why a JSON text is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ShapeError {
    /// It has so many bytes that it was not looked at.
    TooLarge,
    /// It is not JSON, or JSON of another shape; why, cut short.
    Mismatch { why: String },
}

impl ShapeError {
    fn mismatch(error: &serde_json::Error) -> Self {
        Self::Mismatch { why: error.to_string().chars().take(MAX_ERROR_CHARS).collect() }
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(f, "it has more than {MAX_BYTES} bytes"),
            Self::Mismatch { why } => f.write_str(why),
        }
    }
}

impl std::error::Error for ShapeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_does_not_repeat_all_of_what_was_wrong() {
        let long = format!("\"{}\"", "x".repeat(MAX_BYTES - 2));
        let error = from_text::<u32>(&long).unwrap_err().to_string();
        assert!(error.starts_with("invalid type: string \"xxx"), "{error}");
        assert_eq!(error.len(), MAX_ERROR_CHARS);
    }

    #[test]
    fn a_text_that_is_too_large_is_not_looked_at() {
        let padded = |bytes| format!("7{}", " ".repeat(bytes - 1));
        assert_eq!(from_text::<u32>(&padded(MAX_BYTES)), Ok(7));
        assert_eq!(from_text::<u32>(&padded(MAX_BYTES + 1)), Err(ShapeError::TooLarge));
    }
}
