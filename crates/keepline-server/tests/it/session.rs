//! Sessions over real sockets: what a client that follows docs/protocol.md hears, and what one
//! hears that does not.

use std::time::Duration;

use keepline_server::{Options, SessionOptions};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::world::{Answer, Client, World, soon};

pub(crate) const JSON: (&str, &str) = ("sec-websocket-protocol", "keepline.v1.json");
const ID: &str = "000102030405060708090a0b0c0d0e0f";
const INSTANCE: &str = "1011121314151617";

/// A client of one connection that says frames as the test words them.
pub(crate) struct Speaker {
    pub(crate) client: Client,
    heard: Vec<Value>,
}

impl Speaker {
    pub(crate) async fn connect(world: &World) -> Self {
        Self::connect_to(world, "/session/echo").await
    }

    pub(crate) async fn connect_to(world: &World, path: &str) -> Self {
        Self::over(Client::open(world.address, path, &[JSON]).await.unwrap())
    }

    pub(crate) fn over(client: Client) -> Self {
        assert_eq!(client.response.headers()["sec-websocket-protocol"], "keepline.v1.json");
        Self { client, heard: Vec::new() }
    }

    /// Connects, says hello, and returns the greeting as well.
    async fn greeted(world: &World, hello: Value) -> (Self, Value) {
        let mut speaker = Self::connect(world).await;
        speaker.say(json!([hello])).await;
        let greeting = speaker.hear("greeting").await;
        (speaker, greeting)
    }

    pub(crate) async fn say(&mut self, frame: Value) {
        self.client.send(Message::text(frame.to_string())).await;
    }

    /// The next record of this type; those of other types before it are passed over.
    pub(crate) async fn hear(&mut self, kind: &str) -> Value {
        loop {
            while self.heard.is_empty() {
                self.heard = self.client.json::<Vec<Value>>().await;
            }
            let record = self.heard.remove(0);
            if record["type"] == kind {
                return record;
            }
        }
    }

    pub(crate) async fn closed(&mut self) -> (u16, String) {
        self.client.closed().await
    }

    /// Says this, and returns how the connection is closed for it.
    async fn closed_for(&mut self, frame: Value) -> (u16, String) {
        self.say(frame).await;
        self.closed().await
    }

    /// The network is gone, without a word.
    pub(crate) fn cut(self) {
        let stream = self.client.into_stream();
        stream.set_zero_linger().unwrap();
    }
}

pub(crate) fn hello(attempt: u64) -> Value {
    json!({
        "type": "hello", "version": 1, "session": ID, "instance": INSTANCE, "attempt": attempt,
        "received": 0, "messageBytes": 262_144, "windowMessages": 4_096, "windowBytes": 1_048_576
    })
}

/// The same hello with other members.
pub(crate) fn with(mut hello: Value, members: Value) -> Value {
    let Value::Object(members) = members else { panic!("members are an object") };
    hello.as_object_mut().unwrap().extend(members);
    hello
}

pub(crate) fn text(number: u64, text: &str) -> Value {
    json!({ "type": "message", "number": number, "text": text })
}

pub(crate) fn ack(taken: u64) -> Value {
    json!({ "type": "ack", "taken": taken, "credit": 4_096 + taken, "creditBytes": 1_048_576 })
}

fn with_sessions(sessions: SessionOptions) -> World {
    World::with(Options { sessions, ..Options::default() })
}

#[tokio::test]
async fn a_client_that_offers_no_subprotocol_of_ours_is_told_which() {
    let close_within = Duration::from_millis(100);
    let world = World::with(Options { close_within, ..Options::default() });
    let why = "offer the subprotocol keepline.v1 or keepline.v1.json";
    let mut client = world.connect("/session").await;
    assert_eq!(client.closed().await, (4400, why.to_owned()));

    let request = "GET /session HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n\
        upgrade: websocket\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: chat.v1\r\n\r\n";
    let answer = Answer::to_raw(world.address, request).await;
    assert_eq!(answer.status, 101);
    assert!(!answer.head.contains("sec-websocket-protocol"), "{}", answer.head);
    assert!(answer.body.ends_with(why), "{}", answer.body);
}

/// A browser refuses a handshake without the subprotocol that it offered, and shows 1006.
#[tokio::test]
async fn what_is_wrong_with_an_address_is_said_in_the_subprotocol_that_is_offered() {
    let close_within = Duration::from_millis(100);
    let world = World::with(Options { close_within, ..Options::default() });
    for (path, why) in [
        ("/session/chat/lobby", "the name must not be empty"),
        ("/session/stream?hz=9999", "hz must be a number from 0.1 to 1000"),
    ] {
        for offered in ["keepline.v1", "keepline.v1.json"] {
            let request = format!(
                "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n\
                upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                sec-websocket-protocol: {offered}\r\n\r\n"
            );
            let answer = Answer::to_raw(world.address, &request).await;
            let selected = format!("sec-websocket-protocol: {offered}");
            assert!(answer.head.lines().any(|line| line == selected), "{}", answer.head);
            assert!(answer.body.ends_with(why), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn who_says_no_hello_is_closed_with_4408() {
    let session_hello = Duration::from_millis(200);
    let world = with_sessions(SessionOptions { session_hello, ..SessionOptions::default() });
    let mut silent = Speaker::connect(&world).await;
    assert_eq!(silent.closed().await, (4408, "no hello came".to_owned()));
}

#[tokio::test]
async fn a_first_frame_that_is_no_hello_is_closed_with_its_reason() {
    let world = World::start();
    let large = "x".repeat(16 * 1024);
    for (frame, code) in [
        (json!({}), 4451),
        (json!([]), 4451),
        (json!([{ "type": "hello", "version": 1 }]), 4451),
        (json!([with(hello(1), json!({ "attempt": 1.5 }))]), 4451),
        (json!([with(hello(1), json!({ "more": 1 }))]), 4451),
        (json!([with(hello(1), json!({ "version": 2 }))]), 4450),
        (json!([{ "type": "ping", "token": 1 }]), 4453),
        (json!([hello(1), hello(2)]), 4453),
        (json!([with(hello(1), json!({ "credentials": large }))]), 4454),
        (json!([{ "type": "shout" }]), 4455),
    ] {
        let mut speaker = Speaker::connect(&world).await;
        let (closed, reason) = speaker.closed_for(frame.clone()).await;
        assert_eq!(closed, code, "{frame}: {reason}");
        assert!(!reason.is_empty(), "{frame}");
    }
}

#[tokio::test]
async fn of_a_first_frame_that_is_too_large_the_rest_is_not_waited_for() {
    let world = World::start();
    let speaker = Speaker::connect(&world).await;
    let mut line = speaker.client.into_stream();
    // A text of a mebibyte is announced, of which little comes.
    line.write_all(&[0x81, 0x80 | 127, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0]).await.unwrap();
    line.write_all(&[b' '; 18 * 1024]).await.unwrap();
    let mut heard = Vec::new();
    soon("the close", line.read_to_end(&mut heard)).await.unwrap();
    assert_eq!(heard[2..4], 4454_u16.to_be_bytes());
}

#[tokio::test]
async fn one_who_has_been_greeted_may_say_more_than_a_hello() {
    let world = World::start();
    let (mut speaker, _) = Speaker::greeted(&world, hello(1)).await;
    speaker.say(json!([text(1, &"x".repeat(200_000))])).await;
    assert_eq!(speaker.hear("message").await["number"], 1);
}

#[tokio::test]
async fn an_epoch_that_nobody_remembers_is_a_new_one() {
    let world = World::start();
    let forgotten = json!({ "epoch": "00000000000000aa", "received": 3 });
    let (_, greeting) = Speaker::greeted(&world, with(hello(1), forgotten)).await;
    assert_ne!(greeting["epoch"], "00000000000000aa");
    assert_eq!((&greeting["received"], &greeting["previousTaken"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn what_breaks_the_rules_of_a_session_closes_the_connection_and_keeps_the_session() {
    let session_window = 4;
    let sessions = SessionOptions { session_window, ..SessionOptions::default() };
    let world = with_sessions(sessions);
    let (mut speaker, greeting) = Speaker::greeted(&world, hello(1)).await;
    let epoch = &greeting["epoch"];
    speaker.say(json!([text(1, "kept")])).await;
    assert_eq!(speaker.hear("message").await, text(1, "kept"));

    let crowd: Vec<Value> =
        (0..8_193).map(|token| json!({"type": "pong", "token": token})).collect();
    for (attempt, (frame, code)) in (2..).zip([
        (json!([hello(9)]), 4453),
        (json!([{ "type": "renewed", "expiresMs": 0 }]), 4453),
        (json!([{ "type": "goAway", "reachable": true, "withinMs": 0 }]), 4453),
        (json!([{ "type": "ping", "token": -1 }]), 4451),
        (json!([{ "type": "message", "number": 2, "bytes": "not base64" }]), 4451),
        (json!(crowd), 4454),
        (json!([text(2, &"x".repeat(256 * 1024 + 1))]), 4454),
        (json!([{ "type": "whisper" }]), 4455),
        (json!([text(3, "a gap")]), 4501),
        (json!([text(1, "again")]), 4501),
        (json!([ack(2)]), 4502),
        (json!([text(2, "2"), text(3, "3"), text(4, "4"), text(5, "5"), text(6, "6")]), 4503),
        (
            json!([{ "type": "ack", "taken": 0, "credit": 9, "creditBytes": 9 },
            { "type": "ack", "taken": 0, "credit": 8, "creditBytes": 9 }]),
            4505,
        ),
    ]) {
        drop(speaker);
        let back = with(hello(attempt), json!({ "epoch": epoch, "received": 1 }));
        let (next, greeting) = Speaker::greeted(&world, back).await;
        speaker = next;
        assert_eq!(greeting["epoch"], *epoch, "before {code}");
        let (closed, reason) = speaker.closed_for(frame).await;
        assert_eq!(closed, code, "{reason}");
        assert!(!reason.is_empty(), "{code}");
    }

    let never_was = with(hello(98), json!({ "epoch": epoch, "received": 1_000 }));
    let mut speaker = Speaker::connect(&world).await;
    let (closed, reason) = speaker.closed_for(json!([never_was])).await;
    assert_eq!((closed, reason.as_str()), (4504, "a position that cannot be"));

    let back = with(hello(99), json!({ "epoch": epoch, "received": 1 }));
    let (_, greeting) = Speaker::greeted(&world, back).await;
    assert_eq!(greeting["epoch"], *epoch);
}

#[tokio::test]
async fn a_session_has_a_limit_of_its_own() {
    let world = World::with(Options { message_limit: 1_024, ..Options::default() });
    let (mut speaker, greeting) = Speaker::greeted(&world, hello(1)).await;
    let large = "x".repeat(200_000);
    speaker.say(json!([text(1, &large)])).await;
    assert_eq!(speaker.hear("message").await, text(1, &large));

    // Larger than any frame of such messages, whatever their escapes.
    let (closed, reason) = speaker.closed_for(json!([text(2, &"x".repeat(2_000_000))])).await;
    assert_eq!((closed, reason.as_str()), (4454, "a message over the limit"));
    let back = with(hello(2), json!({ "epoch": greeting["epoch"], "received": 1 }));
    let (_, again) = Speaker::greeted(&world, back).await;
    assert_eq!(again["epoch"], greeting["epoch"], "the session stays");
}

#[tokio::test]
async fn a_session_that_waits_for_the_memory_of_others_goes_on_when_they_let_it_go() {
    let sessions = SessionOptions {
        session_message: 20_000,
        session_outbox: 80_000,
        session_memory: 80_000,
        ..SessionOptions::default()
    };
    let world = with_sessions(sessions);
    let (mut hog, _) = Speaker::greeted(&world, hello(1)).await;
    let mut reader = Speaker::connect_to(&world, "/session/broadcast").await;
    reader.say(json!([with(hello(1), json!({ "session": "f".repeat(32) }))])).await;
    reader.hear("greeting").await;

    // What it hears it never acknowledges.
    for number in 1..=4 {
        hog.say(json!([text(number, &"x".repeat(16_000))])).await;
    }
    hog.hear("message").await;
    sleep(Duration::from_millis(100)).await;
    let mut other = world.connect("/broadcast").await;
    other.send(Message::text("y".repeat(17_000))).await;
    let unheard = timeout(Duration::from_millis(400), reader.hear("message")).await;
    assert!(unheard.is_err(), "there is no memory left for so much: {unheard:?}");

    hog.say(json!([{ "type": "end", "taken": 0, "code": 1000, "reason": "" }])).await;
    soon("what the other has said", reader.hear("message")).await;
}

#[tokio::test]
async fn a_binary_frame_on_a_json_line_is_malformed() {
    let world = World::start();
    let mut speaker = Speaker::connect(&world).await;
    speaker.client.send(Message::binary(vec![6, 1, 0])).await;
    assert_eq!(speaker.closed().await.0, 4451);
}

#[tokio::test]
async fn a_copy_of_a_client_is_refused_and_the_first_one_hears_nothing_of_it() {
    let world = World::start();
    let (mut first, _) = Speaker::greeted(&world, hello(1)).await;

    let mut copy = Speaker::connect(&world).await;
    let other = with(hello(2), json!({ "instance": "ffffffffffffffff" }));
    let why = "another instance or a later attempt has the session".to_owned();
    assert_eq!(copy.closed_for(json!([other])).await, (4452, why.clone()));
    let mut past = Speaker::connect(&world).await;
    assert_eq!(past.closed_for(json!([hello(1)])).await, (4452, why));

    first.say(json!([text(1, "undisturbed")])).await;
    assert_eq!(first.hear("message").await, text(1, "undisturbed"));
}

#[tokio::test]
async fn a_later_attempt_takes_the_session_from_the_older_connection() {
    let world = World::start();
    let (mut older, greeting) = Speaker::greeted(&world, hello(1)).await;
    let back = with(hello(2), json!({ "epoch": greeting["epoch"] }));
    let (mut newer, again) = Speaker::greeted(&world, back).await;
    assert_eq!(again["epoch"], greeting["epoch"]);
    assert_eq!(older.closed().await.0, 4452);
    newer.say(json!([text(1, "here")])).await;
    assert_eq!(newer.hear("message").await, text(1, "here"));
}

#[tokio::test]
async fn a_session_goes_on_where_its_lost_connection_left_it() {
    let world = World::start();
    let (mut speaker, greeting) = Speaker::greeted(&world, hello(1)).await;
    speaker.say(json!([text(1, "one"), text(2, "two")])).await;
    while speaker.hear("ack").await["taken"] != 2 {}
    speaker.cut();

    let back = with(hello(2), json!({ "epoch": greeting["epoch"], "received": 1 }));
    let (mut speaker, again) = Speaker::greeted(&world, back).await;

    assert_eq!((&again["epoch"], &again["received"]), (&greeting["epoch"], &json!(2)));
    assert_eq!(speaker.hear("ack").await["taken"], 2);
    assert_eq!(speaker.hear("message").await, text(2, "two"));
    speaker.say(json!([ack(2), text(3, "three")])).await;
    assert_eq!(speaker.hear("message").await, text(3, "three"));
}

#[tokio::test]
async fn a_session_that_was_held_too_long_leaves_word_of_how_far_it_came() {
    let session_hold = Duration::from_millis(200);
    let world = with_sessions(SessionOptions { session_hold, ..SessionOptions::default() });
    let (mut speaker, first) = Speaker::greeted(&world, hello(1)).await;
    speaker.say(json!([text(1, "one"), text(2, "two")])).await;
    while speaker.hear("ack").await["taken"] != 2 {}
    speaker.cut();

    let mut attempt = 2;
    let greeting = soon("the session to be given up", async {
        loop {
            // Each look at it begins its time anew.
            sleep(2 * session_hold).await;
            let back = json!({ "epoch": first["epoch"], "received": 2 });
            let (speaker, greeting) = Speaker::greeted(&world, with(hello(attempt), back)).await;
            if greeting["epoch"] != first["epoch"] {
                break greeting;
            }
            speaker.cut();
            attempt += 1;
        }
    })
    .await;

    assert_eq!(greeting["received"], 0);
    assert_eq!((&greeting["previousTaken"], &greeting["previousSent"]), (&json!(2), &json!(2)));
}

#[tokio::test]
async fn a_server_that_stops_lets_a_session_end_in_peace() {
    let mut world = World::start();
    let (mut speaker, _) = Speaker::greeted(&world, hello(1)).await;
    speaker.say(json!([text(1, "the last word")])).await;
    speaker.hear("message").await;

    world.stop();

    assert_eq!(speaker.hear("goAway").await["reachable"], false);
    let end = json!({ "type": "end", "taken": 1, "code": 1000, "reason": "" });
    speaker.say(json!([end])).await;
    assert_eq!(speaker.hear("end").await, end);
    assert_eq!(speaker.closed().await.0, 1000);
    speaker.client.ended().await;
    world.stopped().await;
}

#[tokio::test]
async fn a_client_that_stays_is_told_when_to_come_back_before_the_server_stops() {
    let (close_within, stop_within) = (Duration::from_millis(500), Duration::from_secs(1));
    let mut world = World::with(Options { close_within, stop_within, ..Options::default() });
    let (mut speaker, _) = Speaker::greeted(&world, hello(1)).await;

    world.stop();

    assert_eq!(speaker.hear("goAway").await["withinMs"], 500);
    let bye = speaker.hear("bye").await;
    assert_eq!((&bye["code"], &bye["again"]), (&json!(1001), &json!(true)));
    assert_eq!(speaker.closed().await, (1001, "the server is stopping".to_owned()));
    speaker.client.ended().await;
    world.stopped().await;
}

#[tokio::test]
async fn a_server_that_has_stopped_leaves_no_application_of_a_lost_client_running() {
    let mut world = World::start();
    let (speaker, _) = Speaker::greeted(&world, hello(1)).await;
    speaker.cut();

    world.stop();
    world.stopped().await;

    let tasks = tokio::runtime::Handle::current().metrics();
    let all_ended = async {
        while tasks.num_alive_tasks() > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    soon("every task to end", all_ended).await;
}

#[tokio::test]
async fn a_server_without_room_for_another_session_says_when_to_come_back() {
    let few = SessionOptions { max_anonymous_sessions: 1, ..SessionOptions::default() };
    let small = SessionOptions {
        session_message: 512,
        session_window_bytes: 512,
        session_outbox: 512,
        session_memory: 1_600,
        ..SessionOptions::default()
    };
    for sessions in [few, small] {
        let world = with_sessions(sessions);
        let (mut first, _) = Speaker::greeted(&world, hello(1)).await;
        let mut second = Speaker::connect(&world).await;
        let other = with(hello(1), json!({ "session": "ff".repeat(16) }));

        second.say(json!([other])).await;

        let bye = second.hear("bye").await;
        assert_eq!((&bye["code"], &bye["again"]), (&json!(4429), &json!(true)));
        assert!(bye["afterMs"].as_u64() > Some(0), "{bye}");
        assert_eq!(second.closed().await, (4429, "no more sessions here".to_owned()));
        first.say(json!([{ "type": "ping", "token": 7 }])).await;
        assert_eq!(first.hear("pong").await["token"], 7);
    }
}
