//! A checkout of the suite, served by its own server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use e2e::program::Program;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::copy;

/// The name that the suite gives its pages' host; the browsers are told that it is this machine.
const HOST: &str = "web-platform.test";

/// A folder with the suite in it.
pub(crate) struct Checkout {
    folder: PathBuf,
}

impl Checkout {
    pub(crate) fn at(folder: &Path) -> anyhow::Result<Self> {
        let folder = fs::canonicalize(folder)
            .with_context(|| format!("there is no folder {}", folder.display()))?;
        for part in ["wpt", "websockets", "resources/testharness.js", "tools/serve/serve.py"] {
            ensure!(
                folder.join(part).exists(),
                "{} is no checkout of web-platform-tests: it has no {part}",
                folder.display()
            );
        }
        Ok(Self { folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// The suite's server, with or without a script that runs before everything else; dropping it ends
/// the server.
pub(crate) struct Serving {
    ports: Vec<u16>,
    is_native: bool,
    program: Program,
    _root: TempDir,
}

impl Serving {
    /// The checkout stays as it is: what is served is a copy of links to it, in which some files
    /// are our own.
    pub(crate) async fn start(checkout: &Checkout, script: Option<&Path>) -> anyhow::Result<Self> {
        let root = tempfile::tempdir()?;
        let documents = root.path().join("documents");
        copy::lay_out(&checkout.folder, &documents, script)?;
        let ports = free_ports().await?;
        let settings = settings(checkout, &documents, &ports);
        let file = root.path().join("config.json");
        fs::write(&file, settings.to_string())?;
        let mut command = Command::new("python3");
        command.args(["wpt", "--skip-venv-setup", "serve", "--config"]).arg(file);
        command.current_dir(&checkout.folder);
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUNBUFFERED", "1");
        let mut program = Program::start(&mut command)?;
        let port = ports[0];
        let sockets = &settings["ports"]["ws"][0];
        program.prints(&format!("http on port {port}] INFO - Starting http server")).await?;
        program.prints(&format!("ws on port {sockets}] INFO - Listen on:")).await?;
        let is_native = script.is_none();
        Ok(Self { ports, is_native, program, _root: root })
    }

    /// Whether the pages have the browser's own class.
    pub(crate) fn is_native(&self) -> bool {
        self.is_native
    }

    /// Which class the pages have, in a word.
    pub(crate) fn class(&self) -> &'static str {
        if self.is_native { "native" } else { "ours" }
    }

    /// Where a test runs.
    pub(crate) fn page(&self, test: &str) -> String {
        format!("http://{HOST}:{}{test}", self.ports[0])
    }

    /// The name of a test without the ports of this run.
    pub(crate) fn portless(&self, name: &str) -> String {
        self.ports.iter().fold(name.to_owned(), |name, port| name.replace(&format!(":{port}"), ""))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It is several processes, one for each port, and ends the others only if it is asked.
        self.program.interrupt();
    }
}

fn settings(checkout: &Checkout, documents: &Path, ports: &[u16]) -> Value {
    let [a, b, c, d, e, f, g, h, i, j, k] = ports else { return Value::Null };
    json!({
        "browser_host": HOST,
        "doc_root": documents,
        "ws_doc_root": checkout.folder.join("websockets/handlers"),
        "check_subdomains": false,
        "bind_address": false,
        "ports": {
            "http": [a, b], "https": [c, d], "ws": [e], "wss": [f], "h2": [g],
            "http-local": [h], "http-public": [i], "https-local": [j], "https-public": [k],
        },
    })
}

/// How many ports the suite's server listens on.
const PORTS: usize = 11;

/// Ports that nobody listens on now. The suite's server is to be told them beforehand.
async fn free_ports() -> anyhow::Result<Vec<u16>> {
    let mut held = Vec::new();
    for _ in 0..PORTS {
        held.push(TcpListener::bind(("0.0.0.0", 0)).await?);
    }
    Ok(held.iter().map(|it| it.local_addr().map(|it| it.port())).collect::<Result<_, _>>()?)
}
