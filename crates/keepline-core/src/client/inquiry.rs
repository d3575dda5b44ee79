//! When a handshake that failed is looked into, and what is made of the answer.

use super::transition::LONGEST_ABSENCE;
use super::{Client, State};
use crate::{ConnId, Diagnosis, Down, End, Instant, Output, Span, Verdict};

/// What is being found out about failed handshakes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Inquiry {
    stage: Stage,
    /// Not before then is another one looked into.
    next: Instant,
}

#[derive(Clone, Copy, Debug, Default)]
enum Stage {
    #[default]
    Rests,
    Asked(ConnId),
    /// The answer came while the next attempt was under way, and counts if that fails too.
    Found(Diagnosis, Option<Verdict>),
}

/// Whether this is said of a handshake that failed, and of nothing else.
pub(super) const fn is_of_handshake(why: &Down) -> bool {
    match why {
        Down::TimedOut | Down::Closed(_) | Down::PerhapsNotKeepline(_) | Down::Diagnosed(_) => true,
        Down::Failed(_)
        | Down::Silent
        | Down::Paced
        | Down::Broken(_)
        | Down::Bye { .. }
        | Down::GoneAway
        | Down::Offline
        | Down::Suspended
        | Down::Slept
        | Down::NotProvided(_)
        | Down::ProviderSilent => false,
    }
}

impl Inquiry {
    /// A handshake has succeeded: what was found out about one before says nothing any more.
    pub(super) const fn forget(&mut self) {
        self.stage = Stage::Rests;
    }
}

impl Client {
    /// The connection whose handshake is said to have failed, if it is to be looked into.
    pub(super) fn failed_handshake(&self, why: &Down) -> Option<ConnId> {
        match &self.state {
            State::Connecting(dial) if self.config.diagnosis && is_of_handshake(why) => {
                Some(dial.conn)
            }
            State::Connecting(_)
            | State::Idle
            | State::Greeting(_)
            | State::Online(_)
            | State::Leaving(_)
            | State::Waiting { .. }
            | State::Closing { .. }
            | State::Ended(_) => None,
        }
    }

    /// Looks into a failed handshake: the first since the last proven life, and then no more often
    /// than the longest backoff, unless the answer before was one to be checked.
    pub(super) fn inquire(&mut self, conn: ConnId, now: Instant) {
        match self.inquiry.stage {
            Stage::Found(found, judged) => {
                self.inquiry.stage = Stage::Rests;
                self.heed(found, judged, now);
            }
            Stage::Rests if self.inquiry.next <= now => {
                let next = now + self.config.backoff.cap;
                self.inquiry = Inquiry { stage: Stage::Asked(conn), next };
                self.outputs.push(Output::Diagnose(conn));
            }
            Stage::Rests | Stage::Asked(_) => {}
        }
    }

    /// What was found out about the handshake of a connection that is gone.
    pub(super) fn diagnosed(
        &mut self,
        conn: ConnId,
        found: Diagnosis,
        judged: Option<Verdict>,
        now: Instant,
    ) {
        if !matches!(self.inquiry.stage, Stage::Asked(asked) if asked == conn) {
            return;
        }
        self.inquiry.stage = Stage::Rests;
        match &self.state {
            State::Waiting { .. } => self.heed(found, judged, now),
            State::Connecting(_) => self.inquiry.stage = Stage::Found(found, judged),
            // A handshake has succeeded since.
            State::Greeting(_) | State::Online(_) | State::Leaving(_) => {}
            State::Idle | State::Closing { .. } | State::Ended(_) => {}
        }
    }

    fn heed(&mut self, found: Diagnosis, judged: Option<Verdict>, now: Instant) {
        let State::Waiting { why, retry_at, not_before } = &self.state else { return };
        if !is_of_handshake(why) {
            return;
        }
        let (retry_at, not_before) = (*retry_at, *not_before);
        let asks_again = judged.is_none() && found.refuses_credentials() && self.may_ask_again();
        match judged.unwrap_or(found.verdict()) {
            Verdict::End if !asks_again => self.end(End::Diagnosed(found), now),
            Verdict::End => self.wait_informed(found, retry_at, not_before, now),
            Verdict::Retry => {
                let advised = self.advised_by(found, now);
                let (retry_at, not_before) =
                    advised.map_or((retry_at, not_before), |advised| (advised, advised));
                self.wait_informed(found, retry_at, not_before, now);
            }
        }
    }

    fn wait_informed(
        &mut self,
        found: Diagnosis,
        retry_at: Instant,
        not_before: Instant,
        now: Instant,
    ) {
        if found.refuses_credentials() || found.advice().is_some() {
            self.inquiry.next = now;
        }
        if found != Diagnosis::Unknown {
            let why = Down::Diagnosed(found);
            self.enter(State::Waiting { why, retry_at, not_before }, now);
        }
    }

    fn advised_by(&mut self, found: Diagnosis, now: Instant) -> Option<Instant> {
        let after = Span::from(found.advice()?).min(LONGEST_ABSENCE);
        let jitter = self.rng.up_to((after / 10).max(self.config.backoff.base.into()));
        Some((now + after + jitter).max(self.pace.next_allowed()))
    }
}
