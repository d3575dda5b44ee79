//! A page with the codec `Cbor`, for its size: `cargo xtask size`.

include!("size/note.rs");

type Codec = keepline::Cbor;
