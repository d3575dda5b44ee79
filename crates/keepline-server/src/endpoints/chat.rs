//! `/chat/{room}?name=`: what one person says reaches all others in the room.

use std::fmt;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use keepline_demo::{ChatEvent, ChatRequest, MAX_TEXT_CHARS};
use serde::Deserialize;
use tokio::select;

use crate::clock::unix_seconds;
use crate::close::{Close, Ending};
use crate::hall::Seat;
use crate::json::{ShapeError, from_text};
use crate::rooms::{NameError, PersonName, RoomName};
use crate::server::Server;
use crate::socket::Message;
use crate::talk::Talk;
use crate::upgrade::Upgrade;

#[derive(Deserialize)]
pub(crate) struct Visitor {
    #[serde(default)]
    name: String,
}

pub(crate) async fn chat(
    State(server): State<Server>,
    room: Result<Option<Path<String>>, PathRejection>,
    visitor: Result<Query<Visitor>, QueryRejection>,
    upgrade: Upgrade,
) -> Response {
    let hall = server.chat();
    match address(room, visitor) {
        Ok((room, name)) => upgrade.open(move |socket| {
            Box::pin(async move { talk(socket, &room, hall.join(room.clone(), &name)).await })
        }),
        Err(why) => upgrade.open(move |socket| Box::pin(refuse(socket, why))),
    }
}

pub(super) fn address(
    room: Result<Option<Path<String>>, PathRejection>,
    visitor: Result<Query<Visitor>, QueryRejection>,
) -> Result<(RoomName, PersonName), AddressError> {
    let room = room.map_err(|_| AddressError::RoomNotUtf8)?;
    let Query(visitor) = visitor.map_err(|_| AddressError::NameNotOnce)?;
    let room = room.map_or_else(String::new, |Path(room)| room);
    Ok((RoomName::parse(&room)?, PersonName::parse(&visitor.name)?))
}

/// Says why in band as well, to a client that looks at messages only.
async fn refuse(socket: &mut impl Talk, why: AddressError) -> Result<(), Ending> {
    socket.send(complaint(&why)).await?;
    Err(Close::bad_address(&why).into())
}

pub(super) async fn talk(
    socket: &mut impl Talk,
    room: &RoomName,
    mut seat: Seat,
) -> Result<(), Ending> {
    socket.send(welcome(room, &seat)).await?;
    loop {
        select! {
            message = socket.recv() => match read(&message?) {
                Ok(ChatRequest::Say { text }) => {
                    let said = said(&seat, text);
                    seat.tell_others(&said).await;
                }
                Ok(ChatRequest::Ping) => socket.send(Message::json(&ChatEvent::Pong)).await?,
                Err(error) => socket.send(complaint(&error)).await?,
            },
            message = seat.mailbox.next() => socket.relay(message?).await?,
        }
    }
}

fn complaint(why: &dyn fmt::Display) -> Message {
    Message::json(&ChatEvent::Error { message: why.to_string() })
}

fn welcome(room: &RoomName, seat: &Seat) -> Message {
    Message::json(&ChatEvent::Welcome {
        room: room.to_string(),
        you: seat.name.to_string(),
        people: seat.people.iter().map(PersonName::to_string).collect(),
    })
}

fn said(seat: &Seat, text: String) -> Message {
    let (name, timestamp) = (seat.name.to_string(), unix_seconds());
    Message::json(&ChatEvent::Said { name, text, timestamp })
}

fn read(message: &Message) -> Result<ChatRequest, RequestError> {
    let Message::Text(text) = message else { return Err(RequestError::NotText) };
    let request = from_text(text).map_err(RequestError::NotARequest)?;
    match &request {
        ChatRequest::Say { text } if text.trim().is_empty() => Err(RequestError::Empty),
        ChatRequest::Say { text } if text.chars().count() > MAX_TEXT_CHARS => {
            Err(RequestError::TooLong)
        }
        ChatRequest::Say { .. } | ChatRequest::Ping => Ok(request),
    }
}

/// Why there is nobody to let into a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AddressError {
    RoomNotUtf8,
    NameNotOnce,
    Name(NameError),
}

impl From<NameError> for AddressError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RoomNotUtf8 => write!(f, "the room is not valid UTF-8"),
            Self::NameNotOnce => write!(f, "the name must be given once"),
            Self::Name(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AddressError {}

/// Why a message was not understood; the conversation goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum RequestError {
    NotText,
    NotARequest(ShapeError),
    Empty,
    TooLong,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText => write!(f, "a chat takes text only"),
            Self::NotARequest(error) => write!(f, "not a request: {error}"),
            Self::Empty => write!(f, "nothing was said"),
            Self::TooLong => write!(f, "at most {MAX_TEXT_CHARS} characters may be said at once"),
        }
    }
}

impl std::error::Error for RequestError {}
