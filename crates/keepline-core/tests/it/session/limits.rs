//! Every queue of a session has a bound, and every frame.

use keepline_core::wire::{
    Ack, Credit, FrameLimits, Hello, MAX_NUMBER, MAX_RECORDS, Record, Window,
};
use keepline_core::{Config, Event, Limits, Loss, Payload, SendError, ServerConfig, SessionEvent};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::{CODINGS, Pair, Side, hello, ids, session, session_with};
use crate::world::{secs, text};

fn server(window: Window) -> ServerConfig {
    ServerConfig { window, ..ServerConfig::default() }
}

fn small_messages() -> Window {
    Window { message_bytes: 10, ..Window::default() }
}

fn limited(limits: Limits) -> Config {
    Config { limits, ..session() }
}

#[test]
fn a_message_over_the_limit_is_refused_with_its_size_and_the_limit() {
    let mut pair = Pair::at_rest(session(), ServerConfig::default());
    let too_large = Payload::Binary(vec![0; (256 << 10) + 1]);
    let refused = SendError::TooLarge { size: (256 << 10) + 1, limit: 256 << 10 };
    assert_eq!(pair.client.send(too_large.clone()), Err(refused));
    pair.connect();
    assert_eq!(pair.client.send(too_large.clone()), Err(refused));
    assert_eq!(pair.server.send(pair.key(), too_large, pair.now), Err(refused));
    let largest = Payload::Binary(vec![0; 256 << 10]);
    pair.client.send(largest.clone()).unwrap();
    pair.server.send(pair.key(), largest, pair.now).unwrap();
    pair.settle();
    assert_eq!((pair.server_took.len(), pair.client_took.len()), (1, 1));
}

#[test]
fn a_message_over_the_limit_of_the_far_end_is_reported_when_it_is_known() {
    for &coding in CODINGS {
        let config = session_with(|it| it.coding = coding);
        let mut pair = Pair::at_rest(config, server(small_messages()));
        for message in ["fits", "does not fit", "does not fit either", "ten bytes."] {
            pair.send(message).unwrap();
        }
        pair.connect();
        pair.run_for(secs(1));
        assert_eq!(pair.server_took, ["fits", "ten bytes."]);
        assert_eq!(
            pair.fates(),
            [
                &Event::Undeliverable(ids(2, 3), Loss::TooLarge),
                &Event::Delivered(ids(1, 1)),
                &Event::Delivered(ids(4, 4)),
            ]
        );
        let refused = SendError::TooLarge { size: 11, limit: 10 };
        assert_eq!(pair.send("some eleven"), Err(refused), "and refused from then on");
    }
}

#[test]
fn the_server_sends_nothing_over_the_limit_of_its_client() {
    let config = session_with(|it| it.window = small_messages());
    let mut pair = Pair::online_with(config, ServerConfig::default());
    let refused = SendError::TooLarge { size: 11, limit: 10 };
    assert_eq!(pair.server_says("some eleven"), Err(refused));
    pair.server_says("ten bytes.").unwrap();
    assert_eq!(pair.client_took, ["ten bytes."]);
}

#[test]
fn a_hello_that_is_said_again_counts_with_its_own_window() {
    let mut pair = Pair::online();
    pair.stranger_says(1, &[Record::Hello(hello(200))]);
    let key = pair.key();
    pair.server_says("some eleven").unwrap();
    pair.server_says("fits").unwrap();
    // Its greeting was lost, and it has less room than before.
    let again = Hello { attempt: 2, window: small_messages(), ..hello(200) };
    pair.heard.clear();
    let conn = pair.stranger_says(2, &[Record::Hello(again)]);
    assert_eq!(pair.key(), key);
    assert!(pair.heard.contains(&(conn, Record::Message(1, text("fits")))));
    let told = (key, SessionEvent::Undeliverable(ids(1, 1), Loss::TooLarge));
    assert!(pair.told.contains(&told));
}

#[test]
fn the_far_end_is_told_of_a_limit_that_is_below_the_window() {
    let limits = Limits { message_bytes: 10, ..Limits::default() };
    let mut pair = Pair::online_with(limited(limits), ServerConfig::default());
    let (fits, too_large) = (Payload::Binary(vec![0; 10]), Payload::Binary(vec![0; 11]));
    let refused = SendError::TooLarge { size: 11, limit: 10 };
    assert_eq!(pair.client.send(too_large.clone()), Err(refused));
    assert_eq!(pair.server.send(pair.key(), too_large, pair.now), Err(refused));
    pair.server.send(pair.key(), fits, pair.now).unwrap();
    pair.settle();
    assert_eq!(pair.client_took.len(), 1);
}

#[test]
fn the_outbox_counts_what_is_not_acknowledged() {
    let limits = Limits { outbox_messages: 3, ..Limits::default() };
    let mut pair = Pair::online_with(limited(limits), ServerConfig::default());
    pair.server_takes = false;
    pair.say(&["one", "two", "three"]);
    assert_eq!(pair.server_inbox.len(), 3, "they are sent");
    assert!(matches!(pair.send("four"), Err(SendError::Full { queued }) if queued.messages == 3));
    assert!(!pair.client.has_room_for(1));
    pair.server_takes_all();
    pair.run_for(secs(1));
    assert!(pair.client.has_room_for(1));
    pair.send("four").unwrap();
}

#[test]
fn the_outbox_counts_bytes_too() {
    let limits = Limits { message_bytes: 1_000, outbox_bytes: 256 << 10, ..Limits::default() };
    let mut pair = Pair::online_with(limited(limits), ServerConfig::default());
    pair.server_takes = false;
    let kilobyte = Payload::Binary(vec![0; 1_000]);
    for _ in 0..262 {
        pair.client.send(kilobyte.clone()).unwrap();
    }
    assert!(matches!(pair.client.send(kilobyte), Err(SendError::Full { .. })));
    pair.client.send(Payload::Binary(vec![0; 144])).unwrap();
}

#[test]
fn the_outbox_of_a_server_counts_what_is_not_acknowledged() {
    let config = ServerConfig { outbox_messages: 3, ..ServerConfig::default() };
    let mut pair = Pair::online_with(session(), config);
    pair.client_takes = false;
    for message in ["one", "two", "three"] {
        pair.server_says(message).unwrap();
    }
    assert!(matches!(pair.server_says("four"), Err(SendError::Full { .. })));
    pair.client_takes_all();
    pair.run_for(secs(1));
    pair.server_says("four").unwrap();
}

#[test]
fn the_window_bounds_messages_in_flight_either_way() {
    let window = Window { messages: 3, ..Window::default() };
    for &coding in CODINGS {
        let config = session_with(|it| (it.coding, it.window) = (coding, window));
        let mut pair = Pair::online_with(config, server(window));
        (pair.client_takes, pair.server_takes) = (false, false);
        for number in 0..10 {
            pair.send(&number.to_string()).unwrap();
            pair.server_says(&number.to_string()).unwrap();
        }
        assert_eq!((pair.client_inbox.len(), pair.server_inbox.len()), (3, 3));
        (pair.client_takes, pair.server_takes) = (true, true);
        pair.client_takes_all();
        pair.server_takes_all();
        pair.run_for(secs(1));
        assert_eq!((pair.client_took.len(), pair.server_took.len()), (10, 10));
    }
}

#[test]
fn the_window_bounds_bytes_in_flight_and_empty_messages_have_none() {
    let window = Window { message_bytes: 10, messages: 100, bytes: 25 };
    let mut pair = Pair::online_with(session(), server(window));
    pair.server_takes = false;
    pair.say(&["ten bytes.", "", "ten bytes.", "six by", "", "five."]);
    assert_eq!(pair.server_inbox.len(), 3, "the fourth would be over, and none overtakes it");
    pair.server_takes = true;
    pair.server_takes_all();
    pair.run_for(secs(1));
    assert_eq!(pair.server_took.len(), 6);
}

#[test]
fn no_frame_has_more_than_64_kibibytes_and_one_message() {
    for &coding in CODINGS {
        let mut pair = Pair::online_in(coding);
        // Each control character has six bytes of JSON.
        let awkward = "\u{1}".repeat(9_000);
        pair.send(&awkward).unwrap();
        pair.send(&"\u{1}".repeat(256 << 10)).unwrap();
        for _ in 0..40 {
            pair.send(&awkward).unwrap();
        }
        pair.settle();
        pair.run_for(secs(1));
        assert_eq!(pair.server_took.len(), 42);
        let (largest, _) = pair.largest_frame;
        assert!(largest > 256 << 10);
        assert!(largest <= FrameLimits::for_messages(256 << 10, coding).bytes, "{largest}");
    }
}

#[test]
fn no_frame_has_more_records_than_a_receiver_reads() {
    let window = Window { messages: 30_000, ..Window::default() };
    let limits = Limits { outbox_messages: 30_000, ..Limits::default() };
    for &coding in CODINGS {
        let mut config = session_with(|it| it.coding = coding);
        config.limits = limits.clone();
        let mut pair = Pair::online_with(config, server(window));
        for _ in 0..30_000 {
            pair.send("").unwrap();
        }
        pair.settle();
        assert_eq!(pair.server_took.len(), 30_000);
        let (_, most) = pair.largest_frame;
        assert!(most <= MAX_RECORDS, "{most}");
        assert!(pair.attempts() == 1 && pair.is_online());
    }
}

#[test]
fn the_widest_windows_overflow_nothing() {
    let most = (MAX_NUMBER / 4).min(usize::MAX as u64);
    let widest = Window { message_bytes: 10, messages: most, bytes: most };
    let limits =
        Limits { inbox_messages: usize::MAX, inbox_bytes: usize::MAX, ..Limits::default() };
    let mut config = session_with(|it| it.window = widest);
    config.limits = limits;
    let mut pair = Pair::online_with(config, server(widest));
    pair.say(&["one"]);
    pair.server_says("two").unwrap();
    // A far end that allows all there is, and then the last number.
    let credit = Credit { number: MAX_NUMBER, bytes: MAX_NUMBER };
    pair.server_says_records(&[Record::Ack(Ack { taken: 1, credit })]);
    pair.say_on(pair.conn(), &[Record::Ack(Ack { taken: 1, credit })]);
    pair.say(&["three"]);
    pair.cut();
    pair.run_for(secs(2));
    assert_eq!((pair.server_took.len(), pair.client_took.len()), (2, 1));
}

#[test]
fn a_hello_with_windows_that_cannot_be_harms_nobody() {
    let windows = [
        Window { message_bytes: 0, messages: 0, bytes: 0 },
        Window { message_bytes: MAX_NUMBER, messages: MAX_NUMBER, bytes: MAX_NUMBER },
        Window { message_bytes: MAX_NUMBER, messages: 1, bytes: 1 },
    ];
    for &coding in CODINGS {
        for window in windows {
            let mut pair = Pair::online_in(coding);
            let greedy = Hello { window, received: MAX_NUMBER, attempt: MAX_NUMBER, ..hello(200) };
            let conn = pair.stranger_says(1, &[Record::Hello(greedy)]);
            assert!(pair.greeting_on(conn).is_some());
            let _either = pair.server_says("x");
            pair.say(&["one"]);
            assert_eq!(pair.server_took, ["one"]);
        }
    }
}

#[test]
fn a_sender_that_waits_for_credit_goes_on_when_it_comes_with_another_connection() {
    let window = Window { messages: 2, ..Window::default() };
    let mut pair = Pair::online_with(session(), server(window));
    pair.server_takes = false;
    pair.say(&["one", "two", "three"]);
    pair.swallow = Some(Side::Server);
    pair.server_takes = true;
    pair.server_takes_all();
    pair.run_for(secs(1));
    assert_eq!(pair.server_took.len(), 2, "the credit was lost");
    pair.swallow = None;
    pair.cut();
    pair.run_for(secs(1));
    assert_eq!(pair.server_took, ["one", "two", "three"]);
}
