//! What a line remembers of itself: sums since it was built, and the last things that happened.

mod entries;

use std::fmt;

use keepline_core::{Down, End, Event, Instant, Loss, Status};

use self::entries::Entries;

/// How many entries are remembered for those who look later.
pub(crate) const REMEMBERED: usize = 256;

/// What a line has counted since it was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Attempts to connect, the first one included. One that begins anew because the network is
    /// another, or the machine has slept, is the same.
    pub attempts: u64,
    /// How often the line came online.
    pub connects: u64,
    /// How often it was online and went down, other than by the application's wish.
    pub losses: u64,
    /// How often it went down as [`Down::Silent`](crate::Down::Silent): a probe was not answered,
    /// or a session's far end gave no sign of life.
    pub silences: u64,
    /// Messages that [`Socket::send`](crate::Socket::send) accepted.
    pub messages_sent: u64,
    /// WebSocket messages that were handed to a socket: each carries one message of a plain line,
    /// or many records of a session.
    pub frames_sent: u64,
    /// The bytes of their payloads.
    pub bytes_sent: u64,
    /// Messages that came for the application.
    pub messages_received: u64,
    /// WebSocket messages that came.
    pub frames_received: u64,
    /// The bytes of their payloads.
    pub bytes_received: u64,
    /// Messages that were dropped because the application reads too slowly.
    pub dropped: u64,
    /// Messages that came and were over
    /// [`Limits::message_bytes`](crate::Limits::message_bytes).
    pub too_large: u64,
    /// Messages that came and that the codec could not decode.
    pub undecodable: u64,
    /// Heartbeat probes that were answered.
    pub round_trips: u64,
    /// Messages that the far end's application has taken. Session mode only.
    pub delivered: u64,
    /// Messages that were certainly not taken.
    pub undeliverable: u64,
    /// Messages that may have been taken or not.
    pub unknown: u64,
    /// How often the far end had lost the session. Session mode only.
    pub restarts: u64,
}

impl Counters {
    /// All of them, by name, in the order of their declaration.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, u64); 18] {
        [
            ("attempts", self.attempts),
            ("connects", self.connects),
            ("losses", self.losses),
            ("silences", self.silences),
            ("messages_sent", self.messages_sent),
            ("frames_sent", self.frames_sent),
            ("bytes_sent", self.bytes_sent),
            ("messages_received", self.messages_received),
            ("frames_received", self.frames_received),
            ("bytes_received", self.bytes_received),
            ("dropped", self.dropped),
            ("too_large", self.too_large),
            ("undecodable", self.undecodable),
            ("round_trips", self.round_trips),
            ("delivered", self.delivered),
            ("undeliverable", self.undeliverable),
            ("unknown", self.unknown),
            ("restarts", self.restarts),
        ]
    }

    pub(crate) const fn frame_sent(&mut self, bytes: usize) {
        self.frames_sent += 1;
        self.bytes_sent += bytes as u64;
    }

    pub(crate) const fn frame_received(&mut self, bytes: usize) {
        self.frames_received += 1;
        self.bytes_received += bytes as u64;
    }

    fn count(&mut self, what: &Happening) {
        match what {
            Happening::Event(event) => self.count_event(event),
            Happening::Dropped { count } => self.dropped += count,
            Happening::TooLarge { .. } => self.too_large += 1,
            Happening::Undecodable => self.undecodable += 1,
        }
    }

    const fn count_event(&mut self, event: &Event) {
        match event {
            Event::Status(Status::Connecting { .. }) => self.attempts += 1,
            Event::Status(Status::Online { .. }) => self.connects += 1,
            Event::Status(
                Status::Idle | Status::Waiting { .. } | Status::Closing | Status::Ended { .. },
            ) => {}
            Event::RoundTrip(_) => self.round_trips += 1,
            Event::Delivered(ids) => self.delivered += ids.count(),
            Event::Undeliverable(ids, _) => self.undeliverable += ids.count(),
            Event::Unknown(ids, _) => self.unknown += ids.count(),
            Event::Restarted { .. } => self.restarts += 1,
        }
    }
}

/// One thing that happened to a line, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, on the clock of [`now`](crate::now).
    pub at: Instant,
    /// What.
    pub what: Happening,
    /// The bytes that had been handed to sockets until then.
    pub bytes_sent: u64,
    /// The bytes that had come until then.
    pub bytes_received: u64,
    /// The count of what happened before.
    pub(crate) position: u64,
}

/// What may happen to a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The line stands differently, or a message has met its fate.
    Event(Event),
    /// The inbox is full, and a message had to be dropped. Those that follow before the
    /// application reads on after a gap are the same entry of the journal, in which `count` grows;
    /// a listener is told of the first.
    Dropped {
        /// How many.
        count: u64,
    },
    /// A message over [`Limits::message_bytes`](crate::Limits::message_bytes) came.
    TooLarge {
        /// Its size in bytes; of a text that was not even copied, its length in UTF-16 units.
        size: usize,
    },
    /// A message came that the codec could not decode. Neither it nor the codec's words about it
    /// are in the journal: they may hold what is secret.
    Undecodable,
}

impl Happening {
    /// One word for it: `status`, `round_trip`, `delivered`, `undeliverable`, `unknown`,
    /// `restarted`, `dropped`, `too_large` or `undecodable`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Event(Event::Status(_)) => "status",
            Self::Event(Event::RoundTrip(_)) => "round_trip",
            Self::Event(Event::Delivered(_)) => "delivered",
            Self::Event(Event::Undeliverable(..)) => "undeliverable",
            Self::Event(Event::Unknown(..)) => "unknown",
            Self::Event(Event::Restarted { .. }) => "restarted",
            Self::Dropped { .. } => "dropped",
            Self::TooLarge { .. } => "too_large",
            Self::Undecodable => "undecodable",
        }
    }

    /// What makes room first. What a far end can cause at will must not push out where the line
    /// stood, nor the account of a loss that nobody wished for.
    const fn is_expendable(&self) -> bool {
        match self {
            Self::Event(Event::RoundTrip(_) | Event::Delivered(_))
            | Self::Dropped { .. }
            | Self::TooLarge { .. }
            | Self::Undecodable => true,
            Self::Event(Event::Undeliverable(_, why)) => match why {
                Loss::Dropped | Loss::Replaced | Loss::Expired | Loss::Cancelled => true,
                Loss::NeverSent | Loss::NotTaken | Loss::TooLarge => false,
            },
            Self::Event(Event::Status(_) | Event::Unknown(..) | Event::Restarted { .. }) => false,
        }
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => event.fmt(f),
            Self::Dropped { count } => write!(f, "{count} messages dropped from a full inbox"),
            Self::TooLarge { size } => write!(f, "a message of {size} bytes is over the limit"),
            Self::Undecodable => f.write_str("a message could not be decoded"),
        }
    }
}

/// The sums of a line, and a ring of what happened last.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) counters: Counters,
    entries: Entries,
    next_position: u64,
    is_online: bool,
    /// What stands from here on is still to be told to listeners, if there are any.
    untold: Option<u64>,
    /// Where that is written of which the reader has yet to come to a gap.
    gap: Option<u64>,
}

impl Journal {
    pub(crate) fn take_in(&mut self, what: Happening, at: Instant) {
        self.counters.count(&what);
        if let Happening::Event(Event::Status(status)) = &what {
            self.stand(status);
        }
        self.forget_down_to(REMEMBERED - 1);
        let Counters { bytes_sent, bytes_received, .. } = self.counters;
        let position = self.next_position;
        self.entries.push(Entry { at, what, bytes_sent, bytes_received, position });
        self.next_position += 1;
    }

    /// Takes in that the inbox has dropped messages. A flood of them is one entry, and reads the
    /// clock once.
    pub(crate) fn take_in_gap(&mut self, dropped: u64, now: impl FnOnce() -> Instant) {
        if let Some(count) = self.gap.and_then(|gap| self.entries.gap_at(gap)) {
            *count += dropped;
            self.counters.dropped += dropped;
        } else {
            self.gap = Some(self.next_position);
            self.take_in(Happening::Dropped { count: dropped }, now());
        }
    }

    /// The application has come to a gap.
    pub(crate) const fn close_gap(&mut self) {
        self.gap = None;
    }

    fn stand(&mut self, status: &Status) {
        let was_online = std::mem::replace(&mut self.is_online, false);
        match status {
            Status::Online { .. } => self.is_online = true,
            // Whoever drops a line has wished for that.
            Status::Ended { why: End::Application } => {}
            Status::Waiting { why: Down::Silent, .. } if was_online => {
                self.counters.losses += 1;
                self.counters.silences += 1;
            }
            // A session that was lost while it moved is connecting already.
            Status::Connecting { .. } | Status::Waiting { .. } | Status::Ended { .. }
                if was_online =>
            {
                self.counters.losses += 1;
            }
            Status::Idle
            | Status::Connecting { .. }
            | Status::Waiting { .. }
            | Status::Closing
            | Status::Ended { .. } => {}
        }
    }

    /// One act of the core may end a whole outbox, run by run: it all stays until it is told.
    fn forget_down_to(&mut self, count: usize) {
        self.entries.forget_down_to(count, self.untold.unwrap_or(u64::MAX));
    }

    /// From this position on, somebody is still to be told; `None` if nobody is.
    pub(crate) fn tells_from(&mut self, untold: Option<u64>) {
        self.untold = untold;
        self.forget_down_to(REMEMBERED);
    }

    /// The position after the last entry.
    pub(crate) const fn end(&self) -> u64 {
        self.next_position
    }

    /// What is remembered from `position` on.
    pub(crate) fn from(&self, position: u64) -> impl Iterator<Item = &Entry> {
        self.entries.from(position)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use keepline_core::{Closed, Doubt, End, MessageId, MessageIds};

    use super::*;

    fn take_in(journal: &mut Journal, event: Event) {
        journal.take_in(Happening::Event(event), Instant::ORIGIN);
    }

    const ONLINE: Status = Status::Online { protocol: String::new() };

    fn waiting() -> Status {
        let why = Down::Closed(Closed::abnormal());
        Status::Waiting { why, attempt: 1, retry_at: Instant::ORIGIN }
    }

    #[test]
    fn a_flood_of_good_news_and_of_nonsense_does_not_push_out_the_account_of_a_loss() {
        let mut journal = Journal::default();
        let lost = MessageIds { first: MessageId(1), last: MessageId(2) };
        let lost = Event::Unknown(lost, Doubt::LineLost);
        take_in(&mut journal, lost.clone());
        for _ in 0..10_000 {
            take_in(&mut journal, Event::RoundTrip(Duration::from_millis(20)));
            journal.take_in(Happening::Undecodable, Instant::ORIGIN);
            journal.take_in(Happening::TooLarge { size: 9 }, Instant::ORIGIN);
        }
        assert_eq!(journal.entries.len(), REMEMBERED);
        assert_eq!(journal.from(0).next().unwrap().what, Happening::Event(lost));
        assert_eq!(journal.from(30_001).count(), 0);
        assert_eq!((journal.counters.unknown, journal.counters.undecodable), (2, 10_000));
    }

    #[test]
    fn nothing_is_forgotten_before_it_is_told() {
        let mut journal = Journal::default();
        take_in(&mut journal, Event::Status(ONLINE));
        journal.tells_from(Some(1));
        for id in 1..=3_000 {
            let ids = MessageIds { first: MessageId(id), last: MessageId(id) };
            take_in(&mut journal, Event::Unknown(ids, Doubt::LineLost));
        }
        assert_eq!(journal.from(1).count(), 3_000);
        journal.tells_from(Some(journal.end()));
        assert_eq!(journal.entries.len(), REMEMBERED);
        take_in(&mut journal, Event::Status(ONLINE));
        assert_eq!(journal.entries.len(), REMEMBERED);
        journal.tells_from(None);
        assert_eq!(journal.from(0).last().unwrap().position, 3_001);
    }

    #[test]
    fn a_loss_is_what_the_application_did_not_want() {
        let mut journal = Journal::default();
        let lost = End::Closed(Closed::abnormal());
        for status in [
            ONLINE,
            waiting(),
            Status::Connecting { attempt: 1 },
            waiting(),
            Status::Connecting { attempt: 2 },
            ONLINE,
            Status::Ended { why: lost },
        ] {
            take_in(&mut journal, Event::Status(status));
        }
        let Counters { attempts, connects, losses, .. } = journal.counters;
        assert_eq!((attempts, connects, losses), (2, 2, 2));

        for before in [Some(Status::Closing), None] {
            take_in(&mut journal, Event::Status(ONLINE));
            for status in before.into_iter().chain([Status::Ended { why: End::Application }]) {
                take_in(&mut journal, Event::Status(status));
            }
            assert_eq!(journal.counters.losses, 2);
        }
    }

    #[test]
    fn a_line_that_is_lost_while_its_session_moves_is_a_loss() {
        let mut journal = Journal::default();
        for status in [ONLINE, Status::Connecting { attempt: 1 }, waiting(), ONLINE] {
            take_in(&mut journal, Event::Status(status));
        }
        let Counters { connects, losses, silences, .. } = journal.counters;
        assert_eq!((connects, losses, silences), (2, 1, 0));
    }

    #[test]
    fn a_silence_is_a_loss_that_is_counted_once() {
        let mut journal = Journal::default();
        let silent = |retry_at| Status::Waiting { why: Down::Silent, attempt: 1, retry_at };
        let later = Instant::from_origin(Duration::from_secs(1));
        for status in [ONLINE, silent(later), silent(Instant::ORIGIN), ONLINE, waiting()] {
            take_in(&mut journal, Event::Status(status));
        }
        let Counters { losses, silences, .. } = journal.counters;
        assert_eq!((losses, silences), (2, 1));
    }

    #[test]
    fn a_flood_of_drops_is_one_entry_and_one_look_at_the_clock_until_somebody_reads() {
        let (mut journal, mut looks) = (Journal::default(), 0);
        for _ in 0..2 {
            for _ in 0..10_000 {
                journal.take_in_gap(2, || {
                    looks += 1;
                    Instant::ORIGIN
                });
            }
            take_in(&mut journal, Event::Status(ONLINE));
            journal.take_in_gap(1, || unreachable!("it is still one gap"));
            journal.close_gap();
        }
        let told: Vec<_> = journal.from(0).map(|entry| entry.what.clone()).collect();
        let online = || Happening::Event(Event::Status(ONLINE));
        let dropped = || Happening::Dropped { count: 20_001 };
        assert_eq!(told, [dropped(), online(), dropped(), online()]);
        assert_eq!((journal.counters.dropped, looks), (40_002, 2));
    }

    #[test]
    fn every_counter_has_its_own_name() {
        let mut names = Counters::default().named().map(|(name, _)| name).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 18);
        assert_eq!(size_of::<Counters>(), 18 * 8, "a counter without a name");
    }
}
