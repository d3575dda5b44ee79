//! What an application sees of a line that no server answers.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::join;
use futures_util::{FutureExt, SinkExt, StreamExt};
use keepline::{
    Backoff, BuildError, CloseCode, CloseError, Closed, ConfigError, Down, End, Event, Limits,
    Loss, MessageId, MessageIds, Monitor, Queued, SendError, Status, TextSocket, UrlError, Verdict,
};
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::wasm_bindgen_test;

/// Nothing listens there: it is the last of the dynamic ports, and tests bind lower ones. Each call
/// has a path of its own, for Firefox waits longer and longer where it was refused.
pub(crate) fn nowhere() -> String {
    static WAYS: AtomicU32 = AtomicU32::new(0);
    format!("ws://127.0.0.1:65535/{}", WAYS.fetch_add(1, Ordering::Relaxed))
}

fn refused() -> TextSocket {
    TextSocket::builder(&nowhere()).connect().unwrap()
}

fn build_error(url: &str) -> BuildError {
    TextSocket::builder(url).connect().expect_err("this line must not be built")
}

#[wasm_bindgen_test]
fn an_address_that_leads_nowhere_is_refused_by_name() {
    let wrong = |url: &str, expected| {
        let BuildError::Url { error, .. } = build_error(url) else { panic!("{url}") };
        assert_eq!(error, expected, "{url}");
    };
    wrong("ws://", UrlError::Malformed);
    wrong("ws://exa|mple.org/", UrlError::Malformed);
    wrong("ws://example.org:99999/", UrlError::Malformed);
    wrong("ftp://example.org/", UrlError::Scheme);
    wrong("javascript:alert(1)", UrlError::Scheme);
    wrong("ws://example.org/#here", UrlError::Fragment);
    wrong("ws://example.org/#", UrlError::Fragment);
    wrong("ws://example.org:6667/", UrlError::ForbiddenPort);
}

#[wasm_bindgen_test]
fn an_error_about_a_url_does_not_tell_its_query() {
    let error = build_error("ftp://example.org/?token=secret");
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[wasm_bindgen_test]
fn a_subprotocol_that_browsers_refuse_is_refused_when_built() {
    for wrong in ["", "a b", "a,b", "a/b", "a=b", "ä"] {
        let error = TextSocket::builder(&nowhere()).subprotocol(wrong).connect().err();
        assert_eq!(error, Some(BuildError::Subprotocol(1)));
    }
    let twice = TextSocket::builder(&nowhere()).subprotocol("v1").subprotocol("v1").connect().err();
    assert_eq!(twice, Some(BuildError::Subprotocol(2)));
    assert!(TextSocket::builder(&nowhere()).subprotocol("v1").subprotocol("v2").connect().is_ok());
}

#[wasm_bindgen_test]
fn settings_that_contradict_each_other_are_refused_when_built() {
    let limits = Limits { outbox_bytes: 1, ..Limits::default() };
    let error = TextSocket::builder(&nowhere()).limits(limits).connect().err();
    let expected = ConfigError::MessageOver("limits.outbox_bytes");
    assert_eq!(error, Some(BuildError::Config(expected)));
}

#[wasm_bindgen_test]
async fn a_refused_port_is_tried_again_with_a_reason() {
    let backoff = Backoff { base: Duration::from_millis(10), ..Backoff::default() };
    let socket = TextSocket::builder(&nowhere()).backoff(backoff).connect().unwrap();
    let mut statuses = socket.statuses();
    assert_eq!(statuses.next().await, Some(Status::Connecting { attempt: 1 }));
    let Some(Status::Waiting { why: Down::Closed(closed), attempt: 2, .. }) = statuses.next().await
    else {
        panic!("a refused port is a reason to wait, not {}", socket.status())
    };
    assert_eq!(closed.code, CloseCode::ABNORMAL);
    assert!(socket.monitor().retry_in().unwrap() <= Duration::from_millis(20));
    assert_eq!(statuses.next().await, Some(Status::Connecting { attempt: 2 }));
}

#[wasm_bindgen_test]
async fn dropping_the_socket_ends_everything() {
    let socket = refused();
    let (monitor, sender, statuses) = (socket.monitor(), socket.sender(), socket.statuses());
    drop(socket);
    let statuses: Vec<Status> = statuses.collect().await;
    let ended = Status::Ended { why: End::Application };
    assert_eq!(statuses, [Status::Connecting { attempt: 1 }, ended.clone()]);
    assert_eq!(monitor.status(), ended);
    assert!(matches!(sender.send("too late"), Err(SendError::Ended)));
}

#[wasm_bindgen_test]
async fn closing_while_connecting_accounts_for_what_waited() {
    let mut socket = refused();
    assert_eq!(socket.send("one").unwrap(), MessageId(1));
    assert_eq!(socket.send("two").unwrap(), MessageId(2));
    assert_eq!(socket.monitor().queued(), Queued { messages: 2, bytes: 6 });
    assert_eq!(socket.close(1001, ""), Err(CloseError::Code(CloseCode(1001))));
    socket.close(CloseCode::NORMAL, "").unwrap();
    assert!(socket.next().await.is_none());
    let events: Vec<Event> = socket.monitor().events().collect().await;
    let ids = MessageIds { first: MessageId(1), last: MessageId(2) };
    assert_eq!(events[1], Event::Undeliverable(ids, Loss::NeverSent));
    assert_eq!(events[2], Event::Status(Status::Ended { why: End::Application }));
    assert_eq!(events.len(), 3);
}

#[wasm_bindgen_test]
fn a_message_over_the_limit_or_over_the_outbox_is_refused() {
    let limits = Limits { message_bytes: 4, outbox_bytes: 6, ..Limits::default() };
    let socket = TextSocket::builder(&nowhere()).limits(limits).connect().unwrap();
    let refused = socket.send("12345");
    assert!(matches!(refused, Err(SendError::TooLarge { size: 5, limit: 4 })));
    socket.send("1234").unwrap();
    let queued = Queued { messages: 1, bytes: 4 };
    assert!(matches!(socket.send("123"), Err(SendError::Full { queued: now }) if now == queued));
}

#[wasm_bindgen_test]
async fn a_sink_waits_for_room_and_learns_of_the_end() {
    let limits = Limits { message_bytes: 4, outbox_bytes: 6, ..Limits::default() };
    let mut socket = TextSocket::builder(&nowhere()).limits(limits).connect().unwrap();
    let sender = socket.sender();
    socket.feed("1234".to_owned()).await.unwrap();
    assert!(socket.feed("1234".to_owned()).now_or_never().is_none(), "there is no room");
    assert!(SinkExt::<String>::flush(&mut socket).now_or_never().is_none(), "nothing is flushed");
    socket.close(CloseCode::NORMAL, "").unwrap();
    assert!(matches!(socket.feed("1234".to_owned()).await, Err(SendError::Ended)));
    assert!(matches!(sender.send("1234"), Err(SendError::Ended)));
    let closed = SinkExt::<String>::close(&mut socket).await;
    assert!(matches!(closed, Err(SendError::Ended)), "what was fed is lost");
}

#[wasm_bindgen_test]
async fn a_sink_that_nothing_waits_in_can_be_closed_however_often() {
    let mut socket = refused();
    for _ in 0..2 {
        SinkExt::<String>::close(&mut socket).await.unwrap();
        assert_eq!(socket.status(), Status::Ended { why: End::Application });
    }
}

#[wasm_bindgen_test]
async fn an_application_may_drop_the_socket_when_it_is_told_something() {
    let held = Rc::new(RefCell::new(Some(refused())));
    let monitor = held.borrow().as_ref().unwrap().monitor();
    let (mut statuses, inner) = (monitor.statuses(), Rc::clone(&held));
    spawn_local(async move {
        while let Some(status) = statuses.next().await {
            if status.name() == "waiting" {
                inner.take();
            }
        }
    });
    let last = monitor.statuses().collect::<Vec<Status>>().await.pop();
    assert_eq!(last, Some(Status::Ended { why: End::Application }));
    assert!(held.borrow().is_none());
}

#[wasm_bindgen_test]
async fn a_judge_of_closes_may_look_at_the_line_it_judges() {
    let monitor: Rc<RefCell<Option<Monitor>>> = Rc::default();
    let (seen, watched) = (Rc::new(RefCell::new(Vec::new())), Rc::clone(&monitor));
    let record = Rc::clone(&seen);
    let judge = move |closed: &Closed| {
        let status = watched.borrow().as_ref().unwrap().status();
        record.borrow_mut().push((closed.code, status.name()));
        Some(Verdict::End)
    };
    let mut socket = TextSocket::builder(&nowhere()).on_closed(judge).connect().unwrap();
    monitor.replace(Some(socket.monitor()));
    assert!(socket.next().await.is_none(), "the judge has ended the line");
    assert_eq!(*seen.borrow(), [(CloseCode::ABNORMAL, "connecting")]);
}

#[wasm_bindgen_test]
async fn a_waiting_line_can_be_hurried() {
    let slow = Duration::from_secs(60 * 60);
    let backoff = Backoff { base: slow, cap: slow, ..Backoff::default() };
    let socket = TextSocket::builder(&nowhere()).backoff(backoff).connect().unwrap();
    let mut statuses = socket.statuses();
    while statuses.next().await.unwrap().name() != "waiting" {}
    socket.monitor().retry_now();
    assert_eq!(statuses.next().await, Some(Status::Connecting { attempt: 2 }));
}

#[wasm_bindgen_test]
async fn several_tasks_may_watch_one_line() {
    let socket = refused();
    let (one, two) = (socket.statuses(), socket.statuses());
    socket.close(CloseCode::NORMAL, "").unwrap();
    let (one, two): (Vec<Status>, Vec<Status>) = join(one.collect(), two.collect()).await;
    assert_eq!(one.last(), Some(&Status::Ended { why: End::Application }));
    assert_eq!(one, two);
}
