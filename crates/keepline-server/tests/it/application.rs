//! Sessions of somebody else's application, mounted in a router of their own.

use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::response::Response;
use axum::routing::get;
use keepline_server::{
    Caller, CloseCode, EndError, Loss, Lost, MessageId, MessageIds, Options, Payload, SendError,
    Server, Session, Upgrade,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::session::{Speaker, ack, hello, text, with};
use crate::world::{World, soon};

/// The application's own state, of which the server is one part.
#[derive(Clone)]
struct House {
    server: Server,
    /// Where reports are told of what was lost of them.
    lost: mpsc::UnboundedSender<Vec<Lost>>,
}

impl FromRef<House> for Server {
    fn from_ref(house: &House) -> Self {
        house.server.clone()
    }
}

/// Counts what it hears, and says to whom.
async fn count(upgrade: Upgrade) -> Response {
    upgrade.session("count", |mut session: Session| async move {
        let who = session.subject().unwrap_or_else(|| "nobody".to_owned());
        let mut heard = 0;
        while let Some(message) = session.recv().await {
            heard += 1;
            match message {
                Payload::Text(text) if text == "leave" => {
                    assert_eq!(
                        session.close(CloseCode(1001), ""),
                        Err(EndError::Code(CloseCode(1001)))
                    );
                    let long = "x".repeat(124);
                    let refused = session.close(CloseCode(4000), &long);
                    assert_eq!(refused, Err(EndError::ReasonTooLong { bytes: 124 }));
                    session.close(CloseCode(4000), "as you wish").unwrap();
                    let late = session.send(Payload::Text("late".into())).await;
                    assert_eq!(late, Err(SendError::Ended));
                    assert_eq!(session.recv().await, None);
                }
                Payload::Text(_) | Payload::Binary(_) => {
                    let answer = Payload::Text(format!("{heard} from {who}"));
                    session.send(answer).await.unwrap();
                }
            }
        }
    })
}

/// Says three things when it is told within how many milliseconds, and goes.
async fn report(State(house): State<House>, upgrade: Upgrade) -> Response {
    upgrade.session("report", |mut session: Session| async move {
        let Some(Payload::Text(within)) = session.recv().await else { return };
        let within = Duration::from_millis(within.parse().unwrap());
        for (number, word) in (1..).zip(["one", "two", "three"]) {
            assert_eq!(session.send(Payload::Text(word.into())).await, Ok(MessageId(number)));
        }
        house.lost.send(session.finish(within).await).unwrap();
    })
}

/// Falls over the first word.
async fn stumble(upgrade: Upgrade) -> Response {
    upgrade.session("stumble", |mut session: Session| async move {
        let word = session.recv().await;
        panic!("an application fails, as this test wants: {word:?}");
    })
}

fn world() -> World {
    house().0
}

fn house() -> (World, mpsc::UnboundedReceiver<Vec<Lost>>) {
    let server = Server::new(Options::default()).unwrap().verifying(|credentials| async move {
        let subject = credentials.map(|credentials| credentials.0);
        Ok(Caller { subject, ..Caller::default() })
    });
    let (lost, told) = mpsc::unbounded_channel();
    let state = House { server: server.clone(), lost };
    let router = Router::new()
        .route("/count", get(count))
        .route("/report", get(report))
        .route("/stumble", get(stumble));
    (World::of(router.with_state(state), server), told)
}

#[tokio::test]
async fn an_application_of_ones_own_keeps_its_session_when_the_line_breaks() {
    let world = world();
    let mut first = Speaker::connect_to(&world, "/count").await;
    first.say(json!([with(hello(1), json!({ "credentials": "ada" }))])).await;
    let greeting = first.hear("greeting").await;
    first.say(json!([text(1, "one")])).await;
    assert_eq!(first.hear("message").await["text"], "1 from ada");
    first.cut();

    let mut second = Speaker::connect_to(&world, "/count").await;
    let known = json!({ "credentials": "ada", "epoch": greeting["epoch"], "received": 1 });
    second.say(json!([with(hello(2), known)])).await;
    assert_eq!(second.hear("greeting").await["epoch"], greeting["epoch"]);
    second.say(json!([ack(1), text(2, "two")])).await;

    assert_eq!(second.hear("message").await["text"], "2 from ada");
}

#[tokio::test]
async fn an_application_ends_its_session_with_a_code_and_a_reason_of_its_own() {
    let mut world = world();
    let mut speaker = Speaker::connect_to(&world, "/count").await;
    speaker.say(json!([hello(1)])).await;
    speaker.hear("greeting").await;

    // The others have come as well when the application leaves. It takes none of them, as it says.
    speaker.say(json!([text(1, "leave"), text(2, "late"), text(3, "later")])).await;

    let end = speaker.hear("end").await;
    assert_eq!((&end["code"], &end["reason"]), (&json!(4000), &json!("as you wish")));
    assert_eq!(end["taken"], 1);
    speaker.say(json!([{ "type": "end", "taken": 0, "code": 1000, "reason": "" }])).await;
    assert_eq!(speaker.closed().await.0, 1000);
    speaker.client.ended().await;
    world.stop();
    world.stopped().await;
}

#[tokio::test]
async fn an_application_that_panics_ends_its_session_and_nothing_else() {
    let world = world();
    let mut other = Speaker::connect_to(&world, "/count").await;
    other.say(json!([hello(1)])).await;
    let mut speaker = Speaker::connect_to(&world, "/stumble").await;
    speaker.say(json!([with(hello(1), json!({ "session": "2".repeat(32) }))])).await;
    speaker.hear("greeting").await;

    speaker.say(json!([text(1, "a stone")])).await;

    let end = speaker.hear("end").await;
    assert_eq!((&end["code"], &end["taken"]), (&json!(4011), &json!(1)));
    speaker.say(json!([{ "type": "end", "taken": 0, "code": 1000, "reason": "" }])).await;
    assert_eq!(speaker.closed().await.0, 1000);
    other.say(json!([text(1, "one")])).await;
    assert_eq!(other.hear("message").await["text"], "1 from nobody");
}

#[tokio::test]
async fn an_application_moves_with_its_session_from_one_connection_to_the_next() {
    an_application_moves(6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_application_moves_between_threads_as_well() {
    an_application_moves(300).await;
}

/// Each connection in turn runs the application, and in between it runs by itself.
async fn an_application_moves(times: u64) {
    let world = world();
    let mut line = Speaker::connect_to(&world, "/count").await;
    line.say(json!([hello(1)])).await;
    let epoch = line.hear("greeting").await["epoch"].clone();
    for number in 1..=times {
        line.say(json!([text(number, "word")])).await;
        assert_eq!(line.hear("message").await["text"], format!("{number} from nobody"));
        let mut next = Speaker::connect_to(&world, "/count").await;
        // Every other one takes the session away while its connection still stands.
        if number % 2 == 0 {
            line.cut();
        }
        let known = json!({ "epoch": epoch, "received": number });
        next.say(json!([with(hello(number + 1), known)])).await;
        next.hear("greeting").await;
        line = next;
    }
}

#[tokio::test]
async fn a_client_without_a_session_is_told_what_to_offer() {
    let world = world();
    let mut plain = world.connect("/count").await;
    assert_eq!(plain.closed().await.0, 4400);
}

fn end(taken: u64) -> Value {
    json!({ "type": "end", "taken": taken, "code": 1000, "reason": "" })
}

#[tokio::test]
async fn the_last_words_of_an_application_wait_for_a_client_that_is_away() {
    let (world, mut lost) = house();
    let mut first = Speaker::connect_to(&world, "/report").await;
    first.say(json!([hello(1)])).await;
    let greeting = first.hear("greeting").await;
    first.say(json!([text(1, "10000")])).await;
    first.hear("message").await;
    first.cut();

    let mut second = Speaker::connect_to(&world, "/report").await;
    let known = json!({ "epoch": greeting["epoch"], "received": 0 });
    second.say(json!([with(hello(2), known)])).await;
    second.hear("greeting").await;
    for word in ["one", "two", "three"] {
        assert_eq!(second.hear("message").await["text"], word);
    }
    second.say(json!([ack(3)])).await;
    assert_eq!(second.hear("end").await["taken"], 1);
    second.say(json!([end(3)])).await;

    assert_eq!(soon("what was lost", lost.recv()).await, Some(vec![]));
}

#[tokio::test]
async fn an_application_is_told_what_its_client_did_not_take_in_time() {
    let (world, mut lost) = house();
    let mut speaker = Speaker::connect_to(&world, "/report").await;
    speaker.say(json!([hello(1)])).await;
    speaker.hear("greeting").await;
    speaker.say(json!([text(1, "1")])).await;
    speaker.hear("end").await;
    // The client has taken one of them, and says so with its last word.
    speaker.say(json!([end(1)])).await;

    let ids = MessageIds { first: MessageId(2), last: MessageId(3) };
    let not_taken = Lost::Undeliverable(ids, Loss::NotTaken);
    assert_eq!(soon("what was lost", lost.recv()).await, Some(vec![not_taken]));
}
