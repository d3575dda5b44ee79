//! Clients that are slow, silent or too many.

use std::time::Duration;

use keepline_demo::ChatEvent;
use keepline_server::{Options, OptionsError, SessionOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::select;
use tokio::time::timeout;
use tokio::time::{interval, sleep};
use tokio_tungstenite::tungstenite::Message;

use crate::world::{Client, DEADLINE, World, soon};

const TOO_SLOW: &str = "messages were read too slowly";

/// Below the size for which the deadline of a write grows.
const LARGE: usize = 30 * 1024;

/// Speaks and listens until it hears that the first client left.
async fn speak_until_the_first_leaves(speaker: &mut Client) {
    loop {
        speaker.send(Message::binary(vec![0; LARGE])).await;
        match speaker.next().await {
            Message::Text(news) if news == "Client #1 left" => return,
            Message::Binary(own) => assert_eq!(own.len(), LARGE),
            unexpected => panic!("{unexpected}"),
        }
    }
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_closed_and_the_others_go_on() {
    let (mailbox, close_within, stop_within) = (4, DEADLINE, DEADLINE);
    let limits = Options { mailbox, close_within, stop_within, ..Options::default() };
    let world = World::narrow(limits);
    let mut slow = world.connect_narrow("/broadcast").await;
    let mut speaker = world.connect("/broadcast").await;
    speak_until_the_first_leaves(&mut speaker).await;
    assert_eq!(slow.closed().await, (4408, TOO_SLOW.to_owned()));
    let mut late = world.connect("/broadcast").await;
    late.send("and on it goes").await;
    assert_eq!(late.text().await, "Client #3 says: and on it goes");
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_closed_at_the_deadline_of_a_write() {
    // Of the speaker, too: long enough for one that reads.
    let write_within = Duration::from_secs(1);
    let (mailbox, close_within, stop_within) = (1_000_000, DEADLINE, DEADLINE);
    let limits = Options { write_within, mailbox, close_within, stop_within, ..Options::default() };
    let world = World::narrow(limits);
    let mut stuck = world.connect_narrow("/broadcast").await;
    let mut speaker = world.connect("/broadcast").await;
    speak_until_the_first_leaves(&mut speaker).await;
    assert_eq!(stuck.closed().await, (4408, TOO_SLOW.to_owned()));
}

#[tokio::test]
async fn a_stream_that_nobody_reads_is_given_up() {
    let (write_within, close_within) = (Duration::from_millis(100), Duration::from_millis(100));
    let limits = Options { write_within, close_within, max_sockets: 1, ..Options::default() };
    let world = World::narrow(limits);
    let _stuck = world.connect_narrow("/stream?hz=1000").await;
    assert_eq!(world.get("/ready").await.status, 503);
    until_ready(&world).await;
}

#[tokio::test]
async fn a_client_that_only_pings_and_never_reads_the_answers_is_given_up() {
    let (write_within, close_within) = (Duration::from_millis(100), Duration::from_millis(100));
    let limits = Options { write_within, close_within, max_sockets: 1, ..Options::default() };
    let world = World::narrow(limits);
    let mut flood = world.connect_narrow("/echo").await.into_stream();
    let mut ping = vec![0x89, 0x80 | 125, 0, 0, 0, 0];
    ping.resize(6 + 125, b'x');
    let pings = ping.repeat(1_000);
    let flooding = async { while flood.write_all(&pings).await.is_ok() {} };
    select! {
        () = until_ready(&world) => {}
        () = flooding => until_ready(&world).await,
    }
}

/// Each answer takes memory until the network takes it.
#[tokio::test]
async fn who_does_not_read_the_answers_to_its_pings_is_not_read_either() {
    const MOST: usize = 32 << 20;
    let world = World::start();
    let mut flood = world.connect_narrow("/echo").await.into_stream();
    let mut ping = vec![0x89, 0x80 | 125, 0, 0, 0, 0];
    ping.resize(6 + 125, b'x');
    let (pings, mut sent) = (ping.repeat(1_000), 0);
    while sent < MOST && timeout(Duration::from_secs(1), flood.write_all(&pings)).await.is_ok() {
        sent += pings.len();
    }
    assert!(sent < MOST, "{sent} bytes of pings were read, and their answers kept");
}

#[tokio::test]
async fn a_client_that_does_not_answer_a_ping_is_gone_for_the_others_too() {
    let pong_within = Duration::from_millis(300);
    let ping_every = Duration::from_millis(100);
    let (close_within, stop_within) = (DEADLINE, DEADLINE);
    let limits = Options { ping_every, pong_within, close_within, ..Options::default() };
    let world = World::with(Options { stop_within, ..limits });
    let mut silent = world.connect("/chat/lobby?name=Silent").await;
    assert!(matches!(silent.json().await, ChatEvent::Welcome { .. }));
    let mut alive = world.connect("/chat/lobby?name=Alive").await;
    assert!(matches!(alive.json().await, ChatEvent::Welcome { .. }));
    assert_eq!(alive.json::<ChatEvent>().await, ChatEvent::Left { name: "Silent".to_owned() });
    assert_eq!(silent.closed().await, (4408, "a ping was not answered".to_owned()));
}

#[tokio::test]
async fn a_quiet_client_that_answers_pings_stays_and_is_asked_again_as_often() {
    // The next ping does not wait for the time that an answer has.
    let pong_within = 2 * DEADLINE;
    let ping_every = Duration::from_millis(10);
    let world = World::with(Options { ping_every, pong_within, ..Options::default() });
    let mut quiet = world.connect("/echo").await;
    for _ in 0..5 {
        assert!(matches!(quiet.frame().await, Message::Ping(_)));
    }
    quiet.send("still here").await;
    assert_eq!(quiet.text().await, "still here");
}

#[tokio::test]
async fn a_large_message_on_a_slow_line_is_a_sign_of_life() {
    let (ping_every, pong_within) = (Duration::from_millis(20), Duration::from_millis(300));
    let world = World::with(Options { ping_every, pong_within, ..Options::default() });
    let mut line = world.connect("/echo").await.into_stream();
    let mut moments = interval(Duration::from_millis(10));
    let message: Vec<u8> = (0..50).collect();
    line.write_all(&[0x82, 0x80 | 50, 0, 0, 0, 0]).await.unwrap();
    for byte in &message {
        moments.tick().await;
        line.write_u8(*byte).await.unwrap();
    }
    assert_eq!(echo_on(&mut line).await, message);
}

#[tokio::test]
async fn one_socket_too_many_is_closed_with_1013_and_the_server_is_not_ready() {
    let world = World::with(Options { max_sockets: 1, ..Options::default() });
    let mut first = world.connect("/echo").await;
    let mut second = world.connect("/echo").await;
    assert_eq!(second.closed().await.0, 1013);
    let ready = world.get("/ready").await;
    assert_eq!((ready.status, ready.body.as_str()), (503, r#"{"status":"full"}"#));
    assert_eq!(world.get("/health").await.status, 200);
    first.send("undisturbed").await;
    assert_eq!(first.text().await, "undisturbed");
    drop(first);
    until_ready(&world).await;
    let mut third = world.connect("/echo").await;
    third.send("my turn").await;
    assert_eq!(third.text().await, "my turn");
}

async fn until_ready(world: &World) {
    let ready = async {
        while world.get("/ready").await.status != 200 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    soon("the server to be ready", ready).await;
}

/// The payload of the first frame that is not a ping.
async fn echo_on(line: &mut TcpStream) -> Vec<u8> {
    loop {
        let mut head = [0; 2];
        soon("a frame", line.read_exact(&mut head)).await.unwrap();
        let mut payload = vec![0; head[1].into()];
        soon("its payload", line.read_exact(&mut payload)).await.unwrap();
        if head[0] != 0x89 {
            return payload;
        }
    }
}

#[test]
fn bounds_without_an_end_are_judged_and_do_not_overflow() {
    let ping = SessionOptions { session_ping: Duration::MAX, ..SessionOptions::default() };
    let message = SessionOptions { session_message: usize::MAX, ..SessionOptions::default() };
    for sessions in [ping, message] {
        let options = Options { sessions, ..Options::default() };
        assert!(matches!(options.check(), Err(OptionsError::Sessions(_))));
    }
}
