//! The connection view: each line, how it stands, and what happened to it.

use std::time::Duration;

use keepline::{Event, Status};
use yew::prelude::*;

use crate::clock::{self, Moment};
use crate::journal::Entry;
use crate::line::Line;
use crate::shell::pill;

/// One of the page's two lines, as the view shows it.
pub(crate) struct Panel<'a> {
    /// Begins the ids of its elements: `chat-line` or `stream-line`.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// What the line leads to, in words of its own direction.
    pub(crate) subject: Option<String>,
    /// The line, or what to do in order to have one.
    pub(crate) line: Result<&'a Line, Html>,
}

/// Draws the panels side by side, or one below the other where the page is narrow.
pub(crate) fn connection_view(panels: &[Panel<'_>; 2]) -> Html {
    html! {
        <section class="connection" aria-labelledby="connection-title">
            <header>
                <div>
                    <h1 id="connection-title">{"Connection"}</h1>
                    <p class="quiet">
                        {"The lines that this page holds, and what happened to them."}
                    </p>
                </div>
            </header>
            <div class="panels">{ for panels.iter().map(panel) }</div>
        </section>
    }
}

fn panel(panel: &Panel<'_>) -> Html {
    let Panel { id, title, subject, line } = panel;
    let status = line.as_ref().map_or(Status::Idle, |line| line.status());
    let title_id = format!("{id}-title");
    html! {
        <article class="card panel" id={*id} aria-labelledby={title_id.clone()}>
            <header>
                <h2 id={title_id}>
                    { *title }
                    if let Some(subject) = subject { {" · "}<bdi>{ subject }</bdi> }
                </h2>
                { pill(&status, format!("{id}-state")) }
            </header>
            { match line {
                Ok(line) => html! { <>{ facts(id, line, &status) }{ log(id, line) }</> },
                Err(advice) => html! { <p class="empty">{ advice.clone() }</p> },
            } }
        </article>
    }
}

fn facts(id: &str, line: &Line, status: &Status) -> Html {
    let fact = |label: &'static str, name: &str, value: String| {
        html! { <div><dt>{ label }</dt><dd id={format!("{id}-{name}")}>{ value }</dd></div> }
    };
    let queued = line.monitor().queued();
    let outbox = format!("{}, {} bytes", count(queued.messages, "message"), queued.bytes);
    html! {
        <dl class="facts">
            { fact("Reason", "reason", reason(status)) }
            { fact("Next attempt", "next-attempt", line.next_attempt().unwrap_or_else(dash)) }
            { fact("Attempt", "attempt", attempt(status).map_or_else(dash, |n| n.to_string())) }
            { fact("In this state for", "since", unchanged_for(line)) }
            { fact("Times online", "opened", line.journal().opened().to_string()) }
            { fact("Outbox", "outbox", outbox) }
            { fact("Last round trip", "round-trip",
                line.monitor().round_trip().map_or_else(dash, milliseconds)) }
        </dl>
    }
}

fn log(id: &str, line: &Line) -> Html {
    html! { <>
        <h3>{"What happened"}</h3>
        <ol class="log" id={format!("{id}-log")} tabindex="0"
            aria-label="What happened, newest first">
            { for line.journal().newest_first().map(log_row) }
        </ol>
    </> }
}

fn log_row(entry: &Entry) -> Html {
    let words = match &entry.event {
        Event::RoundTrip(took) => format!("heartbeat answered in {}", milliseconds(*took)),
        Event::Status(_)
        | Event::Delivered(_)
        | Event::Undeliverable(..)
        | Event::Unknown(..)
        | Event::Restarted { .. } => entry.event.to_string(),
    };
    html! {
        <li class={tone(&entry.event)}>
            <time>{ entry.at.to_the_second() }</time>
            <span>
                { words }
                if entry.times > 1 { <small>{ format!(" × {}", entry.times) }</small> }
            </span>
        </li>
    }
}

/// The class that colours an event.
fn tone(event: &Event) -> &'static str {
    match event {
        Event::Status(status) => status.name(),
        Event::RoundTrip(_) | Event::Delivered(_) => "idle",
        Event::Undeliverable(..) | Event::Unknown(..) | Event::Restarted { .. } => "ended",
    }
}

fn reason(status: &Status) -> String {
    match status {
        Status::Waiting { why, .. } => why.to_string(),
        Status::Ended { why } => why.to_string(),
        Status::Idle | Status::Connecting { .. } | Status::Online { .. } | Status::Closing => {
            dash()
        }
    }
}

fn attempt(status: &Status) -> Option<u32> {
    match status {
        Status::Connecting { attempt } | Status::Waiting { attempt, .. } => Some(*attempt),
        Status::Idle | Status::Online { .. } | Status::Closing | Status::Ended { .. } => None,
    }
}

fn unchanged_for(line: &Line) -> String {
    let since = line.journal().unchanged_since();
    since.map_or_else(dash, |since| clock::span(Moment::now().since(since)))
}

fn milliseconds(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1_000.0;
    if milliseconds < 10.0 {
        format!("{milliseconds:.1} ms")
    } else {
        format!("{milliseconds:.0} ms")
    }
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

fn dash() -> String {
    "–".to_owned()
}
