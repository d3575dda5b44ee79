//! Where a message is written.

use keepline::Status;
use keepline_demo::MAX_TEXT_CHARS;
use web_sys::{HtmlTextAreaElement, SubmitEvent};
use yew::prelude::*;

use crate::focus::use_free_focus;

/// What the composer shows, and whom it tells.
#[derive(PartialEq, Properties)]
pub(crate) struct ComposerProps {
    pub(crate) draft: AttrValue,
    pub(crate) departure: Departure,
    /// Why the last try to send was refused.
    pub(crate) refusal: Option<AttrValue>,
    pub(crate) on_draft: Callback<String>,
    pub(crate) on_say: Callback<()>,
}

/// When a message that is sent now leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Departure {
    AtOnce,
    /// When the line is back.
    Later,
    Never,
}

impl Departure {
    /// What `status` means to a message.
    pub(crate) const fn under(status: &Status) -> Self {
        match status {
            Status::Online { .. } => Self::AtOnce,
            Status::Idle | Status::Connecting { .. } | Status::Waiting { .. } => Self::Later,
            Status::Closing | Status::Ended { .. } => Self::Never,
        }
    }
}

/// A text field that grows, and its button. Enter sends; Shift and Enter start a new line.
#[component]
pub(crate) fn Composer(props: &ComposerProps) -> Html {
    let field = use_free_focus();
    let hint = Hint::about(props);
    let say = {
        let (on_say, sendable) = (props.on_say.clone(), hint.sendable());
        Callback::from(move |()| {
            if sendable {
                on_say.emit(());
            }
        })
    };
    let on_submit = say.reform(|event: SubmitEvent| event.prevent_default());
    let on_input = props
        .on_draft
        .reform(|event: InputEvent| event.target_unchecked_into::<HtmlTextAreaElement>().value());
    html! {
        <form class="composer" onsubmit={on_submit}>
            <label class="unseen" for="chat-text">{"Message"}</label>
            <textarea id="chat-text" ref={field} rows="1" placeholder="Write a message"
                dir="auto" autocomplete="off" enterkeyhint="send" aria-describedby="chat-hint"
                aria-invalid={hint.is_error().to_string()}
                value={props.draft.clone()} oninput={on_input} onkeydown={send_on_enter(say)} />
            <button id="chat-send" class="primary" disabled={!hint.sendable()}>{"Send"}</button>
            <p id="chat-hint" aria-live="polite"
                class={classes!(hint.is_error().then_some("error"))}>
                { hint.words() }
            </p>
        </form>
    }
}

/// What the line below the field says, the most pressing first.
#[derive(Debug, PartialEq)]
enum Hint {
    TooLong {
        chars: usize,
    },
    /// Another try may do better.
    Refused(AttrValue),
    Empty(Departure),
    Ready(Departure),
}

impl Hint {
    fn about(props: &ComposerProps) -> Self {
        let departure = props.departure;
        match (props.draft.trim().chars().count(), &props.refusal) {
            (chars, _) if chars > MAX_TEXT_CHARS => Self::TooLong { chars },
            (0, _) => Self::Empty(departure),
            (_, Some(why)) if departure != Departure::Never => Self::Refused(why.clone()),
            (_, Some(_) | None) => Self::Ready(departure),
        }
    }

    fn sendable(&self) -> bool {
        match self {
            Self::TooLong { .. } | Self::Empty(_) => false,
            Self::Refused(_) => true,
            Self::Ready(departure) => *departure != Departure::Never,
        }
    }

    const fn is_error(&self) -> bool {
        matches!(self, Self::TooLong { .. } | Self::Refused(_))
    }

    fn words(&self) -> AttrValue {
        match self {
            Self::TooLong { chars } => {
                format!("{chars} of {MAX_TEXT_CHARS} characters: too long to send").into()
            }
            Self::Refused(why) => format!("Not sent: {why}. Your text is still here.").into(),
            Self::Empty(departure) | Self::Ready(departure) => match departure {
                Departure::AtOnce => "Enter sends, Shift + Enter starts a new line".into(),
                Departure::Later => "No line: what you send is queued until it is back".into(),
                Departure::Never => "The line has ended: nothing can be sent".into(),
            },
        }
    }
}

fn send_on_enter(say: Callback<()>) -> Callback<KeyboardEvent> {
    Callback::from(move |event: KeyboardEvent| {
        // Enter also ends the composition of, say, a Japanese word; that is not for us.
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            say.emit(());
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(draft: &'static str, departure: Departure, refusal: Option<&'static str>) -> Hint {
        Hint::about(&ComposerProps {
            draft: draft.into(),
            departure,
            refusal: refusal.map(AttrValue::from),
            on_draft: Callback::noop(),
            on_say: Callback::noop(),
        })
    }

    #[test]
    fn what_was_refused_can_be_tried_again_while_there_is_a_line_to_come() {
        let hint = hint("Hello", Departure::Later, Some("the outbox is full"));
        assert!(hint.sendable() && hint.is_error());
        assert_eq!(hint.words(), "Not sent: the outbox is full. Your text is still here.");
    }

    #[test]
    fn an_ended_line_offers_no_further_try() {
        for refusal in [None, Some("the outbox is full")] {
            let hint = hint("Hello", Departure::Never, refusal);
            assert!(!hint.sendable(), "{refusal:?}");
            assert_eq!(hint.words(), "The line has ended: nothing can be sent");
        }
    }

    #[test]
    fn nothing_written_is_nothing_refused() {
        let hint = hint(" \n", Departure::Later, Some("the outbox is full"));
        assert_eq!(hint, Hint::Empty(Departure::Later));
        assert!(!hint.sendable() && !hint.is_error());
    }
}
