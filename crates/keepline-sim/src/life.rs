//! What a tab's page goes through, and what its line must make of that.

use std::time::Duration;

use keepline_core::{ConnId, Down, Instant, Notice, Wake};

use crate::violation::{Oracle, Verdict};

/// A page that wakes waits no longer.
const MOMENT: Duration = Duration::from_millis(200);
/// A line that was asked gives a sign of life by then, or is given up.
const PROOF: Duration = Duration::from_millis(2_500);
/// Without a network the waits are no shorter.
const SELDOM: Duration = Duration::from_secs(15);
/// More than this is a sleep.
const ASLEEP: Duration = Duration::from_secs(30);
/// Who has heard something within this time is not asked.
const FRESH: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(crate) struct Life {
    pub(crate) is_suspended: bool,
    is_offline: bool,
    /// The application has closed the line, and not opened it again.
    is_over: bool,
    /// When it woke last, or when its application did not want to wait.
    hurried_at: Option<Instant>,
    heard: Option<Instant>,
    /// The line must have given a sign of life by then.
    proof_by: Option<Instant>,
    /// The connection that was let go last.
    pub(crate) let_go: Option<ConnId>,
    /// A line was called silent.
    pub(crate) called_silent: bool,
}

impl Life {
    pub(crate) fn notices(&mut self, notice: Notice, asks: bool, now: Instant) {
        match notice {
            Notice::Woke(wake) => self.wakes(wake, asks, now),
            Notice::NetworkDown => self.is_offline = true,
            Notice::Suspended => self.is_suspended = true,
            Notice::Hidden | Notice::Left => {}
        }
    }

    fn wakes(&mut self, wake: Wake, asks: bool, now: Instant) {
        self.is_offline &= wake != Wake::NetworkUp;
        self.is_suspended = false;
        self.hurried_at = Some(now);
        let slept = match wake {
            Wake::Restored | Wake::Resumed => true,
            Wake::Slept(time) => time > ASLEEP,
            Wake::Shown | Wake::NetworkUp => false,
        };
        let is_fresh = self.heard.is_some_and(|heard| now - heard < FRESH);
        if asks && (slept || !is_fresh) {
            self.proof_by.get_or_insert(now + PROOF);
        }
    }

    /// The application does not want to wait.
    pub(crate) const fn is_impatient(&mut self, now: Instant) {
        (self.is_suspended, self.hurried_at) = (false, Some(now));
    }

    /// A frame came.
    pub(crate) fn hears_at(&mut self, now: Instant) {
        (self.heard, self.proof_by) = (Some(now), None);
    }

    pub(crate) const fn falls_asleep(&mut self) {
        self.proof_by = None;
    }

    pub(crate) fn opens(&mut self, now: Instant) {
        self.is_offline = false;
        self.hears_at(now);
    }

    pub(crate) const fn ends(&mut self) {
        self.is_over = true;
    }

    pub(crate) const fn connects_again(&mut self) {
        (self.is_over, self.is_suspended) = (false, false);
    }

    pub(crate) fn judge_open(&self, tab: usize, verdict: &mut Verdict) {
        verdict.demand(!self.is_over, Oracle::Waking, || {
            format!("tab {tab} connects, though it was closed")
        });
        verdict.demand(!self.is_suspended, Oracle::Waking, || {
            format!("tab {tab} connects, though its page stands still")
        });
    }

    pub(crate) fn judge_hurry(&self, tab: usize, delay: Duration, verdict: &mut Verdict) {
        verdict.demand(delay <= MOMENT, Oracle::Waking, || {
            format!("tab {tab} woke, and still waits for {delay:?}")
        });
    }

    pub(crate) fn judge_wait(
        &mut self,
        tab: usize,
        why: &Down,
        delay: Duration,
        now: Instant,
        verdict: &mut Verdict,
    ) {
        self.called_silent |= *why == Down::Silent;
        let is_hurried = self.hurried_at == Some(now) || *why == Down::Paced;
        let is_eager = self.is_offline && !is_hurried && delay < SELDOM;
        verdict.demand(!is_eager, Oracle::Waking, || {
            format!("tab {tab} tries again after {delay:?} without a network: {why}")
        });
    }

    pub(crate) fn judge_proof(
        &mut self,
        tab: usize,
        status: &str,
        is_prompt: bool,
        now: Instant,
        verdict: &mut Verdict,
    ) {
        if status != "online" || !is_prompt {
            self.proof_by = None;
        }
        let late = self.proof_by.filter(|by| *by < now);
        verdict.demand(late.is_none(), Oracle::Waking, || {
            format!("tab {tab} woke, was asked for a sign of life by {late:?}, and is still online")
        });
    }
}
