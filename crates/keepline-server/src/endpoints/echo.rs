//! `/echo`: every message comes back as it was, text as text and binary as binary.

use axum::response::Response;

use crate::close::Ending;
use crate::talk::Talk;
use crate::upgrade::Upgrade;

/// Selects the first subprotocol that is offered, so that clients can try out the negotiation.
pub(crate) async fn echo(upgrade: Upgrade) -> Response {
    upgrade.selecting_first_subprotocol().open(|socket| Box::pin(talk(socket)))
}

pub(super) async fn talk(socket: &mut impl Talk) -> Result<(), Ending> {
    loop {
        let message = socket.recv().await?;
        socket.send(message).await?;
    }
}
