//! A server that stops says goodbye to everybody, and does not wait for ever.

use std::time::Duration;

use axum::routing::get;
use keepline_server::{Options, Server, Session, Upgrade, router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;

use crate::session::{Speaker, hello};
use crate::world::{Client, DEADLINE, World, soon};

const GOODBYE: &str = "the server is stopping";

#[tokio::test]
async fn every_socket_is_closed_with_1001_and_the_server_ends() {
    let mut world = World::start();
    let mut clients = Vec::new();
    for path in ["/echo", "/broadcast", "/stream", "/chat/a?name=b", "/items/1/ws?token=t"] {
        clients.push(world.connect(path).await);
    }
    clients.push(world.connect("/task-runner").await);
    let slow = r#"{"task":"count","inputs":{"to":1,"interval_ms":60000}}"#;
    clients.last_mut().unwrap().send(slow).await;
    world.stop();
    for client in &mut clients {
        assert_eq!(client.closed().await, (1001, GOODBYE.to_owned()));
        client.ended().await;
    }
    world.stopped().await;
    assert!(Client::open(world.address, "/echo", &[]).await.is_err());
}

#[tokio::test]
async fn an_application_sees_that_its_server_stops_and_has_time_for_its_last_words() {
    let server = Server::new(Options::default()).unwrap();
    let (done, mut is_done) = tokio::sync::mpsc::channel(1);
    let application = move |upgrade: Upgrade| async move {
        upgrade.session("application", |mut session: Session| async move {
            while session.recv().await.is_some() {}
            sleep(Duration::from_millis(100)).await;
            done.send(()).await.unwrap();
        })
    };
    let app = axum::Router::new().route("/application", get(application));
    let mut world = World::of(app.with_state(server.clone()), server);
    let mut speaker = Speaker::connect_to(&world, "/application").await;
    speaker.say(json!([hello(1)])).await;
    speaker.hear("greeting").await;
    world.stop();
    speaker.hear("bye").await;
    assert_eq!(speaker.closed().await, (1001, GOODBYE.to_owned()));
    speaker.client.ended().await;
    world.stopped().await;
    assert!(is_done.try_recv().is_ok());
}

#[tokio::test]
async fn a_stopping_server_is_not_ready_and_takes_nobody_new() {
    let (close_within, stop_within) = (DEADLINE, DEADLINE);
    let mut world = World::with(Options { close_within, stop_within, ..Options::default() });
    let mut reluctant = world.connect("/echo").await;
    reluctant.send("are you there").await;
    assert_eq!(reluctant.text().await, "are you there");
    world.stop();
    // Nothing is read here, so the close is not answered, and the stop goes on.
    let mut ready = world.get("/ready").await;
    while ready.status == 200 {
        ready = world.get("/ready").await;
    }
    assert_eq!((ready.status, ready.body.as_str()), (503, r#"{"status":"stopping"}"#));
    assert_eq!(world.get("/health").await.status, 200);
    assert!(Client::open(world.address, "/echo", &[]).await.is_err());
    assert_eq!(reluctant.closed().await.0, 1001);
    reluctant.ended().await;
    world.stopped().await;
}

#[tokio::test]
async fn a_client_that_never_reads_cannot_hold_up_the_stop() {
    let close_within = Duration::from_millis(100);
    let mut world = World::narrow(Options { close_within, ..Options::default() });
    let mut stuck = world.connect_narrow("/echo").await;
    // Larger than every buffer between: the echo of it cannot be written.
    stuck.send(Message::binary(vec![0; 512 * 1024])).await;
    let asked = Instant::now();
    world.stop();
    world.stopped().await;
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn a_goodbye_does_not_wait_for_the_rest_of_a_large_message() {
    let (close_within, stop_within) = (DEADLINE, DEADLINE);
    let limits = Options { close_within, stop_within, ..Options::default() };
    let mut world = World::narrow(limits);
    let mut reader = world.connect_narrow("/echo").await;
    reader.send(Message::binary(vec![0; 512 * 1024])).await;
    let mut head = [0; 1];
    soon("the first fragment", reader.socket.get_ref().peek(&mut head)).await.unwrap();
    world.stop();
    let mut ready = world.get("/ready").await;
    while ready.status == 200 {
        ready = world.get("/ready").await;
    }
    let next = reader.next().await;
    assert!(matches!(next, Message::Close(Some(ref close)) if close.reason == GOODBYE));
    reader.ended().await;
    world.stopped().await;
}

#[tokio::test]
async fn inside_another_application_it_works_and_stops_by_itself() {
    let server = Server::new(Options::default()).unwrap();
    let app = axum::Router::new().nest("/live", router(&server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async { axum::serve(listener, app).await });
    let mut client = Client::open(address, "/live/chat/a%2Fb?name=Ada", &[]).await.unwrap();
    let welcome = r#"{"type":"welcome","room":"a/b","you":"Ada","people":["Ada"]}"#;
    assert_eq!(client.text().await, welcome);
    let stopping = tokio::spawn(async move { server.stop().await });
    assert_eq!(client.closed().await, (1001, GOODBYE.to_owned()));
    client.ended().await;
    soon("the server to stop", stopping).await.unwrap();
    serving.abort();
}
