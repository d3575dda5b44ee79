//! `/items/{id}/ws`: the guarded endpoint of the FastAPI guides.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use axum::response::Response;
use serde::Deserialize;

use crate::close::{Close, Ending};
use crate::socket::{Message, Socket};
use crate::talk::Talk;
use crate::upgrade::Upgrade;

#[derive(Deserialize)]
pub(crate) struct Token {
    token: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Question {
    q: Option<i64>,
}

pub(crate) async fn items(
    item: Result<Path<String>, PathRejection>,
    token: Result<Query<Token>, QueryRejection>,
    question: Result<Query<Question>, QueryRejection>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    let visit = credential(&headers, token).and_then(|credential| {
        let Path(item) = item.map_err(|_| Close::bad_address(&"the item's id is not UTF-8"))?;
        let once = |_| Close::bad_address(&"q must be an integer, and given once");
        let Query(Question { q }) = question.map_err(once)?;
        Ok(Visit { item, credential, q })
    });
    match visit {
        Ok(visit) => upgrade.open(|socket| Box::pin(visit.talk(socket))),
        Err(close) => upgrade.close(close),
    }
}

fn credential(
    headers: &HeaderMap,
    token: Result<Query<Token>, QueryRejection>,
) -> Result<String, Close> {
    let once = |_| Close::bad_address(&"token must be given once");
    let Query(Token { token }) = token.map_err(once)?;
    let token = token.filter(|token| !token.is_empty());
    cookie(headers, "session").or(token).ok_or_else(Close::no_credential)
}

struct Visit {
    item: String,
    credential: String,
    q: Option<i64>,
}

impl Visit {
    async fn talk(self, socket: &mut Socket) -> Result<(), Ending> {
        loop {
            let Message::Text(text) = socket.recv().await? else {
                return Err(Close::text_only().into());
            };
            for answer in self.answers(&text) {
                socket.send(Message::text(answer)).await?;
            }
        }
    }

    fn answers(&self, text: &str) -> Vec<String> {
        let Self { item, credential, q } = self;
        let asked = q.map(|q| format!("Query parameter q is: {q}"));
        std::iter::once(format!("Session cookie or query token value is: {credential}"))
            .chain(asked)
            .chain([format!("Message text was: {text}, for item ID: {item}")])
            .collect()
    }
}

/// The cookie of this name, unless it is empty.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(COOKIE).into_iter();
    lines.map(|line| String::from_utf8_lossy(line.as_bytes())).find_map(|line| {
        let mut pairs = line.split(';').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(key, _)| key.trim() == name)?;
        let value = value.trim().trim_matches('"');
        (!value.is_empty()).then(|| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("my_session=no; a=b"));
        assert_eq!(cookie(&headers, "session"), None);
        headers.append(COOKIE, HeaderValue::from_static("theme=dark; session=\"s3=cret\""));
        assert_eq!(cookie(&headers, "session").as_deref(), Some("s3=cret"));
    }

    #[test]
    fn a_neighbour_that_is_not_ascii_does_not_hide_a_cookie() {
        let mut headers = HeaderMap::new();
        let line = HeaderValue::from_bytes(b"city=K\xf6ln; session=abc").unwrap();
        headers.append(COOKIE, line);
        assert_eq!(cookie(&headers, "session").as_deref(), Some("abc"));
    }
}
