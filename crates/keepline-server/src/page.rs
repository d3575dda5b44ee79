//! What `/` shows when the dashboard was not built in.

use axum::Router;
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::routing::get;

use crate::server::Server;

const PAGE: &str = include_str!("page.html");

const HEADERS: [(HeaderName, &str); 3] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-cache"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
         connect-src 'self'; img-src data:",
    ),
];

/// The page at `/`.
pub(crate) fn front() -> Router<Server> {
    Router::new().route("/", get(|| async { (HEADERS, PAGE) }))
}
