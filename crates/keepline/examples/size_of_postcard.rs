//! A page with the codec `Postcard`, for its size: `cargo xtask size`.

include!("size/note.rs");

type Codec = keepline::Postcard;
