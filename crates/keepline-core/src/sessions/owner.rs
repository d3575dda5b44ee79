//! To whom a session belongs.

use alloc::string::String;

/// Nobody else may have the session, nor hear what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// The address that it was opened on.
    pub(super) scope: String,
    /// Who opened it; `None` for somebody anonymous.
    pub(super) subject: Option<String>,
}
