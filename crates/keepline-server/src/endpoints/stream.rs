//! `/stream?hz=`: a made-up signal, sampled once a second or as often as asked.

use std::f64::consts::TAU;
use std::time::Duration;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::response::Response;
use keepline_demo::{PROBE, PROBE_ANSWER, Sample};
use serde::Deserialize;
use tokio::select;
use tokio::time::{MissedTickBehavior, interval};

use crate::clock::unix_seconds;
use crate::close::{Close, Ending};
use crate::socket::Message;
use crate::talk::Talk;
use crate::upgrade::Upgrade;

const SLOWEST: f64 = 0.1;
const FASTEST: f64 = 1_000.0;

#[derive(Deserialize)]
pub(crate) struct Rate {
    #[serde(default = "once_a_second")]
    hz: f64,
}

fn once_a_second() -> f64 {
    1.0
}

pub(crate) async fn stream(
    rate: Result<Query<Rate>, QueryRejection>,
    upgrade: Upgrade,
) -> Response {
    match period(&rate) {
        Ok(period) => upgrade.open(move |socket| Box::pin(talk(socket, period))),
        Err(close) => upgrade.close(close),
    }
}

pub(super) fn period(rate: &Result<Query<Rate>, QueryRejection>) -> Result<Duration, Close> {
    match rate {
        Ok(Query(Rate { hz })) if (SLOWEST..=FASTEST).contains(hz) => {
            Ok(Duration::from_secs_f64(hz.recip()))
        }
        Ok(_) | Err(_) => {
            let why = format!("hz must be a number from {SLOWEST} to {FASTEST}");
            Err(Close::bad_address(&why))
        }
    }
}

/// A client that reads too slowly misses samples; it is never sent stale ones.
pub(super) async fn talk(socket: &mut impl Talk, period: Duration) -> Result<(), Ending> {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        select! {
            _ = ticks.tick() => socket.send(Message::json(&sample(unix_seconds()))).await?,
            message = socket.recv() => answer(socket, message?).await?,
        }
    }
}

async fn answer(socket: &mut impl Talk, message: Message) -> Result<(), Ending> {
    match message {
        Message::Text(text) if text == PROBE => socket.send(Message::text(PROBE_ANSWER)).await,
        // The stream takes no requests.
        Message::Text(_) | Message::Binary(_) => Ok(()),
    }
}

/// A slow wave with a faster one on it: recognisable by eye, and never the same twice.
fn sample(timestamp: f64) -> Sample {
    let value = 0.8 * (timestamp * TAU / 8.0).sin() + 0.2 * (timestamp * TAU / 1.3).sin();
    Sample { timestamp, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_stays_within_one() {
        for tenth in 0..10_000 {
            let value = sample(1.7e9 + f64::from(tenth) / 10.0).value;
            assert!((-1.0..=1.0).contains(&value), "{value}");
        }
    }
}
