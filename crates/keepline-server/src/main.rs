//! The binary: flags in, one line out, and a clean end on SIGTERM or SIGINT.

use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use keepline_server::{Options, OptionsError, run};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};

/// A WebSocket server with the endpoints that Keepline's dashboard and examples talk to.
#[derive(Parser)]
#[command(version)]
struct CommandLine {
    /// The address or the name to listen on; 0.0.0.0 for every network.
    #[arg(long, env = "KEEPLINE_HOST", default_value = "127.0.0.1")]
    host: String,

    /// The port to listen on; 0 for any that is free.
    #[arg(long, env = "KEEPLINE_PORT", default_value_t = 5000)]
    port: u16,

    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    raise_open_files();
    match serve(CommandLine::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("keepline-server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Each socket is an open file, and shells allow fewer of them than the system would.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let _fewer_sockets_without =
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

async fn serve(CommandLine { host, port, options }: CommandLine) -> Result<(), ServeError> {
    options.check().map_err(ServeError::Options)?;
    let shutdown = asked_to_stop().map_err(ServeError::Signals)?;
    let cannot_listen = |source| ServeError::Listen { host: host.clone(), port, source };
    let listener = TcpListener::bind((host.as_str(), port)).await.map_err(cannot_listen)?;
    announce(listener.local_addr().map_err(cannot_listen)?);
    run(listener, options, shutdown).await.map_err(ServeError::Options)
}

/// Returns at the first SIGTERM or SIGINT after the call.
fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Whoever started us waits for this line; if nobody does, stdout may be closed.
fn announce(address: SocketAddr) {
    let _nobody_reads = writeln!(io::stdout(), "listening on http://{address}");
}

/// Why the server did not start.
#[derive(Debug)]
enum ServeError {
    Signals(io::Error),
    Listen { host: String, port: u16, source: io::Error },
    Options(OptionsError),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signals(source) => write!(f, "cannot listen for signals: {source}"),
            Self::Listen { host, port, source } if source.kind() == io::ErrorKind::AddrInUse => {
                write!(f, "port {port} of {host} is taken; stop what uses it, or choose another ")?;
                write!(f, "with --port (0 for any that is free)")
            }
            Self::Listen { host, port, source } => {
                write!(f, "cannot listen on port {port} of {host}: {source}")
            }
            Self::Options(source) => source.fmt(f),
        }
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Signals(source) | Self::Listen { source, .. } => Some(source),
            Self::Options(source) => Some(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_flag_has_a_variable_of_the_same_name() {
        let command = CommandLine::command();
        for flag in command.get_arguments() {
            let name = flag.get_long().expect("flags only").to_uppercase().replace('-', "_");
            let variable = flag.get_env().and_then(|variable| variable.to_str());
            assert_eq!(variable, Some(format!("KEEPLINE_{name}").as_str()));
        }
        assert!(command.get_arguments().count() > 2, "the options are flags, too");
    }
}
