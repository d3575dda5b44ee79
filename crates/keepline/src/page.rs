//! What the page notices of its own life, and the machine of its network.
//!
//! Where there is no document (a Worker, a server-side host), what belongs to one is absent, and
//! nothing is assumed of it.

use std::cell::Cell;
use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::Function;
use keepline_core::{Notice, Wake};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Event, EventTarget};

#[wasm_bindgen]
extern "C" {
    /// The global scope: a window's, a Worker's, or another host's.
    #[wasm_bindgen(extends = EventTarget)]
    type Scope;

    #[wasm_bindgen(method, getter)]
    fn document(this: &Scope) -> Option<Document>;

    #[wasm_bindgen(method, getter)]
    fn navigator(this: &Scope) -> Option<Navigator>;

    #[wasm_bindgen(method, getter, js_name = addEventListener)]
    fn listener(this: &Scope) -> Option<Function>;

    #[wasm_bindgen(extends = EventTarget)]
    #[derive(Clone)]
    type Document;

    #[wasm_bindgen(method, getter)]
    fn hidden(this: &Document) -> Option<bool>;

    type Navigator;

    #[wasm_bindgen(method, getter, js_name = onLine)]
    fn on_line(this: &Navigator) -> Option<bool>;

    #[wasm_bindgen(extends = Event)]
    type PageTransition;

    #[wasm_bindgen(method, getter)]
    fn persisted(this: &PageTransition) -> Option<bool>;
}

/// Takes what is noticed; called from the event loop, never from within a call.
pub(crate) type Heed = Rc<dyn Fn(Notice)>;

/// The listeners of one line, which end with this value.
pub(crate) struct PageLife {
    _listeners: Vec<EventListener>,
}

impl PageLife {
    /// Listens to what there is, and tells what is so already.
    pub(crate) fn watch(heed: &Heed) -> Self {
        let scope: Scope = js_sys::global().unchecked_into();
        let mut listeners = Vec::new();
        // Not every host's scope takes listeners.
        if scope.listener().is_some() {
            listeners.push(on(&scope, "online", heed, || Some(Notice::Woke(Wake::NetworkUp))));
            listeners.push(on(&scope, "offline", heed, || Some(Notice::NetworkDown)));
            if let Some(document) = scope.document() {
                listeners.extend(watch_document(&scope, &document, heed));
            }
        }
        Self { _listeners: listeners }
    }

    /// What is so already when a line begins.
    pub(crate) fn present() -> impl Iterator<Item = Notice> {
        let scope: Scope = js_sys::global().unchecked_into();
        let is_hidden = scope.document().and_then(|it| it.hidden()) == Some(true);
        let is_offline = scope.navigator().and_then(|it| it.on_line()) == Some(false);
        let hidden = is_hidden.then_some(Notice::Hidden);
        hidden.into_iter().chain(is_offline.then_some(Notice::NetworkDown))
    }
}

/// A page that goes away hears of it first by `pagehide` and then, if it was visible, by
/// `visibilitychange` (HTML §7.4.6). Only the last of these is heeded, for until then the
/// application may have something to say.
fn watch_document(scope: &Scope, document: &Document, heed: &Heed) -> [EventListener; 5] {
    let goes: Rc<Cell<Option<Notice>>> = Rc::default();
    let (hides, shows, freezes) = (Rc::clone(&goes), Rc::clone(&goes), Rc::clone(&goes));
    let (changed, hidden, shown) = (document.clone(), document.clone(), document.clone());
    let again = Rc::clone(heed);
    [
        on(document, "visibilitychange", heed, move || {
            Some(match changed.hidden() {
                Some(true) => goes.take().unwrap_or(Notice::Hidden),
                Some(false) | None => Notice::Woke(Wake::Shown),
            })
        }),
        on_event(scope, "pagehide", heed, move |event| {
            let notice = if is_persisted(event) { Notice::Suspended } else { Notice::Left };
            let is_last = hidden.hidden() == Some(true);
            hides.set(Some(notice).filter(|_| !is_last));
            Some(notice).filter(|_| is_last)
        }),
        on_event(scope, "pageshow", heed, move |event| {
            if !is_persisted(event) {
                return None;
            }
            shows.take();
            again(Notice::Woke(Wake::Restored));
            (shown.hidden() == Some(true)).then_some(Notice::Hidden)
        }),
        on(document, "freeze", heed, move || {
            freezes.take();
            Some(Notice::Suspended)
        }),
        on(document, "resume", heed, || Some(Notice::Woke(Wake::Resumed))),
    ]
}

fn is_persisted(event: &Event) -> bool {
    event.unchecked_ref::<PageTransition>().persisted() == Some(true)
}

fn on(
    target: &EventTarget,
    event: &'static str,
    heed: &Heed,
    notice: impl Fn() -> Option<Notice> + 'static,
) -> EventListener {
    on_event(target, event, heed, move |_| notice())
}

fn on_event(
    target: &EventTarget,
    event: &'static str,
    heed: &Heed,
    notice: impl Fn(&Event) -> Option<Notice> + 'static,
) -> EventListener {
    let heed = Rc::clone(heed);
    EventListener::new(target, event, move |event| {
        if let Some(notice) = notice(event) {
            heed(notice);
        }
    })
}
