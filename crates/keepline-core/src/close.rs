//! Close codes: what each one means for the line, and which ones a page may send.

use alloc::string::String;
use core::fmt;

/// The longest close reason, in bytes of UTF-8 (RFC 6455 §5.5 and §7.1.6).
pub const MAX_CLOSE_REASON: usize = 123;

/// A WebSocket close code (RFC 6455 §7.4 and the IANA registry).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// 1000: the purpose is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: a server going down, or a page being left.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1006: the connection was lost without a close frame. Never on the wire.
    pub const ABNORMAL: Self = Self(1006);
    /// 1008: the message or the peer violates the endpoint's policy.
    pub const POLICY: Self = Self(1008);
    /// 1009: a message is too big to process.
    pub const TOO_BIG: Self = Self(1009);
    /// 4452: another instance or a later attempt has the session.
    pub const SUPERSEDED: Self = Self(4452);
    /// 4500: the session id belongs to somebody else.
    pub const FOREIGN_SESSION: Self = Self(4500);
    /// 4504: the position in a hello or a greeting cannot be.
    pub const POSITION: Self = Self(4504);

    /// What Keepline does when the far end closes with this code, unless the application judges
    /// otherwise ([`Input::Closed`](crate::Input)).
    ///
    /// [`Verdict::End`] for what another attempt cannot mend: 1000 (the far end is done), 1002,
    /// 1003, 1007, 1009, 1010 and 1015 (protocol, data, size, extension, TLS), 1008, 3000, 3003
    /// and 4401, 4403 (refused credentials; a provider, if there is one, is asked once for others
    /// first), and the rest of 4400–4499 but 4408 (timeout) and
    /// 4429 (too many requests). Everything else is tried again; of 4500–4549, with which a session
    /// resynchronises, the third in a row with the same code ends the line all the same.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self.0 {
            1000 | 1002 | 1003 | 1007..=1010 | 1015 | 3000 | 3003 => Verdict::End,
            4408 | 4429 => Verdict::Retry,
            4400..=4499 => Verdict::End,
            _ => Verdict::Retry,
        }
    }

    /// Whether the far end refuses the credentials, or the lack of them. With a provider, which may
    /// have others, the line is tried once more.
    pub(crate) const fn refuses_credentials(self) -> bool {
        matches!(self.0, 1008 | 3000 | 3003 | 4401 | 4403)
    }

    /// Whether the session's ends must resynchronise (docs/protocol.md §10).
    pub(crate) const fn is_resync(self) -> bool {
        matches!(self.0, 4500..=4549)
    }

    /// Whether a page may send this code: 1000, or 3000 to 4999 (WHATWG WebSockets, `close()`).
    #[must_use]
    pub const fn is_sendable(self) -> bool {
        matches!(self.0, 1000 | 3000..=4999)
    }
}

impl From<u16> for CloseCode {
    fn from(code: u16) -> Self {
        Self(code)
    }
}

impl PartialEq<u16> for CloseCode {
    fn eq(&self, code: &u16) -> bool {
        self.0 == *code
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a connection ended, as the browser's `CloseEvent` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The code of the far end's close frame; 1005 without one, 1006 when the line broke.
    pub code: CloseCode,
    /// The far end's reason; empty without one.
    pub reason: String,
    /// Whether the closing handshake was completed (`wasClean`).
    pub clean: bool,
}

impl Closed {
    /// A connection that broke without a word: 1006, no reason, not clean.
    #[must_use]
    pub const fn abnormal() -> Self {
        Self { code: CloseCode::ABNORMAL, reason: String::new(), clean: false }
    }

    /// Whether the far end has answered a close frame of ours with `asked`, having read all that
    /// went before it. `clean` alone does not say so: two close frames may have crossed.
    pub(crate) fn answers(&self, asked: Option<CloseCode>) -> bool {
        self.clean && asked == Some(self.code)
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.reason.as_str()) {
            (CloseCode::ABNORMAL, "") => write!(f, "lost without a word (code {})", self.code),
            (code, "") => write!(f, "closed with code {code}"),
            (code, reason) => write!(f, "closed with code {code}: {reason}"),
        }
    }
}

/// What a closed connection means for the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Connect again, after the backoff.
    Retry,
    /// The line ends; nothing is tried again.
    End,
}

/// Why a close could not be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseError {
    /// A page may send only 1000 and 3000 to 4999.
    Code(CloseCode),
    /// The reason is longer than [`MAX_CLOSE_REASON`] bytes.
    ReasonTooLong {
        /// Its length in bytes of UTF-8.
        bytes: usize,
    },
}

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => {
                write!(f, "close code {code} is neither 1000 nor between 3000 and 4999")
            }
            Self::ReasonTooLong { bytes } => {
                write!(f, "a close reason of {bytes} bytes is over the {MAX_CLOSE_REASON} allowed")
            }
        }
    }
}

impl core::error::Error for CloseError {}

pub(crate) fn check_close(code: CloseCode, reason: &str) -> Result<(), CloseError> {
    if !code.is_sendable() {
        return Err(CloseError::Code(code));
    }
    match reason.len() {
        0..=MAX_CLOSE_REASON => Ok(()),
        bytes => Err(CloseError::ReasonTooLong { bytes }),
    }
}
