//! The messages of a room, from the oldest to the newest.

use std::rc::Rc;

use web_sys::Element;
use yew::prelude::*;

use super::conversation::{Conversation, Entry, Fate, What};
use crate::clock::Moment;
use crate::focus::focus;

/// The conversation to show.
#[derive(PartialEq, Properties)]
pub(crate) struct EntriesProps {
    pub(crate) conversation: Rc<Conversation>,
}

/// A list that follows the newest message while its reader is at the end of it, and offers to
/// jump there when the reader is not.
#[component]
pub(crate) fn Entries(props: &EntriesProps) -> Html {
    let scroller = use_node_ref();
    let behind = use_state_eq(|| false);
    let at_end = use_mut_ref(|| true);
    let newest_seen = use_mut_ref(|| None);
    use_effect_with(props.conversation.clone(), {
        let (scroller, behind, at_end) = (scroller.clone(), behind.clone(), at_end.clone());
        move |conversation| {
            // A fate or a person that changes is no news in the list.
            let newest = conversation.entries().last();
            let number = newest.map(|entry| entry.number);
            let is_news = newest_seen.replace(number) != number;
            if *at_end.borrow() || (is_news && is_mine(newest)) {
                scroll_to_end(&scroller);
            } else if is_news {
                behind.set(true);
            }
        }
    });
    let on_scroll = {
        let (scroller, behind) = (scroller.clone(), behind.clone());
        move |_: Event| {
            *at_end.borrow_mut() = is_at_end(&scroller);
            behind.set(*behind && !is_at_end(&scroller));
        }
    };
    let jump = {
        let scroller = scroller.clone();
        move |_: MouseEvent| {
            scroll_to_end(&scroller);
            // The button goes; who pressed it reads on.
            focus(&scroller);
        }
    };
    html! {
        <div class="talk">
            <div id="chat-messages" ref={scroller} role="log" aria-label="Messages" tabindex="0"
                onscroll={on_scroll}>
                <ol>{ rows(&props.conversation) }</ol>
                if props.conversation.is_silent() { { invitation() } }
            </div>
            if *behind {
                <button id="chat-newest" class="jump" onclick={jump}>{"New messages ↓"}</button>
            }
        </div>
    }
}

fn rows(conversation: &Conversation) -> Html {
    let mut former = None;
    let mut row = |entry| {
        let row = row(entry, follows(former, entry), conversation.me());
        former = Some(entry);
        row
    };
    conversation.entries().map(&mut row).collect()
}

fn row(entry: &Entry, follows: bool, me: &AttrValue) -> Html {
    let key = entry.number;
    match &entry.what {
        What::Said { name, text } => {
            html! { <li {key} class={classes!("said", follows.then_some("follows"))}>
                { byline(name, entry.at) }{ said(text) }
            </li> }
        }
        What::Mine { text, fate, .. } => {
            html! { <li {key} class={classes!("said", "mine", follows.then_some("follows"))}
                data-fate={fate_name(*fate)}>
                { byline(me, entry.at) }{ said(text) }{ fate_mark(*fate) }
            </li> }
        }
        What::Entered { .. }
        | What::Returned
        | What::Joined(_)
        | What::Left(_)
        | What::Trouble(_) => note(entry),
    }
}

fn byline(name: &AttrValue, at: Moment) -> Html {
    html! { <>
        { avatar(name) }
        <p class="by"><b><bdi>{ name }</bdi></b>{" "}<time>{ at.hour_and_minute() }</time></p>
    </> }
}

/// What somebody said, from the side on which its own script begins.
fn said(text: &AttrValue) -> Html {
    html! { <p class="text" dir="auto">{ text }</p> }
}

/// A round sign for a person. Its letter is left to the style sheet: whoever reads the page as
/// text has the name beside it.
pub(super) fn avatar(name: &AttrValue) -> Html {
    let initial: String = name.chars().take(1).flat_map(char::to_uppercase).collect();
    html! { <span class="avatar" aria-hidden="true" data-initial={initial} /> }
}

fn invitation() -> Html {
    html! {
        <p class="empty">
            <b>{"Nothing said yet"}</b><br />
            {"Open this page in a second tab, join the same room, and talk to yourself."}
        </p>
    }
}

fn note(entry: &Entry) -> Html {
    let words = match &entry.what {
        What::Entered { people: 0 | 1 } => html! { "You are the first one here" },
        What::Entered { people: 2 } => html! { "You joined one other" },
        What::Entered { people } => html! { { format!("You joined {} others", people - 1) } },
        What::Returned => html! { "You are back; what was said meanwhile was not heard here" },
        What::Joined(name) => html! { <><bdi>{ name }</bdi>{" joined"}</> },
        What::Left(name) => html! { <><bdi>{ name }</bdi>{" left"}</> },
        What::Trouble(words) => html! { { words } },
        What::Said { .. } | What::Mine { .. } => Html::default(),
    };
    let trouble = matches!(entry.what, What::Trouble(_)).then_some("trouble");
    html! { <li key={entry.number} class={classes!("note", trouble)}>
        <span>{ words }</span>{" "}<time>{ entry.at.hour_and_minute() }</time>
    </li> }
}

fn fate_name(fate: Fate) -> &'static str {
    match fate {
        Fate::Queued => "queued",
        Fate::Sent => "sent",
        Fate::Unknown => "unknown",
        Fate::NeverSent => "never-sent",
    }
}

fn fate_mark(fate: Fate) -> Html {
    match fate {
        Fate::Queued => html! { <p class="fate">{"queued"}</p> },
        Fate::Sent => Html::default(),
        Fate::Unknown => html! { <p class="fate">{"may not have arrived"}</p> },
        Fate::NeverSent => html! { <p class="fate">{"not sent"}</p> },
    }
}

/// Whether `entry` goes on where the one before it stopped: the same person, soon after.
fn follows(former: Option<&Entry>, entry: &Entry) -> bool {
    const SOON_MS: f64 = 3.0 * 60_000.0;
    former.is_some_and(|former| {
        entry.at.since(former.at) < SOON_MS
            && match (&former.what, &entry.what) {
                (What::Said { name: former, .. }, What::Said { name, .. }) => former == name,
                (What::Mine { .. }, What::Mine { .. }) => true,
                (_, _) => false,
            }
    })
}

fn is_mine(entry: Option<&Entry>) -> bool {
    entry.is_some_and(|entry| matches!(entry.what, What::Mine { .. }))
}

fn is_at_end(scroller: &NodeRef) -> bool {
    const SLACK_PX: i32 = 24;
    scroller.cast::<Element>().is_none_or(|scroller| {
        scroller.scroll_height() - scroller.scroll_top() - scroller.client_height() < SLACK_PX
    })
}

fn scroll_to_end(scroller: &NodeRef) {
    if let Some(scroller) = scroller.cast::<Element>() {
        scroller.set_scroll_top(scroller.scroll_height());
    }
}
