//! Whether the page may not open a connection: its Content-Security-Policy forbids it, as the
//! browser reports, or its own security does.

use std::cell::Cell;
use std::rc::Rc;

use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{
    Event, EventTarget, SecurityPolicyViolationEvent, SecurityPolicyViolationEventDisposition,
};

use crate::endpoint::page_url;

#[wasm_bindgen]
extern "C" {
    // A Worker made of a Blob has the origin of its page and no such URL, a sandboxed frame has
    // such a URL and no origin.
    #[wasm_bindgen(thread_local_v2, js_name = origin)]
    static ORIGIN: Option<String>;
}

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

/// Whether a page of the secure web would open an insecure socket. Chromium and Firefox throw for
/// it unless it leads to their own machine (Mixed Content §4), WebKit opens none at all.
pub(crate) fn is_insecure(url: &str) -> bool {
    let is_secure = |of: Option<String>| of.is_some_and(|of| of.starts_with("https:"));
    url.starts_with("ws:") && (is_secure(ORIGIN.with(Clone::clone)) || is_secure(page_url()))
}

/// The report may name the URL in full or only its origin.
fn forbids(event: &Event, url: &str) -> bool {
    event.dyn_ref::<SecurityPolicyViolationEvent>().is_some_and(|violation| {
        violation.disposition() == SecurityPolicyViolationEventDisposition::Enforce
            && violation.effective_directive() == "connect-src"
            && url.starts_with(&violation.blocked_uri())
    })
}
