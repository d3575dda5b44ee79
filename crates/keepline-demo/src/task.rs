//! What is said over `/task-runner`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A page asks for one of the server's built-in tasks to be run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskRequest {
    /// The name of the task.
    pub task: String,
    /// Its inputs; which ones it takes is the task's own business.
    #[serde(default)]
    pub inputs: Value,
}

/// What the server says about a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum TaskUpdate {
    /// The run began; always the first message about it.
    Started {
        /// Names this run in all later messages.
        run_id: String,
        /// Where the run can be looked at over HTTP, relative to the server's root.
        url: String,
    },
    /// The run goes on.
    Running {
        /// Which run.
        run_id: String,
        /// How much of it is done, from 0 to 1.
        progress: f64,
    },
    /// The run ended well; always the last message about it.
    Done {
        /// Which run.
        run_id: String,
        /// What came out.
        output: Value,
    },
    /// Nothing was started: the task is unknown or its inputs are wrong. The socket stays.
    Error {
        /// Why, in words for the person who reads it.
        message: String,
    },
}
