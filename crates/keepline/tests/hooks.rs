//! What an application hangs into a line, and what goes wrong there. Told in a page of its own, for
//! Chromium slows a page down that has seen many failures.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use js_sys::{Function, Reflect};
use keepline::{
    Answer, Backoff, Builder, CodecError, Counters, Credentials, Decode, Encode, Entry, Event,
    Happening, Json, Limits, Loss, Monitor, Payload, Probe, SendError, SessionConfig, Socket,
    Status, Text, TextSocket, Undecodable, Verdict, Window,
};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_test::wasm_bindgen_test;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// Nothing listens there: it is the last of the dynamic ports, and tests bind lower ones.
const REFUSED: &str = "ws://127.0.0.1:65535/";

#[wasm_bindgen]
extern "C" {
    /// Throws what nobody here catches, if it is told no JSON.
    #[wasm_bindgen(js_namespace = JSON, js_name = parse)]
    fn parse(text: &str) -> JsValue;

    #[wasm_bindgen(js_namespace = performance, js_name = getEntriesByName)]
    fn timeline(name: &str) -> Vec<JsValue>;

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn present() -> f64;
}

fn quickly() -> Backoff {
    Backoff { base: Duration::from_millis(1), ..Backoff::default() }
}

/// Each line has a path of its own, for Firefox waits longer and longer where it was refused.
fn line() -> Builder<str, String, Text> {
    static WAYS: AtomicU32 = AtomicU32::new(0);
    TextSocket::builder(&format!("{REFUSED}{}", WAYS.fetch_add(1, Ordering::Relaxed)))
}

fn refused() -> Builder<str, String, Text> {
    line().backoff(quickly())
}

/// Ends the line at its second failure.
fn second_time_unlucky() -> impl Fn(&keepline::Closed) -> Option<Verdict> {
    let failures = Cell::new(0);
    move |_| {
        failures.set(failures.get() + 1);
        (failures.get() == 2).then_some(Verdict::End)
    }
}

fn names(journal: &[Entry]) -> Vec<&'static str> {
    let name = |entry: &Entry| match &entry.what {
        Happening::Event(Event::Status(status)) => status.name(),
        other => other.name(),
    };
    journal.iter().map(name).collect()
}

const TWO_FAILURES: [&str; 4] = ["connecting", "waiting", "connecting", "ended"];

#[wasm_bindgen_test]
async fn a_listener_is_told_everything_in_order_and_let_go_at_the_end() {
    let told = Rc::new(RefCell::new(Vec::new()));
    let record = Rc::clone(&told);
    let socket = refused();
    let socket = socket.on_closed(second_time_unlucky());
    let socket = socket.on_event(move |entry| record.borrow_mut().push(entry.clone()));
    let mut socket = socket.connect().unwrap();
    assert_eq!(told.borrow().len(), 1, "it is told before `connect` returns");
    assert!(socket.next().await.is_none());
    assert_eq!(names(&told.borrow()), TWO_FAILURES);
    assert_eq!(*told.borrow(), socket.monitor().journal());
    assert!(told.borrow().is_sorted_by_key(|entry| entry.at));
    assert_eq!(Rc::strong_count(&told), 1, "it is let go");
}

#[wasm_bindgen_test]
async fn a_line_whose_hooks_hold_its_own_monitor_does_not_keep_itself_alive() {
    let held: Rc<RefCell<Option<Monitor>>> = Rc::default();
    let (one, two, three) = (Rc::clone(&held), Rc::clone(&held), Rc::clone(&held));
    let four = Rc::clone(&held);
    let answer = Answer::Matching(Rc::new(move |_| four.borrow().is_some()));
    let socket = line()
        .on_event(move |_| drop(one.borrow().as_ref().map(Monitor::status)))
        .on_closed(move |_| two.borrow().as_ref().and(None))
        .latest_by(move |_| three.borrow().as_ref().and(None))
        .heartbeat(Probe::new(Payload::Text("ping".to_owned()), answer));
    let socket = socket.connect().unwrap();
    held.replace(Some(socket.monitor()));
    drop(socket);
    assert_eq!(Rc::strong_count(&held), 1);
}

#[wasm_bindgen_test]
async fn a_listener_may_drop_the_socket_and_itself_in_the_middle_of_an_event() {
    for fatal in ["connecting", "waiting"] {
        let held: Rc<RefCell<Option<TextSocket>>> = Rc::default();
        let (inner, told) = (Rc::clone(&held), Rc::new(RefCell::new(Vec::new())));
        let record = Rc::clone(&told);
        let socket = refused().on_event(move |entry| {
            record.borrow_mut().push(entry.clone());
            if names(std::slice::from_ref(entry)) == [fatal] {
                drop(inner.take());
            }
        });
        let socket = socket.connect().unwrap();
        let monitor = socket.monitor();
        held.replace(Some(socket));
        let last = monitor.statuses().collect::<Vec<Status>>().await.pop().unwrap();
        assert_eq!(last.name(), "ended");
        assert_eq!(names(&told.borrow()).last(), Some(&"ended"), "it hears of its own end");
        assert_eq!(Rc::strong_count(&told), 1);
    }
}

thread_local! {
    static DOOMED: RefCell<Option<TextSocket>> = const { RefCell::new(None) };
}

/// Somebody's executor, which drops the socket at once when it is to poll again.
struct Doom;

impl Wake for Doom {
    fn wake(self: Arc<Self>) {
        drop(DOOMED.take());
    }
}

#[wasm_bindgen_test]
async fn a_waker_may_drop_the_socket_that_wakes_it() {
    let socket = refused().connect().unwrap();
    let (monitor, waker) = (socket.monitor(), Waker::from(Arc::new(Doom)));
    let (mut statuses, mut patient) = (monitor.statuses(), monitor.statuses());
    let mut impatient = Context::from_waker(&waker);
    assert!(statuses.poll_next_unpin(&mut impatient).is_ready());
    assert!(statuses.poll_next_unpin(&mut impatient).is_pending());
    DOOMED.set(Some(socket));
    while patient.next().await.is_some() {}
    assert_eq!(monitor.status().name(), "ended");
    assert!(DOOMED.take().is_none());
}

#[wasm_bindgen_test]
async fn a_judge_may_drop_the_line_that_it_judges() {
    let held: Rc<RefCell<Option<TextSocket>>> = Rc::default();
    let inner = Rc::clone(&held);
    let socket = line().on_closed(move |_| {
        drop(inner.take());
        Some(Verdict::Retry)
    });
    let socket = socket.connect().unwrap();
    let monitor = socket.monitor();
    held.replace(Some(socket));
    let last = monitor.statuses().collect::<Vec<Status>>().await.pop().unwrap();
    assert_eq!(last.name(), "ended");
    assert_eq!(monitor.counters().attempts, 1);
}

#[wasm_bindgen_test]
async fn what_a_listener_causes_is_told_after_what_it_was_told() {
    let held: Rc<RefCell<Option<TextSocket>>> = Rc::default();
    let (inner, told) = (Rc::clone(&held), Rc::new(RefCell::new(Vec::new())));
    let record = Rc::clone(&told);
    let closer = move |entry: &Entry| {
        if names(std::slice::from_ref(entry)) == ["waiting"] {
            inner.borrow().as_ref().unwrap().close(1000, "").unwrap();
        }
    };
    let socket =
        refused().on_event(closer).on_event(move |entry| record.borrow_mut().push(entry.clone()));
    let socket = socket.connect().unwrap();
    socket.send("waits").unwrap();
    let monitor = socket.monitor();
    held.replace(Some(socket));
    assert!(monitor.events().collect::<Vec<Event>>().await.len() >= 4);
    assert_eq!(names(&told.borrow()), ["connecting", "waiting", "undeliverable", "ended"]);
}

#[wasm_bindgen_test]
async fn what_javascript_throws_in_a_listener_or_a_judge_does_not_stop_the_line() {
    let judged = Rc::new(Cell::new(0));
    let count = Rc::clone(&judged);
    let socket = refused().on_event(|_| drop(parse("thrown by a listener, on purpose"))).on_closed(
        move |_| {
            count.set(count.get() + 1);
            if count.get() < 2 {
                parse("thrown by a judge, on purpose");
            }
            Some(Verdict::End)
        },
    );
    let mut socket = socket.connect().unwrap();
    assert!(socket.next().await.is_none(), "the second judgement ends it");
    assert_eq!(names(&socket.monitor().journal()), TWO_FAILURES, "the table judged the first");
    assert_eq!(judged.get(), 2);
}

/// A codec that can do nothing.
struct Broken;

impl Encode<str> for Broken {
    fn encode(_: &str) -> Result<Payload, CodecError> {
        Err("it always fails".into())
    }
}

impl Decode<String> for Broken {
    fn decode(payload: Payload) -> Result<String, Undecodable> {
        Err(Undecodable { error: "it always fails".into(), payload })
    }
}

#[wasm_bindgen_test]
fn what_a_codec_cannot_encode_leaves_no_trace() {
    let socket = Socket::<str, String, Broken>::builder(REFUSED).connect().unwrap();
    let failed = socket.send("anything").unwrap_err();
    assert!(matches!(failed, SendError::Encode(_)), "{failed}");
    assert_eq!(failed.to_string(), "the message cannot be encoded: it always fails");
    assert_eq!(socket.monitor().queued().messages, 0);
    assert_eq!(socket.monitor().counters().messages_sent, 0);

    let keys_are_no_strings = std::collections::BTreeMap::from([((1, 2), 3)]);
    let socket: Socket<_, (), Json> = Socket::builder(REFUSED).connect().unwrap();
    assert!(matches!(socket.send(&keys_are_no_strings), Err(SendError::Encode(_))));
}

#[wasm_bindgen_test]
fn options_that_contradict_each_other_are_named_both() {
    let kib = |message_bytes| Limits { message_bytes, ..Limits::default() };
    let heartbeat = || Probe::text("ping", "pong");
    let wide = Window { bytes: 1 << 40, ..Window::default() };
    let long = Backoff { base: Duration::from_secs(60), ..Backoff::default() };
    for (builder, one, two) in [
        (line().limits(kib(1 << 30)), "limits.message_bytes", "limits.outbox_bytes"),
        (line().limits(kib(2)).heartbeat(heartbeat()), "heartbeat", "limits.message_bytes"),
        (line().backoff(long), "backoff.cap", "backoff.base"),
        (line().session(SessionConfig::default()).heartbeat(heartbeat()), "heartbeat", "session"),
        (line().session(SessionConfig::default()).subprotocol("v1"), "subprotocol", "session"),
        (
            line().session(SessionConfig { window: wide, ..SessionConfig::default() }),
            "session.window",
            "limits.inbox_bytes",
        ),
    ] {
        let error = builder.connect().expect_err("it must not be built").to_string();
        assert!(error.contains(one) && error.contains(two), "{error}");
    }
}

#[wasm_bindgen_test]
async fn a_listener_is_told_of_every_message_of_a_whole_outbox_that_ends_at_once() {
    let told = Rc::new(Cell::new(0));
    let count = Rc::clone(&told);
    let socket = line().on_event(move |entry: &Entry| {
        let is_loss = matches!(entry.what, Happening::Event(Event::Undeliverable(..)));
        count.set(count.get() + u32::from(is_loss));
    });
    let socket = socket.connect().unwrap();
    let mut last = None;
    for _ in 0..600 {
        socket.send("this one stays").unwrap();
        last = Some(socket.message("now or never").expires(Duration::from_millis(1)).send());
    }
    let counters = socket.monitor().counters();
    assert_eq!((counters.messages_sent, counters.undeliverable), (1_200, 0));
    // Long enough for all to expire before the alarm can ring.
    let begun = keepline::now();
    while keepline::now() - begun < Duration::from_millis(20) {}
    let last = last.unwrap().unwrap();
    assert_eq!(socket.fate(last).await, Some(keepline::Fate::Undeliverable(Loss::Expired)));
    assert_eq!(told.get(), 600);
}

/// An executor that polls at once, and throws.
struct Throwing;

impl Wake for Throwing {
    fn wake(self: Arc<Self>) {
        parse("no JSON");
    }
}

#[wasm_bindgen_test]
fn what_javascript_throws_in_a_waker_leaves_nothing_undone() {
    let ended = Rc::new(Cell::new(false));
    let note = Rc::clone(&ended);
    let socket = refused().on_event(move |entry: &Entry| {
        let is_end = matches!(entry.what, Happening::Event(Event::Status(Status::Ended { .. })));
        note.set(note.get() || is_end);
    });
    let mut socket = socket.connect().unwrap();
    socket.on_message(|_| ());
    let mut statuses = socket.statuses();
    let waker = Waker::from(Arc::new(Throwing));
    while statuses.poll_next_unpin(&mut Context::from_waker(&waker)).is_ready() {}
    socket.close(1000, "").unwrap();
    assert!(ended.get());
}

#[wasm_bindgen_test]
async fn counters_and_journal_can_be_read_at_any_time_and_hold_no_secret() {
    let url = "ws://me:secret@127.0.0.1:65535/?token=secret";
    let session = SessionConfig {
        credentials: Some(Credentials("secret".to_owned())),
        ..SessionConfig::default()
    };
    let socket = TextSocket::builder(url).session(session).backoff(quickly());
    let mut socket = socket.on_closed(second_time_unlucky()).connect().unwrap();
    socket.send("secret").unwrap();
    assert!(socket.next().await.is_none());
    let monitor = socket.monitor();
    let Counters { attempts, connects, losses, messages_sent, undeliverable, .. } =
        monitor.counters();
    assert_eq!((attempts, connects, losses, messages_sent, undeliverable), (2, 0, 0, 1, 1));
    let json = monitor.export_json();
    assert!(serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok(), "{json}");
    assert!(!json.contains("secret"), "{json}");
    assert!(!format!("{:?}", monitor.journal()).contains("secret"));
    for word in [r#""attempts":2"#, r#""status":"ended""#, r#""what":"undeliverable""#] {
        assert!(json.contains(word), "{word} is not in {json}");
    }
}

#[wasm_bindgen_test]
async fn marks_are_made_only_when_asked_for_and_do_not_pile_up() {
    for round in 0..3 {
        let socket = line().marks("a line of tests").connect().unwrap();
        assert_eq!(timeline("a line of tests: connect begins").len(), 1, "in round {round}");
        drop(socket);
    }
    drop(line().connect().unwrap());
    assert_eq!(timeline("a line of tests: connect begins").len(), 1);
    assert!(timeline("a line of tests: connect").is_empty(), "it never was online");
}

/// To a page, a machine that slept is a clock on the wall that went on by itself.
fn sleep(seconds: i32) {
    let script = format!("const {{ now }} = Date; Date.now = () => now() + {seconds} * 1000;");
    Function::new_no_args(&script).call0(&js_sys::global()).unwrap();
}

#[wasm_bindgen_test]
async fn marks_are_where_the_timeline_is_even_if_it_stood_still_for_a_sleep() {
    drop(line().connect().unwrap());
    let before = (present(), keepline::now());
    sleep(3_600);
    let socket = line().marks("after a sleep").connect().unwrap();
    sleep(-3_600);
    assert!((keepline::now() - before.1).as_secs() >= 3_600);
    let mark = &timeline("after a sleep: connect begins")[0];
    let mark = Reflect::get(mark, &"startTime".into()).unwrap().as_f64().unwrap();
    assert!((before.0 - 1.0..=present()).contains(&mark), "{mark} ms");
    drop(socket);
}

#[wasm_bindgen_test]
async fn a_sink_whose_messages_are_lost_does_not_say_that_it_is_closed() {
    let mut socket = refused().on_closed(second_time_unlucky()).connect().unwrap();
    let sent = stream::iter(["one", "two"].map(Ok)).forward(&mut socket).await;
    assert!(matches!(sent, Err(SendError::Ended)), "{sent:?}");
    assert_eq!(socket.monitor().counters().undeliverable, 2);
}

#[wasm_bindgen_test]
fn a_callback_is_let_go_when_another_takes_its_place_and_with_its_line() {
    let (first, second) = (Rc::new(()), Rc::new(()));
    for is_closed in [false, true] {
        let mut socket = refused().connect().unwrap();
        for held in [&first, &second] {
            let (held, sender) = (Rc::clone(held), socket.sender());
            socket.on_message(move |_| drop((Rc::clone(&held), sender.clone())));
        }
        assert_eq!((Rc::strong_count(&first), Rc::strong_count(&second)), (1, 2));
        let kept = is_closed.then_some(socket);
        kept.iter().for_each(|socket| socket.close(1000, "").unwrap());
        assert_eq!(Rc::strong_count(&second), 1);
    }
}
