//! What happened to a line, and when.

use std::collections::VecDeque;

use keepline::{Down, Event, Status};

use crate::clock::Moment;

/// The last [`Journal::MOST`] events of a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    opened: u32,
}

/// One event, or an unbroken run of answered probes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// When it happened; of a run, the last time.
    pub(crate) at: Moment,
    pub(crate) event: Event,
    /// How many in a row it stands for.
    pub(crate) times: u32,
}

impl Journal {
    /// How many entries are kept.
    pub(crate) const MOST: usize = 200;

    /// Writes down what happened at `at`. Answered probes in a row share one entry, so that a
    /// quiet hour does not push out the outage before it.
    pub(crate) fn record(&mut self, event: Event, at: Moment) {
        self.opened += u32::from(matches!(event, Event::Status(Status::Online { .. })));
        let times = match (self.entries.back(), &event) {
            (Some(last), Event::RoundTrip(_)) if matches!(last.event, Event::RoundTrip(_)) => {
                let times = last.times + 1;
                self.entries.pop_back();
                times
            }
            (Some(_) | None, _) => 1,
        };
        if self.entries.len() == Self::MOST {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { at, event, times });
    }

    /// From the newest to the oldest.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }

    /// How often the line has opened.
    pub(crate) const fn opened(&self) -> u32 {
        self.opened
    }

    /// Why the line is down, or was until the attempt that is under way.
    pub(crate) fn outage(&self) -> Option<&Down> {
        let mut statuses = self.newest_first().filter_map(|entry| status(&entry.event));
        match statuses.find(|status| !matches!(status, Status::Connecting { .. }))? {
            Status::Waiting { why, .. } => Some(why),
            Status::Idle
            | Status::Connecting { .. }
            | Status::Online { .. }
            | Status::Closing
            | Status::Ended { .. } => None,
        }
    }

    /// Since when the line stands as it does.
    pub(crate) fn unchanged_since(&self) -> Option<Moment> {
        let mut changes = self.newest_first().filter(|entry| status(&entry.event).is_some());
        changes.next().map(|entry| entry.at)
    }
}

const fn status(event: &Event) -> Option<&Status> {
    if let Event::Status(status) = event { Some(status) } else { None }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use keepline::Instant;

    use super::*;

    const ONLINE: Event = Event::Status(Status::Online { protocol: String::new() });

    fn journal(events: impl IntoIterator<Item = Event>) -> Journal {
        let mut journal = Journal::default();
        for (second, event) in (0_u32..).zip(events) {
            journal.record(event, Moment::from_seconds(f64::from(second)));
        }
        journal
    }

    fn round_trip(millis: u64) -> Event {
        Event::RoundTrip(Duration::from_millis(millis))
    }

    #[test]
    fn a_quiet_hour_is_one_entry_with_the_last_round_trip() {
        let journal = journal([ONLINE, round_trip(9), round_trip(8), round_trip(7)]);
        let last = journal.newest_first().next().unwrap();
        assert_eq!((last.times, &last.event), (3, &round_trip(7)));
        assert_eq!(journal.newest_first().count(), 2);
        assert_eq!(journal.unchanged_since(), Some(Moment::default()));
    }

    #[test]
    fn a_round_trip_after_an_outage_starts_a_new_entry() {
        let journal = journal([round_trip(9), ONLINE, round_trip(8)]);
        assert_eq!(journal.newest_first().map(|entry| entry.times).collect::<Vec<_>>(), [1, 1, 1]);
    }

    #[test]
    fn an_attempt_does_not_make_its_reason_forgotten() {
        let retry_at = Instant::default();
        let waiting = |why| Event::Status(Status::Waiting { why, attempt: 2, retry_at });
        let attempt = Event::Status(Status::Connecting { attempt: 1 });
        let lost = journal([attempt.clone(), ONLINE, waiting(Down::Silent), attempt.clone()]);
        assert_eq!(lost.outage(), Some(&Down::Silent));
        assert_eq!(journal([waiting(Down::Silent), attempt.clone(), ONLINE]).outage(), None);
        assert_eq!(journal([attempt]).outage(), None);
    }

    #[test]
    fn a_line_that_flaps_all_day_does_not_fill_the_memory() {
        let journal = journal((0..10_000).map(|_| ONLINE));
        assert_eq!(journal.newest_first().count(), Journal::MOST);
        assert_eq!(journal.opened(), 10_000);
    }
}
