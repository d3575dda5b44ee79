//! Keepline's own server, as a program.

use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::environment;
use crate::port::Port;
use crate::program::Program;

/// A running server that keeps its port from one start to the next.
#[derive(Debug)]
pub struct Server {
    port: Port,
    flags: Vec<String>,
    /// The one of its examples that this is, if it is one.
    example: Option<&'static str>,
    program: Program,
}

impl Server {
    /// Starts the server on a free port of the loopback.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(&[]).await
    }

    /// Starts the server on a free port of the loopback, with these flags.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn start_with(flags: &[&str]) -> anyhow::Result<Self> {
        Self::start_one(None, flags).await
    }

    /// Starts the one whose sessions want credentials: `alice`, or `alice 5000` for somebody whose
    /// credentials expire after so many milliseconds. Those of `nobody` are refused.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn start_verifying() -> anyhow::Result<Self> {
        Self::start_one(Some("verifying"), &[]).await
    }

    /// Starts the one that writes each message of `/session/echo` into this file before it answers.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn start_writing(ledger: &Path) -> anyhow::Result<Self> {
        let ledger = ledger.to_str().context("a path in UTF-8")?;
        Self::start_one(Some("ledger"), &[ledger]).await
    }

    async fn start_one(example: Option<&'static str>, flags: &[&str]) -> anyhow::Result<Self> {
        let port = Port::hold()?;
        let flags: Vec<_> = flags.iter().map(|&flag| flag.to_owned()).collect();
        let program = listen(&port, example, &flags).await?;
        Ok(Self { port, flags, example, program })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The address of `path` for a page.
    #[must_use]
    pub fn http(&self, path: &str) -> String {
        self.port.http(path)
    }

    /// The address of `path` for a socket.
    #[must_use]
    pub fn ws(&self, path: &str) -> String {
        self.port.ws(path)
    }

    /// Stops it as an operator does, with SIGTERM.
    ///
    /// # Errors
    ///
    /// When it does not end, or not with success.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.program.terminate().await
    }

    /// Kills it, as the power supply does.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.program.kill()
    }

    /// Starts it again, on the same port.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        self.program = listen(&self.port, self.example, &self.flags).await?;
        Ok(())
    }
}

async fn listen(port: &Port, example: Option<&str>, flags: &[String]) -> anyhow::Result<Program> {
    let mut command = match example {
        None => {
            let mut command = Command::new(environment::path(environment::SERVER)?);
            command.args(["--host", "127.0.0.1", "--port", &port.number().to_string()]);
            command
        }
        Some(name) => {
            let mut command = Command::new(environment::path(environment::EXAMPLES)?.join(name));
            command.arg(format!("127.0.0.1:{}", port.number()));
            command
        }
    };
    let mut program = Program::start(command.args(flags))?;
    program.prints(&format!("listening on {}", port.http(""))).await?;
    Ok(program)
}
