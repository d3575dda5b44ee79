//! What a provider gives for an attempt, or why it gives nothing.

use alloc::string::String;
use core::time::Duration;

use crate::wire::Credentials;

/// What a core must know of what a provider gave; the address is the driver's affair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provision {
    /// For a session's hello, or its renewal in band; without them the former ones stay.
    pub credentials: Option<Credentials>,
    /// How long they hold, from now; `None` if the provider does not know. The server may say so
    /// as well, and the earlier time counts.
    pub expires: Option<Duration>,
}

/// Why a provider gave nothing that an attempt can be made with. The words are the application's
/// own, and are shown in statuses: they must not hold a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotProvided {
    /// It may later. The attempt has failed, and another one is made.
    TryAgain(String),
    /// It never will. The line ends; an open one lasts as long as the credentials it has.
    Stop(String),
    /// What it gave cannot be used. The line ends.
    Unusable(String),
}
