//! `/broadcast`: what one client says reaches every client, the speaker included.

use axum::extract::State;
use axum::response::Response;
use tokio::select;

use crate::close::Ending;
use crate::hall::Seat;
use crate::rooms::{PersonName, RoomName};
use crate::server::Server;
use crate::socket::Message;
use crate::talk::Talk;
use crate::upgrade::Upgrade;

/// Clients have numbers instead of names: "Client #7 says: …", "Client #7 left".
pub(crate) async fn broadcast(State(server): State<Server>, upgrade: Upgrade) -> Response {
    let (hall, name) = (server.broadcast(), PersonName::client(server.next_client()));
    upgrade.open(move |socket| {
        Box::pin(async move { talk(socket, hall.join(RoomName::everybody(), &name)).await })
    })
}

pub(super) async fn talk(socket: &mut impl Talk, mut seat: Seat) -> Result<(), Ending> {
    loop {
        select! {
            message = socket.recv() => {
                let message = signed(message?, &seat.name);
                seat.tell_everyone(&message).await;
            }
            message = seat.mailbox.next() => socket.relay(message?).await?,
        }
    }
}

/// Bytes have no place for a signature; they go round as they are.
fn signed(message: Message, name: &PersonName) -> Message {
    match message {
        Message::Text(text) => Message::text(format!("{name} says: {text}")),
        Message::Binary(bytes) => Message::Binary(bytes),
    }
}
