//! What goes wrong gets a clear word, and disturbs nothing else.

mod address;
mod far_end;
mod message;
