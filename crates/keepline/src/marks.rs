//! A line's stretches in the browser's performance panel (User Timing Level 3).

use std::cell::Cell;

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::clock::on_timeline;
use crate::journal::Entry;
use crate::journey::{Journey, Step};

#[wasm_bindgen]
extern "C" {
    // As web-sys does not have them: with options, which give the times.
    type Timeline;

    #[wasm_bindgen(thread_local_v2, js_name = performance)]
    static TIMELINE: Timeline;

    #[wasm_bindgen(method, catch)]
    fn mark(this: &Timeline, name: &str, options: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn measure(this: &Timeline, name: &str, options: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, js_name = clearMarks)]
    fn clear_marks(this: &Timeline, name: &str);

    #[wasm_bindgen(method, js_name = clearMeasures)]
    fn clear_measures(this: &Timeline, name: &str);
}

/// One who marks the stretches of the line with this name. The timeline has no bound of its own, so
/// that of each kind only the last one stays there; observers and the panel have seen them all.
pub(crate) fn listener(name: &str) -> impl Fn(&Entry) + 'static {
    let (name, journey) = (name.to_owned(), Journey::default());
    // The machine may sleep on a stretch, and the timeline stand still.
    let began = Cell::new(0.0);
    move |entry| match journey.follow(entry) {
        Some(Step::Begins(stretch)) => {
            began.set(on_timeline(stretch.since));
            mark(&name, stretch.kind.name(), began.get());
        }
        Some(Step::Arrives(stretch)) => {
            measure(&name, stretch.kind.name(), began.get(), on_timeline(entry.at));
        }
        Some(Step::Ends(_)) | None => {}
    }
}

fn mark(name: &str, kind: &str, at: f64) {
    let (name, options) = ([name, ": ", kind, " begins"].concat(), Object::new());
    set(&options, "startTime", at);
    TIMELINE.with(|timeline| {
        timeline.clear_marks(&name);
        // An old browser knows no options; then there is no mark.
        timeline.mark(&name, &options).ok();
    });
}

fn measure(name: &str, kind: &str, start: f64, end: f64) {
    let (name, options) = ([name, ": ", kind].concat(), Object::new());
    set(&options, "start", start);
    set(&options, "end", end);
    TIMELINE.with(|timeline| {
        timeline.clear_measures(&name);
        timeline.measure(&name, &options).ok();
    });
}

fn set(options: &Object, name: &str, at: f64) {
    let set = Reflect::set(options, &JsValue::from_str(name), &JsValue::from_f64(at));
    debug_assert!(set.is_ok(), "a new object takes every member");
}
