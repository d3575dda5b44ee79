//! A panic ends the module on stable Rust: its sockets must not stay open behind it.

use std::cell::Cell;
use std::panic;

use js_sys::Set;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CustomEvent, CustomEventInit, EventTarget, WebSocket};

/// The event that tells the page, on its `window` or the Worker's `self`.
const EVENT: &str = "keepline-panic";

/// The close code that tells the far end: the last of those for private use (RFC 6455 §7.4.2).
const CODE: u16 = 4999;

thread_local! {
    static PANICKED: Cell<bool> = const { Cell::new(false) };
    static IS_WATCHED: Cell<bool> = const { Cell::new(false) };
    /// The sockets that are open, as JavaScript holds them: nothing here can be borrowed by whom
    /// the panic has interrupted.
    static LIVE: Set = Set::new(&JsValue::UNDEFINED);
}

/// From now on a panic in this module closes every socket of the lines that are built later, with
/// code 4999, and tells the page by an event: a `CustomEvent` of type `keepline-panic` on the
/// global scope, whose `detail` is what the panic says. In a session the server then keeps what it
/// has for the next page, as after any loss.
///
/// Without it a panic on stable Rust leaves the page with sockets that look open and are read by
/// nobody, for WebAssembly is not unwound. Call it once, first of all; a panic hook that was set
/// before, say one that writes to the console, is called afterwards.
///
/// ```js
/// addEventListener("keepline-panic", ({ detail }) => showReloadButton(detail));
/// ```
pub fn close_on_panic() {
    if IS_WATCHED.replace(true) {
        return;
    }
    let earlier = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !PANICKED.replace(true) {
            close_all();
            tell(&panic.to_string());
        }
        earlier(panic);
    }));
}

/// Whether all is over: what still comes in finds things half done.
pub(crate) fn has_panicked() -> bool {
    PANICKED.get()
}

/// Notes a socket that is to be closed by a panic.
pub(crate) fn note(socket: &WebSocket) {
    if IS_WATCHED.get() {
        LIVE.with(|live| live.add(socket));
    }
}

/// Strikes off a socket that ends by itself.
pub(crate) fn strike(socket: &WebSocket) {
    if IS_WATCHED.get() {
        LIVE.with(|live| live.delete(socket));
    }
}

fn close_all() {
    LIVE.with(|live| {
        for socket in live.values().into_iter().flatten() {
            // A socket that does not close has closed before.
            let socket: WebSocket = socket.unchecked_into();
            socket.close_with_code_and_reason(CODE, "the application panicked").ok();
        }
    });
}

fn tell(what: &str) {
    let init = CustomEventInit::new();
    init.set_detail(&JsValue::from_str(what));
    let global: EventTarget = js_sys::global().unchecked_into();
    // Where there are no events, nobody can be told.
    if let Ok(event) = CustomEvent::new_with_event_init_dict(EVENT, &init) {
        global.dispatch_event(&event).ok();
    }
}
