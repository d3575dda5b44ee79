//! A line's journal, forwarded to the crate `tracing`.

use std::cell::RefCell;

use keepline_core::{Down, End, Event, Status};
use tracing::{Level, Span, event, info_span};

use crate::journal::{Entry, Happening};
use crate::journey::{Journey, Kind, Step};

/// One who forwards the journal, with a span over each stretch of connecting and of coming back.
pub(crate) fn listener() -> impl Fn(&Entry) + 'static {
    let (journey, span) = (Journey::default(), RefCell::new(Span::none()));
    move |entry| {
        let step = journey.follow(entry);
        if let Some(Step::Begins(stretch)) = step {
            span.replace(begin(stretch.kind));
        }
        // Not borrowed meanwhile: a subscriber may act on the line.
        let under = span.borrow().clone();
        under.in_scope(|| forward(entry));
        if let Some(Step::Arrives(_) | Step::Ends(_)) = step {
            span.replace(Span::none());
        }
    }
}

fn begin(kind: Kind) -> Span {
    match kind {
        Kind::Connect => info_span!(target: "keepline", "connect"),
        Kind::Resume => info_span!(target: "keepline", "resume"),
    }
}

fn forward(entry: &Entry) {
    let Entry { what, bytes_sent, bytes_received, .. } = entry;
    let kind = what.name();
    macro_rules! forward {
        ($level:expr) => {
            event!(target: "keepline", $level, kind, bytes_sent, bytes_received, "{what}")
        };
    }
    match level(what) {
        Level::ERROR | Level::WARN => forward!(Level::WARN),
        Level::INFO => forward!(Level::INFO),
        Level::DEBUG | Level::TRACE => forward!(Level::DEBUG),
    }
}

const fn level(what: &Happening) -> Level {
    match what {
        Happening::Event(Event::Status(
            Status::Waiting { why: Down::Paced | Down::GoneAway | Down::Bye { .. }, .. }
            | Status::Ended { why: End::Application }
            | Status::Idle
            | Status::Connecting { .. }
            | Status::Online { .. }
            | Status::Closing,
        )) => Level::INFO,
        Happening::Event(Event::RoundTrip(_) | Event::Delivered(_)) => Level::DEBUG,
        Happening::Event(
            Event::Status(Status::Waiting { .. } | Status::Ended { .. })
            | Event::Undeliverable(..)
            | Event::Unknown(..)
            | Event::Restarted { .. },
        )
        | Happening::Dropped { .. }
        | Happening::TooLarge { .. }
        | Happening::Undecodable => Level::WARN,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Write};
    use std::sync::{Arc, Mutex};

    use keepline_core::{Closed, Instant};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Metadata, Subscriber};

    use super::*;

    /// Writes down each event with its level, under the spans that it is in.
    #[derive(Clone, Default)]
    struct Notebook(Arc<Mutex<(Vec<&'static str>, Vec<String>)>>);

    struct Text<'a>(&'a mut String);

    impl Visit for Text<'_> {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            write!(self.0, " {}={value:?}", field.name()).unwrap();
        }
    }

    impl Subscriber for Notebook {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, span: &Attributes<'_>) -> Id {
            let mut notes = self.0.lock().unwrap();
            notes.0.push(span.metadata().name());
            Id::from_u64(notes.0.len() as u64)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &tracing::Event<'_>) {
            let mut text = event.metadata().level().to_string();
            event.record(&mut Text(&mut text));
            self.0.lock().unwrap().1.push(text);
        }

        fn enter(&self, span: &Id) {
            let mut notes = self.0.lock().unwrap();
            let name = notes.0[span.into_u64() as usize - 1];
            notes.1.push(format!("in {name}:"));
        }

        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn a_subscriber_sees_the_journal_under_its_spans() {
        let notebook = Notebook::default();
        let listener = listener();
        let why = Down::Closed(Closed::abnormal());
        let statuses = [
            Status::Connecting { attempt: 1 },
            Status::Online { protocol: String::new() },
            Status::Waiting { why, attempt: 1, retry_at: Instant::ORIGIN },
            Status::Ended { why: End::Application },
        ];
        let what = statuses.map(|status| Happening::Event(Event::Status(status)));
        tracing::subscriber::with_default(notebook.clone(), || {
            for what in what.into_iter().chain([Happening::Undecodable]) {
                let at = Instant::ORIGIN;
                listener(&Entry { at, what, bytes_sent: 1, bytes_received: 2, position: 0 });
            }
        });
        let notes = notebook.0.lock().unwrap();
        let bytes = "bytes_sent=1 bytes_received=2";
        assert_eq!(notes.0, ["connect", "resume"]);
        assert_eq!(notes.1[0], "in connect:");
        assert_eq!(notes.1[1], format!("INFO message=connecting kind=\"status\" {bytes}"));
        assert!(notes.1[4..6].concat().starts_with("in resume:WARN message=waiting for attempt 1"));
        assert!(notes.1[6..8].concat().starts_with("in resume:INFO message=ended: closed by"));
        assert!(notes.1.last().unwrap().starts_with("WARN message=a message could not be decoded"));
    }
}
