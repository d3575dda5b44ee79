//! What an application sees of a line whose endpoints it gives itself.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn, ready};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use keepline::{
    Backoff, BuildError, Builder, Down, End, Endpoint, NoEndpoint, Occasion, SessionConfig, Status,
    Text, TextSocket,
};
use wasm_bindgen_test::wasm_bindgen_test;

use super::stories::nowhere;

type Given = Result<Endpoint, NoEndpoint>;

/// Holds up whoever waits, until it is opened.
#[derive(Clone, Default)]
struct Gate(Rc<RefCell<(bool, Vec<Waker>)>>);

impl Gate {
    fn open(&self) {
        self.0.borrow_mut().0 = true;
        let waiting = std::mem::take(&mut self.0.borrow_mut().1);
        waiting.into_iter().for_each(Waker::wake);
    }

    async fn pass(&self) {
        poll_fn(|cx| {
            let (is_open, waiting) = &mut *self.0.borrow_mut();
            if *is_open {
                return Poll::Ready(());
            }
            waiting.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Tells when it is dropped.
struct Dropped(Gate);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.open();
    }
}

fn quick<F, P>(provide: F) -> Builder<str, String, Text>
where
    F: Fn(Occasion) -> P + 'static,
    P: Future<Output = Given> + 'static,
{
    let millis = Duration::from_millis;
    let backoff = Backoff { base: millis(5), cap: millis(10), ..Backoff::default() };
    TextSocket::builder_from(provide).backoff(backoff)
}

/// A line whose attempts time out while its provider waits at the gate, and the calls of that.
fn held_up(gate: &Gate, given: fn() -> Given) -> (TextSocket, Rc<Cell<u32>>) {
    let (held, calls) = (gate.clone(), Rc::new(Cell::new(0)));
    let counted = Rc::clone(&calls);
    let socket = quick(move |_| {
        counted.set(counted.get() + 1);
        let held = held.clone();
        async move {
            held.pass().await;
            given()
        }
    });
    (socket.connect_timeout(Duration::from_millis(60)).connect().unwrap(), calls)
}

async fn reaches(socket: &TextSocket, is_it: impl Fn(&Status) -> bool) {
    let mut statuses = socket.statuses();
    while let Some(status) = statuses.next().await {
        if is_it(&status) {
            return;
        }
    }
    panic!("the line has ended without it: {}", socket.status());
}

async fn end(socket: &TextSocket) -> End {
    let mut statuses = socket.statuses();
    while let Some(status) = statuses.next().await {
        if let Status::Ended { why } = status {
            return why;
        }
    }
    match socket.status() {
        Status::Ended { why } => why,
        other => panic!("{other}"),
    }
}

const fn is_silent(status: &Status) -> bool {
    matches!(status, Status::Waiting { why: Down::ProviderSilent, .. })
}

#[wasm_bindgen_test]
async fn a_provider_is_asked_before_each_attempt() {
    let asked = Rc::new(RefCell::new(Vec::new()));
    let record = Rc::clone(&asked);
    let socket = quick(move |why| {
        record.borrow_mut().push(why);
        ready(Ok(Endpoint::new(&nowhere())))
    });
    let socket = socket.connect().unwrap();
    reaches(&socket, |status| matches!(status, Status::Connecting { attempt: 3 })).await;
    reaches(&socket, |status| matches!(status, Status::Waiting { why: Down::Closed(_), .. })).await;
    let asked = asked.borrow();
    assert!(asked.len() >= 3 && asked.iter().all(|why| *why == Occasion::Attempt), "{asked:?}");
}

#[wasm_bindgen_test]
async fn an_attempt_that_times_out_does_not_ask_again_while_a_call_is_under_way() {
    let gate = Gate::default();
    let (socket, calls) = held_up(&gate, || Ok(Endpoint::new(&nowhere())));
    for attempt in 1..=3 {
        let is_connecting = |status: &Status| *status == Status::Connecting { attempt };
        reaches(&socket, is_connecting).await;
        reaches(&socket, is_silent).await;
    }
    assert_eq!(calls.get(), 1);
    gate.open();
    // A browser that takes its time may be too slow for the handshake, but the provider was not.
    reaches(&socket, |status| status.name() == "waiting" && !is_silent(status)).await;
}

#[wasm_bindgen_test]
async fn a_provider_that_fails_is_tried_again_and_one_that_says_stop_is_not() {
    let calls = Cell::new(0);
    let socket = quick(move |_| {
        calls.set(calls.get() + 1);
        let why = format!("failure {}", calls.get());
        ready(Err(if calls.get() < 3 { NoEndpoint::TryAgain(why) } else { NoEndpoint::Stop(why) }))
    });
    let socket = socket.connect().unwrap();
    let failed = Down::NotProvided("failure 2".to_owned());
    reaches(&socket, |status| matches!(status, Status::Waiting { why, .. } if *why == failed))
        .await;
    assert_eq!(end(&socket).await, End::NotProvided("failure 3".to_owned()));
}

#[wasm_bindgen_test]
async fn a_stop_that_comes_between_two_attempts_is_not_asked_for_again() {
    let gate = Gate::default();
    let (socket, calls) = held_up(&gate, || Err(NoEndpoint::Stop("logged out".to_owned())));
    reaches(&socket, is_silent).await;
    gate.open();
    assert_eq!(end(&socket).await, End::NotProvided("logged out".to_owned()));
    assert_eq!(calls.get(), 1);
}

#[wasm_bindgen_test]
async fn closing_the_line_drops_a_call_that_is_under_way() {
    for drops_socket in [false, true] {
        let (begun, dropped) = (Gate::default(), Gate::default());
        let (at_begin, at_drop) = (begun.clone(), dropped.clone());
        let socket = quick(move |_| {
            at_begin.open();
            let held = Dropped(at_drop.clone());
            async move {
                let _held = held;
                pending().await
            }
        });
        let socket = socket.connect().unwrap();
        begun.pass().await;
        match drops_socket {
            true => drop(socket),
            false => socket.close(1000, "").unwrap(),
        }
        dropped.pass().await;
    }
}

#[wasm_bindgen_test]
async fn a_provider_is_let_go_when_the_line_has_ended() {
    for drops_within in [false, true] {
        let (held, begun): (Rc<RefCell<Option<TextSocket>>>, _) = (Rc::default(), Gate::default());
        let (inner, at_begin) = (Rc::clone(&held), begun.clone());
        let socket = quick(move |_| {
            at_begin.open();
            drop(inner.take().filter(|_| drops_within));
            ready(Ok(Endpoint::new(&nowhere())))
        });
        let mut socket = Some(socket.connect().unwrap());
        let monitor = socket.as_ref().unwrap().monitor();
        if drops_within {
            held.replace(socket.take());
        }
        begun.pass().await;
        drop(socket);
        assert_eq!(monitor.status(), Status::Ended { why: End::Application });
        assert_eq!(Rc::strong_count(&held), 1, "while somebody still looks at the line");
    }
}

#[wasm_bindgen_test]
async fn an_endpoint_that_cannot_be_used_ends_the_line_and_tells_no_secret() {
    let wrong = [
        Endpoint::new("ftp://me:secret@example.org/?token=secret"),
        Endpoint::new("ws://"),
        Endpoint::new("ws://example.org:6667/").query("token", "secret"),
        Endpoint::new(&nowhere()).subprotocol("secret="),
        Endpoint::new(&nowhere()).subprotocol("secret").subprotocol("secret"),
        Endpoint::new(&nowhere()).credentials("secret"),
    ];
    for endpoint in wrong {
        let told = format!("{endpoint:?}");
        let socket = quick(move |_| ready(Ok(endpoint.clone()))).connect().unwrap();
        let End::BadEndpoint(what) = end(&socket).await else { panic!("{}", socket.status()) };
        let status = socket.status();
        let all = format!("{told} {what} {status} {status:?} {socket:?}");
        assert!(!all.contains("secret"), "{all}");
    }
}

#[wasm_bindgen_test]
async fn credentials_that_no_hello_can_carry_end_the_line_and_tell_no_secret() {
    for secret in [String::new(), "secret".repeat(2_000)] {
        let socket =
            quick(move |_| ready(Ok(Endpoint::new(&nowhere()).credentials(secret.clone()))));
        let socket = socket.session(SessionConfig::default()).connect().unwrap();
        let End::BadEndpoint(what) = end(&socket).await else { panic!("{}", socket.status()) };
        assert!(!what.contains("secret"));
    }
}

#[wasm_bindgen_test]
fn what_can_be_known_before_the_first_attempt_is_refused_when_built() {
    let never = |_| pending::<Given>();
    let built = quick(never).subprotocol("a b").connect();
    assert_eq!(built.err(), Some(BuildError::Subprotocol(1)));
    let built = quick(never).subprotocol("v1").session(SessionConfig::default()).connect();
    assert_eq!(built.err(), Some(BuildError::TwoProtocols));
}

#[wasm_bindgen_test]
async fn a_provider_may_do_with_the_line_whatever_it_likes() {
    for drops_socket in [false, true] {
        let held: Rc<RefCell<Option<TextSocket>>> = Rc::default();
        let inner = Rc::clone(&held);
        let socket = quick(move |_| {
            let socket = inner.borrow_mut().take();
            if let Some(socket) = socket {
                assert_eq!(socket.status().name(), "connecting");
                socket.send("from within").unwrap();
                if !drops_socket {
                    socket.close(1000, "").unwrap();
                    inner.replace(Some(socket));
                }
            }
            ready(Ok(Endpoint::new(&nowhere())))
        });
        let socket = socket.connect().unwrap();
        let monitor = socket.monitor();
        held.replace(Some(socket));
        let mut statuses = monitor.statuses();
        let mut last = None;
        while let Some(status) = statuses.next().await {
            last = Some(status);
        }
        assert_eq!(last, Some(Status::Ended { why: End::Application }));
    }
}

#[wasm_bindgen_test]
async fn the_builder_and_the_provider_add_up() {
    let builder =
        quick(|_| ready(Ok(Endpoint::new(&nowhere()).query("b", "2").subprotocol("two"))));
    let socket = builder.query("a", "1").subprotocol("one").connect().unwrap();
    reaches(&socket, |status| matches!(status, Status::Waiting { why: Down::Closed(_), .. })).await;

    let builder = quick(|_| ready(Ok(Endpoint::new(&nowhere()).subprotocol("one"))));
    let socket = builder.subprotocol("one").connect().unwrap();
    assert!(matches!(end(&socket).await, End::BadEndpoint(_)), "given twice");
}
