//! What the driver in TypeScript does for the core.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// The object whose methods perform the core's outputs, in order. None of them may call the
    /// line: what follows from them is told to it when they have returned.
    pub type Host;

    /// Does what takes no more than a number; which act it is, `ts/numbers.ts` says.
    #[wasm_bindgen(method)]
    pub(crate) fn act(this: &Host, act: u32, conn: u32, number: u32);

    /// Hands a text to this connection, or to the application if `conn` is 0.
    #[wasm_bindgen(method)]
    pub(crate) fn text(this: &Host, conn: u32, text: &str);

    /// The same of bytes, which are to be copied before the call returns.
    #[wasm_bindgen(method)]
    pub(crate) fn bytes(this: &Host, conn: u32, bytes: &[u8]);

    /// Starts the closing handshake of a connection.
    #[wasm_bindgen(method)]
    pub(crate) fn shut(this: &Host, conn: u32, code: u16, reason: &str);

    /// The line stands differently: `why`, with the close code or HTTP status that goes with it,
    /// the attempt, when it is due, and the far end's words.
    #[wasm_bindgen(method)]
    pub(crate) fn status(
        this: &Host,
        status: u32,
        why: u32,
        code: u32,
        attempt: u32,
        due: f64,
        words: &str,
    );

    /// Messages have ended; or how long a probe took, or how many messages were missed.
    #[wasm_bindgen(method)]
    pub(crate) fn fate(this: &Host, fate: u32, first: f64, last: f64);
}
