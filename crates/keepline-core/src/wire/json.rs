//! The JSON encoding, `keepline.v1.json` (docs/protocol.md §3.2).

mod members;
mod reader;
mod writer;

pub(super) use reader::Reader;
pub(super) use writer::Writer;
