//! What plain HTTP gets, and which upgrades are refused.

use keepline_server::Options;
use tokio_tungstenite::tungstenite::Error;

use crate::world::{Answer, Client, World};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// The status of the answer to an upgrade with these headers.
async fn upgraded(world: &World, headers: &[(&'static str, &str)]) -> u16 {
    match Client::open(world.address, "/echo", headers).await {
        Ok(_) => 101,
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_healthy_server_says_so() {
    let world = World::start();
    let health = world.get("/health").await;
    assert_eq!((health.status, health.body.as_str()), (200, r#"{"status":"ok"}"#));
    let ready = world.get("/ready").await;
    assert_eq!((ready.status, ready.body.as_str()), (200, r#"{"status":"ready"}"#));
    assert_eq!(world.get("/nowhere").await.status, 404);
}

#[cfg(not(feature = "dashboard"))]
#[tokio::test]
async fn without_the_dashboard_the_page_says_how_to_build_it() {
    let world = World::start();
    let page = world.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.head.contains("content-type: text/html; charset=utf-8"), "{}", page.head);
    assert!(page.body.contains("cargo xtask demo"));
    for endpoint in ["/health", "/ready", "/echo", "/hello", "/broadcast", "/stream", "/chat/"] {
        assert!(page.body.contains(endpoint), "{endpoint}");
    }
    for foreign in ["http://", "https://", "//cdn"] {
        assert!(!page.body.contains(foreign), "the page is on its own: {foreign}");
    }
}

#[cfg(feature = "dashboard")]
#[tokio::test]
async fn the_dashboard_is_revalidated_and_its_hash_named_files_are_kept() {
    let world = World::start();
    let page = world.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.head.contains("content-type: text/html; charset=utf-8"), "{}", page.head);
    assert!(page.head.contains("cache-control: no-cache"), "{}", page.head);
    let etag = page.head.split("etag: ").nth(1).unwrap().lines().next().unwrap();
    let known = [("if-none-match", etag)];
    assert_eq!(Answer::to(world.address, "/", &known).await.status, 304);
    let wasm = page.body.split(['"', '\'']).find(|it| it.ends_with(".wasm")).unwrap();
    let wasm = format!("/{}", wasm.trim_start_matches(['.', '/']));
    let wasm = Answer::to(world.address, &wasm, &[("accept-encoding", "gzip")]).await;
    for field in ["content-type: application/wasm", "immutable", "content-encoding: gzip"] {
        assert!(wasm.head.contains(field), "{field} in {}", wasm.head);
    }
    for path in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "/nothing.js"] {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_request_that_is_no_websocket_is_told_to_upgrade() {
    let world = World::start();
    let answer = world.get("/echo").await;
    assert_eq!((answer.status, answer.body.as_str()), (426, "this address speaks WebSocket"));
    assert!(answer.head.contains("upgrade: websocket"), "{}", answer.head);
    assert_eq!(upgraded(&world, &[("upgrade", "h2c")]).await, 426);
    assert_eq!(upgraded(&world, &[("sec-websocket-version", "8")]).await, 426);
    for key in ["", "short", "not*base64*not*base64*==", "dGhlIHNhbXBsZSBub25jZQAA"] {
        assert_eq!(upgraded(&world, &[("sec-websocket-key", key)]).await, 400, "{key}");
    }
}

#[tokio::test]
async fn the_upgrade_is_accepted_with_the_key_of_the_rfc() {
    let world = World::start();
    let request = [("sec-websocket-key", KEY)];
    let refused = Client::open(world.address, "/hello", &request).await.err();
    assert!(refused.is_none(), "{refused:?}");
}

#[tokio::test]
async fn a_page_of_a_foreign_origin_is_refused_and_a_local_one_is_not() {
    let world = World::start();
    assert_eq!(upgraded(&world, &[("origin", "https://evil.example")]).await, 403);
    assert_eq!(upgraded(&world, &[("origin", "null")]).await, 403);
    assert_eq!(upgraded(&world, &[("origin", "http://localhost:8080")]).await, 101);
    assert_eq!(upgraded(&world, &[]).await, 101);
    let same = [("origin", "https://keepline.example"), ("host", "keepline.example")];
    assert_eq!(upgraded(&world, &same).await, 101);
    let loopback = [("origin", "http://localhost:8080"), ("host", "keepline.example")];
    assert_eq!(upgraded(&world, &loopback).await, 403);
}

#[tokio::test]
async fn an_origin_that_is_unreadable_or_repeated_is_refused_like_a_foreign_one() {
    let world = World::start();
    let asking_with = |origin: &'static str| {
        let head = format!(
            "GET /echo HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: {KEY}\r\n{origin}\r\n\r\n",
            world.address
        );
        async move { Answer::to_raw(world.address, &head).await.status }
    };
    assert_eq!(asking_with("origin: http://ünreadable.localhost\r\nconnection: close").await, 403);
    let twice = "origin: http://localhost\r\norigin: http://localhost\r\nconnection: close";
    assert_eq!(asking_with(twice).await, 403);
}

#[tokio::test]
async fn an_origin_that_was_allowed_by_name_is_let_in() {
    let allow_origin = vec!["https://app.example".to_owned()];
    let world = World::with(Options { allow_origin, ..Options::default() });
    assert_eq!(upgraded(&world, &[("origin", "https://app.example")]).await, 101);
    assert_eq!(upgraded(&world, &[("origin", "https://other.example")]).await, 403);
}

#[tokio::test]
async fn garbage_instead_of_http_is_answered_and_forgotten() {
    let world = World::start();
    let answer = Answer::to_raw(world.address, "\x16\x03\x01 this is no HTTP\r\n\r\n").await;
    assert_eq!(answer.status, 400);
    assert_eq!(world.get("/health").await.status, 200);
}
