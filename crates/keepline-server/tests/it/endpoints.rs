//! What each endpoint does for a client that behaves.

use futures_util::{SinkExt, StreamExt};
use keepline_demo::{PROBE, PROBE_ANSWER, Sample, TaskUpdate};
use serde_json::json;
use tokio::join;
use tokio_tungstenite::tungstenite::Message;

use crate::world::{Client, World, soon};

#[tokio::test]
async fn an_echo_is_what_was_sent_text_as_text_and_binary_as_binary() {
    let world = World::start();
    let mut client = world.connect("/echo").await;
    for message in [Message::text("grüße"), Message::text(""), Message::binary(vec![0, 159, 146])]
    {
        client.send(message.clone()).await;
        assert_eq!(client.next().await, message);
    }
}

#[tokio::test]
async fn an_echo_may_be_as_large_as_the_limit() {
    let world = World::start();
    let client = world.connect("/echo").await;
    let largest = Message::binary(vec![7; 12 * 1024 * 1024]);
    // The echo begins to come before the last of it is sent.
    let (mut there, mut back) = client.socket.split();
    let (sent, echo) = join!(there.send(largest.clone()), soon("the echo", back.next()));
    sent.unwrap();
    assert!(echo.unwrap().unwrap() == largest, "the echo is another message");
}

#[tokio::test]
async fn a_text_that_is_cut_within_a_character_on_its_way_is_whole_again() {
    let world = World::start();
    let mut client = world.connect("/echo").await;
    // Any fragment of an even number of bytes ends in the middle of one.
    let text = format!("x{}", "ä".repeat(100_000));
    client.send(text.clone()).await;
    assert!(client.text().await == text, "the echo is another text");
}

#[tokio::test]
async fn an_echo_speaks_the_first_subprotocol_offered_and_none_if_none_is() {
    let world = World::start();
    let offered = [("sec-websocket-protocol", "chat.v2, chat.v1")];
    let client = Client::open(world.address, "/echo", &offered).await.unwrap();
    assert_eq!(client.response.headers()["sec-websocket-protocol"], "chat.v2");
    let client = world.connect("/echo").await;
    assert!(!client.response.headers().contains_key("sec-websocket-protocol"));
}

#[tokio::test]
async fn a_ping_is_answered_with_its_own_payload() {
    let world = World::start();
    let mut client = world.connect("/echo").await;
    client.send(Message::Ping("are you there".into())).await;
    assert_eq!(client.frame().await, Message::Pong("are you there".into()));
}

#[tokio::test]
async fn hello_greets_and_closes() {
    let world = World::start();
    let mut client = world.connect("/hello").await;
    assert_eq!(client.text().await, "Hello, WebSocket!");
    assert_eq!(client.closed().await.0, 1000);
}

#[tokio::test]
async fn a_broadcast_reaches_everybody_and_tells_who_left() {
    let world = World::start();
    let mut ada = world.connect("/broadcast").await;
    ada.send("am I alone?").await;
    assert_eq!(ada.text().await, "Client #1 says: am I alone?");
    let mut bob = world.connect("/broadcast").await;
    bob.send("no").await;
    assert_eq!(bob.text().await, "Client #2 says: no");
    assert_eq!(ada.text().await, "Client #2 says: no");
    bob.send(Message::binary(vec![1, 2])).await;
    assert_eq!(ada.next().await, Message::binary(vec![1, 2]));
    drop(bob);
    assert_eq!(ada.text().await, "Client #2 left");
}

#[tokio::test]
async fn a_stream_sends_samples_as_often_as_asked_and_answers_the_probe() {
    let world = World::start();
    let mut client = world.connect("/stream?hz=1000").await;
    let mut last: Sample = client.json().await;
    let sampling = async {
        for _ in 0..500 {
            let next: Sample = client.json().await;
            assert!(last.timestamp < next.timestamp && next.value.abs() <= 1.0);
            last = next;
        }
    };
    soon("five hundred samples", sampling).await;
    client.send(PROBE).await;
    while client.text().await != PROBE_ANSWER {}
}

#[tokio::test]
async fn a_stream_sends_a_sample_a_second_if_nothing_else_is_asked() {
    let world = World::start();
    let mut client = world.connect("/stream").await;
    let first: Sample = client.json().await;
    let second: Sample = client.json().await;
    assert!(second.timestamp - first.timestamp >= 0.9, "{first:?}, {second:?}");
}

#[tokio::test]
async fn a_stream_begins_at_once_even_if_it_is_slow() {
    let world = World::start();
    let mut client = world.connect("/stream?hz=0.1").await;
    let sample: Sample = client.json().await;
    assert!(sample.timestamp > 1.7e9);
}

#[tokio::test]
async fn an_item_answers_with_the_credential_the_question_and_the_text() {
    let world = World::start();
    let mut client = world.connect("/items/a%2Fb/ws?token=s%C3%A9same&q=-3").await;
    client.send("hi").await;
    assert_eq!(client.text().await, "Session cookie or query token value is: sésame");
    assert_eq!(client.text().await, "Query parameter q is: -3");
    assert_eq!(client.text().await, "Message text was: hi, for item ID: a/b");
}

#[tokio::test]
async fn a_session_cookie_opens_an_item_before_a_token_does() {
    let world = World::start();
    let cookie = [("cookie", "theme=dark; session=abc")];
    let mut client = Client::open(world.address, "/items/foo/ws?token=xyz", &cookie).await.unwrap();
    client.send("hi").await;
    assert_eq!(client.text().await, "Session cookie or query token value is: abc");
    assert_eq!(client.text().await, "Message text was: hi, for item ID: foo");
}

#[tokio::test]
async fn an_empty_session_cookie_does_not_hide_a_token() {
    let world = World::start();
    let cookie = [("cookie", "session=")];
    let mut client = Client::open(world.address, "/items/foo/ws?token=xyz", &cookie).await.unwrap();
    client.send("hi").await;
    assert_eq!(client.text().await, "Session cookie or query token value is: xyz");
}

#[tokio::test]
async fn a_task_is_started_goes_on_and_is_done() {
    let world = World::start();
    let mut client = world.connect("/task-runner").await;
    let request = json!({ "task": "count", "inputs": { "to": 4, "interval_ms": 5 } });
    client.send(request.to_string()).await;
    let (run_id, url) = started(client.json().await);
    let mut last = -1.0;
    let output = loop {
        match client.json().await {
            TaskUpdate::Running { run_id: id, progress } => {
                assert!(id == run_id && progress > last && progress <= 1.0);
                last = progress;
            }
            TaskUpdate::Done { run_id: id, output } if id == run_id => break output,
            unexpected => panic!("{unexpected:?}"),
        }
    };
    assert_eq!(output, json!({ "counted": 4 }));
    let answer = world.get(&url).await;
    assert_eq!(answer.status, 200);
    let known: TaskUpdate = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(known, TaskUpdate::Done { run_id, output });
    assert_eq!(world.get("/runs/0123456789abcdef").await.status, 404);
}

#[tokio::test]
async fn a_run_can_be_looked_at_after_the_socket_that_started_it_is_gone() {
    let world = World::start();
    let mut client = world.connect("/task-runner").await;
    let slow = json!({ "task": "count", "inputs": { "to": 1, "interval_ms": 60_000 } });
    client.send(slow.to_string()).await;
    let (run_id, url) = started(client.json().await);
    drop(client);
    let known: TaskUpdate = serde_json::from_str(&world.get(&url).await.body).unwrap();
    assert_eq!(known, TaskUpdate::Running { run_id, progress: 0.0 });
}

#[tokio::test]
async fn several_tasks_run_at_once_on_one_socket() {
    let world = World::start();
    let mut client = world.connect("/task-runner").await;
    let slow = json!({ "task": "count", "inputs": { "to": 1, "interval_ms": 60_000 } });
    client.send(slow.to_string()).await;
    let (slow_id, _) = started(client.json().await);
    client.send(json!({ "task": "words", "inputs": { "text": "one two" } }).to_string()).await;
    let output = loop {
        match client.json().await {
            TaskUpdate::Done { run_id, output } => {
                assert_ne!(run_id, slow_id);
                break output;
            }
            TaskUpdate::Started { .. } | TaskUpdate::Running { .. } => {}
            TaskUpdate::Error { message } => panic!("{message}"),
        }
    };
    assert_eq!(output, json!({ "lines": 1, "words": 2, "characters": 7 }));
}

#[tokio::test]
async fn who_asks_for_many_tasks_at_once_gets_an_output_before_the_next_start() {
    let (asked, running_at_once) = (2_000, 64);
    let world = World::start();
    let (mut there, back) = world.connect("/task-runner").await.socket.split();
    let request = json!({ "task": "sum", "inputs": { "numbers": [1] } }).to_string();
    let asking = async {
        for _ in 0..asked {
            there.feed(Message::text(request.clone())).await.unwrap();
        }
        there.flush().await.unwrap();
    };
    let mut messages = back.map(|message| message.unwrap().into_text().unwrap());
    let counting = async {
        let (mut answers, mut unfinished) = (0, 0);
        while answers < asked || unfinished > 0 {
            match serde_json::from_str(&messages.next().await.unwrap()).unwrap() {
                TaskUpdate::Started { .. } => (answers, unfinished) = (answers + 1, unfinished + 1),
                TaskUpdate::Running { .. } => {}
                TaskUpdate::Done { .. } => unfinished -= 1,
                TaskUpdate::Error { .. } => answers += 1,
            }
            // One more than run: the one that has just been started.
            assert!(unfinished <= running_at_once + 1, "after {answers} answers");
        }
    };
    join!(asking, soon("every answer", counting));
}

fn started(update: TaskUpdate) -> (String, String) {
    match update {
        TaskUpdate::Started { run_id, url } => (run_id, url),
        unexpected => panic!("{unexpected:?}"),
    }
}
