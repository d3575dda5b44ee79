//! What is wrong with a malformed frame, and the close code that says so.

use core::fmt;

use super::MAX_NUMBER;
use crate::{CloseCode, MAX_CLOSE_REASON};

/// Why a frame could not be read (docs/protocol.md §3 and §4).
///
/// The receiver closes the connection with [`close_code`](Self::close_code). Nothing of the
/// frame is in here but names and numbers, so it may be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// A frame without a record.
    Empty,
    /// A text frame where frames are binary, or the other way round.
    WrongKind,
    /// A frame above its limit. It was not looked into.
    FrameTooLarge {
        /// Its size in bytes.
        size: usize,
        /// The most it may have.
        limit: usize,
    },
    /// More records than a frame may have.
    TooManyRecords,
    /// A type that is not known, and must not be skipped (binary).
    UnknownType(u8),
    /// A type that is not known, and must not be skipped (JSON).
    UnknownName,
    /// A `hello` of this other version. What follows the version was not looked at.
    Version(u64),
    /// The frame ends inside a record, or a record inside a field.
    HalfRecord,
    /// Bytes after the last field of a record, or text after the array.
    TrailingBytes,
    /// A number that is not in its shortest form.
    LongNumber,
    /// A number above [`MAX_NUMBER`].
    NumberTooLarge,
    /// A flag that is neither 0 nor 1.
    BadFlag(u8),
    /// A text that is not UTF-8.
    NotUtf8,
    /// An epoch of nothing but zeros where there must be one.
    ZeroEpoch,
    /// Credentials without content where there must be some.
    EmptyCredentials,
    /// A reason above [`MAX_CLOSE_REASON`].
    ReasonTooLong {
        /// Its length in bytes of UTF-8.
        bytes: usize,
    },
    /// A close code that cannot be, or not in this record.
    BadCode(u64),
    /// A `bye` that says when to come back, and not to come back.
    UselessReturn,
    /// Not JSON, or no array of objects: what it should have been.
    Json(&'static str),
    /// A member that the record must have is missing.
    MissingMember(&'static str),
    /// A member is of another type than it must be, or not in its form.
    WrongMember(&'static str),
    /// A member that the record does not have, or has twice.
    StrayMember,
}

impl WireError {
    /// The code to close the connection with (docs/protocol.md §10).
    #[must_use]
    pub const fn close_code(&self) -> CloseCode {
        CloseCode(match self {
            Self::Version(_) => 4450,
            Self::FrameTooLarge { .. } | Self::TooManyRecords => 4454,
            Self::UnknownType(_) | Self::UnknownName => 4455,
            Self::Empty
            | Self::WrongKind
            | Self::HalfRecord
            | Self::TrailingBytes
            | Self::LongNumber
            | Self::NumberTooLarge
            | Self::BadFlag(_)
            | Self::NotUtf8
            | Self::ZeroEpoch
            | Self::EmptyCredentials
            | Self::ReasonTooLong { .. }
            | Self::BadCode(_)
            | Self::UselessReturn
            | Self::Json(_)
            | Self::MissingMember(_)
            | Self::WrongMember(_)
            | Self::StrayMember => 4451,
        })
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a frame without a record"),
            Self::WrongKind => f.write_str("a text frame for a binary one, or the reverse"),
            Self::FrameTooLarge { size, limit } => {
                write!(f, "a frame of {size} bytes is over the {limit} allowed")
            }
            Self::TooManyRecords => f.write_str("too many records in a frame"),
            Self::UnknownType(kind) => write!(f, "a record of the unknown type {kind:02x}"),
            Self::UnknownName => f.write_str("a record of an unknown type"),
            Self::Version(version) => write!(f, "version {version} is not spoken here"),
            Self::HalfRecord => f.write_str("half a record"),
            Self::TrailingBytes => f.write_str("more than the record has fields for"),
            Self::LongNumber => f.write_str("a number is not in its shortest form"),
            Self::NumberTooLarge => write!(f, "a number is above {MAX_NUMBER}"),
            Self::BadFlag(flag) => write!(f, "a flag is {flag}, neither 0 nor 1"),
            Self::NotUtf8 => f.write_str("a text is not UTF-8"),
            Self::ZeroEpoch => f.write_str("an epoch is zero"),
            Self::EmptyCredentials => f.write_str("credentials are empty"),
            Self::ReasonTooLong { bytes } => {
                write!(f, "a reason of {bytes} bytes is over the {MAX_CLOSE_REASON} allowed")
            }
            Self::BadCode(code) => write!(f, "{code} cannot be a close code here"),
            Self::UselessReturn => f.write_str("when to come back, and not to come back"),
            Self::Json(expected) => write!(f, "no {expected}"),
            Self::MissingMember(name) => write!(f, "member {name} is missing"),
            Self::WrongMember(name) => write!(f, "member {name} is not what it must be"),
            Self::StrayMember => f.write_str("a member that the record does not have, or twice"),
        }
    }
}

impl core::error::Error for WireError {}
