//! Opens and loses lines, over and over, for a driver that weighs what is left of them.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use keepline::{Backoff, Builder, CloseCode, Text, TextSocket};
use wasm_bindgen_futures::spawn_local;

use crate::line::configured;
use crate::report::Weight;
use crate::request::{Cycle, Options};

/// So often a line is lost before another takes its place.
const LOSSES_OF_A_LINE: u64 = 250;

/// How many cycles are done, of all that were started.
#[derive(Clone, Default)]
pub(crate) struct Cycles(Rc<Cell<u64>>);

impl Cycles {
    pub(crate) fn start(&self, url: String, options: Options, cycle: Cycle, count: u64) {
        let cycles = self.clone();
        spawn_local(async move {
            let end = cycles.0.get() + count;
            while cycles.0.get() < end {
                let line = line(&url, &options).connect();
                let Ok(line) = line else { return };
                match cycle {
                    Cycle::OpenAndClose => cycles.open_and_close(line).await,
                    Cycle::Lose => cycles.lose(line, end).await,
                }
            }
        });
    }

    async fn open_and_close(&self, mut line: TextSocket) {
        let echoed = line.send("echo").is_ok() && matches!(line.next().await, Some(Ok(_)));
        if echoed && line.close(CloseCode::NORMAL, "").is_ok() {
            while line.next().await.is_some() {}
            self.0.update(|done| done + 1);
        }
    }

    async fn lose(&self, mut line: TextSocket, end: u64) {
        for _ in 0..LOSSES_OF_A_LINE.min(end - self.0.get()) {
            if line.next().await.is_some() {
                self.0.update(|done| done + 1);
            }
        }
    }

    pub(crate) fn weigh(&self) -> Weight {
        Weight {
            cycles: self.0.get(),
            memory_bytes: core::arch::wasm32::memory_size(0) as u64 * 64 * 1024,
            references: wasm_bindgen::externref_heap_live_count(),
        }
    }
}

fn line(url: &str, options: &Options) -> Builder<str, String, Text> {
    let short = Duration::from_millis(1);
    let hasty = Backoff { base: short, cap: short, attempts_per_minute: 1_000 };
    configured(TextSocket::builder(url), options).backoff(hasty)
}
