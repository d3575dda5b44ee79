//! `/items/{id}/ws`: the guarded endpoint of the FastAPI guides.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use axum::response::Response;
use serde::Deserialize;

use crate::close::{Close, Ending};
use crate::socket::{Message, Socket};
use crate::upgrade::Upgrade;

#[derive(Deserialize)]
pub(crate) struct Question {
    token: Option<String>,
    q: Option<i64>,
}

pub(crate) async fn items(
    item: Result<Path<String>, PathRejection>,
    question: Result<Query<Question>, QueryRejection>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    let Ok(Path(item)) = item else {
        return upgrade.close(Close::bad_address(&"the item's id is not valid UTF-8"));
    };
    let Ok(Query(Question { token, q })) = question else {
        return upgrade.close(Close::bad_address(&"q must be an integer, and given once"));
    };
    let Some(credential) = cookie(&headers, "session").or(token).filter(|it| !it.is_empty()) else {
        return upgrade.close(Close::no_credential());
    };
    let visit = Visit { item, credential, q };
    upgrade.open(|socket| Box::pin(visit.talk(socket)))
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

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| key.trim() == name)?;
    Some(value.trim().trim_matches('"').to_owned())
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
}
