//! Frames: records together, written in one encoding or read from it.

use super::error::WireError;
use super::fields::{self, Sink};
#[cfg(feature = "json")]
use super::json;
use super::{Record, binary};
use crate::Payload;

/// The most records that a frame may have (docs/protocol.md §11).
pub const MAX_RECORDS: usize = 8_192;

/// A frame that has this much takes no more (docs/protocol.md §3.3): small enough that the far end
/// works on one while the next is on its way, large enough that what a frame costs does not count.
pub const FULL_FRAME: usize = 32 * 1024;

/// What a frame may have beside its last message, from any sender.
const MOST_BEFORE_LAST: usize = 64 * 1024;

const MAX_HELLO_FRAME: usize = 16 * 1024;

/// How the records of a connection are encoded: what its subprotocol says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Coding {
    /// `keepline.v1`: compact, in binary frames.
    #[default]
    Binary,
    /// `keepline.v1.json`: readable, in text frames.
    #[cfg(feature = "json")]
    Json,
}

impl Coding {
    /// The WebSocket subprotocol that stands for it.
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Binary => "keepline.v1",
            #[cfg(feature = "json")]
            Self::Json => "keepline.v1.json",
        }
    }

    /// The encoding that a subprotocol stands for; `None` if this is no Keepline server, or the
    /// encoding is not built in.
    #[must_use]
    pub fn from_subprotocol(name: &str) -> Option<Self> {
        match name {
            "keepline.v1" => Some(Self::Binary),
            #[cfg(feature = "json")]
            "keepline.v1.json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// Writes records into one frame.
///
/// What it writes is never malformed: numbers and durations stop at
/// [`MAX_NUMBER`](super::MAX_NUMBER) (milliseconds), and reasons at 123 bytes. Only that a code
/// is allowed and that renewed credentials are not empty is for the caller to see to, who also
/// sends the frame once it [is full](Self::is_full).
pub struct FrameWriter {
    encoder: Encoder,
    records: usize,
}

enum Encoder {
    Binary(binary::Writer),
    #[cfg(feature = "json")]
    Json(json::Writer),
}

impl FrameWriter {
    /// An empty frame. It reserves nothing.
    #[must_use]
    pub fn new(coding: Coding) -> Self {
        let encoder = match coding {
            Coding::Binary => Encoder::Binary(binary::Writer::default()),
            #[cfg(feature = "json")]
            Coding::Json => Encoder::Json(json::Writer::default()),
        };
        Self { encoder, records: 0 }
    }

    /// Adds a record.
    pub fn record(&mut self, record: &Record) {
        self.records += 1;
        match &mut self.encoder {
            Encoder::Binary(writer) => fields::write(record, writer),
            #[cfg(feature = "json")]
            Encoder::Json(writer) => fields::write(record, writer),
        }
    }

    /// Adds a message: the same as [`record`](Self::record), for who owns only its payload.
    pub fn message(&mut self, number: u64, payload: &Payload) {
        self.records += 1;
        match &mut self.encoder {
            Encoder::Binary(writer) => writer.message(number, payload),
            #[cfg(feature = "json")]
            Encoder::Json(writer) => writer.message(number, payload),
        }
    }

    /// The size of the frame if it were finished now, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.encoder {
            Encoder::Binary(writer) => writer.len(),
            #[cfg(feature = "json")]
            Encoder::Json(writer) => writer.len(),
        }
    }

    /// How many records it has.
    #[must_use]
    pub const fn records(&self) -> usize {
        self.records
    }

    /// Whether it has no record yet. Such a frame must not be sent.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Whether the next record belongs into another frame: this one has [`FULL_FRAME`] bytes, or
    /// [`MAX_RECORDS`].
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() >= FULL_FRAME || self.records >= MAX_RECORDS
    }

    /// The frame, as one WebSocket message.
    #[must_use]
    pub fn finish(self) -> Payload {
        match self.encoder {
            Encoder::Binary(writer) => Payload::Binary(writer.finish()),
            #[cfg(feature = "json")]
            Encoder::Json(writer) => Payload::Text(writer.finish()),
        }
    }
}

/// How much a receiver reads of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameLimits {
    /// The largest frame, in bytes.
    pub bytes: usize,
    /// The most records in it.
    pub records: usize,
}

impl FrameLimits {
    /// For a receiver that takes messages of so many bytes (docs/protocol.md §11).
    #[must_use]
    pub fn for_messages(message_bytes: u64, coding: Coding) -> Self {
        let largest = usize::try_from(message_bytes).unwrap_or(usize::MAX);
        let binary = largest.saturating_add(MOST_BEFORE_LAST + 1024);
        let bytes = match coding {
            Coding::Binary => binary,
            // A control character is one byte of UTF-8, and six of JSON.
            #[cfg(feature = "json")]
            Coding::Json => binary.saturating_mul(6),
        };
        Self { bytes, records: MAX_RECORDS }
    }

    /// For the first frame of a connection, which has a `hello` and nothing else.
    #[must_use]
    pub const fn hello() -> Self {
        Self { bytes: MAX_HELLO_FRAME, records: MAX_RECORDS }
    }
}

/// Reads the records of a frame, one by one and in order.
///
/// Unknown records that may be skipped are. Nothing comes after the first error; the records
/// before it may have been handled (docs/protocol.md §3). The size of a message is not held
/// against its limit: a frame may carry one of nearly its own size.
#[must_use]
pub fn records(coding: Coding, frame: &Payload, limits: FrameLimits) -> Records<'_> {
    Records { decoder: Decoder::of(coding, frame, limits.bytes), left: limits.records }
}

/// The records of a frame: what [`records`] gives.
pub struct Records<'a> {
    decoder: Decoder<'a>,
    left: usize,
}

enum Decoder<'a> {
    /// Also of a frame that is not looked into, in whichever encoding.
    Binary(binary::Reader<'a>),
    #[cfg(feature = "json")]
    Json(json::Reader<'a>),
}

impl<'a> Decoder<'a> {
    fn of(coding: Coding, frame: &'a Payload, limit: usize) -> Self {
        let size = frame.len();
        Self::Binary(match (coding, frame) {
            _ if size > limit => binary::Reader::refused(WireError::FrameTooLarge { size, limit }),
            _ if size == 0 => binary::Reader::refused(WireError::Empty),
            (Coding::Binary, Payload::Binary(bytes)) => binary::Reader::new(bytes),
            #[cfg(feature = "json")]
            (Coding::Json, Payload::Text(text)) => return Self::Json(json::Reader::new(text)),
            (Coding::Binary, Payload::Text(_)) => binary::Reader::refused(WireError::WrongKind),
            #[cfg(feature = "json")]
            (Coding::Json, Payload::Binary(_)) => binary::Reader::refused(WireError::WrongKind),
        })
    }

    /// Whether another record follows.
    fn advance(&mut self) -> Result<bool, WireError> {
        match self {
            Self::Binary(reader) => reader.advance(),
            #[cfg(feature = "json")]
            Self::Json(reader) => reader.advance(),
        }
    }

    /// That record; `None` if it is one to be skipped.
    fn record(&mut self) -> Result<Option<Record>, WireError> {
        match self {
            Self::Binary(reader) => reader.record(),
            #[cfg(feature = "json")]
            Self::Json(reader) => reader.record(),
        }
    }
}

impl Records<'_> {
    fn read(&mut self) -> Result<Option<Record>, WireError> {
        while self.decoder.advance()? {
            self.left = self.left.checked_sub(1).ok_or(WireError::TooManyRecords)?;
            if let Some(record) = self.decoder.record()? {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.read().transpose();
        if !matches!(next, Some(Ok(_))) {
            self.decoder = Decoder::Binary(binary::Reader::new(&[]));
        }
        next
    }
}

impl core::iter::FusedIterator for Records<'_> {}
