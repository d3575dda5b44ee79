//! What every view has around it: the head of the page, and the banner of a line that is down.

use keepline::{BuildError, Status};
use yew::prelude::*;

use crate::line::Line;
use crate::place::{Place, View};

/// The head: the way to each view, and how the line of this one stands.
pub(crate) fn head(place: &Place, status: &Status) -> Html {
    html! {
        <header class="head">
            <span class="brand">{ mark() }<span>{"Keepline"}</span></span>
            <nav aria-label="Views">{ for View::ALL.into_iter().map(|view| tab(place, view)) }</nav>
            <div role="status">{ pill(status, "connection-state".to_owned()) }</div>
        </header>
    }
}

/// A status in colour and in words. The text of the element `id` is exactly its name.
pub(crate) fn pill(status: &Status, id: String) -> Html {
    html! {
        <p class={classes!("pill", status.name())}>
            <span class="dot" aria-hidden="true" />
            <span class="unseen">{"Line: "}</span>
            <span {id}>{ status.name() }</span>
        </p>
    }
}

/// Tells that `line` is down and what comes next; nothing while all is well.
pub(crate) fn banner(
    title: &str,
    line: &Line,
    hurry: Callback<MouseEvent>,
    renew: Callback<MouseEvent>,
) -> Html {
    match line.status() {
        Status::Waiting { why, attempt, .. } => {
            let next = line.next_attempt().unwrap_or_default();
            let no_sooner = line.no_sooner();
            let (space, reason) = no_sooner.map_or(("", ""), |reason| (" ", reason));
            strip(
                "waiting",
                format!("The {title} line is down: {why}.{space}{reason}"),
                html! { <>
                    <span>{"Attempt "}{ attempt }{" "}<b id="next-attempt">{ next }</b></span>
                    <button id="try-now" onclick={hurry} disabled={no_sooner.is_some()}>
                        {"Try now"}
                    </button>
                </> },
            )
        }
        Status::Connecting { attempt } if attempt > 1 => strip(
            "connecting",
            format!("The {title} line is down."),
            html! { <>
                <span>{"Attempt "}{ attempt }{" "}<b id="next-attempt">{"now"}</b></span>
            </> },
        ),
        Status::Ended { why } => strip(
            "ended",
            format!("The {title} line has ended: {why}."),
            html! {
                <button id="connect-again" onclick={renew}>{"Connect again"}</button>
            },
        ),
        Status::Idle | Status::Connecting { .. } | Status::Online { .. } | Status::Closing => {
            Html::default()
        }
    }
}

/// The page could not even begin to connect.
pub(crate) fn impossible(error: &BuildError) -> Html {
    strip("ended", format!("No line can be opened: {error}."), Html::default())
}

fn strip(tone: &'static str, words: String, next: Html) -> Html {
    html! {
        <div id="banner" class={classes!("banner", tone)}>
            <p role="status">{ words }</p>
            // A countdown that is read out every second would drown everything else.
            <p class="next" aria-live="off">{ next }</p>
        </div>
    }
}

fn tab(place: &Place, view: View) -> Html {
    let current = (place.view == view).then_some("page");
    html! {
        <a id={format!("view-{}", view.path())} href={place.in_view(view).to_string()}
            aria-current={current}>{ view.title() }</a>
    }
}

fn mark() -> Html {
    html! {
        <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
            <path d="M2 14h4.5l2.5-8 4.5 13 3-9 1.5 4H22" fill="none" stroke="currentColor"
                stroke-width="2.25" stroke-linecap="round" stroke-linejoin="round" />
        </svg>
    }
}
