//! The open protocol `keepline.v1` (docs/protocol.md): its records, and both of their encodings.

mod record;

pub use record::{
    Ack, Bye, Credentials, Credit, Epoch, Finale, GoAway, Greeting, Hello, Instance, MAX_NUMBER,
    Previous, Record, Return, SessionId, VERSION, Window,
};
