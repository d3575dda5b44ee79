//! Keepline's own server, as a program.

use std::process::Command;

use crate::environment;
use crate::port::Port;
use crate::program::Program;

/// A running server that keeps its port from one start to the next.
#[derive(Debug)]
pub struct Server {
    port: Port,
    flags: Vec<String>,
    wants_credentials: bool,
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
        let port = Port::hold()?;
        let flags: Vec<_> = flags.iter().map(|&flag| flag.to_owned()).collect();
        let program = listen(&port, &flags).await?;
        Ok(Self { port, flags, wants_credentials: false, program })
    }

    /// Starts the one whose sessions want credentials: `alice`, or `alice 5000` for somebody whose
    /// credentials expire after so many milliseconds. Those of `nobody` are refused.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn start_verifying() -> anyhow::Result<Self> {
        let port = Port::hold()?;
        let program = listen_verifying(&port).await?;
        Ok(Self { port, flags: Vec::new(), wants_credentials: true, program })
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
        self.program = match self.wants_credentials {
            true => listen_verifying(&self.port).await?,
            false => listen(&self.port, &self.flags).await?,
        };
        Ok(())
    }
}

async fn listen(port: &Port, flags: &[String]) -> anyhow::Result<Program> {
    let mut command = Command::new(environment::path(environment::SERVER)?);
    command.args(["--host", "127.0.0.1", "--port", &port.number().to_string()]).args(flags);
    let mut program = Program::start(&mut command)?;
    program.prints(&format!("listening on {}", port.http(""))).await?;
    Ok(program)
}

async fn listen_verifying(port: &Port) -> anyhow::Result<Program> {
    let mut command = Command::new(environment::path(environment::VERIFYING)?);
    command.arg(format!("127.0.0.1:{}", port.number()));
    let mut program = Program::start(&mut command)?;
    program.prints(&format!("listening on {}", port.http(""))).await?;
    Ok(program)
}
