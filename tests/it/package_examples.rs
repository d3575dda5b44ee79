//! The examples of the npm package: built as they are, and used in a real browser.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::browser::{Browser, Engine};
use e2e::environment;
use e2e::port::Port;
use e2e::proxy::Proxy;
use e2e::raw_peer::RawPeer;
use e2e::server::Server;
use e2e::site::StaticSite;
use e2e::tab::Tab;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

/// A build takes seconds; on a busy machine, a minute.
const PATIENCE: Duration = Duration::from_secs(180);

/// A copy of one example, as somebody who has installed what it names.
struct Example {
    folder: PathBuf,
    _scratch: TempDir,
}

impl Example {
    fn of(name: &str) -> anyhow::Result<Self> {
        let scratch = tempfile::tempdir()?;
        let package = environment::path(environment::PACKAGE)?;
        let folder = scratch.path().join(name);
        copy(&package.join("examples").join(name), &folder)?;
        let modules = folder.join("node_modules");
        fs::create_dir(&modules)?;
        let installed = environment::path(environment::NODE_PACKAGES)?.join("node_modules");
        for entry in fs::read_dir(installed)? {
            let entry = entry?;
            symlink(entry.path(), modules.join(entry.file_name()))?;
        }
        symlink(package, modules.join("keepline"))?;
        Ok(Self { folder, _scratch: scratch })
    }

    /// Runs a program of its packages in its folder.
    async fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = Command::new(self.folder.join("node_modules/.bin").join(program));
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null()).kill_on_drop(true);
        // Only the development build of React mounts twice.
        command.env("NODE_ENV", "development");
        let output = timeout(PATIENCE, command.output()).await.context("it takes too long")??;
        let said = [output.stdout, output.stderr].concat();
        ensure!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&said));
        Ok(())
    }

    /// Opens the page in this part of its folder, and talks over its line, which is cut meanwhile.
    async fn is_used(&self, part: &str) -> anyhow::Result<()> {
        let (server, browser) =
            (Server::start().await?, Browser::start_of(Engine::Chromium).await?);
        let proxy = Proxy::start(server.port()).await?;
        let site = StaticSite::of_folder(&self.folder.join(part)).await?;
        let page = site.http(&format!("/index.html?server={}", proxy.ws("/echo")));
        let tab = Tab::open(&browser, &page).await?;
        tab.reads("#status", "online").await?;
        say(&tab, "one", 1).await?;
        ensure!(proxy.open() == 1, "{} sockets are open", proxy.open());
        proxy.cut();
        say(&tab, "two", 2).await?;
        ensure!(proxy.open() == 1, "{} sockets are open", proxy.open());
        let console = browser.console().await?;
        // The browser's own words, and those with which React recommends its tools.
        let others = ["/favicon.ico", "WebSocket connection", "react.dev/link/react-devtools"];
        let is_ours = |line: &&str| !others.iter().any(|other| line.contains(other));
        let ours: Vec<_> = console.lines().filter(is_ours).collect();
        ensure!(ours.is_empty(), "the console says {ours:#?}");
        Ok(())
    }
}

async fn say(tab: &Tab<'_>, words: &str, count: usize) -> anyhow::Result<()> {
    tab.fill("#words", words).await?;
    tab.click("button").await?;
    let heard = tab.shows(words, "#heard li", |heard| heard.len() >= count).await?;
    ensure!(heard.len() == count && heard[count - 1] == words, "{heard:?} was heard");
    Ok(())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            // What somebody has tried out by hand.
            true if entry.file_name() == "node_modules" => {}
            true => copy(&entry.path(), &target)?,
            false => drop(fs::copy(entry.path(), target)?),
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_page_without_a_bundler() -> anyhow::Result<()> {
    let example = Example::of("plain")?;
    let dist = environment::path(environment::PACKAGE)?.join("dist");
    copy(&dist, &example.folder.join("keepline"))?;
    example.is_used(".").await
}

#[tokio::test]
async fn typescript_with_vite() -> anyhow::Result<()> {
    let example = Example::of("vite")?;
    example.run("tsc", &["--project", "."]).await?;
    example.run("vite", &["build", "--base", "./"]).await?;
    example.is_used("dist").await
}

#[tokio::test]
async fn react_in_strict_mode_has_one_socket_and_a_quiet_console() -> anyhow::Result<()> {
    let example = Example::of("react")?;
    example.run("tsc", &["--project", "."]).await?;
    example.run("vite", &["build", "--base", "./", "--mode", "development"]).await?;
    example.is_used("dist").await
}

#[tokio::test]
async fn a_worker_bundled_by_esbuild() -> anyhow::Result<()> {
    let example = Example::of("worker")?;
    let bundle = ["--bundle", "--format=esm", "--splitting", "--outdir=dist"];
    example.run("esbuild", &[&["index.js", "worker.js"], bundle.as_slice()].concat()).await?;
    example.is_used(".").await
}

/// By bundlers' rules for finding modules and by Node's, with everything checked.
#[tokio::test]
async fn every_export_has_types() -> anyhow::Result<()> {
    let example = Example::of("vite")?;
    let package = environment::path(environment::PACKAGE)?;
    let options = "--strict --noEmit --skipLibCheck false --target es2022 --types \"\" \
                   --lib es2022,dom,dom.iterable,dom.asynciterable --ignoreConfig";
    let options: Vec<&str> = options.split_whitespace().map(|it| it.trim_matches('"')).collect();
    for (rules, module, file) in
        [("bundler", "esnext", "types.ts"), ("nodenext", "nodenext", "types.mts")]
    {
        fs::copy(package.join("tests/types.ts"), example.folder.join(file))?;
        let found = ["--moduleResolution", rules, "--module", module, file];
        example.run("tsc", &[options.as_slice(), &found].concat()).await?;
    }
    Ok(())
}

/// What somebody installs: the package as `npm pack` makes it, in Node, without a browser.
#[tokio::test]
async fn node_with_a_websocket_of_its_own() -> anyhow::Result<()> {
    let server = Server::start().await?;
    node(&[], "node.mjs", &[server.ws("/echo"), server.ws("/session/echo")]).await
}

/// Lines that have ended keep no process alive, and nothing of them is kept.
#[tokio::test]
async fn a_node_process_ends_when_its_lines_have() -> anyhow::Result<()> {
    let (server, closed) = (Server::start().await?, Port::hold()?);
    let silent = RawPeer::start().await?;
    let (plain, session) = (server.ws("/echo"), server.ws("/session/echo"));
    let addresses = [plain, session, closed.ws("/"), silent.ws("/hang")];
    node(&[], "node_process.mjs", &addresses).await
}

/// Node 20 has one that it calls experimental.
#[tokio::test]
async fn node_with_the_websocket_that_it_brings() -> anyhow::Result<()> {
    let server = Server::start().await?;
    let flags = ["--experimental-websocket", "--no-warnings"];
    node(&flags, "node_native.mjs", &[server.ws("/echo"), server.ws("/session/echo")]).await
}

/// Runs a script of `page/shell` where the package is installed, until it ends by itself.
async fn node(flags: &[&str], script: &str, addresses: &[String]) -> anyhow::Result<()> {
    let example = Example::of("vite")?;
    fs::copy(environment::shell().join(script), example.folder.join(script))?;
    let mut node = Command::new("node");
    node.args(flags).arg(script).args(addresses).current_dir(&example.folder).kill_on_drop(true);
    let output = timeout(PATIENCE, node.output()).await.context("it does not end")??;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// A bundler leaves out what a page does not use.
#[tokio::test]
async fn a_page_that_only_connects_does_not_carry_the_drop_in() -> anyhow::Result<()> {
    let example = Example::of("vite")?;
    let (drop_in, client) = ("Illegal invocation", "only a session knows");
    for (export, used, unused) in
        [("connect", client, drop_in), ("KeeplineWebSocket", drop_in, client)]
    {
        let page = example.folder.join("page.js");
        fs::write(&page, format!("export {{ {export} }} from \"keepline\";\n"))?;
        let bundle = ["page.js", "--bundle", "--format=esm", "--splitting", "--outdir=alone"];
        example.run("esbuild", &bundle).await?;
        let script = fs::read_to_string(example.folder.join("alone/page.js"))?;
        ensure!(script.contains(used), "{export} needs {used:?}");
        ensure!(!script.contains(unused), "{export} does not need {unused:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_packed_is_what_is_needed() -> anyhow::Result<()> {
    let mut npm = Command::new("npm");
    npm.args(["pack", "--dry-run", "--json"]).current_dir(environment::path(environment::PACKAGE)?);
    let output = timeout(PATIENCE, npm.output()).await.context("it does not end")??;
    let told: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let files = told[0]["files"].as_array().context("npm tells no files")?;
    let mut others: Vec<_> = files.iter().filter_map(|file| file["path"].as_str()).collect();
    for needed in ["dist/index.js", "dist/index.d.ts", "dist/packed.js"] {
        ensure!(others.contains(&needed), "{needed} is missing in {others:?}");
    }
    others.retain(|path| !path.starts_with("dist/"));
    others.sort_unstable();
    assert_eq!(others, ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json"]);
    Ok(())
}
