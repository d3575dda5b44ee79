//! A room that this page is in.

mod composer;
mod conversation;
mod entries;
mod join;
mod view;

use std::rc::Rc;

use keepline::{BuildError, Event, Json, ReceiveError, SendError, Sender, Socket, Status};
use keepline_demo::{ChatEvent, ChatRequest};
use yew::{AttrValue, Callback};

use crate::clock::Moment;
use crate::line::{self, Line};
use crate::names::{PersonName, RoomName};
use crate::percent;
use conversation::{Conversation, Fate};

pub(crate) use join::JoinForm;
pub(crate) use view::room_view;

/// The room, the line to it, and what was said. Dropping it leaves the room.
pub(crate) struct Chat {
    pub(crate) room: RoomName,
    pub(crate) line: Line,
    conversation: Rc<Conversation>,
    draft: AttrValue,
    /// Why the draft could not be sent, until it or the line is another.
    refusal: Option<SendError>,
    sender: Sender<ChatRequest, Json>,
}

/// What a chat has to deal with.
pub(crate) enum ChatAction {
    /// This arrived from the server.
    Heard(Result<ChatEvent, ReceiveError>),
    /// This happened to the line.
    Happened(Event),
    /// The text to be sent reads like this now.
    Drafted(String),
    /// The draft is to be sent.
    Say,
}

impl Chat {
    /// Enters `room` as `name`. Whatever is given to `act` belongs into [`Chat::act`].
    pub(crate) fn enter(
        room: RoomName,
        name: &PersonName,
        act: &Callback<ChatAction>,
    ) -> Result<Self, BuildError> {
        let socket: Socket<ChatRequest, ChatEvent> =
            Socket::builder(&format!("/chat/{}", percent::encode(room.as_str())))
                .query("name", name.as_str())
                .heartbeat(line::heartbeat())
                .diagnosis()
                .connect()?;
        Ok(Self {
            room,
            conversation: Rc::new(Conversation::new(name.as_str().to_owned().into())),
            draft: AttrValue::default(),
            refusal: None,
            sender: socket.sender(),
            line: Line::new(
                socket,
                act.reform(ChatAction::Heard),
                act.reform(ChatAction::Happened),
            ),
        })
    }

    /// Continues the conversation of `former`, if there was one, whose line has ended.
    pub(crate) fn continuing(mut self, former: Option<Self>) -> Self {
        if let Some(former) = former {
            self.conversation = former.conversation;
            self.draft = former.draft;
            self.conversation().change_line();
        }
        self
    }

    /// The one door: everything that changes a chat comes through here.
    pub(crate) fn act(&mut self, action: ChatAction) {
        match action {
            ChatAction::Heard(Ok(event)) => self.conversation().hear(event, Moment::now()),
            ChatAction::Heard(Err(error)) => self.complain(&error),
            ChatAction::Happened(event) => self.witness(event),
            ChatAction::Drafted(text) => self.redraft(text),
            ChatAction::Say => self.refusal = self.say().err(),
        }
        self.settle();
    }

    /// Marks as sent what has left the outbox, which the SDK does not announce for each message,
    /// and tells whether anything was waiting to be marked.
    pub(crate) fn settle(&mut self) -> bool {
        let waits = self.conversation.waits() && self.line.is_online();
        if waits {
            let queued = self.line.monitor().queued().messages;
            self.conversation().settle(queued);
        }
        waits
    }

    fn redraft(&mut self, text: String) {
        self.draft = text.into();
        self.refusal = None;
    }

    fn say(&mut self) -> Result<(), SendError> {
        let text = self.draft.trim().to_owned();
        let id = self.sender.send(&ChatRequest::Say { text: text.clone() })?;
        self.conversation().say(text, id, Moment::now());
        self.draft = AttrValue::default();
        Ok(())
    }

    fn witness(&mut self, event: Event) {
        match &event {
            Event::Unknown(ids, _) => self.conversation().resolve(*ids, Fate::Unknown),
            Event::Undeliverable(ids, _) => self.conversation().resolve(*ids, Fate::NeverSent),
            Event::Status(Status::Online { .. }) => self.refusal = None,
            Event::Status(_)
            | Event::RoundTrip(_)
            | Event::Delivered(_)
            | Event::Restarted { .. } => {}
        }
        self.line.record(event);
    }

    fn complain(&mut self, error: &ReceiveError) {
        self.conversation().trouble(format!("Not heard: {error}"), Moment::now());
    }

    fn conversation(&mut self) -> &mut Conversation {
        Rc::make_mut(&mut self.conversation)
    }
}
