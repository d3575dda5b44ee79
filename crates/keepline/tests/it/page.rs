//! What a line makes of the life of its page, told by events of the browser's own kinds.

use std::time::Duration;

use js_sys::{Function, Reflect};
use keepline::{
    Backoff, Builder, CloseCode, Down, End, Monitor, Notice, Status, Statuses, Text, TextSocket,
    Wake, now,
};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;

use super::stories::nowhere;

/// A line that waits for an hour, unless it is hurried.
async fn waiting() -> (TextSocket, Statuses) {
    waiting_with(true).await
}

fn refused() -> Builder<str, String, Text> {
    TextSocket::builder(&nowhere())
}

async fn waiting_with(watches_page: bool) -> (TextSocket, Statuses) {
    let slow = Duration::from_secs(60 * 60);
    let backoff = Backoff { base: slow, cap: slow, ..Backoff::default() };
    let builder = refused().backoff(backoff).page_lifecycle(watches_page);
    let socket = builder.connect().unwrap();
    let mut statuses = socket.statuses();
    while statuses.next().await.unwrap().name() != "waiting" {}
    (socket, statuses)
}

/// Has the global scope, or the document in it, hear an event; `false` if there is no document.
fn happens(target: &str, event: &str) -> bool {
    let script = format!("globalThis.{target}?.dispatchEvent(new Event('{event}')) ?? false");
    Function::new_no_args(&format!("return {script}"))
        .call0(&js_sys::global())
        .unwrap()
        .as_bool()
        .unwrap()
}

fn in_document(event: &str) -> bool {
    happens("document", event)
}

fn in_scope(event: &str) {
    assert!(happens("self", event));
}

async fn is_tried_at_once(statuses: &mut Statuses, monitor: &Monitor) {
    let Some(Status::Waiting { .. }) = statuses.next().await else { panic!("it waits for less") };
    assert!(monitor.retry_in().unwrap() <= Duration::from_millis(200));
    assert!(matches!(statuses.next().await, Some(Status::Connecting { .. })));
}

#[wasm_bindgen_test]
async fn a_browser_without_a_network_says_so_and_tries_at_once_when_it_returns() {
    let (socket, mut statuses) = waiting().await;
    in_scope("offline");
    let Some(Status::Waiting { why, .. }) = statuses.next().await else { panic!() };
    assert_eq!(why, Down::Offline);
    in_scope("online");
    is_tried_at_once(&mut statuses, &socket.monitor()).await;
}

#[wasm_bindgen_test]
async fn a_page_that_is_shown_tries_at_once() {
    let (socket, mut statuses) = waiting().await;
    if in_document("visibilitychange") {
        is_tried_at_once(&mut statuses, &socket.monitor()).await;
    }
}

#[wasm_bindgen_test]
async fn a_page_that_freezes_stands_still_until_it_resumes() {
    let (socket, mut statuses) = waiting().await;
    if in_document("freeze") {
        let Some(Status::Waiting { why, .. }) = statuses.next().await else { panic!() };
        assert_eq!(why, Down::Suspended);
        in_document("resume");
        is_tried_at_once(&mut statuses, &socket.monitor()).await;
    }
}

#[wasm_bindgen_test]
async fn what_a_worker_cannot_notice_may_be_handed_in() {
    let (socket, mut statuses) = waiting().await;
    let monitor = socket.monitor();
    monitor.notice(Notice::Suspended);
    let Some(Status::Waiting { why, .. }) = statuses.next().await else { panic!() };
    assert_eq!(why, Down::Suspended);
    monitor.notice(Notice::Woke(Wake::Restored));
    is_tried_at_once(&mut statuses, &monitor).await;
}

/// Sets the clock on the wall, and has the line compare it with the one that only goes on.
fn set_clock(monitor: &Monitor, seconds: i32) {
    let script = format!("const {{ now }} = Date; Date.now = () => now() + {seconds} * 1000;");
    Function::new_no_args(&script).call0(&js_sys::global()).unwrap();
    monitor.notice(Notice::Hidden);
}

#[wasm_bindgen_test]
async fn a_clock_that_is_set_back_and_forward_again_is_no_sleep() {
    let (socket, _) = waiting().await;
    let (monitor, before) = (socket.monitor(), now());
    let passed = || (now() - before).as_secs();
    for seconds in [-60, 60, -60, 60, -60, 30, 30] {
        set_clock(&monitor, seconds);
        assert!(passed() < 30, "the clock was set by {seconds} s");
    }
    set_clock(&monitor, -60);
    set_clock(&monitor, 180);
    assert!((120..150).contains(&passed()), "{} s", passed());
    set_clock(&monitor, -120);
}

#[wasm_bindgen_test]
async fn a_line_may_be_told_not_to_watch_its_page() {
    let (socket, _) = waiting_with(false).await;
    let before = socket.status();
    in_scope("offline");
    in_document("freeze");
    assert_eq!(socket.status(), before);
    in_scope("online");
    in_document("resume");
    assert_eq!(socket.status(), before);
}

#[wasm_bindgen_test]
async fn nothing_that_happens_to_the_page_undoes_a_close() {
    let (socket, _) = waiting().await;
    socket.close(CloseCode::NORMAL, "").unwrap();
    for event in ["offline", "online"] {
        in_scope(event);
    }
    for event in ["freeze", "resume", "visibilitychange"] {
        in_document(event);
    }
    socket.monitor().notice(Notice::Woke(Wake::Restored));
    assert_eq!(socket.status(), Status::Ended { why: End::Application });
}

/// Counts the listeners of the global scope and of the document, while `act` runs.
fn counting(act: impl FnOnce()) -> f64 {
    let counted = "
        globalThis.listening = 0;
        for (const target of [globalThis, globalThis.document].filter((it) => it)) {
          const { addEventListener: add, removeEventListener: remove } = target;
          const counts = (change, then) => function (...all) {
            globalThis.listening += change;
            return then.apply(target, all);
          };
          target.addEventListener = counts(1, add);
          target.removeEventListener = counts(-1, remove);
        }";
    Function::new_no_args(counted).call0(&js_sys::global()).unwrap();
    act();
    let restored = "
        for (const target of [globalThis, globalThis.document].filter((it) => it)) {
          delete target.addEventListener;
          delete target.removeEventListener;
        }";
    Function::new_no_args(restored).call0(&js_sys::global()).unwrap();
    Reflect::get(&js_sys::global().unchecked_into(), &"listening".into()).unwrap().as_f64().unwrap()
}

#[wasm_bindgen_test]
fn the_listeners_of_a_line_end_with_it_whoever_still_looks_at_it() {
    let mut monitors = Vec::new();
    let left = counting(|| {
        for _ in 0..10 {
            let socket = refused().connect().unwrap();
            monitors.push(socket.monitor());
        }
    });
    assert_eq!(left, 0.0);
    assert_eq!(monitors.len(), 10);
}
