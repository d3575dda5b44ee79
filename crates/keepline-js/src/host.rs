//! What the driver in TypeScript does for the core.
//!
//! Each function is a method of the host of the line that was called (`ts/core.ts`), performed in
//! order. None of them may call a line: what follows from them is told to it when they have
//! returned.

#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "what is imported takes numbers, and reads what they point to")]
mod imported {
    #[link(wasm_import_module = "host")]
    unsafe extern "C" {
        pub(crate) safe fn act(act: u32, conn: u32, number: u32);
        pub(super) safe fn text(conn: u32, at: *const u8, length: usize);
        pub(super) safe fn bytes(conn: u32, at: *const u8, length: usize);
        pub(super) safe fn shut(conn: u32, code: u32, at: *const u8, length: usize);
        pub(super) safe fn status(
            status: u32,
            why: u32,
            code: u32,
            attempt: u32,
            due: f64,
            at: *const u8,
            length: usize,
        );
        pub(crate) safe fn fate(fate: u32, first: f64, last: f64);
    }
}

/// There is no host where only tests run.
#[cfg(not(target_arch = "wasm32"))]
mod imported {
    pub(crate) const fn act(_: u32, _: u32, _: u32) {}
    pub(super) const fn text(_: u32, _: *const u8, _: usize) {}
    pub(super) const fn bytes(_: u32, _: *const u8, _: usize) {}
    pub(super) const fn shut(_: u32, _: u32, _: *const u8, _: usize) {}
    pub(super) const fn status(_: u32, _: u32, _: u32, _: u32, _: f64, _: *const u8, _: usize) {}
    pub(crate) const fn fate(_: u32, _: f64, _: f64) {}
}

/// Does what takes no more than a number; which act it is, `ts/numbers.ts` says.
pub(crate) use imported::act;
/// Messages have ended; or how long a probe took, or how many messages were missed.
pub(crate) use imported::fate;

/// Hands a text to this connection, or to the application if `conn` is 0.
pub(crate) fn text(conn: u32, text: &str) {
    imported::text(conn, text.as_ptr(), text.len());
}

/// The same of bytes, which are copied before the call returns.
pub(crate) fn bytes(conn: u32, bytes: &[u8]) {
    imported::bytes(conn, bytes.as_ptr(), bytes.len());
}

/// Starts the closing handshake of a connection.
pub(crate) fn shut(conn: u32, code: u16, reason: &str) {
    imported::shut(conn, code.into(), reason.as_ptr(), reason.len());
}

/// The line stands differently: `why`, with the close code or HTTP status that goes with it, the
/// attempt, when it is due, and the far end's words.
pub(crate) fn status(status: u32, why: u32, code: u32, attempt: u32, due: f64, words: &str) {
    imported::status(status, why, code, attempt, due, words.as_ptr(), words.len());
}
