//! The stretches of a line's life that take time and are waited for: connecting, and coming back.

use std::cell::Cell;

use keepline_core::{Event, Instant, Status};

use crate::journal::{Entry, Happening};

/// Follows a line's journal from stretch to stretch.
#[derive(Debug, Default)]
pub(crate) struct Journey {
    place: Cell<Place>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Place {
    /// Nothing has been tried.
    #[default]
    Start,
    Under(Stretch),
    Online,
    Over,
}

/// A stretch of time, which the line is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) kind: Kind,
    pub(crate) since: Instant,
}

/// What a stretch is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// From the first attempt to the first time online.
    Connect,
    /// From a loss to the next time online.
    Resume,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Resume => "resume",
        }
    }
}

/// What an entry means for the journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A stretch begins.
    Begins(Stretch),
    /// The line is online after this stretch.
    Arrives(Stretch),
    /// The line has ended on this stretch.
    Ends(Stretch),
}

impl Journey {
    pub(crate) fn follow(&self, entry: &Entry) -> Option<Step> {
        let Happening::Event(Event::Status(status)) = &entry.what else { return None };
        let (place, step) = self.place.get().after(status, entry.at);
        self.place.set(place);
        step
    }
}

impl Place {
    fn after(self, status: &Status, at: Instant) -> (Self, Option<Step>) {
        let begin = |kind| {
            let stretch = Stretch { kind, since: at };
            (Self::Under(stretch), Some(Step::Begins(stretch)))
        };
        match (self, status) {
            (Self::Start, Status::Connecting { .. }) => begin(Kind::Connect),
            (Self::Online, Status::Waiting { .. } | Status::Connecting { .. }) => {
                begin(Kind::Resume)
            }
            (Self::Under(stretch), Status::Online { .. }) => {
                (Self::Online, Some(Step::Arrives(stretch)))
            }
            (Self::Under(stretch), Status::Ended { .. }) => (Self::Over, Some(Step::Ends(stretch))),
            (Self::Start | Self::Online | Self::Over, Status::Ended { .. }) => (Self::Over, None),
            (
                Self::Start | Self::Under(_) | Self::Online | Self::Over,
                Status::Idle
                | Status::Connecting { .. }
                | Status::Online { .. }
                | Status::Waiting { .. }
                | Status::Closing,
            ) => (self, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use keepline_core::{Closed, Down, End};

    use super::*;

    fn second(count: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(count))
    }

    #[test]
    fn a_stretch_is_from_the_loss_to_the_next_time_online_whatever_fails_between() {
        let journey = Journey::default();
        let mut steps = Vec::new();
        let waiting = || {
            let why = Down::Closed(Closed::abnormal());
            Status::Waiting { why, attempt: 1, retry_at: second(0) }
        };
        let online = || Status::Online { protocol: String::new() };
        let connecting = || Status::Connecting { attempt: 1 };
        let all = [
            connecting(),
            waiting(),
            connecting(),
            online(),
            waiting(),
            connecting(),
            waiting(),
            connecting(),
            online(),
            waiting(),
            Status::Ended { why: End::Application },
        ];
        for (at, status) in all.into_iter().enumerate() {
            let what = Happening::Event(Event::Status(status));
            let at = second(at as u64);
            let entry = Entry { at, what, bytes_sent: 0, bytes_received: 0, position: 0 };
            steps.extend(journey.follow(&entry));
        }
        let connect = Stretch { kind: Kind::Connect, since: second(0) };
        let resume = Stretch { kind: Kind::Resume, since: second(4) };
        let last = Stretch { kind: Kind::Resume, since: second(9) };
        assert_eq!(
            steps,
            [
                Step::Begins(connect),
                Step::Arrives(connect),
                Step::Begins(resume),
                Step::Arrives(resume),
                Step::Begins(last),
                Step::Ends(last),
            ]
        );
    }
}
