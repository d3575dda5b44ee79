//! A room as people see it.

use yew::prelude::*;

use super::composer::Composer;
use super::entries::Entries;
use super::{Chat, ChatAction};

/// Draws the room. `leave` is the address of the place without it.
pub(crate) fn room_view(chat: &Chat, leave: String, act: &Callback<ChatAction>) -> Html {
    let me = AttrValue::from(chat.name.as_str().to_owned());
    html! {
        <section class="room card" aria-labelledby="room-name">
            <header>
                <h1 id="room-name">{ chat.room.as_str() }</h1>
                <p class="quiet">{"You are "}<b id="chat-me">{ &me }</b></p>
                <a id="chat-leave" class="button" href={leave}>{"Leave"}</a>
            </header>
            { people(chat.conversation.people()) }
            <Entries conversation={chat.conversation.clone()} {me} />
            { composer(chat, act) }
        </section>
    }
}

fn people(people: &[AttrValue]) -> Html {
    let person = |name: &AttrValue| html! { <li>{ name }</li> };
    html! {
        <aside class="people">
            <h2>{"Here now"}<span class="count" id="people-count">{ people.len() }</span></h2>
            <ul id="people">{ for people.iter().map(person) }</ul>
        </aside>
    }
}

fn composer(chat: &Chat, act: &Callback<ChatAction>) -> Html {
    let refusal = chat.refusal.as_ref().map(|error| AttrValue::from(error.to_string()));
    html! {
        <Composer draft={chat.draft.clone()} {refusal}
            online={chat.line.is_online()}
            on_draft={act.reform(ChatAction::Drafted)}
            on_say={act.reform(|()| ChatAction::Say)} />
    }
}
