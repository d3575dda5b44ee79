//! The task of a connection, in which its session's application runs as well: a message comes, is
//! answered and leaves without a detour over the scheduler, which costs as much as the rest.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::future::BoxFuture;
use futures_util::task::AtomicWaker;
use keepline_core::SessionKey;

use super::stint::give_way;

/// So often do the two in a task have their turn before other tasks have theirs. Each turn of one
/// may be the answer to the other's, and what tokio is asked for is limited by itself.
const TURNS: usize = 32;

/// A session's application, which has begun.
pub(super) struct Running {
    pub(super) key: SessionKey,
    pub(super) application: BoxFuture<'static, ()>,
}

/// What a connection's task hears of others, and who runs in it.
pub(super) struct Seat {
    task: Arc<Task>,
    /// Of the line, and of the application.
    bells: [(Arc<Bell>, Waker); 2],
    has_news: AtomicBool,
    guest: Mutex<Option<Running>>,
}

impl Seat {
    pub(super) fn new() -> Arc<Self> {
        let task = Arc::new(Task::default());
        let bells = [(); 2].map(|()| {
            let bell = Arc::new(Bell { has_rung: AtomicBool::new(true), task: Arc::clone(&task) });
            (Arc::clone(&bell), Waker::from(bell))
        });
        Arc::new(Self { task, bells, has_news: AtomicBool::new(false), guest: Mutex::new(None) })
    }

    /// There is something to be said to the client.
    pub(super) fn tell(&self) {
        let [(_, line), _] = &self.bells;
        self.has_news.store(true, Ordering::SeqCst);
        line.wake_by_ref();
    }

    /// Waits until there is. Only for the line that runs here: its bell is what rings.
    pub(super) async fn told(&self) {
        poll_fn(|_| match self.has_news.swap(false, Ordering::SeqCst) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }

    /// From now on this application runs here.
    pub(super) fn take_in(&self, guest: Running) {
        let [_, (_, application)] = &self.bells;
        *self.guest() = Some(guest);
        application.wake_by_ref();
    }

    /// Whoever runs here has to go on elsewhere.
    pub(super) fn leave(&self) -> Option<Running> {
        self.guest().take()
    }

    /// Lets the application have its turn, if it runs here: it may have something to answer.
    pub(super) async fn give_way(&self) {
        let has_guest = self.guest().is_some();
        if has_guest {
            give_way().await;
        }
    }

    /// Runs `line` to its end, and the application along with it.
    pub(super) async fn run<F: Future>(&self, line: F) -> F::Output {
        let mut line = pin!(line);
        poll_fn(|cx| self.attend(line.as_mut(), cx)).await
    }

    fn attend<F: Future>(&self, mut line: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let [(of_line, waker), (of_guest, guest_waker)] = &self.bells;
        self.task.waker.register(cx.waker());
        for _ in 0..TURNS {
            self.task.is_awake.store(true, Ordering::SeqCst);
            if of_line.answer() {
                let polled = line.as_mut().poll(&mut Context::from_waker(waker));
                if polled.is_ready() {
                    return polled;
                }
            }
            if of_guest.answer() {
                self.poll_guest(&mut Context::from_waker(guest_waker));
            }
            self.task.is_awake.store(false, Ordering::SeqCst);
            if !(of_line.has_rung() || of_guest.has_rung()) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Nothing is locked meanwhile: an application may end its own line.
    fn poll_guest(&self, cx: &mut Context<'_>) {
        let Some(mut guest) = self.leave() else { return };
        if guest.application.as_mut().poll(cx).is_pending() {
            *self.guest() = Some(guest);
        }
    }

    fn guest(&self) -> MutexGuard<'_, Option<Running>> {
        self.guest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the two run in.
#[derive(Default)]
struct Task {
    waker: AtomicWaker,
    /// It looks at the bells before it rests.
    is_awake: AtomicBool,
}

/// What wakes one of the two, and their task only if it rests.
struct Bell {
    has_rung: AtomicBool,
    task: Arc<Task>,
}

impl Bell {
    /// Whether it has rung since this was last asked.
    fn answer(&self) -> bool {
        self.has_rung.swap(false, Ordering::SeqCst)
    }

    fn has_rung(&self) -> bool {
        self.has_rung.load(Ordering::SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Ordering::SeqCst);
        if !self.task.is_awake.load(Ordering::SeqCst) {
            self.task.waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A seat whose line ends when the guest has called it so often, and how often the task that
    /// both run in was woken until then.
    fn ends_after(calls: usize) -> usize {
        let (seat, woken) = (Seat::new(), Arc::new(Woken::default()));
        let (caller, mut left) = (Arc::clone(&seat), calls);
        let application = Box::pin(poll_fn(move |cx| {
            caller.tell();
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        seat.take_in(Running { key: SessionKey(1), application });
        let mut line = pin!(seat.run(async {
            while left > 0 {
                seat.told().await;
                left -= 1;
            }
        }));
        let waker = Waker::from(Arc::clone(&woken));
        let polls = (1..).find(|_| {
            let before = woken.0.load(Ordering::SeqCst);
            let polled = line.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(polled.is_ready() || woken.0.load(Ordering::SeqCst) > before, "it is lost");
            polled.is_ready()
        });
        assert_eq!(polls, Some(woken.0.load(Ordering::SeqCst) + 1));
        woken.0.load(Ordering::SeqCst)
    }

    #[test]
    fn an_answer_needs_no_scheduler() {
        assert_eq!(ends_after(1), 0);
    }

    #[test]
    fn two_who_never_rest_let_others_have_their_turn() {
        assert_eq!(ends_after(TURNS * 3 + 1), 3);
    }

    #[test]
    fn who_calls_from_outside_wakes_the_task_once_it_rests() {
        let (seat, woken) = (Seat::new(), Arc::new(Woken::default()));
        let waker = Waker::from(Arc::clone(&woken));
        let mut line = pin!(seat.run(seat.told()));
        assert!(line.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(woken.0.load(Ordering::SeqCst), 0);
        seat.tell();
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
        assert!(line.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    }

    /// Each call is answered before the next one comes, from a thread that calls a little later
    /// each time: often just when the task goes to rest.
    #[tokio::test]
    async fn no_call_from_another_thread_is_lost() {
        const CALLS: usize = 100_000;
        let (seat, answered) = (Seat::new(), Arc::new(AtomicUsize::new(0)));
        let (caller, heard) = (Arc::clone(&seat), Arc::clone(&answered));
        let calls = std::thread::spawn(move || {
            for call in 1..=CALLS {
                caller.tell();
                while heard.load(Ordering::SeqCst) < call {
                    std::hint::spin_loop();
                }
                (0..call % 128).for_each(|_| std::hint::spin_loop());
            }
        });
        let line = seat.run(async {
            for call in 1..=CALLS {
                seat.told().await;
                answered.store(call, Ordering::SeqCst);
            }
        });
        let in_time = timeout(Duration::from_secs(30), line).await;
        // Whoever calls in vain is let go of.
        answered.store(CALLS, Ordering::SeqCst);
        calls.join().unwrap();
        assert!(in_time.is_ok(), "a call was lost");
    }
}
