//! Clients that break the rules hear why, and nobody else is disturbed.

use keepline_demo::{ChatEvent, TaskUpdate};
use keepline_server::Options;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::world::{World, soon};

const LIMIT: usize = 64 * 1024;

fn limited() -> World {
    World::with(Options { message_limit: LIMIT, ..Options::default() })
}

fn fragment(opcode: Data, size: usize, is_final: bool) -> Message {
    Message::Frame(Frame::message(vec![b'x'; size], OpCode::Data(opcode), is_final))
}

/// Sends raw bytes after the upgrade; the code and the reason that come back as the last frame.
async fn closed_after(world: &World, bytes: &[u8]) -> (u16, String) {
    let mut stream = world.connect("/echo").await.into_stream();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    soon("the server to close", stream.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(answer[0], 0x88, "a close frame: {answer:?}");
    assert_eq!(usize::from(answer[1]), answer.len() - 2, "the only frame: {answer:?}");
    let reason = String::from_utf8(answer[4..].to_vec()).unwrap();
    (u16::from_be_bytes([answer[2], answer[3]]), reason)
}

#[tokio::test]
async fn a_message_over_the_limit_is_closed_with_1009_whether_text_or_binary() {
    let world = limited();
    let mut witness = world.connect("/echo").await;
    for message in [Message::text("x".repeat(LIMIT + 1)), Message::binary(vec![0; LIMIT + 1])] {
        let mut client = world.connect("/echo").await;
        client.send(message).await;
        let reason = "a message may have at most 65536 bytes".to_owned();
        assert_eq!(client.closed().await, (1009, reason));
    }
    witness.send(Message::binary(vec![1; LIMIT])).await;
    assert_eq!(witness.next().await.len(), LIMIT);
}

#[tokio::test]
async fn the_default_limit_is_twelve_mebibytes() {
    let world = World::start();
    let mut client = world.connect("/echo").await;
    client.send(Message::binary(vec![0; 12 * 1024 * 1024 + 1])).await;
    assert_eq!(client.closed().await.0, 1009);
}

#[tokio::test]
async fn a_fragmented_message_counts_as_a_whole() {
    let world = limited();
    let mut client = world.connect("/echo").await;
    client.send(fragment(Data::Binary, LIMIT / 2, false)).await;
    client.send(fragment(Data::Continue, LIMIT / 2, true)).await;
    assert_eq!(client.next().await.len(), LIMIT);
    client.send(fragment(Data::Text, LIMIT, false)).await;
    client.send(fragment(Data::Continue, 1, false)).await;
    assert_eq!(client.closed().await.0, 1009);
}

#[tokio::test]
async fn a_client_that_is_still_sending_far_too_much_reads_its_close_code() {
    let world = limited();
    let mut client = world.connect("/echo").await;
    client.send(Message::binary(vec![0; 200 * LIMIT])).await;
    assert_eq!(client.closed().await.0, 1009);
}

#[tokio::test]
async fn a_frame_that_only_claims_to_be_huge_is_refused_by_its_header() {
    let mut header = vec![0x82, 0xff];
    header.extend(u64::MAX.to_be_bytes());
    header.extend([0; 4]);
    let world = limited();
    assert_eq!(closed_after(&world, &header).await.0, 1009);
}

#[tokio::test]
async fn a_text_that_is_not_utf8_is_closed_with_1007() {
    let world = World::start();
    let closed = (1007, "a text message was not valid UTF-8".to_owned());
    let whole = [0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28];
    assert_eq!(closed_after(&world, &whole).await, closed);
    let in_two = [0x01, 0x81, 0, 0, 0, 0, 0xc3, 0x80, 0x81, 0, 0, 0, 0, 0x28];
    assert_eq!(closed_after(&world, &in_two).await, closed);
    let in_a_close_reason = [0x88, 0x83, 0, 0, 0, 0, 0x03, 0xe8, 0xff];
    assert_eq!(closed_after(&world, &in_a_close_reason).await, closed);
}

#[tokio::test]
async fn a_character_may_be_cut_in_two_by_fragments() {
    let world = World::start();
    let mut client = world.connect("/echo").await;
    for (opcode, half, is_final) in [(Data::Text, 0xc3, false), (Data::Continue, 0xa4, true)] {
        let frame = Frame::message(vec![half], OpCode::Data(opcode), is_final);
        client.send(Message::Frame(frame)).await;
    }
    assert_eq!(client.text().await, "ä");
}

#[tokio::test]
async fn frames_that_break_the_protocol_are_closed_with_1002() {
    let world = World::start();
    let mut witness = world.connect("/echo").await;
    for (what, bytes) in [
        ("an unmasked frame", &[0x81, 0x02, b'h', b'i'][..]),
        ("a reserved bit", &[0xc1, 0x80, 0, 0, 0, 0]),
        ("a reserved opcode", &[0x83, 0x80, 0, 0, 0, 0]),
        ("a reserved control opcode", &[0x8b, 0x80, 0, 0, 0, 0]),
        ("a continuation of nothing", &[0x80, 0x80, 0, 0, 0, 0]),
        ("a text within a text", &[0x01, 0x80, 0, 0, 0, 0, 0x81, 0x80, 0, 0, 0, 0]),
        ("a fragmented ping", &[0x09, 0x80, 0, 0, 0, 0]),
        ("a close frame of one byte", &[0x88, 0x81, 0, 0, 0, 0, 3]),
        ("a close code that may not be sent", &[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed]),
        ("another protocol", b"GET / HTTP/1.1\r\n\r\n"),
    ] {
        assert_eq!(closed_after(&world, bytes).await.0, 1002, "{what}");
    }
    witness.send("undisturbed").await;
    assert_eq!(witness.text().await, "undisturbed");
}

#[tokio::test]
async fn a_rate_out_of_range_is_refused_with_the_range() {
    let world = World::start();
    for hz in ["0", "-1", "1001", "1e9", "NaN", "inf", "fast", "", "1&hz=2"] {
        let mut client = world.connect(&format!("/stream?hz={hz}")).await;
        let reason = "hz must be a number from 0.1 to 1000".to_owned();
        assert_eq!(client.closed().await, (4400, reason), "hz={hz}");
    }
}

#[tokio::test]
async fn an_item_without_a_credential_is_accepted_and_closed_with_1008() {
    let world = World::start();
    for path in [
        "/items/foo/ws",
        "/items/foo/ws?q=1",
        "/items/foo/ws?q=none-of-your-business",
        "/items/%FF/ws",
        "/items/foo/ws?token=",
    ] {
        let mut client = world.connect(path).await;
        assert_eq!(client.closed().await.0, 1008, "{path}");
    }
}

#[tokio::test]
async fn an_item_takes_an_integer_and_text() {
    let world = World::start();
    for path in ["/items/foo/ws?token=t&q=1.5", "/items/foo/ws?token=t&q=99999999999999999999"] {
        let mut client = world.connect(path).await;
        assert_eq!(client.closed().await.0, 4400, "{path}");
    }
    let mut client = world.connect("/items/foo/ws?token=a&token=b").await;
    assert_eq!(client.closed().await, (4400, "token must be given once".to_owned()));
    let mut client = world.connect("/items/%FF/ws?token=t").await;
    assert_eq!(client.closed().await, (4400, "the item's id is not UTF-8".to_owned()));
    let mut client = world.connect("/items/foo/ws?token=t").await;
    client.send(Message::binary(vec![1])).await;
    assert_eq!(client.closed().await, (1003, "this endpoint takes text only".to_owned()));
}

#[tokio::test]
async fn an_unknown_task_or_wrong_inputs_get_an_error_and_the_socket_stays() {
    let world = World::start();
    let mut client = world.connect("/task-runner").await;
    for (message, why) in [
        (Message::text("run!"), "not a request: expected value"),
        (Message::text("{}"), "not a request: missing field `task`"),
        (
            Message::text(r#"{"task":"format-disk"}"#),
            "unknown task; there are count, sum and words",
        ),
        (Message::text(r#"{"task":"sum"}"#), "wrong inputs: invalid type: null"),
        (
            Message::text(r#"{"task":"sum","inputs":{"numbers":["x"]}}"#),
            "wrong inputs: invalid type",
        ),
        (Message::text(r#"{"task":"count","inputs":{"to":0}}"#), "wrong inputs: to must be from 1"),
        (Message::binary(vec![1]), "tasks are asked for in text"),
        (Message::text(many_small_values()), "not a request: it has more than 65536 bytes"),
    ] {
        client.send(message).await;
        match client.json().await {
            TaskUpdate::Error { message } => assert!(message.starts_with(why), "{message}"),
            unexpected => panic!("{unexpected:?}"),
        }
    }
    client.send(r#"{"task":"sum","inputs":{"numbers":[1]}}"#).await;
    assert!(matches!(client.json().await, TaskUpdate::Started { .. }));
}

/// A request that would take far more memory than its text.
fn many_small_values() -> String {
    format!(r#"{{"task":"sum","type":"ping","inputs":{{"numbers":[{}0]}}}}"#, "0,".repeat(500_000))
}

#[tokio::test]
async fn a_chat_request_that_is_too_large_gets_an_error_and_the_socket_stays() {
    let world = World::start();
    let mut client = world.connect("/chat/lobby?name=Ada").await;
    assert!(matches!(client.json().await, ChatEvent::Welcome { .. }));
    client.send(many_small_values()).await;
    let message = "not a request: it has more than 65536 bytes".to_owned();
    assert_eq!(client.json::<ChatEvent>().await, ChatEvent::Error { message });
    client.send(r#"{"type":"ping"}"#).await;
    assert_eq!(client.json::<ChatEvent>().await, ChatEvent::Pong);
}
