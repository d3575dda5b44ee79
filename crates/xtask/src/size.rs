//! `cargo xtask size`: what each codec adds to a page.

use std::fs;
use std::process::ExitCode;

use anyhow::Result;

use crate::project::Project;
use crate::setup::{self, Tools};
use crate::step::Step;
use crate::{dashboard, page};

/// The first one adds nothing: every page has it.
const CODECS: [&str; 5] = ["bytes", "json", "messagepack", "cbor", "postcard"];

pub(crate) fn run(project: &Project) -> Result<ExitCode> {
    setup::for_tidy(project)?;
    let tools = Tools::ready(project)?;
    let mut sizes = Vec::new();
    let arguments = ["-p", "keepline", "--examples", "--target", page::WASM, "--profile", "web"];
    let mut build = project.cargo(&["build"]);
    build.args(arguments);
    Step::new("build a page of each codec", build).succeed()?;
    for codec in CODECS {
        sizes.push(size(project, &tools, codec)?);
    }
    for (codec, size) in CODECS.iter().zip(&sizes) {
        let more = size.saturating_sub(sizes[0]);
        println!("{codec:12} {:>5} KiB, {:>4} KiB more than bytes", size / 1024, more / 1024);
    }
    Ok(ExitCode::SUCCESS)
}

/// The size of the page's optimised wasm, in bytes.
fn size(project: &Project, tools: &Tools, codec: &str) -> Result<u64> {
    let name = format!("size_of_{codec}");
    let folder = project.target.join(format!("xtask/{name}"));
    let wasm = format!("{}/web/examples/{name}.wasm", page::WASM);
    page::bind(project, tools, &project.target.join(wasm), &folder)?;
    dashboard::optimise(project, tools, &folder)?;
    Ok(fs::metadata(folder.join(format!("{name}_bg.wasm")))?.len())
}
