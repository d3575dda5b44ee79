//! One connection of a server, from its opening to its end.

use alloc::string::String;
use core::time::Duration;

use super::session::Session;
use super::{HOLDS_NEW_BACK, SessionKey};
use crate::delivery::Link;
use crate::wire::{Coding, Finale, Hello, Record};
use crate::{Instant, Payload};

#[derive(Debug)]
pub(super) struct Line {
    pub(super) coding: Coding,
    /// The address that it was opened on.
    pub(super) scope: String,
    pub(super) stage: Stage,
    pub(super) alarm: Option<Instant>,
}

#[derive(Debug)]
pub(super) enum Stage {
    /// No hello has come.
    Silent { until: Instant },
    /// A verifier is asked who is there.
    Verifying { hello: Hello, until: Instant },
    /// It carries a session.
    Attached(Talk),
    /// This end has closed it, after one last frame.
    Closing { last: Option<Payload>, until: Instant },
}

/// What belongs to a session's present connection.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) key: SessionKey,
    pub(super) link: Link,
    pub(super) heard: Instant,
    pub(super) sent: Instant,
    /// When the client was last asked for a sign of life.
    pub(super) asked: Instant,
    /// How long its credentials hold.
    pub(super) granted_until: Option<Instant>,
    /// Until when a verifier must have answered to renewed credentials.
    pub(super) verified_by: Option<Instant>,
    /// When the client must be told at the latest what was taken.
    pub(super) ack_by: Option<Instant>,
    /// Whether the driver knows that there is something to send.
    pub(super) woken: bool,
    /// This end has said `end` in this frame, and says nothing after it.
    pub(super) last: LastWord,
}

/// Whether this end has said `end`.
#[derive(Debug)]
pub(super) enum LastWord {
    NotYet,
    Ready(Finale),
    Said,
}

impl Talk {
    /// Whether there is anything that should leave now.
    pub(super) fn has_more(&self, session: &Session) -> bool {
        match self.last {
            LastWord::NotYet => session.delivery.has_frame(&self.link, HOLDS_NEW_BACK),
            LastWord::Ready(_) => true,
            LastWord::Said => false,
        }
    }

    /// The frame with this end's `end`, if it is still to be said; there is no other after it.
    pub(super) fn say_end(&mut self) -> Option<Payload> {
        let LastWord::Ready(end) = &self.last else { return None };
        let frame = self.link.last_frame(&Record::End(end.clone()));
        self.last = LastWord::Said;
        Some(frame)
    }

    /// When its credentials are over: never while others that came in time are being looked at,
    /// which has a deadline of its own.
    pub(super) fn expires_at(&self) -> Option<Instant> {
        self.granted_until.filter(|_| self.verified_by.is_none())
    }

    /// When the client must be asked for a sign of life: when it was sent nothing for so long, for
    /// it waits for ours, or when it has said nothing, for it may have nothing to say.
    pub(super) fn ping_at(&self, ping: Duration) -> Instant {
        self.sent.min(self.heard.max(self.asked)) + ping
    }
}

impl Line {
    /// When something must be done about it.
    pub(super) fn deadline(&self, ping: Duration, silence: Duration) -> Instant {
        match &self.stage {
            Stage::Silent { until }
            | Stage::Verifying { until, .. }
            | Stage::Closing { until, .. } => *until,
            Stage::Attached(talk) => {
                let beat = talk.ping_at(ping).min(talk.heard + silence);
                let others = [talk.ack_by, talk.expires_at(), talk.verified_by];
                others.into_iter().flatten().fold(beat, Instant::min)
            }
        }
    }
}
