//! Keepline's own server, as a program.

use std::process::Command;

use anyhow::Context;

use crate::environment;
use crate::program::Program;

/// A running server that keeps its port from one start to the next.
#[derive(Debug)]
pub struct Server {
    port: u16,
    program: Program,
}

impl Server {
    /// Starts the server on a free port of the loopback.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let (program, port) = listen(0).await?;
        Ok(Self { port, program })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of `path` for a page.
    #[must_use]
    pub fn http(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The address of `path` for a socket.
    #[must_use]
    pub fn ws(&self, path: &str) -> String {
        format!("ws://127.0.0.1:{}{path}", self.port)
    }

    /// Stops it as an operator does, with SIGTERM.
    ///
    /// # Errors
    ///
    /// When it does not end, or not with success.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.program.terminate().await
    }

    /// Starts it again, on the same port.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        (self.program, _) = listen(self.port).await?;
        Ok(())
    }
}

async fn listen(port: u16) -> anyhow::Result<(Program, u16)> {
    let mut command = Command::new(environment::path(environment::SERVER)?);
    command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
    let mut program = Program::start(&mut command)?;
    let address = program.prints("listening on http://127.0.0.1:").await?;
    let port = address.trim_end().parse().with_context(|| format!("no port: {address}"))?;
    Ok((program, port))
}
