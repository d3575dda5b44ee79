//! How typed messages become payloads, and back.
//!
//! A codec is a type without values that implements [`Encode`] and [`Decode`]; a
//! [`Socket`](crate::Socket) names it as its third type. On a plain line a text codec sends text
//! messages and a binary codec binary ones; in a session both travel in `keepline.v1`.
//!
//! | codec | feature | messages | good for | KiB |
//! | --- | --- | --- | --- | --- |
//! | [`Json`] | `json` (default) | text | any server; readable in the network panel | 62 |
//! | [`MessagePack`] | `messagepack` | binary | any language, fields by name | 99 |
//! | [`Cbor`] | `cbor` | binary | the same, and an RFC (8949) | 67 |
//! | [`Postcard`] | `postcard` | binary | Rust with the very same types at both ends | 16 |
//! | [`Text`] | always | text | plain text | 0 |
//! | [`Bytes`] | always | binary | raw bytes, and formats of your own | 0 |
//!
//! The messages of postcard are the smallest, for nothing in them says what they are; those of JSON
//! the largest. The last column is what the codec adds to a page that speaks of one small type, in
//! KiB of optimised wasm before compression; `cargo xtask size` measures it.
//!
//! What comes from the network is read within bounds, and whatever it is, the answer is a message
//! or an [`Undecodable`]: never a panic, and never much more memory than the payload takes. So
//! bytes after the message are refused, more than 128 levels of nesting or 256 optional values in
//! one another, and a length above what the payload could hold.
//!
//! Of JSON, serde_json itself refuses more than 127 arrays and objects in one another, and nobody
//! counts optional values. So [`Json`] must not read a type that may be nothing but itself again,
//! as a `#[serde(transparent)]` struct around an `Option<Box<Self>>` is: whatever arrives but
//! `null` exhausts the stack.
//!
//! # A codec of your own
//!
//! ```
//! use keepline::{CodecError, Decode, Encode, Payload, Undecodable};
//!
//! /// Numbers, as four bytes each.
//! struct BigEndian;
//!
//! impl Encode<u32> for BigEndian {
//!     fn encode(number: &u32) -> Result<Payload, CodecError> {
//!         Ok(Payload::Binary(number.to_be_bytes().to_vec()))
//!     }
//! }
//!
//! impl Decode<u32> for BigEndian {
//!     fn decode(payload: Payload) -> Result<u32, Undecodable> {
//!         match &payload {
//!             Payload::Binary(bytes) if let Ok(number) = bytes.as_slice().try_into() => {
//!                 Ok(u32::from_be_bytes(number))
//!             }
//!             Payload::Binary(_) | Payload::Text(_) => {
//!                 Err(Undecodable { error: "not four bytes".into(), payload })
//!             }
//!         }
//!     }
//! }
//!
//! type Numbers = keepline::Socket<u32, u32, BigEndian>;
//! # assert_eq!(BigEndian::decode(BigEndian::encode(&7).unwrap()).unwrap(), 7);
//! # assert!(BigEndian::decode(Payload::Text("7".into())).is_err());
//! ```

use std::error::Error;
use std::fmt;

use keepline_core::Payload;

#[cfg(any(feature = "messagepack", feature = "cbor", feature = "postcard"))]
mod bounded;
#[cfg(feature = "cbor")]
mod cbor;
mod json;
#[cfg(feature = "messagepack")]
mod messagepack;
mod plain;
#[cfg(feature = "postcard")]
mod postcard;

#[cfg(feature = "cbor")]
pub use cbor::Cbor;
pub use json::Json;
#[cfg(feature = "messagepack")]
pub use messagepack::MessagePack;
pub use plain::{Bytes, Text};
#[cfg(feature = "postcard")]
pub use postcard::Postcard;

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

/// Takes a binary payload apart; a text one is none of a binary codec's messages.
#[cfg(any(feature = "messagepack", feature = "cbor", feature = "postcard"))]
fn decode_binary<T, E: Into<CodecError>>(
    payload: Payload,
    read: impl FnOnce(&[u8]) -> Result<T, E>,
) -> Result<T, Undecodable> {
    match &payload {
        Payload::Binary(bytes) => {
            read(bytes).map_err(|error| Undecodable { error: error.into(), payload })
        }
        Payload::Text(_) => Err(Undecodable::other_kind("binary", payload)),
    }
}

impl Undecodable {
    fn other_kind(expected: &'static str, payload: Payload) -> Self {
        Self { error: OtherKind { expected }.into(), payload }
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
