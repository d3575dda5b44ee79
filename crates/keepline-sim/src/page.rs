//! What happens to the pages of tabs: they are shown and hidden, stand still, and sleep.

use std::time::Duration;

use keepline_core::{Notice, Wake};

use crate::story::Happened;
use crate::violation::Oracle;
use crate::world::{Coming, World};

impl World {
    /// Something happens to some tab's page.
    pub(crate) fn page_strikes(&mut self) {
        let Some(tab) = self.some_awake() else { return };
        let time = self.chance.millis(100, 60_000);
        match self.chance.below(5) {
            0 => self.hide(tab, time),
            1 => self.lose_network(tab, time),
            2 | 3 => self.stand_still(tab, time),
            _ => self.noticed(tab, Notice::Left),
        }
    }

    fn hide(&mut self, tab: usize, time: Duration) {
        self.noticed(tab, Notice::Hidden);
        self.plan_in(time, Coming::Noticed(tab, Notice::Woke(Wake::Shown)));
    }

    /// What a browser believes of the network is not always true.
    fn lose_network(&mut self, tab: usize, time: Duration) {
        self.noticed(tab, Notice::NetworkDown);
        self.plan_in(time, Coming::Noticed(tab, Notice::Woke(Wake::NetworkUp)));
    }

    /// Some browsers' pages hear on while they stand still.
    fn stand_still(&mut self, tab: usize, time: Duration) {
        self.noticed(tab, Notice::Suspended);
        let wake = self.chance.pick(&[Wake::Restored, Wake::Resumed]);
        self.plan_in(time, Coming::Noticed(tab, Notice::Woke(wake)));
        if self.chance.strikes(700) {
            let seat = &mut self.seats[tab];
            seat.sleeps_until = seat.sleeps_until.max(self.now + time);
            seat.tab.watch.falls_asleep();
        }
    }

    /// A machine that has slept is noticed soon, or never.
    pub(crate) fn wake_late(&mut self, tab: usize, slept_ms: u64) {
        let slept = Duration::from_millis(slept_ms);
        if self.chance.strikes(700) {
            let late = self.chance.pick(&[0, 1, 300, 8_000]);
            let notice = Notice::Woke(Wake::Slept(slept));
            self.plan_in(slept + Duration::from_millis(late), Coming::Noticed(tab, notice));
        }
    }

    pub(crate) fn noticed(&mut self, number: usize, notice: Notice) {
        self.story.count(match notice {
            Notice::Woke(_) => Happened::Woke,
            Notice::Suspended => Happened::Suspended,
            Notice::Left => Happened::Left,
            Notice::NetworkDown | Notice::Hidden => Happened::Offline,
        });
        self.story.line(self.now, || format!("tab {number}: notices {notice:?}"));
        self.seats[number].tab.notice(notice, self.now, &mut self.ledger);
        self.perform_tab(number);
    }

    /// Whoever is called silent has been, or there is an excuse.
    pub(crate) fn judge_silence(&mut self, number: usize) {
        let seat = &mut self.seats[number];
        let life = &mut seat.tab.watch.life;
        if !std::mem::take(&mut life.called_silent) {
            return;
        }
        let Some(link) = life.let_go.map(|conn| seat.link(conn)) else { return };
        let it = &self.links[link];
        let is_lossy = self.plan.odds.frame_lost > 0 || self.plan.odds.slow_verifier > 0;
        let is_excused = it.impaired || is_lossy || it.server_gone || it.down.shut;
        self.ledger.verdict.demand(is_excused, Oracle::FalseAlarm, || {
            format!("tab {number} calls {link} silent, which works")
        });
    }
}
