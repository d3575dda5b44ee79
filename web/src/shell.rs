//! What every view has around it: the head of the page, and the banner of a line that is down.

use keepline::{BuildError, Down, Status};
use yew::prelude::*;

use crate::focus::use_bequeathed_focus;
use crate::line::Line;
use crate::place::{Place, View};

/// The head: the way to each view, and how the line of this one stands, if it has one.
pub(crate) fn head(place: &Place, line: Option<&Line>) -> Html {
    let status = line.map_or(Status::Idle, Line::status);
    // What the banner says is not read out twice.
    let live = if line.is_some_and(is_in_trouble) { "off" } else { "polite" };
    html! {
        <header class="head">
            <span class="brand">{ mark() }<span>{"Keepline"}</span></span>
            <nav aria-label="Views">{ for View::ALL.into_iter().map(|view| tab(place, view)) }</nav>
            <div role="status" aria-live={live}>
                { pill(&status, "connection-state".to_owned()) }
            </div>
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
        Status::Waiting { attempt, .. } | Status::Connecting { attempt } => {
            let why = line.why_down();
            why.map(|why| outage(title, line, &why, attempt, hurry)).unwrap_or_default()
        }
        Status::Ended { why } => html! {
            <Strip tone="ended" words={format!("The {title} line has ended: {why}.")}>
                <button id="connect-again" onclick={renew}>{"Connect again"}</button>
            </Strip>
        },
        Status::Idle | Status::Online { .. } | Status::Closing => Html::default(),
    }
}

/// A line that waits for its next attempt, or is in it: the words and the button are the same, so
/// that a reason is read out once and the button keeps the focus.
fn outage(title: &str, line: &Line, why: &Down, attempt: u32, hurry: Callback<MouseEvent>) -> Html {
    let no_sooner = line.no_sooner();
    let hurries = line.monitor().can_hurry();
    let next = line.next_attempt().unwrap_or_else(|| "now".to_owned());
    html! {
        <Strip tone={line.status().name()} words={format!("The {title} line is down: {why}.")}
            remark={no_sooner}>
            <span>{"Attempt "}{ attempt }{" "}<b id="next-attempt">{ next }</b></span>
            <button id="try-now" onclick={hurry} aria-disabled={(!hurries).to_string()}
                aria-describedby={no_sooner.map(|_| "no-sooner")}>
                {"Try now"}
            </button>
        </Strip>
    }
}

/// The page could not even begin to connect.
pub(crate) fn impossible(error: &BuildError) -> Html {
    html! { <Strip tone="ended" words={format!("No line can be opened: {error}.")} /> }
}

#[derive(PartialEq, Properties)]
struct StripProps {
    tone: &'static str,
    words: String,
    /// What the words leave open about the button.
    #[prop_or_default]
    remark: Option<&'static str>,
    /// What comes next, and what can be done about it.
    #[prop_or_default]
    children: Html,
}

#[component]
fn Strip(props: &StripProps) -> Html {
    let StripProps { tone, words, remark, children } = props;
    let strip = use_bequeathed_focus();
    html! {
        <div id="banner" ref={strip} class={classes!("banner", *tone)}>
            <p>
                { words }
                // It comes and goes with each attempt, and is read out with the button.
                if let Some(remark) = remark {
                    <span id="no-sooner" aria-live="off">{" "}{ *remark }</span>
                }
            </p>
            // A countdown that is read out every second would drown everything else.
            <p class="next" aria-live="off">{ children.clone() }</p>
        </div>
    }
}

/// Whether the banner tells of `line`.
fn is_in_trouble(line: &Line) -> bool {
    line.why_down().is_some() || matches!(line.status(), Status::Ended { .. })
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
