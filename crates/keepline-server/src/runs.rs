//! The runs of tasks: a bounded number at once, and a bounded number remembered.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::Stream;
use futures_util::stream::unfold;
use keepline_demo::TaskUpdate;
use tokio::select;
use tokio::sync::{Semaphore, watch};
use tokio::time::sleep;

use crate::stop::StopSignal;
use crate::task::Task;

const MAX_RUNNING: usize = 64;
const MAX_REMEMBERED: usize = 1_000;

/// All runs of one server. A run goes on when the socket that started it is gone.
#[derive(Debug)]
pub(crate) struct Runs {
    remembered: Mutex<VecDeque<Run>>,
    running: Arc<Semaphore>,
    stop: StopSignal,
}

/// One run, and what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    id: String,
    state: watch::Receiver<TaskUpdate>,
}

impl Runs {
    pub(crate) fn new(stop: StopSignal) -> Self {
        let remembered = Mutex::new(VecDeque::new());
        Self { remembered, running: Arc::new(Semaphore::new(MAX_RUNNING)), stop }
    }

    /// Starts a run in the background. Over the limit, the oldest that is remembered is forgotten.
    pub(crate) fn start(&self, task: Task) -> Result<Run, StartError> {
        let permit = Arc::clone(&self.running).try_acquire_owned();
        let permit = permit.map_err(|_| StartError::TooMany)?;
        let id = format!("{:016x}", getrandom::u64().map_err(StartError::NoId)?);
        let (news, state) =
            watch::channel(TaskUpdate::Running { run_id: id.clone(), progress: 0.0 });
        let mut stop = self.stop.clone();
        let run_id = id.clone();
        tokio::spawn(async move {
            let _counted = permit;
            select! {
                () = stop.finished() => {}
                () = perform(task, run_id, news) => {}
            }
        });
        let run = Run { id, state };
        self.remember(run.clone());
        Ok(run)
    }

    /// The newest update of a run that is still remembered.
    pub(crate) fn find(&self, id: &str) -> Option<TaskUpdate> {
        let remembered = self.remembered();
        let run = remembered.iter().find(|run| run.id == id)?;
        Some(run.state.borrow().clone())
    }

    fn remember(&self, run: Run) {
        let mut remembered = self.remembered();
        if remembered.len() == MAX_REMEMBERED {
            remembered.pop_front();
        }
        remembered.push_back(run);
    }

    fn remembered(&self) -> MutexGuard<'_, VecDeque<Run>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run {
    /// The first message about it. Its `url` is relative to the root of our router.
    pub(crate) fn started(&self) -> TaskUpdate {
        TaskUpdate::Started { run_id: self.id.clone(), url: format!("/runs/{}", self.id) }
    }

    /// Every later message, up to the last. A slow reader misses steps, but never the end.
    pub(crate) fn updates(self) -> impl Stream<Item = TaskUpdate> + Send {
        let mut state = self.state;
        state.mark_changed();
        unfold(state, |mut state| async move {
            state.changed().await.ok()?;
            let update = state.borrow_and_update().clone();
            Some((update, state))
        })
    }
}

async fn perform(task: Task, run_id: String, news: watch::Sender<TaskUpdate>) {
    let steps = task.steps();
    for step in 1..=steps {
        sleep(task.step()).await;
        let progress = f64::from(step) / f64::from(steps);
        news.send_replace(TaskUpdate::Running { run_id: run_id.clone(), progress });
    }
    news.send_replace(TaskUpdate::Done { run_id, output: task.output() });
}

/// Why a run could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartError {
    /// The server runs as many tasks as it may.
    TooMany,
    /// The system has no random number to name the run.
    NoId(getrandom::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => write!(f, "{MAX_RUNNING} tasks are running already, try again later"),
            Self::NoId(error) => write!(f, "the run could not be named: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn runs() -> (watch::Sender<crate::stop::Phase>, Runs) {
        let (phase, _) = watch::channel(crate::stop::Phase::Serving);
        let stop = StopSignal::new(&phase);
        (phase, Runs::new(stop))
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_tasks_run_at_once_and_an_ended_one_makes_room() {
        let (_phase, runs) = runs();
        let slow = Task::Count { to: 1, interval: Duration::from_secs(60) };
        for _ in 0..MAX_RUNNING {
            assert!(runs.start(slow.clone()).is_ok());
        }
        assert_eq!(runs.start(slow.clone()).map(drop), Err(StartError::TooMany));
        sleep(Duration::from_secs(61)).await;
        assert!(runs.start(slow).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_runs_are_remembered() {
        let (_phase, runs) = runs();
        let first = runs.start(Task::Sum { total: 1.0 }).unwrap();
        for _ in 0..MAX_REMEMBERED {
            assert!(runs.find(&first.id).is_some());
            runs.start(Task::Sum { total: 2.0 }).unwrap();
            sleep(Duration::from_millis(1)).await;
        }
        assert!(runs.find(&first.id).is_none());
        assert_eq!(runs.remembered().len(), MAX_REMEMBERED);
    }
}
