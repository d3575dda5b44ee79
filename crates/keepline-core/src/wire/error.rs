//! What is wrong with a malformed frame, and the close code that says so.

use core::fmt;

use super::MAX_NUMBER;
use crate::CloseCode;

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
    #[cfg(feature = "json")]
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
    /// A reason above [`MAX_CLOSE_REASON`](crate::MAX_CLOSE_REASON).
    ReasonTooLong {
        /// Its length in bytes of UTF-8.
        bytes: usize,
    },
    /// A close code that cannot be, or not in this record.
    BadCode(u64),
    /// A `bye` that says when to come back, and not to come back.
    UselessReturn,
    /// Not JSON, or no array of objects: what it should have been.
    #[cfg(feature = "json")]
    Json(&'static str),
    /// A member that the record must have is missing.
    #[cfg(feature = "json")]
    MissingMember(&'static str),
    /// A member is of another type than it must be, or not in its form.
    #[cfg(feature = "json")]
    WrongMember(&'static str),
    /// A member that the record does not have, or has twice.
    #[cfg(feature = "json")]
    StrayMember,
}

impl WireError {
    /// The code to close the connection with (docs/protocol.md §10).
    #[must_use]
    pub const fn close_code(&self) -> CloseCode {
        CloseCode(match self {
            Self::Version(_) => 4450,
            Self::FrameTooLarge { .. } | Self::TooManyRecords => 4454,
            Self::UnknownType(_) => 4455,
            #[cfg(feature = "json")]
            Self::UnknownName => 4455,
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
            | Self::UselessReturn => 4451,
            #[cfg(feature = "json")]
            Self::Json(_) | Self::MissingMember(_) | Self::WrongMember(_) | Self::StrayMember => {
                4451
            }
        })
    }
}

impl WireError {
    /// What `Display` shows, without the formatting of the standard library: a page need not load
    /// that for the sake of one reason.
    pub(crate) fn tell(&self, to: &mut impl fmt::Write) -> fmt::Result {
        let (before, number, after) = self.words();
        to.write_str(before)?;
        if let Some(number) = number {
            write_decimal(number, to)?;
        }
        to.write_str(after)
    }

    /// What is said before a number, that number, and what is said after it.
    const fn words(&self) -> (&'static str, Option<u64>, &'static str) {
        match self {
            Self::Empty => ("a frame without a record", None, ""),
            Self::WrongKind => ("a text frame for a binary one, or the reverse", None, ""),
            Self::FrameTooLarge { size, .. } => {
                ("a frame of ", Some(*size as u64), " bytes is over the limit")
            }
            Self::TooManyRecords => ("too many records in a frame", None, ""),
            Self::UnknownType(kind) => ("a record of the unknown type ", Some(*kind as u64), ""),
            #[cfg(feature = "json")]
            Self::UnknownName => ("a record of an unknown type", None, ""),
            Self::Version(version) => ("version ", Some(*version), " is not spoken here"),
            Self::HalfRecord => ("half a record", None, ""),
            Self::TrailingBytes => ("more than the record has fields for", None, ""),
            Self::LongNumber => ("a number is not in its shortest form", None, ""),
            Self::NumberTooLarge => ("a number is above ", Some(MAX_NUMBER), ""),
            Self::BadFlag(flag) => ("a flag is ", Some(*flag as u64), ", neither 0 nor 1"),
            Self::NotUtf8 => ("a text is not UTF-8", None, ""),
            Self::ZeroEpoch => ("an epoch is zero", None, ""),
            Self::EmptyCredentials => ("credentials are empty", None, ""),
            Self::ReasonTooLong { bytes } => {
                ("a reason of ", Some(*bytes as u64), " bytes is too long")
            }
            Self::BadCode(code) => ("", Some(*code), " cannot be a close code here"),
            Self::UselessReturn => ("when to come back, and not to come back", None, ""),
            #[cfg(feature = "json")]
            Self::Json(expected) => ("no ", None, expected),
            #[cfg(feature = "json")]
            Self::MissingMember(name) => ("a member is missing: ", None, name),
            #[cfg(feature = "json")]
            Self::WrongMember(name) => ("a member is not what it must be: ", None, name),
            #[cfg(feature = "json")]
            Self::StrayMember => ("a member that the record does not have, or twice", None, ""),
        }
    }
}

fn write_decimal(number: u64, to: &mut impl fmt::Write) -> fmt::Result {
    if number >= 10 {
        write_decimal(number / 10, to)?;
    }
    let digit = (number % 10) as usize;
    to.write_str("0123456789".get(digit..=digit).unwrap_or_default())
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tell(f)
    }
}

impl core::error::Error for WireError {}
