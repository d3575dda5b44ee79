//! `cargo xtask demo`: the server with the dashboard inside it, until Ctrl-C.

use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdout, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::children::{End, Group};
use crate::clock::{Spoken, Stopwatch};
use crate::project::{Project, on_path};
use crate::setup::Tools;
use crate::{dashboard, server};

/// What the server prints, followed by its address, once it listens.
const LISTENING: &str = "listening on ";

/// Where the demo listens.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DemoOptions {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Whether a browser is opened.
    pub(crate) open: bool,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self { host: "127.0.0.1".to_owned(), port: 5000, open: false }
    }
}

pub(crate) fn run(project: &Project, options: &DemoOptions) -> Result<ExitCode> {
    let watch = Stopwatch::start();
    refuse_taken_port(options)?;
    let tools = Tools::ready(project)?;
    dashboard::build(project, &tools)?;
    let program = server::build(project)?;
    say!("everything is built, {}", Spoken(watch.elapsed()));
    serve(&program, options)
}

/// Says so before a long build, not after it.
fn refuse_taken_port(options: &DemoOptions) -> Result<()> {
    let address = (options.host.as_str(), options.port);
    TcpListener::bind(address).map(drop).with_context(|| {
        format!("cannot listen on {}:{}; --port chooses another", options.host, options.port)
    })
}

fn serve(program: &Path, options: &DemoOptions) -> Result<ExitCode> {
    let mut command = Command::new(program);
    command.args(["--host", &options.host, "--port", &options.port.to_string()]);
    let mut group = Group::start(command.stdout(Stdio::piped()))?;
    let stdout = group.leader.stdout.take().context("the server has no output")?;
    let open = options.open;
    let reader = thread::spawn(move || repeat(stdout, open));
    let end = group.wait(Duration::MAX, |_| {});
    reader.join().ok();
    match end {
        End::Exited(status) => bail!("the server ended by itself: {status}"),
        End::Interrupted | End::TimedOut => {
            say!("\nthe server has stopped");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Passes on what the server says, and tells people where to look once it listens.
fn repeat(stdout: ChildStdout, open: bool) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        match line.split_once(LISTENING) {
            Some((_, address)) => welcome(address.trim(), open),
            None => say!("{line}"),
        }
    }
}

fn welcome(address: &str, open: bool) {
    let link = match loopback(address) {
        Some(link) => {
            say!("\nKeepline is at {link}, and on every network of this machine");
            say!("(Ctrl-C ends it)");
            link
        }
        None => {
            say!("\nKeepline is at {address} (Ctrl-C ends it)");
            address.to_owned()
        }
    };
    if open && let Err(error) = show(&link) {
        say!("no browser could be opened: {error:#}");
    }
}

/// A link to this machine, if the server listens at 0.0.0.0 or ::, where no browser can go.
fn loopback(address: &str) -> Option<String> {
    let listening: SocketAddr = address.strip_prefix("http://")?.parse().ok()?;
    let ip: IpAddr = match listening.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V4(_) | IpAddr::V6(_) => return None,
    };
    Some(format!("http://{}", SocketAddr::new(ip, listening.port())))
}

fn show(link: &str) -> Result<()> {
    let opener = ["xdg-open", "open"].into_iter().find_map(on_path);
    let opener = opener.context("there is neither xdg-open nor open")?;
    let mut browser = Command::new(opener);
    browser.arg(link).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // The browser is the user's: it outlives us, and Ctrl-C is not meant for it.
    let mut browser = browser.process_group(0).spawn()?;
    thread::spawn(move || browser.wait());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_every_network_is_shown_on_this_machine() {
        let link = |address| loopback(address).unwrap();
        assert_eq!(link("http://0.0.0.0:5000"), "http://127.0.0.1:5000");
        assert_eq!(link("http://[::]:8123"), "http://[::1]:8123");
    }

    #[test]
    fn a_server_at_one_address_is_shown_there() {
        assert_eq!(loopback("http://127.0.0.1:5000"), None);
        assert_eq!(loopback("http://192.168.1.7:5000"), None);
    }
}
