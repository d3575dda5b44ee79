//! A task of its own, as soon as the event loop comes round.

use std::cell::Cell;
use std::rc::Rc;

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsValue;
use web_sys::{MessageChannel, MessagePort};

/// Rings from a task of its own. A `MessageChannel` is not throttled in hidden pages as timers are,
/// and knows no shortest delay (HTML §9.4, §8.6).
pub(crate) enum Bell {
    Channel {
        inner: MessagePort,
        outer: MessagePort,
        _listener: EventListener,
    },
    /// Where there is no `MessageChannel`.
    Timer(Cell<Option<Timeout>>),
}

impl Bell {
    pub(crate) fn new(ring: &Rc<dyn Fn()>) -> Self {
        let Ok(channel) = MessageChannel::new() else { return Self::Timer(Cell::new(None)) };
        let (inner, outer, ring) = (channel.port1(), channel.port2(), Rc::clone(ring));
        let _listener = EventListener::new(&inner, "message", move |_| ring());
        inner.start();
        Self::Channel { inner, outer, _listener }
    }

    /// Has it ring soon, once.
    pub(crate) fn strike(&self, ring: &Rc<dyn Fn()>) {
        match self {
            Self::Channel { outer, .. } => {
                // It throws only for what cannot be cloned.
                let posted = outer.post_message(&JsValue::NULL);
                debug_assert!(posted.is_ok());
            }
            Self::Timer(timer) => {
                let ring = Rc::clone(ring);
                timer.set(Some(Timeout::new(0, move || ring())));
            }
        }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        if let Self::Channel { inner, outer, .. } = self {
            inner.close();
            outer.close();
        }
    }
}
