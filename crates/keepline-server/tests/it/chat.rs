//! People in rooms, and what they may not be called.

use keepline_demo::{ChatEvent, ChatRequest, MAX_TEXT_CHARS, PROBE, PROBE_ANSWER};
use tokio_tungstenite::tungstenite::Message;

use crate::world::{Client, World};

fn joined(name: &str) -> ChatEvent {
    ChatEvent::Joined { name: name.to_owned() }
}

fn left(name: &str) -> ChatEvent {
    ChatEvent::Left { name: name.to_owned() }
}

async fn say(client: &mut Client, text: &str) {
    let request = ChatRequest::Say { text: text.to_owned() };
    client.send(serde_json::to_string(&request).unwrap()).await;
}

/// What somebody said: the name and the text.
async fn heard(client: &mut Client) -> (String, String) {
    match client.json().await {
        ChatEvent::Said { name, text, timestamp } => {
            assert!(timestamp > 1.7e9);
            (name, text)
        }
        unexpected => panic!("{unexpected:?}"),
    }
}

/// The first message: the room, the own name, and who is there.
async fn welcomed(client: &mut Client) -> (String, String, Vec<String>) {
    match client.json().await {
        ChatEvent::Welcome { room, you, people } => (room, you, people),
        unexpected => panic!("{unexpected:?}"),
    }
}

async fn complaint(client: &mut Client) -> String {
    match client.json().await {
        ChatEvent::Error { message } => message,
        unexpected => panic!("{unexpected:?}"),
    }
}

#[tokio::test]
async fn people_in_a_room_hear_each_other_come_speak_and_go() {
    let world = World::start();
    let mut ada = world.connect("/chat/lobby?name=Ada").await;
    assert_eq!(welcomed(&mut ada).await.2, ["Ada"]);
    let mut elsewhere = world.connect("/chat/attic?name=Eve").await;
    assert_eq!(welcomed(&mut elsewhere).await.2, ["Eve"]);
    let mut bob = world.connect("/chat/lobby?name=Bob").await;
    assert_eq!(welcomed(&mut bob).await.2, ["Ada", "Bob"]);
    assert_eq!(ada.json::<ChatEvent>().await, joined("Bob"));
    say(&mut bob, "hello <b>").await;
    assert_eq!(heard(&mut ada).await, ("Bob".to_owned(), "hello <b>".to_owned()));
    say(&mut ada, "hi").await;
    assert_eq!(heard(&mut bob).await.1, "hi");
    drop(bob);
    assert_eq!(ada.json::<ChatEvent>().await, left("Bob"));
    elsewhere.send(PROBE).await;
    assert_eq!(elsewhere.text().await, PROBE_ANSWER);
}

#[tokio::test]
async fn a_name_that_is_taken_gets_a_number_in_this_room_only() {
    let world = World::start();
    let mut first = world.connect("/chat/lobby?name=Ada").await;
    assert_eq!(welcomed(&mut first).await.1, "Ada");
    let mut second = world.connect("/chat/lobby?name=Ada").await;
    assert_eq!(welcomed(&mut second).await.1, "Ada (2)");
    assert_eq!(first.json::<ChatEvent>().await, joined("Ada (2)"));
    let mut elsewhere = world.connect("/chat/attic?name=Ada").await;
    assert_eq!(welcomed(&mut elsewhere).await.1, "Ada");
}

#[tokio::test]
async fn a_room_begins_anew_when_everybody_has_left() {
    let world = World::start();
    let mut ada = world.connect("/chat/lobby?name=Ada").await;
    let mut witness = world.connect("/chat/lobby?name=Witness").await;
    welcomed(&mut ada).await;
    welcomed(&mut witness).await;
    drop(ada);
    assert_eq!(witness.json::<ChatEvent>().await, left("Ada"));
    witness.send(Message::Close(None)).await;
    while witness.frame().await != Message::Close(None) {}
    let mut ada = world.connect("/chat/lobby?name=Ada").await;
    assert_eq!(welcomed(&mut ada).await.2, ["Ada"]);
}

#[tokio::test]
async fn a_hostile_room_or_name_is_only_text() {
    let world = World::start();
    let path = "/chat/..%2F..%2Fetc%2Fpasswd?name=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E";
    let mut client = world.connect(path).await;
    let (room, you, _) = welcomed(&mut client).await;
    assert_eq!(room, "../../etc/passwd");
    assert_eq!(you, "<img src=x onerror=alert(1)>");
}

#[tokio::test]
async fn an_unusable_room_or_name_is_refused_in_band_and_with_a_code() {
    let world = World::start();
    let long_room = format!("/chat/{}?name=Ada", "r".repeat(65));
    let long_name = format!("/chat/lobby?name={}", "n".repeat(33));
    for (path, why) in [
        ("/chat/?name=Ada", "the room must not be empty"),
        ("/chat/%20%09?name=Ada", "the room must not be empty"),
        ("/chat/lobby", "the name must not be empty"),
        ("/chat/lobby?name=+", "the name must not be empty"),
        (&long_room, "the room is longer than 64 characters"),
        (&long_name, "the name is longer than 32 characters"),
        ("/chat/a%00b?name=Ada", "the room has control characters"),
        ("/chat/%FF%FE?name=Ada", "the room is not valid UTF-8"),
        ("/chat/lobby?name=%E2%80%AEadA", "the name has control characters"),
        ("/chat/lobby?name=%FF", "the name has control characters"),
        ("/chat/lobby?name=Ada&name=Bob", "the name must be given once"),
    ] {
        let mut client = world.connect(path).await;
        assert_eq!(complaint(&mut client).await, why, "{path}");
        assert_eq!(client.closed().await, (4400, why.to_owned()), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_a_request_is_explained_and_the_conversation_goes_on() {
    let world = World::start();
    let mut ada = world.connect("/chat/lobby?name=Ada").await;
    welcomed(&mut ada).await;
    let long = serde_json::to_string(&ChatRequest::Say { text: "x".repeat(MAX_TEXT_CHARS + 1) });
    for (message, why) in [
        (Message::text("{"), "not a request: EOF while parsing an object at line 1 column 1"),
        (Message::text(r#"{"type":"shout"}"#), "not a request: unknown variant `shout`"),
        (Message::text(r#"{"type":"say","text":7}"#), "not a request: invalid type: integer `7`"),
        (Message::text(r#"{"type":"say","text":" "}"#), "nothing was said"),
        (Message::text(long.unwrap()), "at most 4000 characters may be said at once"),
        (Message::binary(vec![1]), "a chat takes text only"),
    ] {
        ada.send(message).await;
        let complaint = complaint(&mut ada).await;
        assert!(complaint.starts_with(why), "{complaint}");
    }
    ada.send(PROBE).await;
    assert_eq!(ada.text().await, PROBE_ANSWER);
}
