//! Messages as they are: texts and bytes.

use keepline_core::Payload;

use super::{CodecError, Decode, Encode, Undecodable};

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
            Payload::Binary(_) => Err(Undecodable::other_kind("text", payload)),
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
            Payload::Text(_) => Err(Undecodable::other_kind("binary", payload)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_keep_to_their_kind() {
        let binary = Payload::Binary(vec![0, 255]);
        assert_eq!(Text::decode(Payload::Text("ä".to_owned())).unwrap(), "ä");
        assert_eq!(Bytes::decode(binary.clone()).unwrap(), [0, 255]);
        assert_eq!(Text::decode(binary).unwrap_err().error.to_string(), "not a text message");
        assert_eq!(
            Bytes::decode(Payload::Text("ä".to_owned())).unwrap_err().error.to_string(),
            "not a binary message"
        );
    }
}
