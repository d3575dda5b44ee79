//! The examples of the npm package: built as they are, and used in a real browser.

use std::fs;

use anyhow::ensure;
use e2e::browser::{Browser, Engine};
use e2e::environment;
use e2e::port::Port;
use e2e::proxy::Proxy;
use e2e::raw_peer::RawPeer;
use e2e::server::Server;
use e2e::site::StaticSite;
use e2e::tab::Tab;

use crate::installed::{Installed, copy};

/// Opens the page in this part of its folder, and talks over its line, which is cut meanwhile.
async fn is_used(example: &Installed, part: &str) -> anyhow::Result<()> {
    let (server, browser) = (Server::start().await?, Browser::start_of(Engine::Chromium).await?);
    let proxy = Proxy::start(server.port()).await?;
    let site = StaticSite::of_folder(&example.folder.join(part)).await?;
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

async fn say(tab: &Tab<'_>, words: &str, count: usize) -> anyhow::Result<()> {
    tab.fill("#words", words).await?;
    tab.click("button").await?;
    let heard = tab.shows(words, "#heard li", |heard| heard.len() >= count).await?;
    ensure!(heard.len() == count && heard[count - 1] == words, "{heard:?} was heard");
    Ok(())
}

#[tokio::test]
async fn a_page_without_a_bundler() -> anyhow::Result<()> {
    let example = Installed::beside_example("plain").await?;
    copy(&example.package().join("dist"), &example.folder.join("keepline"))?;
    is_used(&example, ".").await
}

#[tokio::test]
async fn typescript_with_vite() -> anyhow::Result<()> {
    let example = Installed::beside_example("vite").await?;
    example.run("tsc", &["--project", "."]).await?;
    example.run("vite", &["build", "--base", "./"]).await?;
    is_used(&example, "dist").await
}

#[tokio::test]
async fn react_in_strict_mode_has_one_socket_and_a_quiet_console() -> anyhow::Result<()> {
    let example = Installed::beside_example("react").await?;
    example.run("tsc", &["--project", "."]).await?;
    example.run("vite", &["build", "--base", "./", "--mode", "development"]).await?;
    is_used(&example, "dist").await
}

#[tokio::test]
async fn a_worker_bundled_by_esbuild() -> anyhow::Result<()> {
    let example = Installed::beside_example("worker").await?;
    let bundle = ["--bundle", "--format=esm", "--splitting", "--outdir=dist"];
    example.run("esbuild", &[&["index.js", "worker.js"], bundle.as_slice()].concat()).await?;
    is_used(&example, ".").await
}

/// By bundlers' rules for finding modules and by Node's, with everything checked.
#[tokio::test]
async fn every_export_has_types() -> anyhow::Result<()> {
    let user = Installed::alone().await?;
    let types = environment::path(environment::PACKAGE)?.join("tests/types.ts");
    for (file, module, rules) in
        [("types.ts", "esnext", "bundler"), ("types.mts", "nodenext", "nodenext")]
    {
        fs::copy(&types, user.folder.join(file))?;
        user.compiles(&[file], module, rules).await?;
    }
    Ok(())
}

/// What somebody installs, in Node, without a browser.
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
    let user = Installed::alone().await?;
    fs::copy(environment::shell().join(script), user.folder.join(script))?;
    let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
    user.node(&[flags, &[script], &addresses].concat()).await
}

/// A bundler leaves out what a page does not use.
#[tokio::test]
async fn a_page_that_only_connects_does_not_carry_the_drop_in() -> anyhow::Result<()> {
    let user = Installed::alone().await?;
    let (drop_in, client) = ("Illegal invocation", "only a session knows");
    for (export, used, unused) in
        [("connect", client, drop_in), ("KeeplineWebSocket", drop_in, client)]
    {
        let page = user.folder.join("page.js");
        fs::write(&page, format!("export {{ {export} }} from \"keepline\";\n"))?;
        let bundle = ["page.js", "--bundle", "--format=esm", "--splitting", "--outdir=alone"];
        user.run("esbuild", &bundle).await?;
        let script = fs::read_to_string(user.folder.join("alone/page.js"))?;
        ensure!(script.contains(used), "{export} needs {used:?}");
        ensure!(!script.contains(unused), "{export} does not need {unused:?}");
    }
    Ok(())
}
