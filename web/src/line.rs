//! One connection as the page holds it: its socket, and what happened to it.

use futures_util::StreamExt;
use keepline::{Diagnosis, Down, Event, Monitor, Probe, ReceiveError, Socket, Status};
use keepline_demo::{PROBE, PROBE_ANSWER};
use serde::Serialize;
use serde::de::DeserializeOwned;
use yew::Callback;

use crate::clock::Moment;
use crate::journal::Journal;
use crate::task::Task;

/// A socket that this page keeps open. Dropping it closes the socket.
pub(crate) struct Line {
    monitor: Monitor,
    journal: Journal,
    _tasks: [Task; 2],
}

impl Line {
    /// Takes over `socket`: tells `received` what arrives, and `happened` everything else, which
    /// belongs into [`Line::record`].
    pub(crate) fn new<Tx, Rx>(
        socket: Socket<Tx, Rx>,
        received: Callback<Result<Rx, ReceiveError>>,
        happened: Callback<Event>,
    ) -> Self
    where
        Tx: Serialize + 'static,
        Rx: DeserializeOwned + 'static,
    {
        let monitor = socket.monitor();
        let events = monitor.events().for_each(move |event| {
            happened.emit(event);
            std::future::ready(())
        });
        let messages = socket.for_each(move |item| {
            received.emit(item);
            std::future::ready(())
        });
        let tasks = [Task::spawn(messages), Task::spawn(events)];
        Self { monitor, journal: Journal::default(), _tasks: tasks }
    }

    /// Writes down what `happened`.
    pub(crate) fn record(&mut self, event: Event) {
        self.journal.record(event, Moment::now());
    }

    pub(crate) const fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    pub(crate) const fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) fn status(&self) -> Status {
        self.monitor.status()
    }

    pub(crate) fn is_online(&self) -> bool {
        matches!(self.status(), Status::Online { .. })
    }

    /// Why the line is down; while it is tried again, why it was before.
    pub(crate) fn why_down(&self) -> Option<Down> {
        match self.status() {
            Status::Waiting { why, .. } => Some(why),
            Status::Connecting { .. } => self.journal.outage().cloned(),
            Status::Idle | Status::Online { .. } | Status::Closing | Status::Ended { .. } => None,
        }
    }

    /// Why the next attempt cannot be made sooner, in words; `None` when it can.
    pub(crate) fn no_sooner(&self) -> Option<&'static str> {
        let Status::Waiting { why, .. } = self.status() else { return None };
        let words = match is_advised(&why) {
            true => "The server has asked not to be tried sooner.",
            false => "It was tried often enough in the last minute.",
        };
        (!self.monitor.can_hurry()).then_some(words)
    }

    /// When the next attempt is due, in words such as `in 3 s`; `None` when none is due.
    pub(crate) fn next_attempt(&self) -> Option<String> {
        let left = self.monitor.retry_in()?.as_secs_f64().ceil();
        Some(if left > 0.0 { format!("in {left} s") } else { "now".to_owned() })
    }
}

/// Whether the server has said when to come back.
const fn is_advised(why: &Down) -> bool {
    let Down::Diagnosed(Diagnosis::Answered { status: 429 | 503, retry_after }) = why else {
        return matches!(why, Down::Bye { .. });
    };
    retry_after.is_some()
}

/// The heartbeat that the demo server answers.
pub(crate) fn heartbeat() -> Probe {
    Probe::text(PROBE, PROBE_ANSWER)
}
