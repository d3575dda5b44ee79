//! What the server's driver does: it asks who is there, and hands frames to connections.

use std::time::Duration;

use keepline_core::wire::{Credentials, GoAway, Record};
use keepline_core::{Caller, Refused};

use crate::link::{Item, Mark, Way};
use crate::network::{far, is_plain, summary};
use crate::process::Said;
use crate::story::Happened;
use crate::world::{Coming, World};

impl World {
    /// Whether its client has an excuse for being silent.
    pub(crate) fn is_impaired(&self, link: usize) -> bool {
        let it = &self.links[link];
        let seat = &self.seats[it.tab];
        let sleeps = seat.sleeps_until + Duration::from_secs(30) > self.now;
        let is_lossy = self.plan.odds.frame_lost > 0 || self.plan.odds.slow_verifier > 0;
        it.impaired || sleeps || is_lossy || it.up.shut || it.down.shut
    }

    pub(crate) fn pump(&mut self, link: usize) {
        if !self.is_present(link) {
            return;
        }
        let Some(process) = &mut self.process else { return };
        for Said { frame, records } in process.pump(far(link), self.now, &mut self.ledger) {
            let mark = self.mark(link, &records);
            self.story.line(self.now, || format!("server: {link} is sent {}", summary(&frame)));
            self.push(link, Way::Down, Item::Frame(frame, mark));
        }
    }

    fn mark(&mut self, link: usize, records: &[Record]) -> Mark {
        let mut mark = Mark { is_plain: is_plain(records), ..Mark::default() };
        let room = self.room_of(far(link));
        let watch = &mut self.seats[self.links[link].tab].tab.watch;
        for record in records {
            match record {
                Record::Greeting(greeting) => {
                    mark.greets = room;
                    watch.spread_over(greeting.spread);
                }
                Record::Bye(bye) => {
                    mark.bye = Some(bye.again.map(|again| again.after));
                    watch.grounds.sent_away |= bye.again.is_none();
                }
                Record::GoAway(GoAway { reachable, .. }) => {
                    mark.moves |= *reachable;
                    mark.drains |= !*reachable;
                }
                Record::Ack(ack) => mark.taken = room.map(|room| (room, ack.taken)),
                Record::End(_) => watch.grounds.session_ended |= room.is_some(),
                Record::Hello(_)
                | Record::Message(..)
                | Record::Ping(_)
                | Record::Pong(_)
                | Record::Renew(_)
                | Record::Renewed(_) => {}
            }
        }
        mark
    }

    pub(crate) fn verify(&mut self, link: usize, who: Option<&Credentials>) {
        let odds = if self.calm { crate::plan::Odds::default() } else { self.plan.odds };
        let subject =
            who.map(|Credentials(token)| token.split(':').next().unwrap_or_default().to_owned());
        let mut answer = Ok(Caller { subject, expires: None });
        if self.chance.strikes(odds.denied) {
            self.story.count(Happened::Denied);
            self.seats[self.links[link].tab].tab.watch.grounds.refused = true;
            answer = Err(Refused { reason: "not today".to_owned() });
        }
        if self.chance.strikes(odds.slow_verifier) {
            let time = self.chance.millis(10, 12_000);
            return self.plan_in(time, Coming::Verified(link, answer));
        }
        self.verified(link, answer);
    }

    pub(crate) fn verified(&mut self, link: usize, who: Result<Caller, Refused>) {
        if self.is_present(link)
            && let Some(process) = &mut self.process
        {
            process.sessions.verified(far(link), who, self.now);
            if !self.calm && self.chance.strikes(self.plan.odds.ends_at_once) {
                self.ends_at_once(link);
            }
            self.perform_server();
        }
    }

    fn ends_at_once(&mut self, link: usize) {
        let acts = self.performed();
        let room = self.room_of(far(link));
        let Some(process) = &mut self.process else { return };
        let key = process.rooms.iter().find(|(_, it)| Some(it.serial) == room);
        if let Some((key, tab)) = key.map(|(key, it)| (*key, it.tab)) {
            self.story.count(Happened::ServerEnd);
            self.seats[tab].tab.watch.grounds.session_ended = true;
            process.end(key, self.now);
        }
        acts.into_iter().for_each(|act| self.act(act));
    }
}
