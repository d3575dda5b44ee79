//! What a look at the HTTP side of an endpoint says of a handshake that failed.

use core::fmt;
use core::time::Duration;

use crate::Verdict;

/// Why a handshake may have failed, as far as a browser lets one know: it says 1006 of all of
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Diagnosis {
    /// An HTTP server answered a plain GET of the same URL with this status (RFC 9110 §15).
    Answered {
        /// The status code.
        status: u16,
        /// How long it asks to wait (`Retry-After`, RFC 9110 §10.2.3), if that can be read.
        retry_after: Option<Duration>,
    },
    /// An HTTP server sends one elsewhere, where a WebSocket does not follow. A login page,
    /// perhaps.
    Redirected,
    /// Something answers, and does not let pages of this origin know what (Fetch §3.3, CORS).
    Opaque,
    /// Nothing answers: the host is unreachable, or the browser is offline.
    Unreachable,
    /// The page is secure and the URL is not, so that the browser refuses (Mixed Content §5).
    MixedContent,
    /// The browser does not let one know.
    Unknown,
}

impl Diagnosis {
    /// What Keepline does about it, unless the application judges otherwise.
    ///
    /// [`Verdict::End`] for mixed content, and for 401 and 403 unless a provider of credentials is
    /// there, which is asked once more. All else is tried again, 404 too: that is what many a
    /// server (uvicorn, for one) answers to a GET of a path that exists for upgrades only.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Answered { status: 401 | 403, .. } | Self::MixedContent => Verdict::End,
            Self::Answered { .. }
            | Self::Redirected
            | Self::Opaque
            | Self::Unreachable
            | Self::Unknown => Verdict::Retry,
        }
    }

    pub(crate) const fn refuses_credentials(self) -> bool {
        matches!(self, Self::Answered { status: 401 | 403, .. })
    }

    /// When the server wants to be asked again.
    pub(crate) const fn advice(self) -> Option<Duration> {
        match self {
            Self::Answered { status: 429 | 503, retry_after } => retry_after,
            Self::Answered { .. }
            | Self::Redirected
            | Self::Opaque
            | Self::Unreachable
            | Self::MixedContent
            | Self::Unknown => None,
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = match self {
            Self::Answered { status, .. } => {
                return match meaning(*status) {
                    Some(meaning) => write!(f, "{meaning} (HTTP {status})"),
                    None => write!(f, "a server answers, but not as a WebSocket (HTTP {status})"),
                };
            }
            Self::Redirected => "the server sends one elsewhere, perhaps to a login",
            Self::Opaque => "a server answers, but does not say what is wrong",
            Self::Unreachable => "the host cannot be reached",
            Self::MixedContent => "a secure page may not open an insecure socket",
            Self::Unknown => "nobody can say why",
        };
        f.write_str(known)
    }
}

const fn meaning(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("the server wants credentials"),
        403 => Some("the server forbids it"),
        404 => Some("perhaps there is nothing at this address"),
        429 => Some("the server has had too many requests"),
        503 => Some("the server is not available"),
        _ => None,
    }
}
