//! A page with the codec `Json`, for its size: `cargo xtask size`.

include!("size/note.rs");

type Codec = keepline::Json;
