//! Child processes, each in a process group of its own, none of which outlives this program.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, process, thread};

use anyhow::{Context, Result};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGTERM};
use signal_hook::iterator::Signals;

use crate::clock::{Spoken, Stopwatch};

/// How long a group may take to end by itself once it was asked to.
const GRACE: Duration = Duration::from_secs(6);
/// How long its leader may take to be gone once there is nothing more to be done about it.
const LAST_RITES: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(40);

/// The groups that are still to be ended. An id in here is not reaped, so it is nobody else's.
static LIVE: Mutex<Vec<Target>> = Mutex::new(Vec::new());
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// A child and everything it started. Dropping it ends what is left of them.
pub(crate) struct Group {
    pub(crate) leader: Child,
    name: String,
    target: Target,
}

/// How a group is ended that does not end when it is asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It has a few seconds, then it is killed.
    Firm,
    /// It has this long, then it goes on by itself: it is never killed.
    Gentle(Duration),
}

/// Whom a signal is for.
#[derive(Clone, Copy)]
struct Target {
    id: Pid,
    manner: Manner,
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
        Self::start_with(command, Manner::Firm)
    }

    pub(crate) fn start_with(command: &mut Command, manner: Manner) -> Result<Self> {
        let name = command.get_program().display().to_string();
        let leader = command
            .process_group(0)
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let target = Target { id: Pid::from_child(&leader), manner };
        live().push(target);
        Ok(Self { leader, name, target })
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
        // Whom we may not signal, such as a sudo, there is no use in waiting for.
        if self.target.signal(Signal::TERM) != Err(Errno::PERM) {
            let grace = self.target.manner.grace();
            if !self.leader_ends_within(grace.min(GRACE)) && grace > GRACE {
                say!("  waiting up to {} for {} to end", Spoken(grace), self.name);
                self.leader_ends_within(grace);
            }
        }
        self.bury();
    }

    fn leader_ends_within(&self, patience: Duration) -> bool {
        let watch = Stopwatch::start();
        while !self.leader_ended() {
            if watch.elapsed() > patience {
                return false;
            }
            thread::sleep(LOOK_EVERY);
        }
        true
    }

    /// Looks without taking the exit status, so that the id stays ours and can be signalled.
    fn leader_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(rustix::process::waitid(WaitId::Pid(self.target.id), look), Ok(None))
    }

    /// Kills whatever is left of the group, if it may, and takes the exit status of its leader.
    fn bury(&mut self) -> Option<ExitStatus> {
        if self.strike() && !self.leader_ends_within(LAST_RITES) {
            say!("  {} could not be ended and goes on by itself", self.name);
        }
        self.leader.try_wait().ok().flatten()
    }

    /// Whether this was still to be done.
    fn strike(&self) -> bool {
        let mut live = live();
        let Some(place) = live.iter().position(|target| target.id == self.target.id) else {
            return false;
        };
        live.swap_remove(place).kill();
        true
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.bury();
    }
}

impl Manner {
    fn grace(self) -> Duration {
        match self {
            Self::Firm => GRACE,
            Self::Gentle(grace) => grace,
        }
    }
}

impl Target {
    fn kill(self) {
        match self.manner {
            // A group that has already ended is what was wanted.
            Manner::Firm => {
                self.signal(Signal::KILL).ok();
            }
            Manner::Gentle(_) => {}
        }
    }

    fn signal(self, signal: Signal) -> Result<(), Errno> {
        rustix::process::kill_process_group(self.id, signal)
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

/// Makes Ctrl-C end the children too, and so a reader who leaves before the end of what is told.
/// A second one does not wait for them.
pub(crate) fn end_with_us() -> Result<()> {
    let mut signals =
        Signals::new([SIGINT, SIGTERM, SIGHUP, SIGPIPE]).context("cannot listen for Ctrl-C")?;
    thread::spawn(move || {
        for signal in signals.forever() {
            // Nobody asks twice by not listening: each line that is said then tells of it.
            let again = INTERRUPTED.swap(true, Ordering::Relaxed) && signal != SIGPIPE;
            if again {
                live().iter().for_each(|target| target.kill());
                process::exit(130);
            }
            for target in live().iter() {
                target.signal(Signal::TERM).ok();
            }
        }
    });
    Ok(())
}

pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

fn live() -> MutexGuard<'static, Vec<Target>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
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
        let id = group.target.id;
        let End::Exited(status) = group.wait(Duration::from_secs(20), |_| {}) else {
            panic!("the leader did not exit by itself");
        };
        assert_eq!(status.code(), Some(3));
        await_the_end_of(id);
    }

    #[test]
    fn a_child_that_may_not_be_killed_holds_nobody_up_and_goes_on() {
        let mut stubborn = Command::new("sh");
        stubborn.args(["-c", "trap '' TERM; sleep 60"]);
        let manner = Manner::Gentle(Duration::from_millis(100));
        let mut group = Group::start_with(&mut stubborn, manner).unwrap();
        let id = group.target.id;
        assert_eq!(group.wait(Duration::from_secs(1), |_| {}), End::TimedOut);
        assert!(group.leader.try_wait().unwrap().is_none(), "it was killed");
        rustix::process::kill_process_group(id, Signal::KILL).unwrap();
        group.leader.wait().unwrap();
        await_the_end_of(id);
    }

    fn await_the_end_of(id: Pid) {
        let watch = Stopwatch::start();
        while rustix::process::test_kill_process_group(id).is_ok() {
            assert!(watch.elapsed() < Duration::from_secs(20), "the straggler lives on");
            thread::sleep(LOOK_EVERY);
        }
    }
}
