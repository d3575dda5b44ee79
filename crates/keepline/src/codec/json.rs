//! JSON, in text messages.

#[cfg(feature = "json")]
use keepline_core::Payload;

#[cfg(feature = "json")]
use super::{CodecError, Decode, Encode, Undecodable};

/// JSON (RFC 8259) by serde: sends text messages, reads text and binary ones. Needs the feature
/// `json`, which is on by default.
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

#[cfg(all(test, feature = "json"))]
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
}
