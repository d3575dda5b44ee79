//! What one client does is of no harm to the others, and what its network does of none to itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use keepline_server::{Caller, Options, Server, SessionOptions, router};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::session::{JSON, Speaker, hello, text, with};
use crate::world::{Client, World, request};

/// A session of its own for each number.
fn of_client(number: usize) -> Value {
    with(hello(1), json!({ "session": format!("{number:032x}") }))
}

/// Begins one, and knows that its application has as well.
async fn join(world: &World, path: &str, number: usize, first: &str) -> Speaker {
    let mut speaker = Speaker::connect_to(world, path).await;
    speaker.say(json!([of_client(number)])).await;
    speaker.hear("greeting").await;
    speaker.say(json!([text(1, first)])).await;
    speaker.hear("message").await;
    speaker
}

/// Reads on until a message holds these words.
async fn hears(speaker: &mut Speaker, words: &str) {
    while !speaker.hear("message").await["text"].as_str().unwrap().contains(words) {}
}

#[tokio::test]
async fn a_message_that_is_too_large_for_a_session_does_not_end_it() {
    let world = World::start();
    let mut sessions = Vec::new();
    for number in 1..=3 {
        sessions.push(join(&world, "/session/broadcast", number, "here").await);
    }
    let mut plain = world.connect("/broadcast").await;
    plain.send("x".repeat(300_000)).await;
    for session in &mut sessions {
        hears(session, "a message of 300016 bytes is too large for this session").await;
    }
    // As much as it may say, and who has said it comes before that.
    sessions[0].say(json!([text(2, &"x".repeat(262_144))])).await;
    for session in &mut sessions {
        hears(session, "a message of 262160 bytes is too large for this session").await;
    }
    sessions[0].say(json!([text(3, "after all that")])).await;
    for session in &mut sessions {
        hears(session, "after all that").await;
    }
}

#[tokio::test]
async fn a_burst_does_not_push_out_who_reads() {
    for (path, said) in
        [("/session/chat/a", r#"{"type":"say","text":"x"}"#), ("/session/broadcast", "x")]
    {
        let world = World::start();
        let name = |name: &str| match path.contains("chat") {
            true => format!("{path}?name={name}"),
            false => path.to_owned(),
        };
        let first = r#"{"type":"ping"}"#;
        let mut reader = join(&world, &name("reader"), 1, first).await;
        let mut speaker = join(&world, &name("speaker"), 2, first).await;
        let burst: Vec<_> = (2..=1_001).map(|number| text(number, said)).collect();
        speaker.say(Value::Array(burst)).await;
        for _ in 0..1_000 {
            reader.hear("message").await;
        }
        assert_eq!(world.get("/health").await.status, 200);
    }
}

#[tokio::test]
async fn nobody_is_asked_about_a_connection_that_is_gone() {
    struct Asked(Arc<AtomicUsize>);
    impl Drop for Asked {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let server = Server::new(Options::default()).unwrap().verifying(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        let asked = Asked(Arc::clone(&counter));
        async move {
            sleep(Duration::from_secs(60)).await;
            drop(asked);
            Ok(Caller::default())
        }
    });
    let world = World::of(router(&server), server);
    for number in 1..=20 {
        let mut speaker = Speaker::connect_to(&world, "/session").await;
        speaker.say(json!([of_client(number)])).await;
        let is_asked = async {
            while asked.load(Ordering::SeqCst) == 0 {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(5), is_asked).await.unwrap();
        speaker.cut();
        let is_forgotten = async {
            while asked.load(Ordering::SeqCst) > 0 {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(5), is_forgotten).await.unwrap();
    }
}

/// A text frame of a client (RFC 6455 §5.2), with a mask that changes nothing.
async fn say(line: &mut OwnedWriteHalf, frame: Value) -> std::io::Result<()> {
    let payload = frame.to_string();
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [0x81, 0xfe, length[0], length[1], 0, 0, 0, 0];
    line.write_all(&[&head, payload.as_bytes()].concat()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_resumes_on_a_slow_line_is_heard_meanwhile() {
    const MESSAGES: u64 = 20;
    // Whoever says nothing for 5 s is taken for dead.
    let sessions =
        SessionOptions { session_ping: Duration::from_secs(2), ..SessionOptions::default() };
    let world = World::narrow(Options { sessions, ..Options::default() });
    let mut first = Speaker::connect(&world).await;
    first.say(json!([hello(1)])).await;
    let greeting = first.hear("greeting").await;
    for number in 1..=MESSAGES {
        first.say(json!([text(number, &"x".repeat(16_384))])).await;
        first.hear("message").await;
    }
    first.cut();

    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = socket.connect(world.address).await.unwrap();
    let request = request(world.address, "/session/echo", &[JSON]);
    let client = Client::over(stream, request).await.unwrap();
    let (mut heard, mut said) = client.into_stream().into_split();
    let known = json!({ "epoch": greeting["epoch"], "received": 0 });
    say(&mut said, json!([with(hello(2), known)])).await.unwrap();
    let talks = tokio::spawn(async move {
        for token in 1.. {
            sleep(Duration::from_millis(500)).await;
            if say(&mut said, json!([{ "type": "ping", "token": token }])).await.is_err() {
                break;
            }
        }
    });
    let (began, mut all, mut part) = (Instant::now(), Vec::new(), vec![0; 3_686]);
    let mut ticks = interval(Duration::from_millis(100));
    // At 36 kB a second, what waits takes 9 s.
    while all.len() < 16_384 * MESSAGES as usize {
        ticks.tick().await;
        let count = heard.read(&mut part).await.unwrap();
        assert!(count > 0, "closed after {:?}: {:?}", began.elapsed(), Message::binary(all));
        all.extend(&part[..count]);
    }
    talks.abort();
    assert!(began.elapsed() > Duration::from_secs(6), "the line was not slow");
    let pongs = String::from_utf8_lossy(&all).matches("\"pong\"").count();
    assert!(pongs > 3, "{pongs} pongs");
}

/// Both are in the middle of a message that no buffer holds.
#[tokio::test]
async fn two_who_write_at_the_same_time_do_not_hold_each_other_up() {
    let world =
        World::narrow(Options { write_within: Duration::from_secs(2), ..Options::default() });
    let line = world.connect_narrow_with("/session/echo", &[JSON]).await;
    let (mut speaker, large) = (Speaker::over(line), "x".repeat(250_000));
    speaker.say(json!([with(hello(1), json!({ "windowBytes": 2_000_000 }))])).await;
    speaker.hear("greeting").await;
    for number in [1, 3, 5] {
        speaker.say(json!([text(number, &large)])).await;
        speaker.say(json!([text(number + 1, &large)])).await;
        speaker.hear("message").await;
        assert_eq!(speaker.hear("message").await["number"], number + 1);
    }
}

#[tokio::test]
async fn neither_do_they_on_a_plain_socket() {
    let world =
        World::narrow(Options { write_within: Duration::from_secs(2), ..Options::default() });
    let mut client = world.connect_narrow("/echo").await;
    for _ in 0..3 {
        client.send(Message::binary(vec![1; 250_000])).await;
        client.send(Message::binary(vec![2; 250_000])).await;
        assert_eq!(client.next().await.len(), 250_000);
        assert_eq!(client.next().await.into_data()[0], 2);
    }
}
