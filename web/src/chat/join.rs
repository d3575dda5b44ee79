//! The form that leads into a room.

use web_sys::{HtmlInputElement, SubmitEvent};
use yew::prelude::*;

use crate::focus::{focus, use_free_focus};
use crate::names::{NameError, PersonName, RoomName};

/// What the form begins with, and whom it tells.
#[derive(PartialEq, Properties)]
pub(crate) struct JoinFormProps {
    pub(crate) name: AttrValue,
    pub(crate) room: AttrValue,
    pub(crate) on_join: Callback<(PersonName, RoomName)>,
}

/// Asks for a name and a room, and says what is wrong with them.
#[component]
pub(crate) fn JoinForm(props: &JoinFormProps) -> Html {
    let (name_field, room_field) = (use_free_focus(), use_node_ref());
    let name = use_state(|| props.name.clone());
    let room = use_state(|| props.room.clone());
    let tried = use_state(|| false);
    let (checked_name, checked_room) = (PersonName::parse(&name), RoomName::parse(&room));
    let name_error = checked_name.as_ref().err().filter(|_| *tried).copied();
    let room_error = checked_room.as_ref().err().filter(|_| *tried).copied();
    let on_submit = {
        let on_join = props.on_join.clone();
        let (name_field, room_field) = (name_field.clone(), room_field.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            tried.set(true);
            match (&checked_name, &checked_room) {
                (Ok(name), Ok(room)) => on_join.emit((name.clone(), room.clone())),
                (Err(_), _) => focus(&name_field),
                (Ok(_), Err(_)) => focus(&room_field),
            }
        })
    };
    html! {
        <form class="join card" onsubmit={on_submit} novalidate=true>
            <h1>{"Join a room"}</h1>
            <p class="quiet">
                {"Everybody in the same room reads what you write. Nothing is kept."}
            </p>
            <Field id="chat-name" label="Your name" subject="Your name" value={name}
                error={name_error} field={name_field} />
            <Field id="chat-room" label="Room" subject="The room’s name" value={room}
                error={room_error} field={room_field} />
            <button id="chat-join" class="primary">{"Join"}</button>
        </form>
    }
}

#[derive(PartialEq, Properties)]
struct FieldProps {
    id: &'static str,
    label: &'static str,
    /// What an error is about.
    subject: &'static str,
    value: UseStateHandle<AttrValue>,
    error: Option<NameError>,
    field: NodeRef,
}

#[component]
fn Field(props: &FieldProps) -> Html {
    let FieldProps { id, label, subject, value, error, field } = props;
    let error_id = format!("{id}-error");
    let on_input = {
        let value = value.clone();
        move |event: InputEvent| {
            value.set(event.target_unchecked_into::<HtmlInputElement>().value().into());
        }
    };
    html! {
        <div class="field">
            <label for={*id}>{ *label }</label>
            <input id={*id} ref={field} dir="auto" autocomplete="off" spellcheck="false"
                value={(**value).clone()} oninput={on_input}
                aria-invalid={error.is_some().to_string()} aria-describedby={error_id.clone()} />
            <p id={error_id} class="error" aria-live="polite">
                if let Some(error) = error { { format!("{subject} {error}.") } }
            </p>
        </div>
    }
}
