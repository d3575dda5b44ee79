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
