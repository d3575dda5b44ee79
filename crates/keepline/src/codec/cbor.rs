//! CBOR, in binary messages.

use std::convert::Infallible;

use cbor4ii::core::dec::Read;
use cbor4ii::core::utils::SliceReader;
use cbor4ii::serde::{DecodeError, Deserializer, to_vec};
use keepline_core::Payload;
use serde::de::{DeserializeOwned, Error};
use serde::ser::Serialize;

use super::bounded::{self, Numbers};
use super::{CodecError, Decode, Encode, Undecodable, decode_binary};

/// CBOR (RFC 8949) by serde, in binary messages. Structs are maps with the names of their fields;
/// a float may come as any number. Tags but those of large integers are refused. Needs the feature
/// `cbor`.
#[derive(Clone, Copy, Debug)]
pub struct Cbor;

impl<T: Serialize + ?Sized> Encode<T> for Cbor {
    fn encode(message: &T) -> Result<Payload, CodecError> {
        Ok(Payload::Binary(to_vec(Vec::new(), &message)?))
    }
}

impl<T: DeserializeOwned> Decode<T> for Cbor {
    fn decode(payload: Payload) -> Result<T, Undecodable> {
        decode_binary(payload, read)
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError<Infallible>> {
    let mut format = Deserializer::new(SliceReader::new(bytes));
    let message = bounded::read(&mut format, bytes.len(), Numbers::AsAny)?;
    match format.into_inner().fill(1)?.as_ref() {
        [] => Ok(message),
        [..] => Err(DecodeError::custom("bytes after the message")),
    }
}
