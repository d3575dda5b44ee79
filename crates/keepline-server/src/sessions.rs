//! Sessions of `keepline.v1` on real sockets: the core decides, and this folder performs.

mod carry;
mod desk;
mod inbox;
mod keeper;
mod options;
mod seat;
mod stint;
mod timer;

pub(crate) use self::carry::{open, serve};
pub(crate) use self::desk::Desk;
pub use self::inbox::Lost;
pub(crate) use self::keeper::Keeper;
pub use self::options::SessionOptions;
pub(crate) use self::timer::ring;
