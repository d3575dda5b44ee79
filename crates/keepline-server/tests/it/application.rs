//! Sessions of somebody else's application, mounted in a router of their own.

use axum::Router;
use axum::extract::FromRef;
use axum::response::Response;
use axum::routing::get;
use keepline_server::{
    Caller, CloseCode, EndError, Options, Payload, SendError, Server, Session, Upgrade,
};
use serde_json::json;

use crate::session::{Speaker, ack, hello, text, with};
use crate::world::World;

/// The application's own state, of which the server is one part.
#[derive(Clone)]
struct State {
    server: Server,
}

impl FromRef<State> for Server {
    fn from_ref(state: &State) -> Self {
        state.server.clone()
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

fn world() -> World {
    let server = Server::new(Options::default()).unwrap().verifying(|credentials| async move {
        let subject = credentials.map(|credentials| credentials.0);
        Ok(Caller { subject, ..Caller::default() })
    });
    let state = State { server: server.clone() };
    World::of(Router::new().route("/count", get(count)).with_state(state), server)
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

    speaker.say(json!([text(1, "leave")])).await;

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
async fn a_client_without_a_session_is_told_what_to_offer() {
    let world = world();
    let mut plain = world.connect("/count").await;
    assert_eq!(plain.closed().await.0, 4400);
}
