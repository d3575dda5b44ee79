//! Binaryen's wasm-opt, from npm.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::cache::Cache;
use crate::children::Interrupted;
use crate::project::on_path;
use crate::step::Step;

const VERSION: &str = "132.0.0";
const HOW_TO_GET_NPM: &str =
    "is missing; `apt-get install nodejs npm` brings it, and the dashboard gets smaller";

const PROGRAM: &str = "bin/wasm-opt";
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// The path of wasm-opt, or `None` where it cannot be had: the dashboard works without it.
pub(crate) fn install(cache: &Cache) -> Result<Option<PathBuf>> {
    if let Some(missing) = ["node", "npm"].into_iter().find(|name| on_path(name).is_none()) {
        say!("  wasm-opt is skipped: {missing} {HOW_TO_GET_NPM}");
        return Ok(None);
    }
    let name = format!("binaryen-{VERSION}");
    let folder = cache.provide(&name, PROGRAM, |root| fill(root, &cache.log(&name)));
    match folder {
        Ok(folder) => Ok(Some(folder.join(PROGRAM))),
        Err(error) if error.is::<Interrupted>() => Err(error),
        Err(error) => {
            say!("  wasm-opt is skipped: {error:#}");
            Ok(None)
        }
    }
}

fn fill(root: &Path, log: &Path) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]);
    npm.arg(root).arg(format!("binaryen@{VERSION}")).current_dir(root);
    Step::new(format!("binaryen {VERSION} from npm"), npm)
        .logged(log)
        .within(PATIENCE)
        .succeed()?;
    std::fs::create_dir_all(root.join("bin"))?;
    symlink("../node_modules/binaryen/bin/wasm-opt", root.join(PROGRAM))?;
    Ok(())
}
