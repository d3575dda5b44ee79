//! What strikes a world while the storm lasts.

use std::time::Duration;

use keepline_core::wire::Return;
use keepline_core::{CloseCode, SessionKey};

use crate::link::Way;
use crate::plan::{Strike, credentials, token};
use crate::story::Happened;
use crate::world::{Coming, World};

impl World {
    pub(crate) fn strike(&mut self, strike: Strike) {
        if self.calm {
            return;
        }
        self.plan_strike(strike);
        match strike {
            Strike::Cut => self.cut_some(),
            Strike::Stall => self.stall_some(),
            Strike::Restart => self.restart(),
            Strike::ServerEnd => self.end_some(),
            Strike::Bye => self.say_bye(),
            Strike::GoAway => self.go_away(),
            Strike::Drain => self.drain(),
            Strike::Sleep => self.sleep_some(),
            Strike::AppEnd => self.app_ends(),
            Strike::Again => self.again(),
            Strike::RetryNow => self.retry_now(),
            Strike::Renew => self.renew(),
            Strike::Page => self.page_strikes(),
        }
    }

    /// Connections that have lost frames end with the storm.
    pub(crate) fn mend_proxies(&mut self) {
        for link in 0..self.links.len() {
            if self.plan.odds.frame_lost > 0 && self.links[link].is_live() {
                self.cut(link, Way::Down);
            }
        }
    }

    fn some_tab(&mut self) -> usize {
        self.chance.below(self.seats.len())
    }

    fn some_link(&mut self) -> Option<usize> {
        let first = self.links.len().saturating_sub(40);
        let live: Vec<usize> =
            (first..self.links.len()).filter(|link| self.links[*link].is_live()).collect();
        (!live.is_empty()).then(|| self.chance.pick(&live))
    }

    fn some_room(&mut self) -> Option<(SessionKey, usize)> {
        let rooms = self.process.iter().flat_map(|process| &process.rooms);
        let rooms: Vec<_> = rooms.map(|(key, room)| (*key, room.tab)).collect();
        (!rooms.is_empty()).then(|| self.chance.pick(&rooms))
    }

    fn cut_some(&mut self) {
        if let Some(link) = self.some_link() {
            self.story.count(Happened::Cut);
            let sure = self.chance.pick(&[Way::Up, Way::Down]);
            self.cut(link, sure);
        }
    }

    fn stall_some(&mut self) {
        let Some(link) = self.some_link() else { return };
        let ways: &[Way] =
            self.chance.pick(&[&[Way::Up] as &[Way], &[Way::Down], &[Way::Up, Way::Down]]);
        let ends = self.chance.strikes(700);
        self.story.count(if ends { Happened::Delay } else { Happened::Stall });
        self.story.line(self.now, || format!("network: {link} stalls {ways:?}, ends: {ends}"));
        self.links[link].impaired = true;
        for way in ways {
            self.links[link].pipe(*way).stalled = true;
            if ends {
                let time = self.chance.millis(10, 40_000);
                self.plan_in(time, Coming::Moves(link, *way));
            }
        }
    }

    fn restart(&mut self) {
        self.story.count(Happened::Restart);
        self.die();
        let time = self.chance.pick(&[0, 200, 3_000, 20_000]);
        self.plan_in(Duration::from_millis(time), Coming::Boots);
    }

    fn end_some(&mut self) {
        let Some((key, tab)) = self.some_room() else { return };
        self.story.count(Happened::ServerEnd);
        self.seats[tab].tab.watch.grounds.session_ended = true;
        if let Some(process) = &mut self.process {
            process.end(key, self.now);
        }
        self.perform_server();
    }

    fn say_bye(&mut self) {
        self.story.count(Happened::Bye);
        let code = CloseCode(self.chance.pick(&[1_000, 1_001, 1_012, 4_403, 4_008]));
        let after = self.chance.millis(0, 8_000);
        let spread = self.chance.millis(0, 8_000);
        let again = (!self.chance.strikes(100)).then_some(Return { after, spread });
        self.story.line(self.now, || format!("server: says bye {code}, again {again:?}"));
        if let Some(process) = &mut self.process {
            process.sessions.say_bye(code, again, "for now", self.now);
        }
        self.perform_server();
    }

    fn go_away(&mut self) {
        self.story.count(Happened::GoAway);
        self.story.line(self.now, || "server: goes away, reachable".to_owned());
        if let Some(process) = &mut self.process {
            process.sessions.go_away(true, Duration::from_secs(10), self.now);
        }
        self.perform_server();
    }

    /// The process dies when its patience is over.
    fn drain(&mut self) {
        self.story.count(Happened::Drain);
        let within = self.chance.millis(500, 20_000);
        self.story.line(self.now, || format!("server: drains within {within:?}"));
        if let Some(process) = &mut self.process {
            process.drain_within(within, self.now);
        }
        self.perform_server();
        self.plan_in(within, Coming::Dies);
        self.plan_in(within, Coming::Boots);
    }

    fn sleep_some(&mut self) {
        self.story.count(Happened::Sleep);
        let time = self.chance.pick(&[1_000, 5_000, 12_000, 17_000, 20_000, 60_000]);
        let (tab, until) = (self.some_tab(), self.now + Duration::from_millis(time));
        self.story.line(self.now, || format!("tab {tab}: sleeps for {time} ms"));
        let seat = &mut self.seats[tab];
        seat.sleeps_until = seat.sleeps_until.max(until);
        seat.tab.watch.falls_asleep();
        self.wake_late(tab, time);
    }

    /// A tab whose machine is awake.
    pub(crate) fn some_awake(&mut self) -> Option<usize> {
        let tab = self.some_tab();
        (self.seats[tab].sleeps_until <= self.now).then_some(tab)
    }

    fn app_ends(&mut self) {
        let Some(number) = self.some_awake() else { return };
        self.story.count(Happened::AppEnd);
        let how = self.chance.below(3);
        self.end_line(number, how);
    }

    pub(crate) fn end_line(&mut self, number: usize, how: usize) {
        let within = self.chance.millis(100, 30_000);
        self.story.line(self.now, || format!("tab {number}: ends its line, {how}"));
        let tab = &mut self.seats[number].tab;
        match how {
            0 => tab.close(4_001, self.now),
            1 => tab.finish(within, self.now),
            _ => tab.abandon(self.now),
        }
        self.perform_tab(number);
    }

    fn again(&mut self) {
        let Some(number) = self.some_awake() else { return };
        let tab = &mut self.seats[number].tab;
        if tab.is_ended() {
            self.story.count(Happened::Again);
            self.story.line(self.now, || format!("tab {number}: connects again"));
            tab.watch.connects_again();
            tab.client.connect(self.now);
            self.perform_tab(number);
        }
    }

    fn retry_now(&mut self) {
        let Some(number) = self.some_awake() else { return };
        self.story.count(Happened::RetryNow);
        let tab = &mut self.seats[number].tab;
        tab.watch.does_not_wait(self.now);
        tab.client.retry_now(self.now);
        self.perform_tab(number);
    }

    /// Another token of the same person, or seldom of another.
    fn renew(&mut self) {
        let Some(number) = self.some_awake() else { return };
        self.story.count(Happened::Renew);
        let plan = &mut self.plan.tabs[number].config;
        let Some(session) = plan.session.as_mut() else { return };
        let is_other = self.chance.strikes(300);
        let new = match &session.credentials {
            Some(now) if !is_other => {
                let name = now.0.split(':').next().unwrap_or_default();
                Some(token(name, &mut self.chance))
            }
            Some(_) | None => credentials(&mut self.chance),
        };
        let Some(new) = new else { return };
        session.credentials = Some(new.clone());
        let tab = &mut self.seats[number].tab;
        tab.watch.grounds.refused |= is_other || !tab.is_ended();
        tab.client.renew(new).expect("a token is short");
        self.perform_tab(number);
    }
}
