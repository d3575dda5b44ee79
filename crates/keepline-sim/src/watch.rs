//! Who watches a client's sockets, statuses and attempts, without asking the client.

use std::collections::VecDeque;
use std::time::Duration;

use keepline_core::{Client, CloseCode, ConnId, Down, End, Instant, Notice, Status};

use crate::ledger::Ledger;
use crate::life::Life;
use crate::story::{Happened, Story};
use crate::violation::{Oracle, Verdict};

const MINUTE: Duration = Duration::from_secs(60);
const BASE: Duration = Duration::from_millis(500);
const CAP: Duration = Duration::from_secs(30);
/// Beyond it a server would have to wait for a message to be told what was taken.
const ACK_WITHIN: Duration = Duration::from_millis(50);

/// What a tab may be told that ends its line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Grounds {
    /// The application has closed it since it last connected.
    pub(crate) asked: bool,
    /// A server's application has ended a session of it.
    pub(crate) session_ended: bool,
    /// A verifier has refused it, or somebody else's credentials were renewed.
    pub(crate) refused: bool,
    /// A server has told it never to come back.
    pub(crate) sent_away: bool,
    /// The network loses frames, so that each end finds the other broken.
    pub(crate) frames_lost: bool,
}

pub(crate) struct Watch {
    tab: usize,
    live: Vec<ConnId>,
    opens: VecDeque<Instant>,
    /// How many of them a minute may see.
    per_minute: usize,
    /// How many waits were exactly as long as they may be.
    at_ceiling: u32,
    /// Attempts that failed in a row.
    failures: u32,
    name: &'static str,
    pub(crate) grounds: Grounds,
    /// A server has asked this tab to move.
    pub(crate) may_move: bool,
    /// A bye came by the present connection, or the one before if there is none.
    told_bye: bool,
    /// The server has asked it not to come back before; never, if there is no time.
    away_until: Option<Option<Instant>>,
    /// The server goes away with its sessions: nothing new is sent.
    pub(crate) drains: bool,
    /// Since when the server is to be told what was taken; it must be within 50 ms.
    pub(crate) owes_since: Option<Instant>,
    /// The connection that the far end closes: nothing more can be said on it.
    pub(crate) leaving: Option<ConnId>,
    /// Its timers are prompt.
    pub(crate) is_prompt: bool,
    /// The room whose greeting the client has had.
    pub(crate) room: Option<usize>,
    /// The room before, if the client has had a greeting of another since.
    pub(crate) former_room: Option<usize>,
    /// The widest spread that a server advises.
    spread: Duration,
    /// What its page goes through.
    pub(crate) life: Life,
}

impl Watch {
    pub(crate) fn new(tab: usize, per_minute: u16) -> Self {
        Self {
            tab,
            live: Vec::new(),
            opens: VecDeque::new(),
            per_minute: per_minute.into(),
            at_ceiling: 0,
            failures: 0,
            name: "idle",
            grounds: Grounds::default(),
            may_move: false,
            told_bye: false,
            away_until: None,
            drains: false,
            owes_since: None,
            leaving: None,
            is_prompt: false,
            room: None,
            former_room: None,
            spread: BASE,
            life: Life::default(),
        }
    }

    /// The tab's machine sleeps.
    pub(crate) const fn falls_asleep(&mut self) {
        self.owes_since = None;
        self.life.falls_asleep();
    }

    /// The page notices something.
    pub(crate) fn notices(&mut self, notice: Notice, now: Instant) {
        let asks = self.name == "online" && self.leaving.is_none() && !self.drains;
        self.life.notices(notice, asks, now);
    }

    /// Whoever woke waits no longer than for a moment, unless a server has asked for more.
    pub(crate) fn judge_hurry(&mut self, delay: Duration, now: Instant, verdict: &mut Verdict) {
        self.forget_opens(now);
        let is_paced = self.opens.len() >= self.per_minute;
        if self.away_until.is_none() && !self.told_bye && !is_paced {
            self.life.judge_hurry(self.tab, delay, verdict);
        }
    }

    /// What servers advise from now on.
    pub(crate) fn spread_over(&mut self, spread: Duration) {
        self.spread = self.spread.max(spread);
    }

    pub(crate) fn live(&self) -> &[ConnId] {
        &self.live
    }

    /// A bye came.
    pub(crate) fn told_bye(&mut self, after: Option<Duration>, now: Instant) {
        self.told_bye = true;
        // Who has another connection already goes on with that, unless it is to go for good.
        if self.live.len() < 2 || after.is_none() {
            self.away_until = Some(after.map(|after| now + after));
        }
    }

    /// What was said on an older connection holds no longer when another has greeted.
    pub(crate) const fn forget_former(&mut self) {
        (self.drains, self.away_until) = (false, None);
    }

    /// The application does not want to wait.
    pub(crate) const fn does_not_wait(&mut self, now: Instant) {
        self.life.is_impatient(now);
    }

    pub(crate) fn connects_again(&mut self) {
        self.away_until = None;
        self.life.connects_again();
        self.grounds = Grounds { frames_lost: self.grounds.frames_lost, ..Grounds::default() };
    }

    pub(crate) const fn asks_to_end(&mut self) {
        self.grounds.asked = true;
    }

    pub(crate) fn open(&mut self, conn: ConnId, now: Instant, verdict: &mut Verdict) {
        self.told_bye &= !self.live.is_empty();
        self.drains &= !self.live.is_empty();
        let is_early = match self.away_until {
            None => false,
            Some(until) => self.live.is_empty() && until.is_none_or(|until| now < until),
        };
        verdict.demand(!is_early, Oracle::Retries, || {
            format!("tab {} was asked to stay away: {:?}", self.tab, self.away_until)
        });
        self.life.judge_open(self.tab, verdict);
        self.live.push(conn);
        let most = if self.may_move { 2 } else { 1 };
        let (tab, live) = (self.tab, &self.live);
        verdict.demand(live.len() <= most, Oracle::Sockets, || {
            format!("tab {tab} has {live:?} at once")
        });
        self.opens.push_back(now);
        self.forget_opens(now);
        let opens = self.opens.len();
        verdict.demand(opens <= self.per_minute, Oracle::Retries, || {
            format!("tab {tab} has made {opens} attempts in a minute")
        });
    }

    fn forget_opens(&mut self, now: Instant) {
        while self.opens.front().is_some_and(|at| *at + MINUTE <= now) {
            self.opens.pop_front();
        }
    }

    pub(crate) fn used(&self, conn: ConnId, verdict: &mut Verdict) {
        verdict.demand(self.live.contains(&conn), Oracle::Sockets, || {
            format!("tab {} uses {conn:?}, which is gone", self.tab)
        });
    }

    /// The socket itself has said that it is over.
    pub(crate) fn gone(&mut self, conn: ConnId) {
        self.live.retain(|it| *it != conn);
    }

    /// Whether the socket was still there.
    pub(crate) fn abandoned(&mut self, conn: ConnId) -> bool {
        let was_live = self.live.contains(&conn);
        self.gone(conn);
        self.life.let_go = Some(conn);
        was_live
    }

    /// After all is performed, each socket that is left has an owner.
    pub(crate) fn judge(&mut self, client: &Client, now: Instant, verdict: &mut Verdict) {
        self.leaving = self.leaving.filter(|conn| client.conn() == Some(*conn));
        let may_speak = self.name == "online" && self.live.len() == 1 && self.leaving.is_none();
        if !may_speak || !self.is_prompt {
            self.owes_since = None;
        }
        let owes = self.owes_since.filter(|since| *since + ACK_WITHIN < now);
        verdict.demand(owes.is_none(), Oracle::Deadlines, || {
            format!("tab {} has not told since {owes:?} what it took", self.tab)
        });
        self.life.judge_proof(self.tab, self.name, self.is_prompt, now, verdict);
        let leaked = self.live.iter().find(|conn| !client.owns(**conn));
        verdict.demand(leaked.is_none(), Oracle::Sockets, || {
            format!("tab {} has leaked {leaked:?}", self.tab)
        });
        let owned = client.conn().filter(|conn| !self.live.contains(conn));
        verdict.demand(owned.is_none(), Oracle::Sockets, || {
            format!("tab {} holds on to {owned:?}, which is gone", self.tab)
        });
    }

    /// The next session is under another id, so nobody can say what was missed.
    pub(crate) const fn parts_from_room(&mut self) {
        (self.room, self.former_room) = (None, None);
    }

    pub(crate) fn restarted(&mut self, missed: Option<u64>, ledger: &mut Ledger) {
        if let (Some(former), Some(room)) = (self.former_room, self.room) {
            match missed {
                Some(missed) => ledger.missed(self.tab, former, missed),
                None => ledger.missed_unknown(self.tab, former, room),
            }
        }
    }

    /// The line stands differently.
    pub(crate) fn stands(
        &mut self,
        status: &Status,
        now: Instant,
        ledger: &mut Ledger,
        story: &mut Story,
    ) {
        let before = std::mem::replace(&mut self.name, status.name());
        let follows = follows(before, status.name());
        ledger.verdict.demand(follows, Oracle::Story, || {
            format!("tab {}: {status} after {before}", self.tab)
        });
        match status {
            Status::Idle | Status::Closing => {}
            Status::Connecting { .. } => self.failures += 1,
            Status::Online { .. } => {
                story.count(Happened::Online);
                (self.failures, self.told_bye, self.drains) = (0, false, false);
                self.away_until = None;
                self.life.opens(now);
            }
            Status::Waiting { why, retry_at, .. } => {
                if *why == Down::GoneAway {
                    self.parts_from_room();
                }
                self.waits(why, *retry_at - now, now, &mut ledger.verdict);
            }
            Status::Ended { why } => {
                story.count(Happened::Ended);
                self.ends(why, &mut ledger.verdict);
                ledger.end_up(self.tab);
                self.life.ends();
                self.grounds.asked = false;
            }
        }
    }

    fn waits(&mut self, why: &Down, delay: Duration, now: Instant, verdict: &mut Verdict) {
        let tab = self.tab;
        let is_peace = !matches!(why, Down::Broken(_)) || self.grounds.frames_lost;
        verdict.demand(is_peace, Oracle::Peace, || format!("tab {tab}: {why}"));
        let was_told = matches!(why, Down::Bye { .. });
        verdict.demand(!was_told || self.told_bye, Oracle::Reason, || {
            format!("tab {tab} was told to go, and nobody has said so")
        });
        self.forget_opens(now);
        let is_paced = self.opens.len() >= self.per_minute;
        let paced_delay = if is_paced { Duration::MAX } else { delay };
        self.life.judge_wait(tab, why, paced_delay, now, verdict);
        let is_paused = matches!(why, Down::Offline | Down::Suspended);
        if is_paused || was_told || is_paced {
            return;
        }
        let ceiling = BASE.saturating_mul(1 << self.failures.min(10)).min(CAP);
        let ceiling = if self.failures == 0 { ceiling.max(self.spread) } else { ceiling };
        let failures = self.failures;
        // Chance meets the ceiling once in half a million draws; jitter that is not there, always.
        self.at_ceiling += u32::from(delay == ceiling);
        let has_jitter = self.at_ceiling < 2;
        verdict.demand(delay <= ceiling && has_jitter, Oracle::Retries, || {
            format!("tab {tab} waits for {delay:?} after {failures} failures, {ceiling:?} at most")
        });
    }

    fn ends(&self, why: &End, verdict: &mut Verdict) {
        let Grounds { asked, session_ended, refused, sent_away, frames_lost } = self.grounds;
        let has_grounds = match why {
            End::Application => asked,
            End::Closed(closed) => match closed.code {
                CloseCode(4401 | 4456) => refused,
                CloseCode(4453 | 4501..=4505) => frames_lost,
                _ => false,
            },
            End::Bye { .. } => sent_away,
            End::Session { .. } => session_ended,
            End::Broken(_) => frames_lost,
            End::Refused(_)
            | End::NotKeepline
            | End::NotProvided(_)
            | End::BadEndpoint(_)
            | End::Diagnosed(_) => false,
        };
        verdict.demand(has_grounds, Oracle::Reason, || {
            format!("tab {} ended without grounds: {why}", self.tab)
        });
    }
}

fn follows(before: &str, after: &str) -> bool {
    matches!(
        (before, after),
        ("idle" | "waiting" | "ended" | "online", "connecting")
            | ("connecting", "online")
            | ("idle" | "connecting" | "online" | "waiting" | "ended", "waiting")
            | ("online", "closing")
            | ("idle" | "connecting" | "online" | "waiting" | "closing", "ended")
    )
}
