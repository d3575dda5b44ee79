//! `/task-runner`: starts built-in tasks, and tells how they go on.

use std::fmt;

use axum::extract::State;
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::stream::SelectAll;
use keepline_demo::TaskUpdate;
use tokio::select;

use crate::close::Ending;
use crate::json::{ShapeError, from_text};
use crate::runs::{Run, Runs, StartError};
use crate::server::Server;
use crate::socket::{Message, Socket};
use crate::talk::Talk;
use crate::task::{Task, TaskError};
use crate::upgrade::Upgrade;

pub(crate) async fn task_runner(State(server): State<Server>, upgrade: Upgrade) -> Response {
    let runs = server.runs();
    upgrade.open(move |socket| Box::pin(async move { talk(socket, &runs).await }))
}

async fn talk(socket: &mut Socket, runs: &Runs) -> Result<(), Ending> {
    let mut updates = SelectAll::new();
    loop {
        select! {
            // First, so that no more streams wait here than tasks may run at once.
            biased;
            Some(update) = updates.next() => socket.send(Message::json(&update)).await?,
            message = socket.recv() => match begin(&message?, runs) {
                Ok(run) => {
                    socket.send(Message::json(&run.started())).await?;
                    updates.push(Box::pin(run.updates()));
                }
                Err(error) => {
                    let message = error.to_string();
                    socket.send(Message::json(&TaskUpdate::Error { message })).await?;
                }
            },
        }
    }
}

fn begin(message: &Message, runs: &Runs) -> Result<Run, BeginError> {
    let Message::Text(text) = message else { return Err(BeginError::NotText) };
    let task = Task::parse(from_text(text).map_err(BeginError::NotARequest)?);
    runs.start(task.map_err(BeginError::Task)?).map_err(BeginError::Start)
}

/// Why a message did not begin a run.
#[derive(Clone, Debug, PartialEq, Eq)]
enum BeginError {
    NotText,
    NotARequest(ShapeError),
    Task(TaskError),
    Start(StartError),
}

impl fmt::Display for BeginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText => write!(f, "tasks are asked for in text"),
            Self::NotARequest(error) => write!(f, "not a request: {error}"),
            Self::Task(error) => error.fmt(f),
            Self::Start(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BeginError {}
