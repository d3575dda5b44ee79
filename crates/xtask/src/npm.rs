//! The npm package, built from the core and the TypeScript of `crates/keepline-js`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zopfli::{Format, Options};

use crate::alike;
use crate::page::WASM;
use crate::project::Project;
use crate::setup::{self, Tools};
use crate::step::{Report, Step};
use crate::weight::{self, Weight};

const CRATE: &str = "crates/keepline-js";

/// The core calls nothing deeply; a module has 1 MiB for that by default, and each page its own.
const STACK: &str = "link-arg=-zstack-size=131072";

/// What makes the core smallest after compression, found by trying: each of them saves some bytes,
/// and their order counts. The features are those that rustc has noted.
const OPTIMISED: [&str; 20] = [
    "--constraint-analysis",
    "--remove-unused-brs",
    "-Oz",
    "--flatten",
    "--coalesce-locals-learning",
    "--rereloop",
    "--flatten",
    "--precompute-propagate",
    "-Oz",
    "--flatten",
    "-Oz",
    "--dealign",
    "-ocimfs",
    "5",
    "-aimfs",
    "0",
    "--low-memory-unused",
    "--strip-debug",
    "--strip-producers",
    "--strip-target-features",
];

/// The package's folder, and the programs that build it.
pub(crate) struct Package<'a> {
    project: &'a Project,
    /// `crates/keepline-js`.
    pub(crate) folder: PathBuf,
    /// The folder of the pinned packages.
    pub(crate) modules: PathBuf,
}

impl<'a> Package<'a> {
    pub(crate) fn new(project: &'a Project) -> Result<Self> {
        let modules = setup::npm_packages(project)?;
        Ok(Self { project, folder: project.root.join(CRATE), modules })
    }

    /// Builds all that users get, into `dist`.
    pub(crate) fn build(&self, tools: &Tools) -> Result<()> {
        self.core(tools)?;
        let dist = self.folder.join("dist");
        if dist.exists() {
            fs::remove_dir_all(&dist)?;
        }
        self.bundle()?;
        self.types()?;
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            fs::copy(self.project.root.join(licence), self.folder.join(licence))?;
        }
        self.hold_budget()
    }

    /// What a page loads of it, in all and in parts.
    pub(crate) fn sizes(&self) -> Result<Vec<(String, Weight)>> {
        let files = ["dist/index.js", "dist/packed.js", "pkg/core.wasm"];
        let mut files: Vec<_> = files.iter().map(|file| self.folder.join(file)).collect();
        for export in ["connect", "KeeplineWebSocket"] {
            files.push(self.alone(export)?);
        }
        let weights = weight::weigh(self.project, &files)?;
        let [script, core, wasm, client, drop_in] = weights[..] else {
            bail!("five files have five weights");
        };
        let named = [
            ("total", script.and(core)),
            ("script", script),
            ("core", core),
            ("wasm", wasm),
            ("connect alone", client.and(core)),
            ("drop-in alone", drop_in.and(core)),
        ];
        Ok(named.map(|(name, weight)| (format!("npm {name}"), weight)).into())
    }

    /// The script of a page that uses nothing but this export, as its bundler makes it.
    fn alone(&self, export: &str) -> Result<PathBuf> {
        let page = self.project.target.join(format!("xtask/alone/{export}.js"));
        if let Some(folder) = page.parent() {
            fs::create_dir_all(folder)?;
        }
        let package = self.folder.join("dist/index.js");
        fs::write(&page, format!("export {{ {export} }} from {:?};\n", package.display()))?;
        let script = page.with_extension("min.js");
        let mut esbuild = self.tool("esbuild");
        esbuild.arg(&page).arg(format!("--outfile={}", script.display()));
        esbuild.args(["--bundle", "--minify", "--format=esm", "--external:./packed.js"]);
        Step::new(format!("bundle a page with {export}"), esbuild).succeed()?;
        Ok(script)
    }

    fn hold_budget(&self) -> Result<()> {
        let total = self.sizes()?.first().map_or(0, |(_, total)| total.gzip);
        weight::hold_budget(&self.folder.join("budget.json"), total)
    }

    /// The wasm, and the same packed, into `pkg`.
    fn core(&self, tools: &Tools) -> Result<()> {
        let mut cargo = self.project.cargo(&["rustc", "-p", "keepline-js", "--target", WASM]);
        cargo.args(["--profile", "npm", "--", "-C", STACK]);
        Step::new("build the core for npm", cargo).succeed()?;
        let built = self.project.target.join(format!("{WASM}/npm/keepline_js.wasm"));
        let pkg = self.folder.join("pkg");
        fs::create_dir_all(&pkg)?;
        let wasm = pkg.join("core.wasm");
        self.optimise(tools, &built, &wasm)?;
        fs::write(&wasm, alike::together(&fs::read(&wasm)?)?)?;
        pack(&wasm, &pkg)
    }

    fn optimise(&self, tools: &Tools, built: &Path, wasm: &Path) -> Result<()> {
        let wasm_opt = tools.wasm_opt.as_ref().context("the npm package needs wasm-opt")?;
        let mut command = self.project.command(wasm_opt);
        command.args(OPTIMISED).arg(built).arg("-o").arg(wasm);
        Step::new("wasm-opt -Oz, three times", command).succeed()?;
        Ok(())
    }

    /// The script, and the packed core beside it, as it is.
    fn bundle(&self) -> Result<()> {
        let mut rolldown = self.tool("rolldown");
        rolldown.args(["--config", "tools/rolldown.config.mjs"]);
        Step::new("bundle the npm package", rolldown).succeed()?;
        fs::copy(self.folder.join("pkg/packed.js"), self.folder.join("dist/packed.js"))?;
        Ok(())
    }

    fn types(&self) -> Result<()> {
        Step::new("check and write its types", self.tool("tsc")).succeed()?;
        Ok(())
    }

    /// Whether its sources are formatted.
    pub(crate) fn is_formatted(&self) -> Result<Report> {
        let mut prettier = self.tool("prettier");
        prettier.args(["--check", "--log-level=warn", "ts", "examples", "tests", "tools"]);
        Step::new("formatting of the npm package", prettier).run()
    }

    /// A program of the pinned packages, run in the package's folder.
    pub(crate) fn tool(&self, name: &str) -> Command {
        let mut command = self.project.command(self.modules.join("node_modules/.bin").join(name));
        command.current_dir(&self.folder);
        command
    }
}

/// Writes the wasm as a script with a text in it, compressed: every bundler takes that along, and
/// in what a server compresses again, the text weighs what it holds.
fn pack(wasm: &Path, pkg: &Path) -> Result<()> {
    let mut packed = Vec::new();
    zopfli::compress(Options::default(), Format::Zlib, fs::read(wasm)?.as_slice(), &mut packed)?;
    let text = BASE64_STANDARD.encode(packed);
    fs::write(pkg.join("packed.js"), format!("export default \"{text}\";\n"))?;
    let types = "declare const packed: string;\nexport default packed;\n";
    fs::write(pkg.join("packed.d.ts"), types)?;
    Ok(())
}
