//! `cargo xtask demo`: the server with the dashboard inside it, until Ctrl-C.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
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
    println!("everything is built, {}", Spoken(watch.elapsed()));
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
            println!(
                "
the server has stopped"
            );
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Passes on what the server says, and tells people where to look once it listens.
fn repeat(stdout: ChildStdout, open: bool) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        match line.split_once(LISTENING) {
            Some((_, address)) => welcome(address.trim(), open),
            None => println!("{line}"),
        }
    }
}

fn welcome(address: &str, open: bool) {
    println!("\nKeepline is at {address} (Ctrl-C ends it)");
    if open && let Err(error) = show(address) {
        println!("no browser could be opened: {error:#}");
    }
}

fn show(address: &str) -> Result<()> {
    let opener = ["xdg-open", "open"].into_iter().find_map(on_path);
    let opener = opener.context("there is neither xdg-open nor open")?;
    let mut browser = Command::new(opener);
    browser.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    browser.spawn()?;
    Ok(())
}
