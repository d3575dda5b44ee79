//! How typed messages become payloads, and back.

use std::error::Error;
use std::fmt;

use keepline_core::Payload;

/// Why a codec failed, in its own words.
pub type CodecError = Box<dyn Error + Send + Sync>;

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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Payload {
        Payload::Text(text.to_owned())
    }

    #[test]
    fn json_goes_out_as_text_and_is_read_from_either_kind() {
        assert_eq!(Json::encode(&(1, "a")).unwrap(), text(r#"[1,"a"]"#));
        let pair: (i32, String) = Json::decode(text(r#"[1,"a"]"#)).unwrap();
        let same: (i32, String) = Json::decode(Payload::Binary(br#"[1,"a"]"#.to_vec())).unwrap();
        assert_eq!(pair, same);
    }

    #[test]
    fn json_of_the_wrong_shape_comes_back_with_its_reason() {
        let wrong = text(r#"{"unexpected": true}"#);
        let refused = <Json as Decode<(i32, String)>>::decode(wrong.clone()).unwrap_err();
        assert_eq!(refused.payload, wrong);
        assert!(refused.error.to_string().contains("expected a tuple"), "{}", refused.error);
        assert!(<Json as Decode<i32>>::decode(text("{")).is_err());
        assert!(<Json as Decode<i32>>::decode(Payload::Binary(vec![0xff])).is_err());
    }

    #[test]
    fn what_json_cannot_express_is_an_error() {
        let keys_are_no_strings = std::collections::BTreeMap::from([((1, 2), 3)]);
        assert!(Json::encode(&keys_are_no_strings).is_err());
    }

    #[test]
    fn text_and_bytes_keep_to_their_kind() {
        let binary = Payload::Binary(vec![0, 255]);
        assert_eq!(Text::decode(text("ä")).unwrap(), "ä");
        assert_eq!(Bytes::decode(binary.clone()).unwrap(), [0, 255]);
        assert_eq!(Text::decode(binary).unwrap_err().error.to_string(), "not a text message");
        assert_eq!(Bytes::decode(text("ä")).unwrap_err().error.to_string(), "not a binary message");
    }
}
