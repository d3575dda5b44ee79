//! How an application reads, and what else happens meanwhile.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use js_sys::{Function, Promise};
use keepline::{Instant, Monitor};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::log::Log;
use crate::request::Reading;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = requestAnimationFrame)]
    fn request_animation_frame(callback: &Function) -> i32;
}

/// One who reads a line, at a pace of its own.
pub(crate) struct Reader {
    pace: Reading,
    monitor: Monitor,
    log: Log,
    is_over: Rc<Cell<bool>>,
}

impl Reader {
    pub(crate) fn new(pace: Reading, monitor: Monitor, log: Log) -> Self {
        let is_over = Rc::default();
        if pace.work_us > 0 {
            spawn_local(count_frames(monitor.clone(), log.clone(), Rc::clone(&is_over)));
        }
        Self { pace, monitor, log, is_over }
    }

    /// Before each message.
    pub(crate) fn look(&self) {
        let unread = self.monitor.unread().messages as u64;
        let (dropped, replaced) = (self.monitor.dropped(), self.monitor.replaced());
        self.log.note(|tally| {
            tally.most_unread = tally.most_unread.max(unread);
            (tally.dropped, tally.replaced) = (dropped, replaced);
        });
    }

    /// After each message: works, which lets nothing else happen, or waits.
    pub(crate) async fn digest(&self) {
        self.work();
        if self.pace.every_ms > 0 {
            TimeoutFuture::new(self.pace.every_ms).await;
        }
    }

    /// Works on a message.
    pub(crate) fn work(&self) {
        let until = keepline::now() + Duration::from_micros(self.pace.work_us.into());
        while self.pace.work_us > 0 && keepline::now() < until {}
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.is_over.set(true);
    }
}

/// Counts the frames that a page draws while there is something to read.
async fn count_frames(monitor: Monitor, log: Log, is_over: Rc<Cell<bool>>) {
    while !is_over.get() {
        let frame = Promise::new(&mut |resolve, _| {
            request_animation_frame(&resolve);
        });
        if JsFuture::from(frame).await.is_err() {
            return;
        }
        if monitor.unread().messages > 0 {
            let now = (keepline::now() - Instant::ORIGIN).as_millis() as u64;
            log.note(|tally| tally.draw(now));
        }
    }
}
