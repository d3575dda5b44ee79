//! What a driver hears of its page and of its machine.

use std::rc::{Rc, Weak};

use keepline_core::{Input, Instant, Notice, Wake};

use super::Driver;
use crate::clock;
use crate::page::{Heed, PageLife};
use crate::panic::has_panicked;
use crate::works::Works;

impl Driver {
    /// Listens to the page, and takes in what is so already.
    pub(super) fn watch_page(&self) {
        let this = Weak::clone(&self.this);
        let heed: Heed = Rc::new(move |notice| {
            if let Some(driver) = this.upgrade().filter(|_| !has_panicked()) {
                driver.notice(notice);
            }
        });
        let life = PageLife::watch(&heed);
        self.drive(|works, _| works.life = Some(life));
        PageLife::present().for_each(|notice| self.notice(notice));
    }

    /// Takes in what the page has noticed.
    pub(crate) fn notice(&self, notice: Notice) {
        self.drive(|works, now| {
            let now = works.notice_sleep(now);
            works.notice_closing(now);
            works.core.handle_input(Input::Noticed(notice), now);
        });
    }
}

impl Works {
    /// Tells the core that the machine slept, or the page did not run, if that is so; the present
    /// is then later than it was.
    pub(crate) fn notice_sleep(&mut self, now: Instant) -> Instant {
        if self.life.is_none() {
            return now;
        }
        let time = self.alarm.slept();
        let now = clock::now();
        self.now = Some(now);
        if !time.is_zero() {
            self.core.handle_input(Input::Noticed(Notice::Woke(Wake::Slept(time))), now);
        }
        now
    }
}
