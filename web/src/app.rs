//! The lines above, the views below: switching views never touches a line.

use gloo_events::EventListener;
use gloo_timers::callback::Interval;
use keepline::BuildError;
use yew::prelude::*;

use crate::chat::{Chat, ChatAction, JoinForm, room_view};
use crate::connection::{Panel, connection_view};
use crate::line::Line;
use crate::names::{PersonName, RoomName};
use crate::place::{Hz, Place, View};
use crate::stream::{Stream, StreamAction, stream_view};
use crate::{remembered, shell};

/// The dashboard. The URL's fragment decides what is open; the rest follows it.
pub(crate) struct App {
    place: Place,
    /// The name to enter rooms by, once somebody gave it.
    name: Option<PersonName>,
    chat: Option<Chat>,
    /// Opened by the first visit of its view.
    stream: Option<Stream>,
    /// Why a line could not even be begun.
    impossible: Option<BuildError>,
    _moves: Option<EventListener>,
    _ticks: Interval,
}

/// What the page has to deal with.
pub(crate) enum Action {
    /// The URL's fragment is another.
    Moved,
    /// Somebody filled in the form that leads into a room.
    Join(PersonName, RoomName),
    /// Somebody wants the stream at this rate.
    Choose(Hz),
    Chat(ChatAction),
    Stream(StreamAction),
    /// Somebody wants a waiting line to be tried again now.
    Hurry(Kind),
    /// Somebody wants an ended line to be opened anew.
    Renew(Kind),
    /// Time passed, which countdowns show.
    Tick,
}

/// One of the two lines.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Chat,
    Stream,
}

impl Component for App {
    type Message = Action;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        const TICK_MS: u32 = 250;
        let (moved, tick) = (ctx.link().clone(), ctx.link().clone());
        let mut app = Self {
            place: Place::default(),
            name: remembered::name_of_this_tab(),
            chat: None,
            stream: None,
            impossible: None,
            _moves: web_sys::window().map(|window| {
                EventListener::new(&window, "hashchange", move |_| {
                    moved.send_message(Action::Moved);
                })
            }),
            _ticks: Interval::new(TICK_MS, move || tick.send_message(Action::Tick)),
        };
        app.go(ctx, current_place());
        app
    }

    fn update(&mut self, ctx: &Context<Self>, action: Action) -> bool {
        match action {
            Action::Moved => self.go(ctx, current_place()),
            Action::Join(name, room) => self.join(ctx, name, room),
            Action::Choose(hz) => self.go(ctx, self.place.at(hz)),
            Action::Hurry(kind) => self.hurry(kind),
            Action::Renew(kind) => self.renew(ctx, kind),
            Action::Chat(action) => self.act_on_chat(action),
            Action::Stream(action) => return self.act_on_stream(action),
            Action::Tick => return self.tick(),
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let foremost = self.foremost();
        html! { <>
            { shell::head(&self.place, foremost.map(|(_, line)| line)) }
            // It is there before its words are: a browser reads out what comes into it.
            <div role="status" aria-atomic="false">
                { self.impossible.as_ref().map(shell::impossible).unwrap_or_default() }
                { foremost.map(|(kind, line)| banner(ctx, kind, line)).unwrap_or_default() }
            </div>
            <main tabindex="-1">{ match self.place.view {
                View::Chat => self.chat_view(ctx),
                View::Stream => self.stream_view(ctx),
                View::Connection => self.connection_view(),
            } }</main>
        </> }
    }
}

impl App {
    /// Makes the lines fit `place`, and the URL too.
    fn go(&mut self, ctx: &Context<Self>, place: Place) {
        show_in_url(&place);
        self.place = place;
        if self.chat.as_ref().map(|chat| &chat.room) != self.place.room.as_ref() {
            self.chat = None;
            self.open_chat(ctx);
        }
        let open = self.stream.as_ref().map(|stream| stream.hz);
        if open.map_or(self.place.view == View::Stream, |hz| hz != self.place.hz) {
            self.open_stream(ctx);
        }
    }

    fn join(&mut self, ctx: &Context<Self>, name: PersonName, room: RoomName) {
        remembered::remember(&name);
        self.name = Some(name);
        self.go(ctx, self.place.in_room(Some(room)));
    }

    fn hurry(&self, kind: Kind) {
        if let Some(line) = self.line(kind) {
            line.monitor().retry_now();
        }
    }

    fn renew(&mut self, ctx: &Context<Self>, kind: Kind) {
        match kind {
            Kind::Chat => self.open_chat(ctx),
            Kind::Stream => self.open_stream(ctx),
        }
    }

    /// Enters the room of the present place, if there is one and a name to enter it by. A line
    /// of before is closed; what was said over it stays.
    fn open_chat(&mut self, ctx: &Context<Self>) {
        let (Some(room), Some(name)) = (self.place.room.clone(), self.name.clone()) else { return };
        let former = self.chat.take();
        let opened = Chat::enter(room, &name, &ctx.link().callback(Action::Chat));
        self.chat = self.succeed(opened).map(|chat| chat.continuing(former));
    }

    fn open_stream(&mut self, ctx: &Context<Self>) {
        let former = self.stream.take();
        let opened = Stream::open(self.place.hz, &ctx.link().callback(Action::Stream));
        self.stream = self.succeed(opened).map(|stream| stream.continuing(former));
    }

    /// What was opened; if nothing was, the page says why.
    fn succeed<T>(&mut self, opened: Result<T, BuildError>) -> Option<T> {
        match opened {
            Ok(opened) => {
                self.impossible = None;
                Some(opened)
            }
            Err(error) => {
                self.impossible = Some(error);
                None
            }
        }
    }

    fn act_on_chat(&mut self, action: ChatAction) {
        if let Some(chat) = &mut self.chat {
            chat.act(action);
        }
    }

    /// Whether to draw: readings concern their own view only, what happens to a line all.
    fn act_on_stream(&mut self, action: StreamAction) -> bool {
        let Some(stream) = &mut self.stream else { return false };
        let draw = match action {
            StreamAction::Received(_) => self.place.view == View::Stream,
            StreamAction::Happened(_) => true,
        };
        stream.act(action);
        draw
    }

    /// Whether to draw: only what changes with time.
    fn tick(&mut self) -> bool {
        let chat_settled = self.chat.as_mut().is_some_and(Chat::settle);
        let counts_down = |(_, line): (Kind, &Line)| line.next_attempt().is_some();
        chat_settled || self.place.view != View::Chat || self.foremost().is_some_and(counts_down)
    }

    fn line(&self, kind: Kind) -> Option<&Line> {
        match kind {
            Kind::Chat => self.chat.as_ref().map(|chat| &chat.line),
            Kind::Stream => self.stream.as_ref().map(|stream| &stream.line),
        }
    }

    /// The line that the present view is about; of two, the one that needs attention.
    fn foremost(&self) -> Option<(Kind, &Line)> {
        let kinds: &[Kind] = match self.place.view {
            View::Chat => &[Kind::Chat],
            View::Stream => &[Kind::Stream],
            View::Connection => &[Kind::Chat, Kind::Stream],
        };
        let lines = || kinds.iter().filter_map(|&kind| Some((kind, self.line(kind)?)));
        lines().find(|(_, line)| !line.is_online()).or_else(|| lines().next())
    }

    fn chat_view(&self, ctx: &Context<Self>) -> Html {
        if let Some(chat) = &self.chat {
            let leave = self.place.in_room(None).to_string();
            return room_view(chat, leave, &ctx.link().callback(Action::Chat));
        }
        let name = self.name.clone().or_else(remembered::name_last_used);
        let name = name.map_or_else(String::new, |name| name.as_str().to_owned());
        let room = self.place.room.as_ref().map_or("lobby", RoomName::as_str).to_owned();
        let on_join = ctx.link().callback(|(name, room)| Action::Join(name, room));
        html! { <JoinForm {name} {room} {on_join} /> }
    }

    fn stream_view(&self, ctx: &Context<Self>) -> Html {
        let choose = ctx.link().callback(Action::Choose);
        self.stream.as_ref().map(|stream| stream_view(stream, &choose)).unwrap_or_default()
    }

    fn connection_view(&self) -> Html {
        let advice = |words: &'static str, view: View| {
            let place = self.place.in_view(view).to_string();
            html! { <>{ words }{" "}<a href={place}>{"Go there"}</a></> }
        };
        let room = self.chat.as_ref().map(|chat| chat.room.as_str().to_owned());
        let hz = self.stream.as_ref().map(|stream| format!("{} Hz", stream.hz.get()));
        let no_chat = || advice("This line opens when you join a room.", View::Chat);
        let no_stream = || advice("This line opens when you look at the stream.", View::Stream);
        connection_view(&[
            Panel {
                id: "chat-line",
                title: "Chat",
                subject: room,
                line: self.line(Kind::Chat).ok_or_else(no_chat),
            },
            Panel {
                id: "stream-line",
                title: "Stream",
                subject: hz,
                line: self.line(Kind::Stream).ok_or_else(no_stream),
            },
        ])
    }
}

fn banner(ctx: &Context<App>, kind: Kind, line: &Line) -> Html {
    let title = match kind {
        Kind::Chat => "chat",
        Kind::Stream => "stream",
    };
    let hurry = ctx.link().callback(move |_| Action::Hurry(kind));
    let renew = ctx.link().callback(move |_| Action::Renew(kind));
    shell::banner(title, line, hurry, renew)
}

fn current_place() -> Place {
    let hash = web_sys::window().and_then(|window| window.location().hash().ok());
    Place::from_hash(&hash.unwrap_or_default())
}

/// Puts `place` into the URL and the title, so that a reload, a bookmark and the back button
/// lead to it.
fn show_in_url(place: &Place) {
    let Some(window) = web_sys::window() else { return };
    if current_place() != *place {
        // A page that may not change its own address still works; only a reload forgets.
        let _ = window.location().set_hash(&place.to_string());
    }
    if let Some(document) = window.document() {
        document.set_title(&format!("{} · Keepline", place.view.title()));
    }
}
