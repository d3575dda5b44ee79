//! `cargo xtask size`: what a page downloads, of the npm package and of each codec of the SDK.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use crate::npm::Package;
use crate::project::Project;
use crate::setup::{self, Tools};
use crate::step::Step;
use crate::weight::{self, Weight};
use crate::{dashboard, page};

/// The first one adds nothing: every page has it.
const CODECS: [&str; 5] = ["bytes", "json", "messagepack", "cbor", "postcard"];

/// How sizes are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SizeOptions {
    pub(crate) json: bool,
}

pub(crate) fn run(project: &Project, options: SizeOptions) -> Result<ExitCode> {
    setup::for_tidy(project)?;
    let tools = Tools::ready(project)?;
    let package = Package::new(project)?;
    package.build(&tools)?;
    let mut sizes = package.sizes()?;
    sizes.extend(codecs(project, &tools)?);
    for (what, weight) in &sizes {
        match options.json {
            true => say!("{}", weight.json(what)),
            false => say!(
                "{what:24} {:>8} bytes, {:>8} by gzip, {:>8} by brotli",
                weight.bytes,
                weight.gzip,
                weight.brotli
            ),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The optimised wasm of a page with each codec.
fn codecs(project: &Project, tools: &Tools) -> Result<Vec<(String, Weight)>> {
    let arguments = ["-p", "keepline", "--examples", "--target", page::WASM, "--profile", "web"];
    let mut build = project.cargo(&["build"]);
    build.args(arguments);
    Step::new("build a page of each codec", build).succeed()?;
    let files: Vec<PathBuf> =
        CODECS.iter().map(|codec| wasm(project, tools, codec)).collect::<Result<_>>()?;
    let weights = weight::weigh(project, &files)?;
    let names = CODECS.iter().map(|codec| format!("codec {codec}"));
    Ok(names.zip(weights).collect())
}

fn wasm(project: &Project, tools: &Tools, codec: &str) -> Result<PathBuf> {
    let name = format!("size_of_{codec}");
    let folder = project.target.join(format!("xtask/{name}"));
    let wasm = format!("{}/web/examples/{name}.wasm", page::WASM);
    page::bind(project, tools, &project.target.join(wasm), &folder)?;
    dashboard::optimise(project, tools, &folder)?;
    Ok(folder.join(format!("{name}_bg.wasm")))
}
