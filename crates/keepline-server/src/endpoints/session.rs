//! `/session/…`: the same conversations over a session, which outlives its connections.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;

use super::chat::{self, Visitor};
use super::stream::{self, Rate};
use super::{broadcast, echo};
use crate::rooms::{PersonName, RoomName};
use crate::server::Server;
use crate::sessions::serve;
use crate::upgrade::Upgrade;

pub(crate) async fn session_echo(upgrade: Upgrade) -> Response {
    serve(upgrade, "echo".to_owned(), |desk| Box::pin(echo::talk(desk)))
}

pub(crate) async fn session_broadcast(State(server): State<Server>, upgrade: Upgrade) -> Response {
    let hall = server.broadcast();
    let name = PersonName::client(server.next_client());
    serve(upgrade, "broadcast".to_owned(), move |desk| {
        Box::pin(async move {
            let seat = hall.join(RoomName::everybody(), &name);
            broadcast::talk(desk, seat).await
        })
    })
}

pub(crate) async fn session_stream(
    rate: Result<Query<Rate>, QueryRejection>,
    upgrade: Upgrade,
) -> Response {
    match stream::period(&rate) {
        Ok(period) => {
            serve(upgrade, "stream".to_owned(), move |desk| Box::pin(stream::talk(desk, period)))
        }
        Err(close) => upgrade.close(close),
    }
}

pub(crate) async fn session_chat(
    State(server): State<Server>,
    room: Result<Option<Path<String>>, PathRejection>,
    visitor: Result<Query<Visitor>, QueryRejection>,
    upgrade: Upgrade,
) -> Response {
    let hall = server.chat();
    match chat::address(room, visitor) {
        Ok((room, name)) => serve(upgrade, format!("chat/{room}"), move |desk| {
            Box::pin(async move {
                let seat = hall.join(room.clone(), &name);
                chat::talk(desk, &room, seat).await
            })
        }),
        Err(why) => upgrade.close(crate::close::Close::bad_address(&why)),
    }
}
