//! MessagePack, in binary messages.

use keepline_core::Payload;
use rmp_serde::Deserializer;
use rmp_serde::decode::Error;
use serde::de::{Deserialize, DeserializeOwned, Error as _};
use serde::ser::Serialize;

use super::bounded::{self, Numbers};
use super::{CodecError, Decode, Encode, Undecodable, decode_binary};

/// MessagePack by serde, in binary messages. Structs are maps with the names of their fields, as
/// other languages have them; arrays in the order of the fields are read as well. Needs the
/// feature `messagepack`.
#[derive(Clone, Copy, Debug)]
pub struct MessagePack;

impl<T: Serialize + ?Sized> Encode<T> for MessagePack {
    fn encode(message: &T) -> Result<Payload, CodecError> {
        Ok(Payload::Binary(rmp_serde::to_vec_named(message)?))
    }
}

impl<T: DeserializeOwned> Decode<T> for MessagePack {
    fn decode(payload: Payload) -> Result<T, Undecodable> {
        decode_binary(payload, read)
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let mut format = Deserializer::from_read_ref(bytes);
    let message = bounded::read(&mut format, bytes.len(), Numbers::AsAsked)?;
    // The format does not say where it stands; a marker that cannot be read is the end.
    match bool::deserialize(&mut format) {
        Err(Error::InvalidMarkerRead(_)) => Ok(message),
        Ok(_) | Err(_) => Err(Error::custom("bytes after the message")),
    }
}
