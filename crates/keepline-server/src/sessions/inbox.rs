//! What a session's application has not heard yet: the client's messages, and what became of its
//! own.

use std::collections::VecDeque;
use std::sync::Arc;

use keepline_core::{Doubt, Loss, MessageIds, Payload};
use tokio::sync::Notify;

/// So many runs of messages with one fate are remembered for an application that does not ask.
const REMEMBERED: usize = 1_024;

/// Messages of a session's application that its client has not taken, or may not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The client has not taken them, and never will.
    Undeliverable(MessageIds, Loss),
    /// The client may have taken them or not.
    Unknown(MessageIds, Doubt),
}

/// Bounded by the session's window, and by what is remembered of the lost.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    waiting: VecDeque<Payload>,
    lost: VecDeque<Lost>,
    stage: Stage,
    /// The application waits until less is in the outbox.
    watches_outbox: bool,
    news: Arc<Notify>,
    /// Calls the application back, which runs by itself.
    recall: Option<Arc<Notify>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Open,
    /// The application has ended its session: it takes nothing more, and may still be told.
    Closed,
    Over,
}

/// How a session's application finds its next message.
#[derive(Debug)]
pub(super) enum Found {
    Message(Payload),
    Nothing,
    /// There is none any more.
    Over,
}

impl Inbox {
    pub(super) fn news(&self) -> Arc<Notify> {
        Arc::clone(&self.news)
    }

    /// Of an application that runs by itself from now on: rings when the session has a connection.
    pub(super) fn recall(&mut self) -> Arc<Notify> {
        Arc::clone(self.recall.insert(Arc::default()))
    }

    /// The session has a connection.
    pub(super) fn attach(&mut self) {
        if let Some(recall) = self.recall.take() {
            recall.notify_one();
        }
    }

    pub(super) fn deliver(&mut self, payload: Payload) {
        if self.is_open() {
            self.waiting.push_back(payload);
            self.news.notify_one();
        }
    }

    pub(super) fn take(&mut self) -> Found {
        match self.waiting.pop_front() {
            Some(payload) => Found::Message(payload),
            None if self.is_open() => Found::Nothing,
            None => Found::Over,
        }
    }

    /// What was delivered and not taken is gone: the client is told so.
    pub(super) fn close(&mut self) {
        if self.is_open() {
            self.stage = Stage::Closed;
        }
        self.waiting = VecDeque::new();
        self.news.notify_one();
    }

    /// The session is over, and every fate is told.
    pub(super) fn end(&mut self) {
        self.close();
        self.stage = Stage::Over;
    }

    pub(super) const fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open)
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    pub(super) const fn watch_outbox(&mut self) {
        self.watches_outbox = true;
    }

    /// Messages have left the outbox, one way or the other.
    pub(super) fn outbox_shrinks(&mut self) {
        if std::mem::take(&mut self.watches_outbox) {
            self.news.notify_one();
        }
    }

    pub(super) fn lose(&mut self, lost: Lost) {
        if self.lost.len() == REMEMBERED {
            self.lost.pop_front();
        }
        self.lost.push_back(lost);
        self.outbox_shrinks();
    }

    pub(super) fn take_lost(&mut self) -> Vec<Lost> {
        std::mem::take(&mut self.lost).into()
    }
}
