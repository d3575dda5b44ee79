//! What the npm package has in it when it is installed: the files, and what its documents claim.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};
use e2e::server::Server;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use crate::installed::{Installed, PATIENCE};

/// Those that are written for whoever has installed it.
const DOCUMENTS: [&str; 2] = ["README.md", "MIGRATING.md"];

/// What blocks name that somebody else provides.
const OF_OTHERS: &str =
    "declare const Client: new (options: { webSocketImpl: typeof WebSocket }) => object;\n";

#[tokio::test]
async fn what_is_packed_is_what_is_needed() -> anyhow::Result<()> {
    let user = Installed::alone().await?;
    let package = user.package();
    let mut packed = Vec::new();
    list(&package, &mut packed)?;
    let mut packed: Vec<_> =
        packed.iter().filter_map(|path| path.strip_prefix(&package).ok()?.to_str()).collect();
    packed.sort_unstable();
    assert_eq!(
        packed,
        [
            "LICENSE-APACHE",
            "LICENSE-MIT",
            "MIGRATING.md",
            "README.md",
            "dist/codec.d.ts",
            "dist/endpoint.d.ts",
            "dist/errors.d.ts",
            "dist/events.d.ts",
            "dist/index.d.ts",
            "dist/index.js",
            "dist/line.d.ts",
            "dist/options.d.ts",
            "dist/packed.js",
            "dist/status.d.ts",
            "dist/terms.d.ts",
            "dist/websocket.d.ts",
            "dist/websocket/options.d.ts",
            "dist/works.d.ts",
            "package.json",
        ]
    );
    Ok(())
}

#[tokio::test]
async fn every_link_of_its_documents_leads_to_what_is_packed() -> anyhow::Result<()> {
    let user = Installed::alone().await?;
    for document in DOCUMENTS {
        let text = fs::read_to_string(user.package().join(document))?;
        for link in links(&text) {
            if link.contains("://") {
                continue;
            }
            let path = link.split('#').next().unwrap_or_default();
            let leads_out = path.split('/').any(|part| part == "..");
            let is_there = !leads_out && user.package().join(path).exists();
            ensure!(is_there, "{document} links to {link}, which is not packed");
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_block_of_code_in_its_documents_compiles() -> anyhow::Result<()> {
    let user = Installed::alone().await?;
    fs::write(user.folder.join("others.d.ts"), OF_OTHERS)?;
    let mut files = vec!["others.d.ts".to_owned()];
    for document in DOCUMENTS {
        let text = fs::read_to_string(user.package().join(document))?;
        for (number, block) in blocks(&text).iter().enumerate() {
            let file = format!("{document}.{number}.ts");
            fs::write(user.folder.join(&file), on_its_own(block))?;
            files.push(file);
        }
    }
    ensure!(files.len() > DOCUMENTS.len(), "there are no blocks of code");
    let files: Vec<_> = files.iter().map(String::as_str).collect();
    user.compiles(&files, "esnext", "bundler").await
}

#[tokio::test]
async fn the_first_example_of_its_readme_does_what_it_says() -> anyhow::Result<()> {
    let (server, user) = (Server::start().await?, Installed::alone().await?);
    let readme = fs::read_to_string(user.package().join("README.md"))?;
    let first = blocks(&readme).into_iter().next().context("there is no example")?;
    let script = first.replace("wss://example.org/chat", &server.ws("/echo"));
    ensure!(script != first, "the example leads elsewhere");
    fs::write(user.folder.join("first.mjs"), script)?;
    let mut node = Command::new("node");
    node.args(["--experimental-websocket", "--no-warnings", "first.mjs"]);
    node.current_dir(&user.folder).stdout(Stdio::piped()).kill_on_drop(true);
    let mut node = node.spawn()?;
    let mut said = BufReader::new(node.stdout.take().context("it has an output")?).lines();
    let told = async {
        let mut lines = Vec::new();
        while let Some(line) = said.next_line().await? {
            lines.push(line);
            if lines.last().is_some_and(|line| line == "{ hello: 'world' }") {
                return Ok(lines);
            }
        }
        anyhow::bail!("it has ended, and said {lines:?}")
    };
    let lines = timeout(PATIENCE, told).await.context("the message does not come back")??;
    ensure!(lines.iter().any(|line| line == "online"), "it says {lines:?}");
    Ok(())
}

/// A block as a module: what an earlier one has imported, it need not import again.
fn on_its_own(block: &str) -> String {
    let imports = "import { connect, KeeplineWebSocket, StopError } from \"keepline\";\n";
    if block.contains("from \"keepline\"") { block.into() } else { format!("{imports}{block}") }
}

/// The blocks of JavaScript and TypeScript in a document.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == "```js" || line == "```ts" {
            let block = lines.by_ref().take_while(|line| *line != "```");
            blocks.push(block.map(|line| format!("{line}\n")).collect());
        }
    }
    blocks
}

/// Where the links of a document lead.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0))
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
