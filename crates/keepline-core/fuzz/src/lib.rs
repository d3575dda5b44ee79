//! What the targets share: whole frames, read and written.

use keepline_core::Payload;
use keepline_core::wire::{Coding, FrameLimits, FrameWriter, Record, WireError, records};

/// All records of a frame, of any size.
///
/// # Errors
///
/// The first thing that is wrong with it.
pub fn read(coding: Coding, frame: &Payload) -> Result<Vec<Record>, WireError> {
    records(coding, frame, FrameLimits::for_messages(u64::MAX, coding)).collect()
}

/// The frame with these records.
#[must_use]
pub fn write(coding: Coding, records: &[Record]) -> Payload {
    let mut frame = FrameWriter::new(coding);
    records.iter().for_each(|record| frame.record(record));
    frame.finish()
}

/// A text frame of these bytes, or a lossy one: a WebSocket lets no other text through.
#[must_use]
pub fn text(bytes: &[u8]) -> Payload {
    Payload::Text(String::from_utf8_lossy(bytes).into_owned())
}
