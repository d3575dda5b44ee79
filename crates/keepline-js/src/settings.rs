//! The options of a line, as they come from JavaScript: what is not said keeps the core's default.

use alloc::string::String;
use core::time::Duration;

use keepline_core::wire::{Credentials, Window};
use keepline_core::{AfterLoss, Answer, Config, Payload, Probe, SessionConfig};

/// Options as pairs of a place in `SETTINGS` of `ts/numbers.ts` and a value: milliseconds, bytes,
/// or whatever it counts. Each is a number of 64 bits, as a `Float64Array` has them.
pub(crate) fn config(pairs: &[u8], probe: String, credentials: String) -> Config {
    let mut settings = Settings::default();
    let (numbers, _) = pairs.as_chunks();
    for pair in numbers.chunks_exact(2) {
        if let [place, value] = pair {
            settings.set(f64::from_le_bytes(*place) as u32, f64::from_le_bytes(*value));
        }
    }
    settings.config(probe, credentials)
}

#[derive(Default)]
struct Settings {
    config: Config,
    window: Window,
    after_loss: AfterLoss,
    is_session: bool,
    idle: Duration,
    within: Duration,
    hidden_idle: Duration,
}

impl Settings {
    fn set(&mut self, place: u32, value: f64) {
        let (time, count) = (duration(value), value as usize);
        let Self { config, window, .. } = self;
        let limits = &mut config.limits;
        match place {
            0 => config.connect_timeout = time,
            1 => config.close_timeout = time,
            2 => config.settle_after = time,
            3 => config.backoff.base = time,
            4 => config.backoff.cap = time,
            5 => config.backoff.attempts_per_minute = value as u16,
            6 => config.waking.fresh = time,
            7 => config.waking.within = time,
            8 => config.waking.asleep = time,
            9 => config.waking.jitter = time,
            10 => limits.message_bytes = count,
            11 => limits.outbox_messages = count,
            12 => limits.outbox_bytes = count,
            13 => limits.inbox_messages = count,
            14 => limits.inbox_bytes = count,
            15 => limits.buffer_high = count,
            16 => limits.buffer_low = count,
            17 => window.message_bytes = value as u64,
            18 => window.messages = value as u64,
            19 => window.bytes = value as u64,
            20 => config.provider = true,
            21 => config.diagnosis = true,
            22 => self.is_session = true,
            23 => self.after_loss = AfterLoss::SendAgain,
            24 => self.idle = time,
            25 => self.within = time,
            26 => self.hidden_idle = time,
            _ => {}
        }
    }

    fn config(mut self, probe: String, credentials: String) -> Config {
        if !probe.is_empty() {
            // It is the driver that knows an answer.
            let answer = Answer::Exactly(Payload::Text(String::new()));
            let probe = Probe::new(Payload::Text(probe), answer).idle(self.idle);
            self.config.heartbeat = Some(probe.within(self.within).hidden_idle(self.hidden_idle));
        }
        if self.is_session {
            self.config.session = Some(SessionConfig {
                window: self.window,
                after_loss: self.after_loss,
                credentials: some_credentials(credentials),
                ..SessionConfig::default()
            });
        }
        self.config
    }
}

/// Of so many milliseconds.
pub(crate) fn duration(millis: f64) -> Duration {
    Duration::from_micros((millis * 1_000.0) as u64)
}

/// An empty text is none.
pub(crate) fn some_credentials(credentials: String) -> Option<Credentials> {
    (!credentials.is_empty()).then_some(Credentials(credentials))
}

#[cfg(test)]
mod tests;
