//! A screen that nobody sees, for the browsers that want one.

use std::process::Command;

use anyhow::Context;

use crate::environment;
use crate::program::Program;
use crate::wait::{PATIENCE, until};

/// A running X server that draws into memory; dropping it ends it.
#[derive(Debug)]
pub struct Display {
    program: Program,
    number: u32,
}

impl Display {
    /// Starts one on a number that nobody else has.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let mut command = Command::new(environment::path(environment::XVFB)?);
        command.args(["-displayfd", "1", "-screen", "0", "1280x1024x24"]);
        command.args(["-nolisten", "tcp", "-noreset"]);
        let program = Program::start(&mut command)?;
        let number = until("a display", PATIENCE, async || {
            Ok(program.printed().lines().find_map(|line| line.parse().ok()))
        })
        .await;
        let number = number.with_context(|| format!("Xvfb printed:\n{}", program.printed()))?;
        Ok(Self { program, number })
    }

    /// Its name, as `DISPLAY` wants it.
    #[must_use]
    pub fn name(&self) -> String {
        format!(":{}", self.number)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // Killed, it would leave its lock and its socket in the system's folder.
        self.program.dismiss();
    }
}
