//! `/hello`: greets, then closes with 1000.

use axum::response::Response;

use crate::socket::Message;
use crate::talk::Talk;
use crate::upgrade::Upgrade;

pub(crate) async fn hello(upgrade: Upgrade) -> Response {
    upgrade.open(|socket| Box::pin(socket.send(Message::text("Hello, WebSocket!"))))
}
