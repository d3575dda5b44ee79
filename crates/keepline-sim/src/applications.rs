//! What applications do when it is their turn: they take, and they send.

use std::time::Duration;

use keepline_core::SessionKey;

use crate::story::Happened;
use crate::world::{Coming, World};

impl World {
    pub(crate) fn tab_turn(&mut self, number: usize) {
        let (pause, burst) = {
            let plan = &self.plan.tabs[self.seats[number].plan];
            (plan.pause, plan.burst)
        };
        let count = if self.calm { usize::MAX } else { self.chance.within(0, 8) };
        let seat = &mut self.seats[number];
        seat.tab.take(count, self.now, &mut self.ledger);
        if !self.calm {
            for _ in 0..self.chance.within(0, burst) {
                self.tab_sends(number);
            }
            self.tab_regrets(number);
        }
        self.perform_tab(number);
        let pause = if self.calm { Duration::from_millis(500) } else { pause };
        let next = self.chance.millis(1, 2 * pause.as_millis() as usize);
        self.plan_in(next, Coming::TabTurn(number));
    }

    fn tab_sends(&mut self, number: usize) {
        let tab = &mut self.seats[number].tab;
        let size = self.chance.within(10, tab.client.largest_message().min(300));
        let on_terms = self.chance.strikes(self.plan.tabs[self.seats[number].plan].on_terms);
        let options = on_terms.then(|| crate::terms::draw(&mut self.chance));
        self.ledger.now = self.now;
        let tab = &mut self.seats[number].tab;
        if tab.send(size, self.chance.strikes(300), options, &mut self.ledger) {
            self.story.count(Happened::Message);
        }
    }

    /// The application takes one of the last messages back.
    fn tab_regrets(&mut self, number: usize) {
        let on_terms = self.plan.tabs[self.seats[number].plan].on_terms;
        if self.chance.strikes(on_terms / 2) {
            self.ledger.now = self.now;
            let next = self.ledger.next_up(number);
            let id = next.saturating_sub(self.chance.within(1, 8) as u64);
            self.seats[number].tab.cancel(id, &mut self.ledger);
        }
    }

    pub(crate) fn server_turn(&mut self) {
        let keys: Vec<SessionKey> =
            self.process.iter().flat_map(|process| process.rooms.keys().copied()).collect();
        for key in keys {
            self.room_turn(key);
            self.perform_server();
        }
        let pause = if self.calm { Duration::from_millis(500) } else { self.plan.pause };
        let next = self.chance.millis(1, 2 * pause.as_millis() as usize);
        self.plan_in(next, Coming::ServerTurn);
    }

    fn room_turn(&mut self, key: SessionKey) {
        let Some(process) = &mut self.process else { return };
        let count = if self.calm { usize::MAX } else { self.chance.within(0, 8) };
        process.take(key, count, self.now, &mut self.ledger);
        let messages = if self.calm { 0 } else { self.chance.within(0, self.plan.burst) };
        for _ in 0..messages {
            let largest = process.config.window.message_bytes as usize;
            let size = self.chance.within(10, largest.min(300));
            let as_text = self.chance.strikes(300);
            if process.send(key, size, as_text, self.now, &mut self.ledger) {
                self.story.count(Happened::Message);
            }
        }
    }
}
