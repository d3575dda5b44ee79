//! The dashboard, served from within the binary.

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::{Embed, EmbeddedFile};
use tower_http::compression::CompressionLayer;

use crate::server::Server;

/// What trunk built.
#[derive(Embed)]
#[folder = "../../dist"]
struct Dist;

/// `index.html` at `/`, and every file that it asks for.
pub(crate) fn front() -> Router<Server> {
    Router::new()
        .route("/", get(async |headers: HeaderMap| answer("index.html", &headers)))
        .route(
            "/{*path}",
            get(async |Path(path): Path<String>, headers: HeaderMap| answer(&path, &headers)),
        )
        .layer(CompressionLayer::new())
}

fn answer(path: &str, headers: &HeaderMap) -> Response {
    match Dist::get(path) {
        Some(file) => respond(path, &file, headers),
        None => (StatusCode::NOT_FOUND, "there is nothing at this address").into_response(),
    }
}

fn respond(path: &str, file: &EmbeddedFile, headers: &HeaderMap) -> Response {
    let etag = etag(&file.metadata.sha256_hash());
    let caching = [(ETAG, etag.clone()), (CACHE_CONTROL, lifetime(path).to_owned())];
    if knows(headers, &etag) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let kind = [
        (CONTENT_TYPE, content_type(file.metadata.mimetype())),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (caching, kind, file.data.to_vec()).into_response()
}

/// Weak, because the same file may be sent with and without gzip (RFC 9110 §8.8.1).
fn etag(hash: &[u8]) -> String {
    let digits: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"{digits}\"")
}

fn knows(headers: &HeaderMap, etag: &str) -> bool {
    let lines = headers.get_all(IF_NONE_MATCH).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|known| known.trim() == etag)
}

/// A file with the hash of its content in its name never changes; all others may.
fn lifetime(path: &str) -> &'static str {
    let is_named_by_hash = path.split(['-', '_', '.', '/']).any(is_hash);
    if is_named_by_hash { "public, max-age=31536000, immutable" } else { "no-cache" }
}

/// Trunk's hashes: 64 bits in hexadecimal.
fn is_hash(part: &str) -> bool {
    (15..=16).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn content_type(mime: &str) -> String {
    if mime.starts_with("text/") { format!("{mime}; charset=utf-8") } else { mime.to_owned() }
}
