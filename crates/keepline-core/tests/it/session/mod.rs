//! Stories about a session: both ends, in virtual time.

mod delivery;
mod pair;
