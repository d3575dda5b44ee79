//! A program that runs beside the test and ends with it.

use std::collections::VecDeque;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::wait::{PATIENCE, until};

const KEPT_LINES: usize = 200;

/// A running program and the last lines it printed; dropping it kills it.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    printed: Printed,
}

impl Program {
    /// Starts `command`.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(mut command: Command) -> anyhow::Result<Self> {
        let name = command
            .as_std()
            .get_program()
            .to_string_lossy()
            .into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let printed = Printed::default();
        printed.follow(child.stdout.take());
        printed.follow(child.stderr.take());
        Ok(Self {
            name,
            child,
            printed,
        })
    }

    /// Waits until it has printed `marker`, and returns the rest of that line.
    ///
    /// # Errors
    ///
    /// When it ends first, or takes too long; the error shows what it printed instead.
    pub async fn prints(&mut self, marker: &str) -> anyhow::Result<String> {
        let what = format!("{} to print {marker:?}", self.name);
        let line = until(&what, PATIENCE, async || {
            let line = self.printed.after(marker);
            if line.is_none() && self.child.try_wait()?.is_some() {
                bail!("{} has ended", self.name);
            }
            Ok(line)
        })
        .await;
        line.with_context(|| format!("{} printed:\n{}", self.name, self.printed.all()))
    }

    /// Kills it, without a chance to say goodbye.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    ///
    /// # Errors
    ///
    /// When it does not end in time, or not with success.
    pub async fn terminate(&mut self) -> anyhow::Result<()> {
        let pid = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()));
        kill_process(pid.context("it has already ended")?, Signal::TERM)?;
        let status = self.end().await?;
        if !status.success() {
            bail!(
                "{} ended with {status}; it printed:\n{}",
                self.name,
                self.printed.all()
            );
        }
        Ok(())
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    ///
    /// When it takes too long.
    pub async fn end(&mut self) -> anyhow::Result<ExitStatus> {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        Ok(ended.with_context(|| format!("{} does not end", self.name))??)
    }

    /// The last lines it printed.
    #[must_use]
    pub fn printed(&self) -> String {
        self.printed.all()
    }
}

#[derive(Clone, Debug, Default)]
struct Printed(Arc<Mutex<VecDeque<String>>>);

impl Printed {
    /// Reads `pipe` to its end, so that the program never blocks on a full one.
    fn follow(&self, pipe: Option<impl AsyncRead + Send + Unpin + 'static>) {
        let Some(pipe) = pipe else { return };
        let printed = self.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(pipe).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                printed.push(line);
            }
        });
    }

    fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn after(&self, marker: &str) -> Option<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines
            .iter()
            .find_map(|line| line.split_once(marker).map(|(_, rest)| rest.to_owned()))
    }

    fn all(&self) -> String {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.make_contiguous().join("\n")
    }
}
