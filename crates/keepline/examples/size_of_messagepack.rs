//! A page with the codec `MessagePack`, for its size: `cargo xtask size`.

include!("size/note.rs");

type Codec = keepline::MessagePack;
