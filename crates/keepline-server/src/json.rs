//! JSON in, with an error for people that is never longer than a few lines.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// An error quotes what it found, which may be as large as a message.
const MAX_ERROR_CHARS: usize = 200;

pub(crate) fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, ShapeError> {
    serde_json::from_str(text).map_err(|error| ShapeError::new(&error))
}

pub(crate) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, ShapeError> {
    serde_json::from_value(value).map_err(|error| ShapeError::new(&error))
}

/// Why a JSON text is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShapeError {
    why: String,
}

impl ShapeError {
    fn new(error: &serde_json::Error) -> Self {
        Self { why: error.to_string().chars().take(MAX_ERROR_CHARS).collect() }
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for ShapeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_does_not_repeat_all_of_what_was_wrong() {
        let long = format!("\"{}\"", "x".repeat(100_000));
        let error = from_text::<u32>(&long).unwrap_err().to_string();
        assert!(error.starts_with("invalid type: string \"xxx"), "{error}");
        assert_eq!(error.len(), MAX_ERROR_CHARS);
    }
}
