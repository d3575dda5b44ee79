//! What an application sees of messages that it has sent on terms, while no server answers.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join;
use keepline::{
    Builder, CloseCode, Event, Fate, Limits, Loss, MessageId, Overflow, Queued, SendError,
    SessionConfig, Text, TextSocket,
};
use wasm_bindgen_test::wasm_bindgen_test;

use super::stories::nowhere;

fn line(limits: Limits) -> TextSocket {
    TextSocket::builder(&nowhere()).limits(limits).connect().unwrap()
}

fn undeliverable(why: Loss) -> Option<Fate> {
    Some(Fate::Undeliverable(why))
}

#[wasm_bindgen_test]
async fn only_the_latest_under_a_key_waits() {
    let socket = line(Limits::default());
    let first = socket.message("cursor at 1").latest("cursor").send().unwrap();
    socket.send("kept").unwrap();
    socket.sender().message("cursor at 22").latest("cursor").send().unwrap();
    assert_eq!(socket.fate(first).await, undeliverable(Loss::Replaced));
    assert_eq!(socket.monitor().queued(), Queued { messages: 2, bytes: 16 });
}

#[wasm_bindgen_test]
async fn a_full_outbox_drops_what_may_be_dropped() {
    let socket = line(Limits { outbox_messages: 2, ..Limits::default() });
    socket.send("kept").unwrap();
    let sample = socket.message("sample 1").drop_oldest().send().unwrap();
    socket.message("sample 2").drop_oldest().send().unwrap();
    assert_eq!(socket.fate(sample).await, undeliverable(Loss::Dropped));
    assert!(matches!(socket.send("no room"), Err(SendError::Full { .. })));
}

#[wasm_bindgen_test]
async fn a_message_expires_by_the_clock() {
    let socket = line(Limits::default());
    let id = socket.message("now or never").expires(Duration::from_millis(50)).send().unwrap();
    assert_eq!(socket.fate(id).await, undeliverable(Loss::Expired));
    assert_eq!(socket.monitor().queued(), Queued::default());
}

#[wasm_bindgen_test]
async fn a_message_is_taken_back_once() {
    let socket = line(Limits::default());
    let id = socket.send("regretted").unwrap();
    assert!(socket.cancel(id));
    assert!(!socket.cancel(id) && !socket.sender().cancel(MessageId(99)));
    assert_eq!(socket.fate(id).await, undeliverable(Loss::Cancelled));
    assert_eq!(socket.monitor().queued(), Queued::default());
}

#[wasm_bindgen_test]
async fn everybody_who_waits_for_room_is_woken_by_it_and_by_the_end() {
    let limits = Limits { message_bytes: 4, outbox_bytes: 6, ..Limits::default() };
    let socket = line(limits);
    let sender = socket.sender();
    socket.ready().await.unwrap();
    let id = socket.send("1234").unwrap();
    assert!(socket.ready().now_or_never().is_none(), "there is no room");
    let make_room = async { assert!(socket.cancel(id)) };
    let (both, ()) = join(join(socket.ready(), sender.ready()), make_room).await;
    both.0.unwrap();
    both.1.unwrap();
    socket.send("1234").unwrap();
    let close = async { socket.close(CloseCode::NORMAL, "").unwrap() };
    let (waited, ()) = join(sender.ready(), close).await;
    assert!(matches!(waited, Err(SendError::Ended)));
}

#[wasm_bindgen_test]
async fn thousands_of_replaced_messages_do_not_push_out_the_account_of_a_loss() {
    let socket = line(Limits::default());
    let mut events = socket.monitor().events();
    socket.send("one").unwrap();
    for place in 0..5_000 {
        socket.message(&format!("cursor at {place}")).latest("cursor").send().unwrap();
    }
    socket.close(CloseCode::NORMAL, "").unwrap();
    let mut told = Vec::new();
    while let Some(event) = events.next().await {
        told.push(event);
    }
    let lost = |event: &&Event| matches!(event, Event::Undeliverable(_, Loss::NeverSent));
    let lost: u64 = told
        .iter()
        .filter(lost)
        .map(|event| match event {
            Event::Undeliverable(ids, _) => ids.count(),
            _ => 0,
        })
        .sum();
    assert_eq!(lost, 2, "the first message and the last place");
    assert!(told.len() <= 256);
}

#[wasm_bindgen_test]
fn what_a_session_makes_needless_is_refused_with_both_names() {
    let refused = |builder: Builder<str, String, Text>| {
        let error = builder.session(SessionConfig::default()).connect().err().unwrap();
        error.to_string()
    };
    let said = refused(TextSocket::builder(&nowhere()).overflow(Overflow::DropNewest));
    assert!(said.contains("overflow") && said.contains("session"), "{said}");
    let said = refused(TextSocket::builder(&nowhere()).latest_by(|_| None));
    assert!(said.contains("latest_by") && said.contains("session"), "{said}");
}
