//! Which address is answered by what.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{Router, get};
use serde_json::json;

#[cfg(feature = "dashboard")]
use crate::dashboard::front;
use crate::endpoints::broadcast::broadcast;
use crate::endpoints::chat::chat;
use crate::endpoints::echo::echo;
use crate::endpoints::hello::hello;
use crate::endpoints::items::items;
use crate::endpoints::session::{session_broadcast, session_chat, session_echo, session_stream};
use crate::endpoints::stream::stream;
use crate::endpoints::task_runner::task_runner;
#[cfg(not(feature = "dashboard"))]
use crate::page::front;
use crate::server::{Readiness, Server};

/// Every endpoint of `server`, to be served by itself or nested into an application of your own.
///
/// Serve it over HTTP/1.1; [`run`](crate::run()) does, and also bounds the connections. Call
/// [`Server::stop`] when the application stops. What the feature `dashboard` brings finds its files
/// at the root only: an application that nests this does without.
///
/// ```
/// use keepline_server::{Options, Server, router};
/// let server = Server::new(Options::default())?;
/// let app = axum::Router::new().nest("/live", router(&server));
/// # let _: axum::Router = app;
/// # Ok::<(), keepline_server::OptionsError>(())
/// ```
pub fn router(server: &Server) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/echo", get(echo))
        .route("/hello", get(hello))
        .route("/broadcast", get(broadcast))
        .route("/stream", get(stream))
        .route("/chat/", get(chat))
        .route("/chat/{room}", get(chat))
        .route("/items/{id}/ws", get(items))
        .route("/task-runner", get(task_runner))
        .route("/runs/{run_id}", get(run))
        .route("/session", get(session_echo))
        .route("/session/echo", get(session_echo))
        .route("/session/broadcast", get(session_broadcast))
        .route("/session/stream", get(session_stream))
        .route("/session/chat/", get(session_chat))
        .route("/session/chat/{room}", get(session_chat))
        .merge(front())
        .with_state(server.clone())
}

async fn health() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

async fn ready(State(server): State<Server>) -> Response {
    let (code, status) = match server.readiness() {
        Readiness::Ready => (StatusCode::OK, "ready"),
        Readiness::Full => (StatusCode::SERVICE_UNAVAILABLE, "full"),
        Readiness::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
    };
    (code, Json(json!({ "status": status }))).into_response()
}

async fn run(State(server): State<Server>, Path(run_id): Path<String>) -> Response {
    match server.runs().find(&run_id) {
        Some(update) => Json(update).into_response(),
        None => (StatusCode::NOT_FOUND, "no such run, or it is forgotten").into_response(),
    }
}
