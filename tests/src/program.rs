//! A program that runs beside the test and ends with it.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::wait::{PATIENCE, until};

const KEPT_LINES: usize = 200;

/// A running program and the last lines it printed; dropping it kills it and sees it gone.
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
    pub fn start(command: &mut Command) -> anyhow::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let printed = Printed::default();
        printed.follow(child.stdout.take());
        printed.follow(child.stderr.take());
        Ok(Self { name, child, printed })
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
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    ///
    /// # Errors
    ///
    /// When it does not end in time, or not with success.
    pub async fn terminate(&mut self) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let status = self.end().await?;
        if !status.success() {
            bail!("{} ended with {status}; it printed:\n{}", self.name, self.printed.all());
        }
        Ok(())
    }

    /// Asks it to end (SIGTERM), and gives it a moment to tidy up.
    pub fn dismiss(&mut self) {
        self.ask_to_end(Signal::TERM, 100);
    }

    /// Does as Ctrl-C does (SIGINT), and gives it some seconds to end its own children.
    pub fn interrupt(&mut self) {
        self.ask_to_end(Signal::INT, 1_000);
    }

    fn ask_to_end(&mut self, signal: Signal, looks: usize) {
        // It may have ended by itself, which is as good.
        let _ = kill_process(Pid::from_child(&self.child), signal);
        for _ in 0..looks {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    ///
    /// When it takes too long.
    pub async fn end(&mut self) -> anyhow::Result<ExitStatus> {
        let what = format!("{} to end", self.name);
        until(&what, PATIENCE, async || Ok(self.child.try_wait()?)).await
    }

    /// The last lines it printed.
    #[must_use]
    pub fn printed(&self) -> String {
        self.printed.all()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.kill();
    }
}

#[derive(Clone, Debug, Default)]
struct Printed(Arc<Mutex<VecDeque<String>>>);

impl Printed {
    /// Reads `pipe` to its end, so that the program never blocks on a full one.
    fn follow(&self, pipe: Option<impl Read + Send + 'static>) {
        let Some(pipe) = pipe else { return };
        let printed = self.clone();
        thread::spawn(move || {
            let lines = BufReader::new(pipe).lines();
            lines.map_while(Result::ok).for_each(|line| printed.push(line));
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
        lines.iter().find_map(|line| line.split_once(marker).map(|(_, rest)| rest.to_owned()))
    }

    fn all(&self) -> String {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.make_contiguous().join("\n")
    }
}
