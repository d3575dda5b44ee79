//! The FastAPI applications of `tests/peers`, and the stories of its `websockets` client.

use std::process::Command;

use anyhow::ensure;

use crate::environment;
use crate::port::Port;
use crate::program::Program;
use crate::server::Server;

/// A running FastAPI application that keeps its port from one start to the next.
#[derive(Debug)]
pub struct Peer {
    port: Port,
    program: Program,
    application: &'static str,
}

impl Peer {
    /// Starts the one that knows nothing of Keepline, on a free port of the loopback.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_application("fastapi_app:app").await
    }

    /// Starts the second implementation of `keepline.v1.json`. Its outbox is small, so that what it
    /// pours takes a while.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn start_second_server() -> anyhow::Result<Self> {
        Self::start_application("keepline_server:app").await
    }

    async fn start_application(application: &'static str) -> anyhow::Result<Self> {
        let port = Port::hold()?;
        let program = listen(&port, application).await?;
        Ok(Self { port, program, application })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The address of `path` for a socket.
    #[must_use]
    pub fn ws(&self, path: &str) -> String {
        self.port.ws(path)
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
        self.program = listen(&self.port, self.application).await?;
        Ok(())
    }
}

/// Lets the `websockets` client live through `story` against `server`.
///
/// # Errors
///
/// When the server gave a wrong answer; the error holds what the client said about it.
pub async fn tell(story: &str, server: &Server) -> anyhow::Result<()> {
    let mut client = Program::start(&mut python(&["client.py", story, &server.http("")])?)?;
    let status = client.end().await?;
    ensure!(status.success(), "the client's {story} ended with {status}:\n{}", client.printed());
    Ok(())
}

async fn listen(port: &Port, application: &str) -> anyhow::Result<Program> {
    let number = port.number().to_string();
    let options = ["--host", "127.0.0.1", "--port", &number, "--no-access-log"];
    let mut uvicorn = python(&["-m", "uvicorn", application])?;
    uvicorn.args(options).env("KEEPLINE_OUTBOX_MESSAGES", "128");
    let mut program = Program::start(&mut uvicorn)?;
    program.prints(&format!("Uvicorn running on {}", port.http(""))).await?;
    Ok(program)
}

fn python(arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(environment::path(environment::PYTHON)?);
    command.args(arguments).current_dir(environment::peers()).env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}
