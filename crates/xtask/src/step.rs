//! One step of a command: a program that is named, timed, watched, and given a deadline.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, IsTerminal, PipeReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::children::{self, End, Group, Interrupted, Manner};
use crate::clock::{Spoken, Stopwatch};

const PATIENCE: Duration = Duration::from_secs(15 * 60);
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How long output may still come once the program has ended.
const LAST_WORDS: Duration = Duration::from_secs(5);
const TAIL: usize = 120;

/// A program that is about to run.
pub(crate) struct Step {
    name: String,
    command: Command,
    patience: Duration,
    manner: Manner,
    output: Output,
}

/// Where the program's output goes.
enum Output {
    /// To the terminal.
    Shown,
    /// To the terminal, and into the report.
    Heard,
    /// Into a file, whose end is shown when the step fails.
    Logged(PathBuf),
}

/// How a step went.
pub(crate) struct Report {
    pub(crate) took: Duration,
    /// Why the step failed, if it did.
    pub(crate) failure: Option<String>,
    /// What was heard or logged.
    pub(crate) output: String,
}

impl Step {
    pub(crate) fn new(name: impl Into<String>, command: Command) -> Self {
        let (patience, manner, output) = (PATIENCE, Manner::Firm, Output::Shown);
        Self { name: name.into(), command, patience, manner, output }
    }

    pub(crate) fn within(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Asked to end, the program has this long, and is never killed.
    pub(crate) fn ended_gently(mut self, grace: Duration) -> Self {
        self.manner = Manner::Gentle(grace);
        self
    }

    pub(crate) fn heard(mut self) -> Self {
        self.output = Output::Heard;
        self
    }

    pub(crate) fn logged(mut self, file: impl Into<PathBuf>) -> Self {
        self.output = Output::Logged(file.into());
        self
    }

    /// Output goes to the terminal if there is one, else into the file with a sign of life
    /// every 30 s.
    pub(crate) fn shown_or_logged(self, file: impl Into<PathBuf>) -> Self {
        if io::stderr().is_terminal() { self } else { self.logged(file) }
    }

    /// Runs the step and fails with it.
    pub(crate) fn succeed(self) -> Result<Report> {
        let name = self.name.clone();
        let report = self.run()?;
        match &report.failure {
            Some(why) => bail!("{name} failed: {why}"),
            None => Ok(report),
        }
    }

    /// Runs the step; it is an error only if it could not be started, or was interrupted.
    pub(crate) fn run(mut self) -> Result<Report> {
        if children::interrupted() {
            bail!(Interrupted);
        }
        self.announce();
        let watch = Stopwatch::start();
        let (end, output) = self.carry_out()?;
        let failure = self.failure(end)?;
        let report = Report { took: watch.elapsed(), failure, output };
        self.conclude(&report);
        Ok(report)
    }

    fn carry_out(&mut self) -> Result<(End, String)> {
        match self.output {
            Output::Shown => Ok((self.start_and_watch()?, String::new())),
            Output::Heard => self.listen(),
            Output::Logged(ref file) => {
                let file = file.clone();
                let log = create(&file)?;
                self.command.stdout(log.try_clone()?).stderr(log);
                Ok((self.start_and_watch()?, read_lossy(&file)?))
            }
        }
    }

    fn start_and_watch(&mut self) -> Result<End> {
        let group = self.start()?;
        Ok(self.watch(group))
    }

    fn start(&mut self) -> Result<Group> {
        Group::start_with(&mut self.command, self.manner)
    }

    fn listen(&mut self) -> Result<(End, String)> {
        let (reader, writer) = io::pipe()?;
        self.command.stdout(writer.try_clone()?).stderr(writer);
        let group = self.start()?;
        // The pipe ends with the program only if nobody else can write into it.
        self.command.stdout(Stdio::null()).stderr(Stdio::null());
        let (lines, heard) = mpsc::channel();
        thread::spawn(move || repeat(reader, &lines));
        let end = self.watch(group);
        Ok((end, all_of(&heard)))
    }

    fn watch(&self, mut group: Group) -> End {
        let mut next = HEARTBEAT;
        group.wait(self.patience, |passed| {
            if passed >= next {
                next += HEARTBEAT;
                self.show_life(passed);
            }
        })
    }

    fn announce(&self) {
        let end = if matches!(self.output, Output::Logged(_)) { " …" } else { "\n" };
        say_on!("▸ {}{end}", self.name);
    }

    fn show_life(&self, passed: Duration) {
        if let Output::Logged(file) = &self.output {
            let last = fs::read(file).map(|log| last_line(&log)).unwrap_or_default();
            say_on!("\n  … {} {last}", Spoken(passed));
        }
    }

    fn conclude(&self, report: &Report) {
        let took = Spoken(report.took);
        let logged = matches!(self.output, Output::Logged(_));
        match (&report.failure, logged) {
            (None, true) => say!(" {took}"),
            (None, false) => say!("  {} … {took}", self.name),
            (Some(why), true) => say!(" failed after {took}: {why}\n{}", report.tail()),
            (Some(why), false) => say!("  {} … failed after {took}: {why}", self.name),
        }
    }

    fn failure(&self, end: End) -> Result<Option<String>> {
        match end {
            End::Exited(status) if status.success() => Ok(None),
            End::Exited(status) => Ok(Some(status.to_string())),
            End::TimedOut => Ok(Some(format!("not done within {}", Spoken(self.patience)))),
            End::Interrupted => bail!(Interrupted),
        }
    }
}

impl Report {
    fn tail(&self) -> String {
        let lines: Vec<_> = self.output.lines().collect();
        let end = &lines[lines.len().saturating_sub(TAIL)..];
        end.iter().map(|line| format!("    {line}\n")).collect()
    }
}

/// Passes lines on to the terminal as they come, and to whoever listens.
fn repeat(output: PipeReader, listener: &Sender<String>) {
    for line in BufReader::new(output).split(b'\n').map_while(io::Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        say!("{line}");
        if listener.send(line).is_err() {
            break;
        }
    }
}

/// The lines up to the end of the pipe, which a program that left its group may hold open.
fn all_of(lines: &Receiver<String>) -> String {
    let watch = Stopwatch::start();
    let mut heard = String::new();
    while let Some(left) = LAST_WORDS.checked_sub(watch.elapsed())
        && let Ok(line) = lines.recv_timeout(left)
    {
        heard.push_str(&line);
        heard.push('\n');
    }
    heard
}

fn create(file: &Path) -> Result<File> {
    let folder = file.parent().context("a log lies in a folder")?;
    fs::create_dir_all(folder)?;
    File::create(file).with_context(|| format!("cannot write {}", file.display()))
}

fn read_lossy(file: &Path) -> Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(file)?).into_owned())
}

fn last_line(log: &[u8]) -> String {
    String::from_utf8_lossy(log).lines().last().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Step {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Step::new("a step of a test", command)
    }

    #[test]
    fn what_a_step_says_is_in_its_report() {
        let report = shell("echo one; echo two >&2").heard().run().unwrap();
        assert_eq!(report.output, "one\ntwo\n");
        assert!(report.failure.is_none());
    }

    #[test]
    fn a_step_that_fails_says_how() {
        let failure = shell("exit 7").run().unwrap().failure;
        assert_eq!(failure.as_deref(), Some("exit status: 7"));
    }

    #[test]
    fn a_program_that_left_the_group_holds_no_step_open() {
        let report = shell("setsid sleep 20 & sleep 1; echo done").heard().run().unwrap();
        assert_eq!(report.output, "done\n");
        assert!((LAST_WORDS..3 * LAST_WORDS).contains(&report.took), "it took {:?}", report.took);
    }

    #[test]
    fn a_step_that_hangs_is_ended_and_says_how_long_it_was_given() {
        let report = shell("echo early; sleep 60").heard().within(Duration::from_secs(2));
        let report = report.run().unwrap();
        assert_eq!(report.failure.as_deref(), Some("not done within 2.0 s"));
        assert_eq!(report.output, "early\n");
    }
}
