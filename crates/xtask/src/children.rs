//! Child processes, each in a process group of its own, none of which outlives this program.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, process, thread};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::clock::Stopwatch;

/// How long a group may take to end by itself once it was asked to.
const GRACE: Duration = Duration::from_secs(6);
const LOOK_EVERY: Duration = Duration::from_millis(40);

static LIVE: Mutex<Vec<Pid>> = Mutex::new(Vec::new());
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// A child and everything it started. Dropping it kills what is left of them.
pub(crate) struct Group {
    pub(crate) leader: Child,
    id: Pid,
}

/// How the leader of a group ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Exited(ExitStatus),
    /// It took longer than it was given, and was killed.
    TimedOut,
    /// Somebody pressed Ctrl-C, or asked this program to end.
    Interrupted,
}

impl Group {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let leader = command
            .process_group(0)
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let id = Pid::from_child(&leader);
        live().push(id);
        Ok(Self { leader, id })
    }

    /// Waits for the leader; calls `tick` with the time that has passed, some 25 times a second.
    pub(crate) fn wait(&mut self, patience: Duration, mut tick: impl FnMut(Duration)) -> End {
        let watch = Stopwatch::start();
        while !self.leader_ended() {
            if interrupted() {
                self.ask_to_end();
                return End::Interrupted;
            }
            if watch.elapsed() > patience {
                self.ask_to_end();
                return End::TimedOut;
            }
            tick(watch.elapsed());
            thread::sleep(LOOK_EVERY);
        }
        match self.bury() {
            Some(status) if !interrupted() => End::Exited(status),
            // The signal that interrupted us reached the child, too.
            Some(_) | None => End::Interrupted,
        }
    }

    fn ask_to_end(&mut self) {
        signal(self.id, Signal::TERM);
        let watch = Stopwatch::start();
        while !self.leader_ended() && watch.elapsed() < GRACE {
            thread::sleep(LOOK_EVERY);
        }
        self.bury();
    }

    /// Looks without taking the exit status, so that the id stays ours and can be signalled.
    fn leader_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(rustix::process::waitid(WaitId::Pid(self.id), look), Ok(None))
    }

    /// Kills whatever is left of the group, then takes the exit status of its leader.
    fn bury(&mut self) -> Option<ExitStatus> {
        let mut live = live();
        if let Some(place) = live.iter().position(|id| *id == self.id) {
            live.swap_remove(place);
            signal(self.id, Signal::KILL);
        }
        self.leader.wait().ok()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.bury();
    }
}

/// The error of a command that was ended from outside.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// Makes Ctrl-C end the children too. A second one does not wait for them.
pub(crate) fn end_with_us() -> Result<()> {
    let mut signals =
        Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot listen for Ctrl-C")?;
    thread::spawn(move || {
        for _ in signals.forever() {
            if INTERRUPTED.swap(true, Ordering::Relaxed) {
                live().iter().for_each(|id| signal(*id, Signal::KILL));
                process::exit(130);
            }
            live().iter().for_each(|id| signal(*id, Signal::TERM));
        }
    });
    Ok(())
}

pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

fn live() -> MutexGuard<'static, Vec<Pid>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn signal(group: Pid, signal: Signal) {
    // A group that has already ended is what was wanted.
    rustix::process::kill_process_group(group, signal).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Group {
        Group::start(Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn a_child_that_outstays_its_welcome_is_ended() {
        let end = shell("sleep 60").wait(Duration::from_millis(50), |_| {});
        assert_eq!(end, End::TimedOut);
    }

    #[test]
    fn what_a_child_leaves_running_ends_with_it() {
        let mut group = shell("sleep 60 & exit 3");
        let id = group.id;
        let End::Exited(status) = group.wait(Duration::from_secs(20), |_| {}) else {
            panic!("the leader did not exit by itself");
        };
        assert_eq!(status.code(), Some(3));
        let watch = Stopwatch::start();
        while rustix::process::test_kill_process_group(id).is_ok() {
            assert!(watch.elapsed() < Duration::from_secs(20), "the straggler lives on");
            thread::sleep(LOOK_EVERY);
        }
    }
}
