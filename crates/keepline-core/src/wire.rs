//! The open protocol `keepline.v1` (docs/protocol.md): its records, and both of their encodings.

mod binary;
mod error;
mod fields;
mod frame;
#[cfg(feature = "json")]
mod json;
mod kind;
mod record;

pub use error::WireError;
pub use frame::{Coding, FULL_FRAME, FrameLimits, FrameWriter, MAX_RECORDS, Records, records};
pub use record::{
    Ack, Bye, Credentials, Credit, Epoch, Finale, GoAway, Greeting, Hello, Instance, MAX_NUMBER,
    Previous, Record, Return, SessionId, VERSION, Window,
};
