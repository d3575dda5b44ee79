//! What the keeper does with what the core decides, in paused time where something waits.

use futures_util::FutureExt;
use keepline_core::wire::{Ack, Credit, FrameWriter, Hello, Instance, Record, SessionId, Window};

use super::*;

#[test]
fn a_timer_that_has_rung_is_not_told_to_ring_again_at_once() {
    let keeper = Keeper::new(ServerConfig::default(), 7).unwrap();
    keeper.opened(Coding::Binary, "echo", Box::new(|_| Box::pin(async {})));
    assert!(keeper.sooner.notified().now_or_never().is_some(), "a hello is due");
    assert!(keeper.ring().is_some_and(|next| !next.is_zero()));
    assert!(keeper.sooner.notified().now_or_never().is_none(), "it rings without end");
}

#[tokio::test(start_paused = true)]
async fn a_verifier_that_never_answers_is_not_asked_for_ever() {
    let keeper = Keeper::new(ServerConfig::default(), 7).unwrap();
    let (asked, gone) = (Arc::new(()), Notify::new());
    let held = Arc::downgrade(&asked);
    keeper.verify_by(Box::new(move |_| {
        let asked = Arc::clone(&asked);
        Box::pin(async move {
            let _asked = asked;
            std::future::pending().await
        })
    }));
    let (conn, _seat) = keeper.opened(Coding::Binary, "words", Box::new(|_| Box::pin(async {})));
    keeper.start(Task::Verification(conn, None));
    tokio::task::yield_now().await;
    assert_eq!(held.strong_count(), 2, "it is asked");
    let _nobody_tells = timeout(Duration::from_secs(11), gone.notified()).await;
    assert_eq!(held.strong_count(), 1);
}

fn frame(record: &Record) -> Payload {
    let mut frame = FrameWriter::new(Coding::Binary);
    frame.record(record);
    frame.finish()
}

fn hello(attempt: u64, message_bytes: u64) -> Record {
    Record::Hello(Hello {
        session: SessionId([1; 16]),
        instance: Instance([1; 8]),
        attempt,
        epoch: None,
        received: 0,
        window: Window { message_bytes, ..Window::default() },
        credentials: None,
    })
}

/// Opens a connection whose task does nothing but run its application.
fn opened(keeper: &Arc<Keeper>, application: Application) -> ConnId {
    let (conn, seat) = keeper.opened(Coding::Binary, "words", application);
    tokio::spawn(async move { seat.run(std::future::pending::<()>()).await });
    conn
}

#[tokio::test(start_paused = true)]
async fn last_words_that_the_client_is_too_small_for_are_not_waited_for() {
    let keeper = Keeper::new(ServerConfig::default(), 7).unwrap();
    let lost = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&lost);
    let application: Application = Box::new(move |mut desk| {
        Box::pin(async move {
            desk.hand_over(Payload::Text("x".repeat(5_000))).await.unwrap();
            desk.settled().await;
            told.lock().unwrap().extend(desk.lost());
        })
    });
    let first = opened(&keeper, application);
    keeper.received(first, &frame(&hello(1, 10_000)));
    tokio::task::yield_now().await;
    keeper.closed(first);

    let second = opened(&keeper, Box::new(|_| unreachable!()));
    keeper.received(second, &frame(&hello(2, 2_000)));
    tokio::task::yield_now().await;

    let too_large = [Lost::Undeliverable(
        keepline_core::MessageIds { first: MessageId(1), last: MessageId(1) },
        keepline_core::Loss::TooLarge,
    )];
    assert_eq!(*lost.lock().unwrap(), too_large);
}

/// Time is paused: it would pass only if nobody had anything to do but to wait.
#[tokio::test(start_paused = true)]
async fn an_application_that_waits_for_room_goes_on_when_its_client_has_taken_something() {
    let config = ServerConfig { outbox_messages: 1, ..ServerConfig::default() };
    let keeper = Keeper::new(config, 7).unwrap();
    let done = Arc::new(Notify::new());
    let both = Arc::clone(&done);
    let says_two: Application = Box::new(move |mut desk| {
        Box::pin(async move {
            for text in ["one", "two"] {
                desk.hand_over(Payload::Text(text.to_owned())).await.unwrap();
            }
            both.notify_one();
            std::future::pending::<()>().await;
        })
    });
    let conn = opened(&keeper, says_two);
    keeper.received(conn, &frame(&hello(1, Window::default().message_bytes)));
    tokio::task::yield_now().await;
    while let Next::Frame { .. } = keeper.next_for(conn) {}
    assert!(done.notified().now_or_never().is_none(), "there is room for one");

    let began = tokio::time::Instant::now();
    let credit = Credit { number: 4_097, bytes: 2 << 20 };
    keeper.received(conn, &frame(&Record::Ack(Ack { taken: 1, credit })));
    done.notified().await;
    assert!(began.elapsed().is_zero(), "it is told, and need not look again");
}

#[tokio::test(start_paused = true)]
async fn an_application_runs_where_its_session_has_its_connection() {
    let keeper = Keeper::new(ServerConfig::default(), 7).unwrap();
    let waits: Application = Box::new(|mut desk| {
        Box::pin(async move {
            let _nothing_comes = desk.next().await;
        })
    });
    let (first, seat) = keeper.opened(Coding::Binary, "waits", waits);
    keeper.received(first, &frame(&hello(1, 10_000)));
    let running = seat.leave().expect("it begins where its session does");
    seat.take_in(running);
    keeper.closed(first);
    assert!(seat.leave().is_none(), "nobody runs with a connection that is gone");
    tokio::task::yield_now().await;

    let unused: Application = Box::new(|_| unreachable!("the session has one"));
    let (second, seat) = keeper.opened(Coding::Binary, "waits", unused);
    keeper.received(second, &frame(&hello(2, 10_000)));
    tokio::task::yield_now().await;

    assert!(seat.leave().is_some(), "it follows");
}

#[tokio::test(start_paused = true)]
async fn an_application_goes_on_while_its_session_has_no_connection() {
    let keeper = Keeper::new(ServerConfig::default(), 7).unwrap();
    let (go, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told, tells) = (Arc::clone(&go), Arc::clone(&done));
    let waits: Application = Box::new(move |_desk| {
        Box::pin(async move {
            told.notified().await;
            tells.notify_one();
            std::future::pending::<()>().await;
        })
    });
    let (conn, seat) = keeper.opened(Coding::Binary, "waits", waits);
    keeper.received(conn, &frame(&hello(1, 10_000)));
    keeper.closed(conn);
    assert!(seat.leave().is_none(), "it has left");

    go.notify_one();

    assert!(timeout(Duration::from_secs(1), done.notified()).await.is_ok());
}

/// Takes its time for each of a thousand words, and never waits.
fn speech(spoken: &Arc<AtomicU64>) -> Application {
    let spoken = Arc::clone(spoken);
    Box::new(move |mut desk| {
        Box::pin(async move {
            for _ in 0..1_000 {
                let began = tokio::time::Instant::now();
                while began.elapsed() < Duration::from_millis(1) {
                    std::hint::spin_loop();
                }
                desk.hand_over(Payload::Text("word".to_owned())).await.unwrap();
                spoken.fetch_add(1, Ordering::SeqCst);
            }
        })
    })
}

#[tokio::test]
async fn an_application_that_never_waits_lets_its_connection_speak() {
    let keeper = Keeper::new(ServerConfig::default(), 7).unwrap();
    let spoken = Arc::new(AtomicU64::new(0));
    let (conn, seat) = keeper.opened(Coding::Binary, "speech", speech(&spoken));
    keeper.received(conn, &frame(&hello(1, Window::default().message_bytes)));
    let two_frames = async {
        for _greeting_and_words in 0..2 {
            seat.told().await;
            while let Next::Frame { .. } = keeper.next_for(conn) {}
        }
    };
    seat.run(two_frames).await;
    assert!((1..1_000).contains(&spoken.load(Ordering::SeqCst)), "{spoken:?}");
}
