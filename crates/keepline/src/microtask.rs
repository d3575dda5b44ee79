//! Something that is done at the end of a turn of the event loop, again and again.

use std::cell::Cell;
use std::rc::{Rc, Weak};

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

/// A function, and the settled promise that has it called in a microtask (HTML §8.1.7.3). In
/// Chromium this costs a tenth of a `queueMicrotask`.
pub(crate) struct Microtask<T> {
    of: Weak<T>,
    /// Until the function is called, for one that is gone cannot be.
    kept: Rc<Cell<Option<Rc<T>>>>,
    settled: Promise,
    run: Closure<dyn FnMut(JsValue)>,
}

impl<T: 'static> Microtask<T> {
    pub(crate) fn new(of: &Weak<T>, act: fn(&T)) -> Self {
        let kept = Rc::<Cell<Option<Rc<T>>>>::default();
        let due = Rc::clone(&kept);
        let run = move |_| {
            if let Some(it) = due.take() {
                act(&it);
            }
        };
        let (settled, run) = (Promise::resolve(&JsValue::UNDEFINED), Closure::own_aborting(run));
        Self { of: Weak::clone(of), kept, settled, run }
    }

    /// Has it called once, when whoever calls this now has ended.
    pub(crate) fn call(&self) {
        self.kept.set(self.of.upgrade());
        let _settles_when_it_was_called = self.settled.then(&self.run);
    }
}
