//! What became of messages, for those who ask by id.

use std::collections::VecDeque;

use keepline_core::{Doubt, Event, Loss, MessageId, MessageIds};

/// So many runs of messages with one fate are remembered at least.
const REMEMBERED: usize = 1_024;

/// What became of a message, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The far end's application has taken it. Session mode only.
    Delivered,
    /// The far end has not taken it, and never will.
    Undeliverable(Loss),
    /// It may have been taken or not.
    Unknown(Doubt),
}

/// Runs of messages with one fate, the latest last.
#[derive(Debug)]
pub(crate) struct Fates {
    runs: VecDeque<(MessageIds, Fate)>,
    remembered: usize,
    /// Every message up to here has ended, and the fate of the last one is remembered no more.
    forgotten: MessageId,
}

impl Fates {
    /// As many messages as the outbox holds may end at once, each by a fate of its own, and those
    /// who wait for them must find them all.
    pub(crate) fn new(outbox: usize) -> Self {
        let remembered = outbox.max(REMEMBERED);
        Self { runs: VecDeque::new(), remembered, forgotten: MessageId(0) }
    }

    pub(crate) fn take_in(&mut self, event: &Event) {
        match *event {
            Event::Delivered(ids) => self.record(ids, Fate::Delivered),
            Event::Undeliverable(ids, why) => self.record(ids, Fate::Undeliverable(why)),
            Event::Unknown(ids, why) => self.record(ids, Fate::Unknown(why)),
            Event::Status(_) | Event::RoundTrip(_) | Event::Restarted { .. } => {}
        }
    }

    pub(crate) fn of(&self, id: MessageId) -> Option<Fate> {
        self.runs.iter().rev().find(|(ids, _)| ids.contains(id)).map(|(_, fate)| *fate)
    }

    /// Whether it is known that a message has ended, even if its fate is forgotten.
    pub(crate) fn has_forgotten(&self, id: MessageId) -> bool {
        id <= self.forgotten
    }

    fn record(&mut self, ids: MessageIds, fate: Fate) {
        if let Some((run, last)) = self.runs.back_mut()
            && (*last, run.last.0 + 1) == (fate, ids.first.0)
        {
            run.last = ids.last;
            return;
        }
        if self.runs.len() == self.remembered
            && let Some((ids, Fate::Delivered)) = self.runs.pop_front()
        {
            // Deliveries come in order, as no other fate does.
            self.forgotten = ids.last;
        }
        self.runs.push_back((ids, fate));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ids(first: u64, last: u64) -> MessageIds {
        MessageIds { first: MessageId(first), last: MessageId(last) }
    }

    #[test]
    fn a_million_deliveries_are_one_run() {
        let mut fates = Fates::new(0);
        for id in 1..=1_000_000 {
            fates.take_in(&Event::Delivered(ids(id, id)));
        }
        assert_eq!(fates.runs.len(), 1);
        assert_eq!(fates.of(MessageId(77)), Some(Fate::Delivered));
        assert_eq!(fates.of(MessageId(1_000_001)), None);
    }

    #[test]
    fn a_whole_outbox_may_end_at_once_in_as_many_runs() {
        let mut fates = Fates::new(3_000);
        for id in 1..=3_000 {
            let why = if id % 2 == 0 { Loss::Expired } else { Loss::Dropped };
            fates.take_in(&Event::Undeliverable(ids(id, id), why));
        }
        assert_eq!(fates.of(MessageId(1)), Some(Fate::Undeliverable(Loss::Dropped)));
        fates.take_in(&Event::Delivered(ids(3_001, 3_001)));
        assert_eq!(fates.of(MessageId(1)), None, "no more than that");
    }

    #[test]
    fn what_is_forgotten_is_not_waited_for() {
        let mut fates = Fates::new(0);
        for id in (1..=3_000).step_by(2) {
            fates.take_in(&Event::Undeliverable(ids(id + 1, id + 1), Loss::Replaced));
            fates.take_in(&Event::Delivered(ids(id, id)));
        }
        assert!(fates.has_forgotten(MessageId(7)) && fates.has_forgotten(MessageId(8)));
        assert!(!fates.has_forgotten(MessageId(2_999)) && !fates.has_forgotten(MessageId(3_001)));
    }

    #[test]
    fn a_loss_in_between_is_found() {
        let mut fates = Fates::new(0);
        fates.take_in(&Event::Delivered(ids(1, 4)));
        fates.take_in(&Event::Undeliverable(ids(5, 5), Loss::TooLarge));
        fates.take_in(&Event::Delivered(ids(6, 9)));
        assert_eq!(fates.of(MessageId(5)), Some(Fate::Undeliverable(Loss::TooLarge)));
        assert_eq!(fates.of(MessageId(6)), Some(Fate::Delivered));
    }
}
