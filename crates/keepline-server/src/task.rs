//! The built-in tasks of `/task-runner`, and what they compute: pure.

use std::fmt;
use std::time::Duration;

use keepline_demo::TaskRequest;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json::{ShapeError, from_value};

const MAX_STEPS: u32 = 1_000;
const MAX_DURATION: Duration = Duration::from_secs(60);

/// A task whose inputs have been checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Task {
    /// `count {to, interval_ms}` counts, a step in each interval.
    Count { to: u32, interval: Duration },
    /// `sum {numbers}` adds up.
    Sum { total: f64 },
    /// `words {text}` counts lines, words and characters.
    Words { lines: usize, words: usize, characters: usize },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CountInputs {
    to: u32,
    #[serde(default)]
    interval_ms: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SumInputs {
    numbers: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsInputs {
    text: String,
}

impl Task {
    pub(crate) fn parse(request: TaskRequest) -> Result<Self, TaskError> {
        match request.task.as_str() {
            "count" => Self::count(&from_value(request.inputs)?),
            "sum" => Self::sum(&from_value(request.inputs)?),
            "words" => Ok(Self::words(&from_value(request.inputs)?)),
            _ => Err(TaskError::Unknown),
        }
    }

    /// How many steps a run of it has; at least one.
    pub(crate) fn steps(&self) -> u32 {
        match self {
            Self::Count { to, .. } => *to,
            Self::Sum { .. } | Self::Words { .. } => 1,
        }
    }

    /// How long each step takes.
    pub(crate) fn step(&self) -> Duration {
        match self {
            Self::Count { interval, .. } => *interval,
            Self::Sum { .. } | Self::Words { .. } => Duration::ZERO,
        }
    }

    pub(crate) fn output(&self) -> Value {
        match self {
            Self::Count { to, .. } => json!({ "counted": to }),
            Self::Sum { total } => json!({ "sum": total }),
            Self::Words { lines, words, characters } => {
                json!({ "lines": lines, "words": words, "characters": characters })
            }
        }
    }

    fn count(inputs: &CountInputs) -> Result<Self, TaskError> {
        let &CountInputs { to, interval_ms } = inputs;
        let interval = Duration::from_millis(interval_ms.into());
        if to == 0 || to > MAX_STEPS {
            return Err(TaskError::CountOutOfRange);
        }
        if interval * to > MAX_DURATION {
            return Err(TaskError::TooLong);
        }
        Ok(Self::Count { to, interval })
    }

    fn sum(inputs: &SumInputs) -> Result<Self, TaskError> {
        let total: f64 = inputs.numbers.iter().sum();
        total.is_finite().then_some(Self::Sum { total }).ok_or(TaskError::SumOverflows)
    }

    fn words(inputs: &WordsInputs) -> Self {
        let text = &inputs.text;
        Self::Words {
            lines: text.lines().count(),
            words: text.split_whitespace().count(),
            characters: text.chars().count(),
        }
    }
}

/// Why a task cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TaskError {
    Unknown,
    Inputs(ShapeError),
    CountOutOfRange,
    TooLong,
    SumOverflows,
}

impl From<ShapeError> for TaskError {
    fn from(error: ShapeError) -> Self {
        Self::Inputs(error)
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => write!(f, "unknown task; there are count, sum and words"),
            Self::Inputs(error) => write!(f, "wrong inputs: {error}"),
            Self::CountOutOfRange => write!(f, "wrong inputs: to must be from 1 to {MAX_STEPS}"),
            Self::TooLong => write!(f, "wrong inputs: it would run for longer than a minute"),
            Self::SumOverflows => write!(f, "wrong inputs: the sum is too large for a number"),
        }
    }
}

impl std::error::Error for TaskError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(name: &str, inputs: Value) -> Result<Task, TaskError> {
        Task::parse(TaskRequest { task: name.to_owned(), inputs })
    }

    fn output(name: &str, inputs: Value) -> Value {
        task(name, inputs).unwrap().output()
    }

    #[test]
    fn each_task_computes_what_its_name_says() {
        assert_eq!(output("sum", json!({ "numbers": [1, 2.5, -3] })), json!({ "sum": 0.5 }));
        let counted = json!({ "lines": 2, "words": 3, "characters": 12 });
        assert_eq!(output("words", json!({ "text": "día uno\nfin." })), counted);
        let count = task("count", json!({ "to": 3, "interval_ms": 20 })).unwrap();
        assert_eq!((count.steps(), count.step()), (3, Duration::from_millis(20)));
    }

    #[test]
    fn wrong_inputs_are_refused_with_the_reason() {
        let why = |name, inputs| task(name, inputs).unwrap_err().to_string();
        assert_eq!(why("rm -rf", json!({})), "unknown task; there are count, sum and words");
        assert_eq!(why("sum", json!({})), "wrong inputs: missing field `numbers`");
        assert!(why("sum", Value::Null).starts_with("wrong inputs: invalid type: null"));
        assert!(why("count", json!({ "to": -1 })).starts_with("wrong inputs: invalid value"));
        assert!(why("count", json!({ "to": 1, "by": 2 })).contains("unknown field `by`"));
        assert!(why("sum", json!({ "numbers": [1e308, 1e308] })).contains("too large"));
    }

    #[test]
    fn no_run_has_too_many_steps_or_takes_too_long() {
        for to in [0, 1_001, u32::MAX] {
            assert_eq!(task("count", json!({ "to": to })), Err(TaskError::CountOutOfRange));
        }
        let slow = json!({ "to": 1_000, "interval_ms": u32::MAX });
        assert_eq!(task("count", slow), Err(TaskError::TooLong));
        assert!(task("count", json!({ "to": 1_000, "interval_ms": 60 })).is_ok());
    }
}
