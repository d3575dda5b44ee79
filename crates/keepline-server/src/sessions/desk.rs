//! Where a session's application sits: it reads and writes here, and knows nothing of connections.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::body::Bytes;
use keepline_core::{CloseCode, MessageId, Payload, SendError, SessionKey};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::inbox::{Found, Lost};
use super::keeper::Keeper;
use super::stint::Stint;
use crate::close::{Close, Ending};
use crate::socket::Message;
use crate::talk::Talk;

/// Nobody is told when others have made room in the memory of all sessions: who waits for it looks
/// again after so long.
const CROWDED: Duration = Duration::from_millis(250);

/// How a session ends whose application panics: as 1011 of RFC 6455, which no `end` may have.
const FAILED: CloseCode = CloseCode(4011);

/// The application's end of one session. Dropping it ends the session.
#[derive(Debug)]
pub(crate) struct Desk {
    keeper: Arc<Keeper>,
    key: SessionKey,
    news: Arc<Notify>,
    stint: Stint,
}

impl Desk {
    pub(super) fn new(keeper: Arc<Keeper>, key: SessionKey, news: Arc<Notify>) -> Self {
        Self { keeper, key, news, stint: Stint::default() }
    }

    /// Ends the session with the outcome of its application.
    pub(super) fn finish(self, outcome: Result<(), Ending>) {
        match outcome.map_err(Ending::close) {
            Ok(()) => self.end(CloseCode::NORMAL, ""),
            Err(None) => {}
            Err(Some(close)) => self.end(close.code_of_end(), close.reason()),
        }
    }

    /// Ends the session, unless it is over.
    pub(crate) fn end(&self, code: CloseCode, reason: &str) {
        self.keeper.end(self.key, code, reason);
    }

    /// Who the client is; `None` for nobody in particular, and when the session is over.
    pub(crate) fn subject(&self) -> Option<String> {
        self.keeper.subject(self.key)
    }

    /// The next message, which counts as taken from now on; `None` when the session is over.
    /// Cancelling loses nothing.
    pub(crate) async fn next(&mut self) -> Option<Payload> {
        self.stint.goes_on().await;
        loop {
            match self.keeper.take(self.key) {
                Found::Over => return None,
                Found::Nothing => {
                    self.stint.ends();
                    self.news.notified().await;
                }
                Found::Message(payload) => return Some(payload),
            }
        }
    }

    /// Hands over a message; waits while the outbox is full.
    pub(crate) async fn hand_over(&mut self, payload: Payload) -> Result<MessageId, SendError> {
        self.stint.goes_on().await;
        let mut payload = Some(payload);
        loop {
            match self.keeper.send(self.key, &mut payload) {
                Err(SendError::Full { .. }) if !self.keeper.is_open(self.key) => {
                    return Err(SendError::Ended);
                }
                Err(SendError::Full { .. }) => {
                    self.stint.ends();
                    let _or_the_time_to_look_again = timeout(CROWDED, self.news.notified()).await;
                }
                settled @ (Ok(_) | Err(SendError::TooLarge { .. } | SendError::Ended)) => {
                    return settled;
                }
            }
        }
    }

    /// Waits until the client has taken all that it was sent, or the session is over.
    pub(crate) async fn settled(&mut self) {
        while self.keeper.is_settled(self.key) == Some(false) {
            self.news.notified().await;
        }
    }

    /// Waits until the session is over, and every fate known.
    pub(crate) async fn over(&mut self) {
        while !self.keeper.is_over(self.key) {
            self.news.notified().await;
        }
    }

    /// What was lost since this was last asked.
    pub(crate) fn lost(&mut self) -> Vec<Lost> {
        self.keeper.lost(self.key)
    }
}

impl Talk for Desk {
    async fn recv(&mut self) -> Result<Message, Ending> {
        self.next().await.map(message).ok_or(Ending::Left)
    }

    async fn send(&mut self, message: Message) -> Result<(), Ending> {
        self.hand_over(payload(message)).await.map(drop).map_err(ending)
    }

    async fn relay(&mut self, message: Message) -> Result<(), Ending> {
        let refused = match self.hand_over(payload(message)).await {
            Err(SendError::TooLarge { size, .. }) => {
                let note = format!("a message of {size} bytes is too large for this session");
                self.hand_over(Payload::Text(note)).await
            }
            sent => sent,
        };
        match refused {
            // Whoever takes so little is not told even that.
            Ok(_) | Err(SendError::TooLarge { .. }) => Ok(()),
            Err(refused) => Err(ending(refused)),
        }
    }
}

fn ending(refused: SendError) -> Ending {
    match refused {
        SendError::TooLarge { limit, .. } => Close::too_large(limit).into(),
        // There is no end of waiting while the outbox is full, but that of the session.
        SendError::Full { .. } | SendError::Ended => Ending::Left,
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // Neither does anything to a session that is over.
        if thread::panicking() {
            self.end(FAILED, "the application failed");
        }
        self.keeper.leave(self.key);
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
        // Without a copy, if nobody else has the text.
        Message::Text(text) => {
            let bytes = Vec::from(Bytes::from(text));
            Payload::Text(String::from_utf8(bytes).expect("a text is UTF-8"))
        }
        Message::Binary(bytes) => Payload::Binary(bytes.into()),
    }
}
