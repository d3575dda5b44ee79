//! A room as people see it.

use yew::prelude::*;

use super::composer::{Composer, Departure};
use super::conversation::Conversation;
use super::entries::{Entries, avatar};
use super::{Chat, ChatAction};

/// Draws the room. `leave` is the address of the place without it.
pub(crate) fn room_view(chat: &Chat, leave: String, act: &Callback<ChatAction>) -> Html {
    let room = chat.room.as_str().to_owned();
    html! {
        <section class="room card" aria-labelledby="room-name">
            <header>
                <div>
                    <h1 id="room-name" title={room.clone()}><bdi>{ room }</bdi></h1>
                    <p class="quiet">
                        {"You are "}<b id="chat-me"><bdi>{ chat.conversation.me() }</bdi></b>
                    </p>
                </div>
                <a id="chat-leave" class="button" href={leave}>{"Leave"}</a>
            </header>
            { people(&chat.conversation, chat.line.is_online()) }
            <Entries conversation={chat.conversation.clone()} />
            { composer(chat, act) }
        </section>
    }
}

fn people(conversation: &Conversation, online: bool) -> Html {
    let person = |name: &AttrValue| {
        let is_me = name == conversation.me();
        html! { <li class={classes!(is_me.then_some("mine"))}>
            { avatar(name) }<bdi>{ name }</bdi>
        </li> }
    };
    let people = conversation.people();
    html! {
        <aside class={classes!("people", (!online).then_some("stale"))}>
            <h2>
                { if online { "Here now" } else { "Here before" } }
                <span class="count" id="people-count">{ people.len() }</span>
            </h2>
            <ul id="people">{ for people.iter().map(person) }</ul>
        </aside>
    }
}

fn composer(chat: &Chat, act: &Callback<ChatAction>) -> Html {
    let refusal = chat.refusal.as_ref().map(|error| AttrValue::from(error.to_string()));
    html! {
        <Composer draft={chat.draft.clone()} {refusal}
            departure={Departure::under(&chat.line.status())}
            on_draft={act.reform(ChatAction::Drafted)}
            on_say={act.reform(|()| ChatAction::Say)} />
    }
}
