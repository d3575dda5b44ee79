//! How typed messages become payloads, and back.

use std::error::Error;
use std::fmt;

use keepline_core::Payload;

/// Why a codec failed, in its own words.
pub type CodecError = Box<dyn Error>;

/// Makes payloads out of messages.
pub trait Encode<T: ?Sized> {
    /// The payload that carries `message`.
    ///
    /// # Errors
    /// When the codec cannot express it.
    fn encode(message: &T) -> Result<Payload, CodecError>;
}

/// Makes messages out of payloads.
pub trait Decode<T> {
    /// The message that `payload` carries.
    ///
    /// # Errors
    /// When it carries no such message; the payload comes back with the reason.
    fn decode(payload: Payload) -> Result<T, Undecodable>;
}

/// A payload that carries no message of the expected type.
#[derive(Debug)]
pub struct Undecodable {
    /// Why not.
    pub error: CodecError,
    /// What arrived.
    pub payload: Payload,
}

/// JSON by serde: sends text messages, reads text and binary ones. Needs the feature `json`, which
/// is on by default.
#[derive(Clone, Copy, Debug)]
pub struct Json;

#[cfg(feature = "json")]
impl<T: serde::Serialize + ?Sized> Encode<T> for Json {
    fn encode(message: &T) -> Result<Payload, CodecError> {
        Ok(Payload::Text(serde_json::to_string(message)?))
    }
}

#[cfg(feature = "json")]
impl<T: serde::de::DeserializeOwned> Decode<T> for Json {
    fn decode(payload: Payload) -> Result<T, Undecodable> {
        let decoded = match &payload {
            Payload::Text(text) => serde_json::from_str(text),
            Payload::Binary(bytes) => serde_json::from_slice(bytes),
        };
        decoded.map_err(|error| Undecodable { error: error.into(), payload })
    }
}

/// Plain text: text messages only.
#[derive(Clone, Copy, Debug)]
pub struct Text;

impl<T: AsRef<str> + ?Sized> Encode<T> for Text {
    fn encode(message: &T) -> Result<Payload, CodecError> {
        Ok(Payload::Text(message.as_ref().to_owned()))
    }
}

impl Decode<String> for Text {
    fn decode(payload: Payload) -> Result<String, Undecodable> {
        match payload {
            Payload::Text(text) => Ok(text),
            Payload::Binary(_) => {
                Err(Undecodable { error: OtherKind { expected: "text" }.into(), payload })
            }
        }
    }
}

/// Raw bytes: binary messages only.
#[derive(Clone, Copy, Debug)]
pub struct Bytes;

impl<T: AsRef<[u8]> + ?Sized> Encode<T> for Bytes {
    fn encode(message: &T) -> Result<Payload, CodecError> {
        Ok(Payload::Binary(message.as_ref().to_vec()))
    }
}

impl Decode<Vec<u8>> for Bytes {
    fn decode(payload: Payload) -> Result<Vec<u8>, Undecodable> {
        match payload {
            Payload::Binary(bytes) => Ok(bytes),
            Payload::Text(_) => {
                Err(Undecodable { error: OtherKind { expected: "binary" }.into(), payload })
            }
        }
    }
}

#[derive(Debug)]
struct OtherKind {
    expected: &'static str,
}

impl fmt::Display for OtherKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a {} message", self.expected)
    }
}

impl Error for OtherKind {}
