//! Whether the page's Content-Security-Policy forbids a connection, as the browser reports it.

use std::cell::Cell;
use std::rc::Rc;

use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{
    Event, EventTarget, SecurityPolicyViolationEvent, SecurityPolicyViolationEventDisposition,
};

/// Notes in `forbidden` that the policy has blocked a connection to `url` (Content Security Policy
/// Level 3 §5.5). The report comes to the global scope of a Worker, and bubbles up to that of a
/// page.
pub(crate) fn on_violation(url: &str, forbidden: &Rc<Cell<bool>>) -> EventListener {
    let scope: EventTarget = js_sys::global().unchecked_into();
    let (url, forbidden) = (url.to_owned(), Rc::clone(forbidden));
    EventListener::new(&scope, "securitypolicyviolation", move |event| {
        if forbids(event, &url) {
            forbidden.set(true);
        }
    })
}

/// The report may name the URL in full or only its origin.
fn forbids(event: &Event, url: &str) -> bool {
    event.dyn_ref::<SecurityPolicyViolationEvent>().is_some_and(|violation| {
        violation.disposition() == SecurityPolicyViolationEventDisposition::Enforce
            && violation.effective_directive() == "connect-src"
            && url.starts_with(&violation.blocked_uri())
    })
}
