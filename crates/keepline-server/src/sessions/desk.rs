//! Where a session's application sits: it reads and writes here, and knows nothing of connections.

use std::sync::Arc;

use keepline_core::{CloseCode, Payload, SendError, SessionKey};
use tokio::sync::Notify;

use super::keeper::{Found, Keeper};
use crate::close::{Close, Ending};
use crate::socket::Message;
use crate::talk::Talk;

/// The application's end of one session. Dropping it ends the session.
#[derive(Debug)]
pub(crate) struct Desk {
    keeper: Arc<Keeper>,
    key: SessionKey,
    news: Arc<Notify>,
}

impl Desk {
    pub(super) fn new(keeper: Arc<Keeper>, key: SessionKey, news: Arc<Notify>) -> Self {
        Self { keeper, key, news }
    }

    /// Ends the session with the outcome of its application.
    pub(crate) fn finish(self, outcome: Result<(), Ending>) {
        match outcome {
            Ok(()) => self.keeper.end(self.key, CloseCode::NORMAL, ""),
            Err(Ending::Left) => {}
            Err(Ending::Closed(close)) => {
                self.keeper.end(self.key, close.code_of_end(), close.reason());
            }
        }
    }
}

impl Talk for Desk {
    /// The next message, which counts as taken from now on. Cancelling loses nothing.
    async fn recv(&mut self) -> Result<Message, Ending> {
        loop {
            match self.keeper.take(self.key) {
                Found::Over => return Err(Ending::Left),
                Found::Nothing => self.news.notified().await,
                Found::Message(payload) => return Ok(message(payload)),
            }
        }
    }

    /// Sends a message; waits while the outbox is full.
    async fn send(&mut self, message: Message) -> Result<(), Ending> {
        loop {
            match self.keeper.send(self.key, payload(message.clone())) {
                Ok(_) => return Ok(()),
                Err(SendError::Ended) => return Err(Ending::Left),
                Err(SendError::TooLarge { limit, .. }) => {
                    return Err(Close::too_large(limit).into());
                }
                Err(SendError::Full { .. }) if self.keeper.is_over(self.key) => {
                    return Err(Ending::Left);
                }
                Err(SendError::Full { .. }) => self.news.notified().await,
            }
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // Does nothing to a session that is over.
        self.keeper.end(self.key, CloseCode::NORMAL, "");
    }
}

pub(super) fn message(payload: Payload) -> Message {
    match payload {
        Payload::Text(text) => Message::Text(text.into()),
        Payload::Binary(bytes) => Message::Binary(bytes.into()),
    }
}

pub(super) fn payload(message: Message) -> Payload {
    match message {
        Message::Text(text) => Payload::Text(text.as_str().to_owned()),
        Message::Binary(bytes) => Payload::Binary(bytes.into()),
    }
}
