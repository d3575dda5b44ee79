//! A web server that never upgrades: it answers everything with one status.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    LOCATION, ORIGIN, RETRY_AFTER, UPGRADE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;

/// Where a redirect leads.
const LOGIN: &str = "/login";

/// How it answers.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header `Retry-After`.
    pub retry_after: Option<&'static str>,
    /// Whether pages of other origins may read it.
    pub cors: bool,
}

/// Such a server on a free port of the loopback; dropping it stops it.
#[derive(Debug)]
pub struct HttpPeer {
    port: u16,
    seen: Arc<Seen>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    handshakes: Mutex<Vec<Instant>>,
    others: Mutex<Vec<Instant>>,
}

impl Seen {
    fn handshakes(&self) -> MutexGuard<'_, Vec<Instant>> {
        self.handshakes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn others(&self) -> MutexGuard<'_, Vec<Instant>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpPeer {
    /// Starts one that answers so.
    ///
    /// # Errors
    ///
    /// When no port is free.
    pub async fn start(answer: Answer) -> anyhow::Result<Self> {
        Self::start_at(0, answer).await
    }

    /// Starts one in the place of a server that has stopped.
    ///
    /// # Errors
    ///
    /// When the port is not free.
    pub async fn start_at(port: u16, answer: Answer) -> anyhow::Result<Self> {
        let seen = Arc::<Seen>::default();
        let router = Router::new().fallback(respond).with_state((answer, Arc::clone(&seen)));
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let port = listener.local_addr()?.port();
        let serving = tokio::spawn(async { axum::serve(listener, router).await.unwrap_or(()) });
        Ok(Self { port, seen, serving })
    }

    /// The address of `path` for a socket.
    #[must_use]
    pub fn ws(&self, path: &str) -> String {
        format!("ws://127.0.0.1:{}{path}", self.port)
    }

    /// When it has refused a handshake, the first one first.
    #[must_use]
    pub fn handshakes(&self) -> Vec<Instant> {
        self.seen.handshakes().clone()
    }

    /// When it has answered any other request, the first one first.
    #[must_use]
    pub fn others(&self) -> Vec<Instant> {
        self.seen.others().clone()
    }

    /// Stops it; its port is free for another when this returns.
    pub async fn stop(mut self) {
        self.serving.abort();
        let _: Result<(), JoinError> = (&mut self.serving).await;
    }
}

impl Drop for HttpPeer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn respond(
    State((answer, seen)): State<(Answer, Arc<Seen>)>,
    target: Uri,
    request: HeaderMap,
) -> Response {
    if request.contains_key(UPGRADE) {
        seen.handshakes().push(Instant::now());
    } else {
        seen.others().push(Instant::now());
    }
    let answer = match target.path() {
        LOGIN => Answer { status: 200, ..answer },
        _ => answer,
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::IM_A_TEAPOT);
    let mut headers = HeaderMap::new();
    if let Some(after) = answer.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from_static(after));
    }
    if status.is_redirection() {
        headers.insert(LOCATION, HeaderValue::from_static(LOGIN));
    }
    if let Some(origin) = request.get(ORIGIN).filter(|_| answer.cors) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        let exposed = HeaderValue::from_static("retry-after");
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    (status, headers).into_response()
}
