//! Looks into a failed handshake: a plain GET of the same URL shows what the browser's 1006 hides.
//!
//! Nothing of this is in the download of an application that does not ask for it
//! ([`Builder::diagnosis`](crate::Builder::diagnosis)): the driver knows it by a function pointer.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use gloo_timers::callback::Timeout;
use js_sys::{Date, Object, Promise, Reflect};
use keepline_core::Diagnosis;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Url;

use crate::clock;
use crate::policy;

/// No answer by then says nothing.
const WITHIN_MS: u32 = 5_000;

/// Begins an inquiry about a socket's URL; what is found is told once, unless it is dropped.
pub(crate) type LookInto = fn(&str, Box<dyn FnOnce(Diagnosis)>) -> Inquiry;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = fetch)]
    fn fetch(url: &str, options: &Object) -> Result<Promise, JsValue>;

    type Response;

    #[wasm_bindgen(method, getter)]
    fn status(this: &Response) -> u16;

    #[wasm_bindgen(method, getter, js_name = type)]
    fn kind(this: &Response) -> String;

    #[wasm_bindgen(method, getter)]
    fn headers(this: &Response) -> Headers;

    type Headers;

    #[wasm_bindgen(method)]
    fn get(this: &Headers, name: &str) -> Option<String>;

    #[derive(Clone)]
    type AbortController;

    #[wasm_bindgen(constructor)]
    fn new() -> AbortController;

    #[wasm_bindgen(method, getter)]
    fn signal(this: &AbortController) -> JsValue;

    #[wasm_bindgen(method)]
    fn abort(this: &AbortController);
}

/// An inquiry under way; dropping it ends its requests.
pub(crate) struct Inquiry {
    controller: AbortController,
    tells: Rc<Cell<bool>>,
    _deadline: Timeout,
}

impl Drop for Inquiry {
    fn drop(&mut self) {
        self.tells.set(false);
        self.controller.abort();
    }
}

pub(crate) fn look_into(url: &str, tell: Box<dyn FnOnce(Diagnosis)>) -> Inquiry {
    let controller = AbortController::new();
    let (tells, late) = (Rc::new(Cell::new(true)), controller.clone());
    let (may_tell, asked, url) = (Rc::clone(&tells), controller.clone(), url.to_owned());
    spawn_local(async move {
        let found = find_out(&url, &asked).await;
        // The body of an answer is of no use.
        asked.abort();
        if may_tell.get() {
            tell(found);
        }
    });
    let _deadline = Timeout::new(WITHIN_MS, move || late.abort());
    Inquiry { controller, tells, _deadline }
}

async fn find_out(url: &str, controller: &AbortController) -> Diagnosis {
    let Ok(target) = Url::new(url) else { return Diagnosis::Unknown };
    if is_mixed(&target) {
        return Diagnosis::MixedContent;
    }
    // No request may have them in its URL (Fetch §5.4), and without them the answer is another.
    if !target.username().is_empty() || !target.password().is_empty() {
        return Diagnosis::Unknown;
    }
    let scheme = if target.protocol() == "wss:" { "https:" } else { "http:" };
    target.set_protocol(scheme);
    let (url, forbidden) = (target.href(), Rc::new(Cell::new(false)));
    // A request that the policy forbids fails as if nobody had answered.
    let _listener = policy::on_violation(&url, &forbidden);
    let signal = controller.signal();
    if let Ok(response) = get(&url, &signal, "cors").await {
        return read(&response);
    }
    if get(&url, &signal, "no-cors").await.is_ok() {
        return Diagnosis::Opaque;
    }
    pause().await;
    match is_aborted(&signal) || forbidden.get() {
        true => Diagnosis::Unknown,
        false => Diagnosis::Unreachable,
    }
}

/// The word of a policy that has forbidden a request comes after the request's failure.
const WORD_OF_POLICY_MS: u32 = 50;

async fn pause() {
    let mut timer = None;
    let over = Promise::new(&mut |resolve, _| {
        let tell = move || drop(resolve.call0(&JsValue::NULL));
        timer = Some(Timeout::new(WORD_OF_POLICY_MS, tell));
    });
    // It is only ever resolved.
    drop(JsFuture::from(over).await);
    drop(timer);
}

/// Cookies go with it, as they go with a WebSocket's handshake. A redirect is not followed, as a
/// WebSocket follows none; an opaque request must follow (Fetch §4.3).
async fn get(url: &str, signal: &JsValue, mode: &str) -> Result<Response, JsValue> {
    let redirect = if mode == "cors" { "manual" } else { "follow" };
    let words = [
        ("mode", mode),
        ("redirect", redirect),
        ("credentials", "include"),
        ("cache", "no-store"),
        ("referrerPolicy", "origin"),
    ];
    let options = Object::new();
    for (name, word) in words {
        Reflect::set(&options, &name.into(), &word.into())?;
    }
    Reflect::set(&options, &"signal".into(), signal)?;
    Ok(JsFuture::from(fetch(url, &options)?).await?.unchecked_into())
}

fn read(response: &Response) -> Diagnosis {
    match response.kind().as_str() {
        "opaqueredirect" => Diagnosis::Redirected,
        _ => {
            let retry_after = response.headers().get("retry-after");
            let retry_after = retry_after.as_deref().and_then(delay);
            Diagnosis::Answered { status: response.status(), retry_after }
        }
    }
}

/// `Retry-After` is a number of seconds, or a date (RFC 9110 §10.2.3).
fn delay(retry_after: &str) -> Option<Duration> {
    if let Ok(secs) = retry_after.parse::<u32>() {
        return Some(Duration::from_secs(secs.into()));
    }
    let millis = Date::parse(retry_after) - clock::wall();
    // A date that is none is NaN, which no comparison likes.
    (millis > 0.0).then(|| Duration::from_millis(millis as u64))
}

fn is_aborted(signal: &JsValue) -> bool {
    Reflect::get(signal, &"aborted".into()).is_ok_and(|aborted| aborted.is_truthy())
}

/// Whether a secure page would open an insecure socket that leads beyond its own machine (Mixed
/// Content §4, Secure Contexts §3.1).
fn is_mixed(target: &Url) -> bool {
    policy::is_insecure(&target.href()) && !is_loopback(&target.hostname())
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host == "[::1]"
        || (host.starts_with("127.") && host.split('.').all(|part| part.parse::<u8>().is_ok()))
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn a_secure_page_may_talk_to_its_own_machine_and_to_no_other() {
        for own in ["localhost", "app.localhost", "127.0.0.1", "127.255.0.9", "[::1]"] {
            assert!(is_loopback(own), "{own}");
        }
        for other in ["example.org", "127.example.org", "127.0.0.1.example.org", "10.0.0.1", ""] {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
