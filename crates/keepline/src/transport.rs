//! One WebSocket of the browser, with its listeners: it lives as long as this value.

use std::cell::Cell;
use std::rc::Rc;

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use js_sys::{ArrayBuffer, Reflect, Uint8Array};
use keepline_core::{CloseCode, Closed, ConnId, Input, OpenFailure, Payload};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, CloseEvent, Event, MessageEvent, WebSocket};

use crate::clock;
use crate::endpoint::Address;
use crate::panic;
use crate::policy;

#[wasm_bindgen]
extern "C" {
    /// What arrives is a text or, since that is the socket's `binaryType`, an `ArrayBuffer`.
    type Text;

    /// In UTF-16 units; a buffer has no such thing.
    #[wasm_bindgen(method, getter)]
    fn length(this: &Text) -> Option<u32>;

    // It gives back the object that it is given, and what comes back to Rust is copied.
    #[wasm_bindgen(js_name = Object)]
    fn copied(bytes: &Uint8Array) -> Vec<u8>;
}

/// Takes the news of a socket; called from the event loop, never from within a call.
pub(crate) type Listen = Rc<dyn Fn(Input)>;

pub(crate) struct Transport {
    conn: ConnId,
    socket: WebSocket,
    _listeners: [EventListener; 5],
}

impl Transport {
    pub(crate) fn open(
        conn: ConnId,
        address: &Address,
        frame_bytes: usize,
        listen: &Listen,
    ) -> Result<Self, OpenFailure> {
        let socket = WebSocket::new_with_str_sequence(&address.url, &address.subprotocols)
            .map_err(|thrown| open_failure(&thrown, &address.url))?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let forbidden = Rc::new(Cell::new(false));
        panic::note(&socket);
        let _listeners = [
            on_open(conn, &socket, listen),
            on_message(conn, &socket, frame_bytes, listen),
            policy::on_violation(&address.url, &forbidden),
            on_error(conn, &socket, &forbidden, listen),
            on_close(conn, &socket, listen),
        ];
        Ok(Self { conn, socket, _listeners })
    }

    pub(crate) const fn conn(&self) -> ConnId {
        self.conn
    }

    /// Whether the socket would swallow a message without a word (WHATWG WebSockets §3.1,
    /// `send()` in CLOSING and CLOSED).
    pub(crate) fn is_closing(&self) -> bool {
        self.socket.ready_state() >= WebSocket::CLOSING
    }

    pub(crate) fn buffered(&self) -> u64 {
        u64::from(self.socket.buffered_amount())
    }

    /// Binary leaves as a view on the wasm memory, which the browser copies: a Blob is many times
    /// slower in Chromium.
    pub(crate) fn send(&self, payload: &Payload) -> Result<(), JsValue> {
        match payload {
            Payload::Text(text) => self.socket.send_with_str(text),
            Payload::Binary(bytes) => self.socket.send_with_u8_array(bytes),
        }
    }

    pub(crate) fn close(&self, code: CloseCode, reason: &str) {
        let closed = self.socket.close_with_code_and_reason(code.0, reason);
        debug_assert!(closed.is_ok(), "the core checks codes and reasons");
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        panic::strike(&self.socket);
        if self.socket.ready_state() < WebSocket::CLOSING {
            self.close(CloseCode::NORMAL, "");
        }
    }
}

fn on_open(conn: ConnId, socket: &WebSocket, listen: &Listen) -> EventListener {
    let (opened, listen) = (socket.clone(), Rc::clone(listen));
    EventListener::new(socket, "open", move |_| {
        listen(Input::Opened(conn, opened.protocol(), clock::draw()));
    })
}

fn on_message(
    conn: ConnId,
    socket: &WebSocket,
    frame_bytes: usize,
    listen: &Listen,
) -> EventListener {
    let listen = Rc::clone(listen);
    EventListener::new(socket, "message", move |event| {
        listen(arrival(conn, event, frame_bytes));
    })
}

/// How long `close` may stay away after an `error` before the socket counts as never made.
const CLOSE_FOLLOWS_ERROR_MS: u32 = 500;

/// A failure is told by `error` and then `close`, in one turn of the event loop. When `close`
/// stays away, the browser has made no connection by itself: Chromium because of the page's policy,
/// which no other attempt can mend, WebKit because that would be mixed content, or because there
/// are too many sockets already.
fn on_error(
    conn: ConnId,
    socket: &WebSocket,
    forbidden: &Rc<Cell<bool>>,
    listen: &Listen,
) -> EventListener {
    let (failed, forbidden, listen) = (socket.clone(), Rc::clone(forbidden), Rc::clone(listen));
    let refusal = Cell::new(None);
    EventListener::new(socket, "error", move |_| {
        let (failed, forbidden, listen) = (failed.clone(), Rc::clone(&forbidden), listen.clone());
        let tell = move || {
            // WebKit says CONNECTING while it tells of mixed content.
            if failed.ready_state() == WebSocket::CLOSED {
                let url = failed.url();
                let is_refused = forbidden.get() || policy::is_insecure(&url);
                let why = if is_refused { refused(&url) } else { not_made() };
                listen(Input::OpenFailed(conn, why));
            }
        };
        refusal.set(Some(Timeout::new(CLOSE_FOLLOWS_ERROR_MS, tell)));
    })
}

fn on_close(conn: ConnId, socket: &WebSocket, listen: &Listen) -> EventListener {
    let listen = Rc::clone(listen);
    EventListener::new(socket, "close", move |event| {
        listen(Input::Closed(conn, closed_of(event), None));
    })
}

/// What arrived; it is copied into the wasm memory only if it is not over the limit, for that
/// memory never shrinks. Every question to JavaScript costs as much as the answer, so few are
/// asked.
fn arrival(conn: ConnId, event: &Event, frame_bytes: usize) -> Input {
    // A socket dispatches no other event under this name (WHATWG WebSockets §4).
    let data = event.unchecked_ref::<MessageEvent>().data();
    let units = data.unchecked_ref::<Text>().length();
    let buffer = data.unchecked_ref::<ArrayBuffer>();
    // Each UTF-16 unit takes a byte of UTF-8 or more.
    let size = units.unwrap_or_else(|| buffer.byte_length()) as usize;
    if size > frame_bytes {
        return Input::TooLarge(conn, size);
    }
    let text = units.and_then(|_| data.as_string()).map(Payload::Text);
    let bytes = || Payload::Binary(copied(&Uint8Array::new(buffer)));
    Input::Received(conn, text.unwrap_or_else(bytes))
}

fn closed_of(event: &Event) -> Closed {
    event.dyn_ref::<CloseEvent>().map_or_else(Closed::abnormal, |event| Closed {
        code: CloseCode(event.code()),
        reason: event.reason(),
        clean: event.was_clean(),
    })
}

fn refused(url: &str) -> OpenFailure {
    let why = if policy::is_insecure(url) {
        "the browser refuses this connection: a page over https opens no socket over ws"
    } else {
        "the browser refuses this connection: for its port, or by the Content-Security-Policy"
    };
    OpenFailure::Refused(why.to_owned())
}

fn not_made() -> OpenFailure {
    let why = "the browser made no connection and does not say why: it may have too many already";
    OpenFailure::Unavailable(why.to_owned())
}

/// Says what the constructor threw in words of our own: a browser's may quote the URL, which may
/// hold a secret.
fn open_failure(thrown: &JsValue, url: &str) -> OpenFailure {
    // Firefox throws something for a forbidden URL that is no `DOMException`.
    let name = Reflect::get(thrown, &"name".into()).ok().and_then(|name| name.as_string());
    match name.as_deref().unwrap_or_default() {
        "SecurityError" | "NS_ERROR_CONTENT_BLOCKED" => refused(url),
        "SyntaxError" => {
            OpenFailure::Refused("the browser calls the URL or a subprotocol malformed".to_owned())
        }
        name => OpenFailure::Unavailable(format!("the browser could not make a socket ({name})")),
    }
}
