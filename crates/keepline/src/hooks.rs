//! What the application is asked and told while nothing is borrowed, and nothing that it does there
//! stops the line.

use js_sys::Function;
use keepline_core::{Answer, Closed, Diagnosis, Key, Payload, Verdict};
use wasm_bindgen::closure::ScopedClosure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::journal::Entry;

#[wasm_bindgen]
extern "C" {
    // Of the global scope, whichever it is; an old browser has none.
    #[wasm_bindgen(catch, js_name = reportError)]
    fn report_error(thrown: &JsValue) -> Result<(), JsValue>;
}

/// An application's own reading of a closed connection.
pub(crate) type Judge = Box<dyn Fn(&Closed) -> Option<Verdict>>;

/// An application's own reading of what was found out about a failed handshake.
pub(crate) type Reading = Box<dyn Fn(Diagnosis) -> Option<Verdict>>;

/// What an application says that the messages have in common of which only the latest counts.
pub(crate) type KeyOf = Box<dyn Fn(&Payload) -> Option<Key>>;

/// One who is told of every entry of the journal.
pub(crate) type Listener = Box<dyn Fn(&Entry)>;

/// The functions that an application has hung into a line. They end with it, so that what they
/// hold, be it the line's own monitor, does not keep itself alive.
pub(crate) struct Hooks {
    pub(crate) of_closes: Option<Judge>,
    pub(crate) of_diagnoses: Option<Reading>,
    pub(crate) of_keys: Option<KeyOf>,
    /// How the answer to a probe is told.
    pub(crate) of_answers: Option<Answer>,
    pub(crate) listeners: Vec<Listener>,
}

#[cfg(feature = "tracing")]
fn forwarders() -> Vec<Listener> {
    vec![Box::new(crate::tracing::listener())]
}

#[cfg(not(feature = "tracing"))]
const fn forwarders() -> Vec<Listener> {
    Vec::new()
}

impl Hooks {
    pub(crate) fn new() -> Self {
        Self {
            of_closes: None,
            of_diagnoses: None,
            of_keys: None,
            of_answers: None,
            listeners: forwarders(),
        }
    }

    /// What the application makes of a closed connection; nothing if it throws.
    pub(crate) fn judge(&self, closed: &Closed) -> Option<Verdict> {
        let judge = self.of_closes.as_ref()?;
        let mut verdict = None;
        isolated(&mut || verdict = judge(closed));
        verdict
    }

    /// What it makes of a failed handshake; nothing if it throws.
    pub(crate) fn read(&self, found: Diagnosis) -> Option<Verdict> {
        let read = self.of_diagnoses.as_ref()?;
        let mut verdict = None;
        isolated(&mut || verdict = read(found));
        verdict
    }

    /// The key of a message that has come; none if it throws.
    pub(crate) fn key_of(&self, payload: &Payload) -> Option<Key> {
        let key_of = self.of_keys.as_ref()?;
        let mut key = None;
        isolated(&mut || key = key_of(payload));
        key
    }

    /// Whether a message that has come answers a probe; it does not if the application's function
    /// throws.
    pub(crate) fn is_answer(&self, payload: &Payload) -> bool {
        match &self.of_answers {
            None => false,
            Some(Answer::Exactly(answer)) => answer == payload,
            Some(Answer::Matching(matches)) => {
                let mut is_answer = false;
                isolated(&mut || is_answer = matches(payload));
                is_answer
            }
        }
    }

    pub(crate) fn tell(&self, entry: &Entry) {
        for listener in &self.listeners {
            isolated(&mut || listener(entry));
        }
    }
}

/// Calls by way of JavaScript, for only there can be caught what JavaScript throws. It would
/// otherwise leave through the event loop, and take with it what was still to be done. It is
/// reported as if it had.
pub(crate) fn isolated(mut call: &mut dyn FnMut()) {
    let closure = ScopedClosure::<dyn FnMut()>::borrow_mut_aborting(&mut call);
    let called = closure.as_ref().unchecked_ref::<Function>().call0(&JsValue::UNDEFINED);
    if let Err(thrown) = called {
        report(&thrown);
    }
}

/// Reports what an application threw as if nobody had caught it.
pub(crate) fn report(thrown: &JsValue) {
    // Where nobody can be told, the line goes on all the same.
    report_error(thrown).ok();
}
