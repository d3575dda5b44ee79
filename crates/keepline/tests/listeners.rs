//! Who is called with messages, and what is counted of them: on a line whose `WebSocket` is of the
//! page's own making, and gets whatever a story wants.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, Promise};
use keepline::{Counters, Happening, Limits, ReceiveError, TextSocket};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = r#"
const live = [];
class Staged extends EventTarget {
  constructor(url) {
    super();
    Object.assign(this, { url, protocol: "", readyState: 0, bufferedAmount: 0 });
    live.push(this);
    setTimeout(() => {
      if (this.readyState) return;
      this.readyState = 1;
      this.dispatchEvent(new Event("open"));
    });
  }
  send() {}
  close(code) {
    if (this.readyState > 1) return;
    this.readyState = 2;
    setTimeout(() => {
      this.readyState = 3;
      this.dispatchEvent(new CloseEvent("close", { code: code ?? 1005, wasClean: true }));
    });
  }
}
Object.assign(Staged, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 });
export function stage() {
  globalThis.WebSocket = Staged;
  // What a story throws on purpose is no failure of the test.
  globalThis.reportError = () => {};
}
export function arrives(text) {
  live.at(-1).dispatchEvent(new MessageEvent("message", { data: text }));
}
export const turns = () => new Promise((resolve) => setTimeout(resolve, 20));
"#)]
extern "C" {
    fn stage();
    fn arrives(text: &str);
    fn turns() -> Promise;
}

async fn event_loop_turns() {
    JsFuture::from(turns()).await.unwrap();
}

async fn online_with(limits: Limits) -> TextSocket {
    stage();
    let socket = TextSocket::builder("ws://127.0.0.1:65535/").limits(limits).connect().unwrap();
    event_loop_turns().await;
    assert_eq!(socket.status().name(), "online");
    socket
}

async fn online() -> TextSocket {
    online_with(Limits::default()).await
}

#[wasm_bindgen_test]
async fn a_listener_that_another_has_replaced_is_called_no_more() {
    let mut socket = online().await;
    (0..5).for_each(|_| arrives("a message"));
    let heard = Rc::new(RefCell::new(Vec::new()));
    let line = Rc::new(RefCell::new(None::<TextSocket>));
    let (by_first, inside) = (Rc::clone(&heard), Rc::clone(&line));
    socket.on_message(move |_: Result<String, ReceiveError>| {
        by_first.borrow_mut().push("first");
        let by_second = Rc::clone(&by_first);
        if let Some(socket) = inside.borrow_mut().as_mut() {
            socket.on_message(move |_| by_second.borrow_mut().push("second"));
        }
    });
    line.replace(Some(socket));
    event_loop_turns().await;
    assert_eq!(*heard.borrow(), ["first", "second", "second", "second", "second"]);
    drop(line.take());
}

/// As a panic does, without the words of one, which would fail the test.
fn traps() {
    let trap = "throw new WebAssembly.RuntimeError('on purpose')";
    Function::new_no_args(trap).call0(&js_sys::global()).unwrap_or_else(|it| throws(&it));
}

#[wasm_bindgen(inline_js = "export function throws(it) { throw it; }")]
extern "C" {
    fn throws(it: &wasm_bindgen::JsValue) -> wasm_bindgen::JsValue;
}

#[wasm_bindgen_test]
async fn a_listener_that_a_trap_has_interrupted_is_called_no_more() {
    let mut socket = online().await;
    (0..5).for_each(|_| arrives("a message"));
    let calls = Rc::new(Cell::new(0));
    let count = Rc::clone(&calls);
    socket.on_message(move |_| {
        count.set(count.get() + 1);
        traps();
    });
    event_loop_turns().await;
    arrives("another");
    event_loop_turns().await;
    assert_eq!(calls.get(), 1);
}

#[wasm_bindgen_test]
async fn what_is_over_the_limit_is_counted_and_noted_whoever_finds_it_out() {
    let limits = Limits { message_bytes: 10, ..Limits::default() };
    let mut socket = online_with(limits).await;
    arrives("ääääääää");
    arrives("over the limit");
    for size in [16, 14] {
        let told = socket.next().await;
        let refused = ReceiveError::TooLarge { size, limit: 10 };
        assert_eq!(format!("{told:?}"), format!("{:?}", Some(Err::<String, _>(refused))));
    }
    let monitor = socket.monitor();
    let noted = |it: &keepline::Entry| matches!(it.what, Happening::TooLarge { .. });
    assert_eq!(monitor.journal().iter().filter(|it| noted(it)).count(), 2);
    let Counters { too_large, messages_received, frames_received, .. } = monitor.counters();
    assert_eq!((too_large, messages_received, frames_received), (2, 0, 2));
}

#[wasm_bindgen_test]
async fn a_line_that_its_owner_drops_was_not_lost() {
    let socket = online().await;
    let monitor = socket.monitor();
    drop(socket);
    assert_eq!(monitor.status().name(), "ended");
    let Counters { connects, losses, .. } = monitor.counters();
    assert_eq!((connects, losses), (1, 0));
}
