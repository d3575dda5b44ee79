//! What all that a line reports adds up to, when it is too much to tell one by one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::report::{Entry, Status};
use crate::request::Payload;

/// The sums of one line, from its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The ids of messages that were poured into the outbox.
    pub poured: Runs,
    /// The numbers at the ends of messages that arrived: `7` of `up 7`.
    pub heard: Runs,
    /// The ids of messages that were delivered.
    pub delivered: Runs,
    /// The ids of messages that were undeliverable.
    pub undeliverable: Runs,
    /// The ids of messages of which nobody knows.
    pub unknown: Runs,
    /// How often an open line was lost.
    pub losses: Vec<Loss>,
    /// How often the line has come online.
    pub onlines: u32,
    /// How often a new session has begun in place of another.
    pub restarts: u32,
    /// The most bytes that the browser was seen to hold during an upload.
    pub most_buffered: u64,
    /// The most messages that were seen to wait in the outbox, by an upload or by hops.
    pub most_queued: u64,
    /// How many hops were sent.
    pub hopped: u64,
    /// The most messages that were unread at once.
    pub most_unread: u64,
    /// How many messages the inbox has dropped.
    pub dropped: u64,
    /// How many messages have given their place to a newer one.
    pub replaced: u64,
    /// How many frames were drawn while there was something to read.
    pub frames: u64,
    /// The longest time between two of them, in milliseconds.
    pub longest_still_ms: u64,
    /// When the last of them was drawn, on the clock of the page.
    pub drawn_ms: Option<u64>,
}

/// The loss of an open line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// When, on the clock of the page.
    pub at_ms: u64,
    /// The last id that was poured before it.
    pub last_poured: u64,
    /// How long after it the next message came.
    pub heard_after_ms: Option<u64>,
}

impl Tally {
    /// Adds what a line reports at this time.
    pub fn take_in(&mut self, entry: &Entry, now_ms: u64) {
        match entry {
            Entry::Message(payload) => self.hear(payload, now_ms),
            Entry::Status(status) => self.stand(status, now_ms),
            Entry::Delivered { first, last } => self.delivered.add(*first, *last),
            Entry::Undeliverable { first, last } => self.undeliverable.add(*first, *last),
            Entry::Unknown { first, last } => self.unknown.add(*first, *last),
            Entry::Restarted { .. } => self.restarts += 1,
            Entry::Undecodable { .. }
            | Entry::Lost(_)
            | Entry::RoundTrip
            | Entry::Asked(_)
            | Entry::Over => {}
        }
    }

    /// A frame is drawn while there is something to read.
    pub fn draw(&mut self, now_ms: u64) {
        let still = now_ms - self.drawn_ms.replace(now_ms).unwrap_or(now_ms);
        self.longest_still_ms = self.longest_still_ms.max(still);
        self.frames += 1;
    }

    fn hear(&mut self, payload: &Payload, now_ms: u64) {
        if let Some(number) = number(payload) {
            self.heard.push(number);
        }
        if let Some(Loss { at_ms, heard_after_ms: after @ None, .. }) = self.losses.last_mut() {
            *after = Some(now_ms - *at_ms);
        }
    }

    fn stand(&mut self, status: &Status, now_ms: u64) {
        match status {
            Status::Online { .. } => self.onlines += 1,
            Status::Waiting { .. } if self.is_lost_anew() => {
                let last_poured = self.poured.last().unwrap_or(0);
                self.losses.push(Loss { at_ms: now_ms, last_poured, heard_after_ms: None });
            }
            Status::Idle
            | Status::Connecting { .. }
            | Status::Waiting { .. }
            | Status::Closing
            | Status::Ended(_) => {}
        }
    }

    /// Each loss of an open line comes after a time online; each wait after that is for the same.
    fn is_lost_anew(&self) -> bool {
        self.losses.len() < self.onlines as usize
    }

    /// How many messages have met their fate.
    #[must_use]
    pub fn fates(&self) -> u64 {
        self.delivered.count() + self.undeliverable.count() + self.unknown.count()
    }
}

fn number(payload: &Payload) -> Option<u64> {
    let Payload::Text(text) = payload else { return None };
    text.rsplit(' ').next()?.parse().ok()
}

/// Numbers in the order in which they came, as runs of consecutive ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runs(Vec<(u64, u64)>);

impl Runs {
    /// The numbers from `first` to `last`, once each and in order.
    #[must_use]
    pub fn of(first: u64, last: u64) -> Self {
        Self(vec![(first, last)])
    }

    /// Adds the number that came next.
    pub fn push(&mut self, number: u64) {
        self.add(number, number);
    }

    /// Adds the numbers from `first` to `last`, which came next.
    pub fn add(&mut self, first: u64, last: u64) {
        match self.0.last_mut() {
            Some((_, end)) if *end + 1 == first => *end = last,
            Some(_) | None => self.0.push((first, last)),
        }
    }

    /// How many came.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// The number that came last.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.0.last().map(|(_, last)| *last)
    }

    /// All of them.
    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        self.0.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// Whether this one came.
    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }
}

impl fmt::Display for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.count())?;
        self.0.iter().take(8).try_for_each(|(first, last)| write!(f, " {first}–{last}"))?;
        if self.0.len() > 8 { write!(f, " … ({} runs)", self.0.len()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_a_repeat_and_a_message_out_of_order_each_break_a_run() {
        let heard = |numbers: &[u64]| {
            let mut runs = Runs::default();
            numbers.iter().for_each(|number| runs.push(*number));
            runs
        };
        assert_eq!(heard(&[1, 2, 3, 4]), Runs::of(1, 4));
        assert_eq!(heard(&[1, 2, 4]).to_string(), "3 1–2 4–4");
        assert_eq!(heard(&[1, 2, 2, 3]).to_string(), "4 1–2 2–3");
        assert_eq!(heard(&[1, 3, 2]).count(), 3);
        assert!(!heard(&[1, 3]).contains(2));
    }
}
