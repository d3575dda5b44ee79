//! postcard, in binary messages.

use keepline_core::Payload;
use postcard::Deserializer;
use serde::de::DeserializeOwned;
use serde::ser::Serialize;

use super::bounded::{self, Numbers};
use super::{CodecError, Decode, Encode, Undecodable, decode_binary};

/// postcard (its wire format 1.0) by serde, in binary messages. Nothing in them says what they are:
/// both ends must have the very same types. Needs the feature `postcard`.
#[derive(Clone, Copy, Debug)]
pub struct Postcard;

impl<T: Serialize + ?Sized> Encode<T> for Postcard {
    fn encode(message: &T) -> Result<Payload, CodecError> {
        Ok(Payload::Binary(postcard::to_allocvec(message)?))
    }
}

impl<T: DeserializeOwned> Decode<T> for Postcard {
    fn decode(payload: Payload) -> Result<T, Undecodable> {
        decode_binary(payload, read)
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut format = Deserializer::from_bytes(bytes);
    let message = bounded::read(&mut format, bytes.len(), Numbers::AsAsked)?;
    match format.finalize()? {
        [] => Ok(message),
        [..] => Err("bytes after the message".into()),
    }
}
