//! How a conversation ends: every close code that this server sends, and what it means.

use std::fmt::Display;
use std::io;

use keepline_core::CloseCode;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::line::TooMuch;

/// A close frame carries at most 125 bytes, two of which are the code (RFC 6455 §5.5).
const MAX_REASON_BYTES: usize = 123;

/// Why a conversation is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The client closed, or its connection is gone: there is nobody to tell.
    Left,
    /// A message came that has more than so many bytes, and was not read.
    TooLarge(usize),
    /// The server ends it and says why.
    Closed(Close),
}

impl Ending {
    /// What follows from an error while reading or writing.
    pub(crate) fn from_error(error: &Error, limit: usize) -> Self {
        match error {
            Error::Capacity(_) => Self::TooLarge(limit),
            Error::Utf8(_) => Self::Closed(Close::not_utf8()),
            // The client has said that it closes, while it was written to.
            Error::Protocol(ProtocolError::SendAfterClosing) => Self::Left,
            Error::Protocol(violation) => Self::Closed(Close::violation(violation)),
            Error::Io(error) if is_too_much(error) => Self::TooLarge(limit),
            // The network's news. The rest never comes from an open socket.
            _ => Self::Left,
        }
    }

    /// What the client is to be told, if it is still there.
    pub(crate) fn close(self) -> Option<Close> {
        match self {
            Self::Left => None,
            Self::TooLarge(limit) => Some(Close::too_large(limit)),
            Self::Closed(close) => Some(close),
        }
    }
}

fn is_too_much(error: &io::Error) -> bool {
    let Some(inner) = error.get_ref() else { return false };
    inner.is::<TooMuch>()
}

impl From<Close> for Ending {
    fn from(close: Close) -> Self {
        Self::Closed(close)
    }
}

/// A close code and its reason; each constructor is one line of the table in the documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Close {
    code: u16,
    reason: String,
}

impl Close {
    pub(crate) fn done() -> Self {
        Self::new(1000, "")
    }

    pub(crate) fn stopping() -> Self {
        Self::new(1001, "the server is stopping")
    }

    pub(crate) fn violation(violation: &dyn Display) -> Self {
        Self::new(1002, violation)
    }

    pub(crate) fn text_only() -> Self {
        Self::new(1003, "this endpoint takes text only")
    }

    pub(crate) fn not_utf8() -> Self {
        Self::new(1007, "a text message was not valid UTF-8")
    }

    pub(crate) fn no_credential() -> Self {
        Self::new(1008, "a cookie `session` or a query parameter `token` is needed")
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(1009, format!("a message may have at most {limit} bytes"))
    }

    /// WebKit tells its pages 1006 instead, and no reason, as it does for 1012.
    pub(crate) fn full() -> Self {
        Self::new(1013, "the server holds as many sockets as it may, try again later")
    }

    pub(crate) fn bad_address(why: &dyn Display) -> Self {
        Self::new(4400, why)
    }

    pub(crate) fn slow() -> Self {
        Self::new(4408, "messages were read too slowly")
    }

    pub(crate) fn silent() -> Self {
        Self::new(4408, "a ping was not answered")
    }

    /// As the core closes the connection of a session.
    pub(crate) fn of_session(code: u16, reason: &str) -> Self {
        Self::new(code, reason)
    }

    /// The code of a session's `end` for the same reason: only 1000 and 3000 to 4999 are allowed.
    pub(crate) fn code_of_end(&self) -> CloseCode {
        let code = CloseCode(self.code);
        if code.is_sendable() { code } else { CloseCode(4000 + self.code % 1000) }
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    pub(crate) fn into_frame(self) -> CloseFrame {
        CloseFrame { code: self.code.into(), reason: self.reason.into() }
    }

    fn new(code: u16, reason: impl Display) -> Self {
        let mut reason = reason.to_string();
        reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
        Self { code, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_cut_where_a_close_frame_ends_and_between_characters() {
        let close = Close::bad_address(&"ä".repeat(100));
        assert_eq!(close.reason, "ä".repeat(61));
    }

    #[test]
    fn no_reason_of_our_own_needs_cutting() {
        let longest = Close::too_large(usize::MAX);
        for close in [longest, Close::no_credential(), Close::full(), Close::not_utf8()] {
            assert!(close.reason.len() < MAX_REASON_BYTES, "{close:?}");
        }
    }
}
