//! The dashboard, built by trunk and made small by Binaryen, into `dist/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::setup::{self, Tools};
use crate::step::Step;

/// What the dashboard is made of.
const INPUTS: [&str; 8] = [
    "web",
    "crates/keepline",
    "crates/keepline-core",
    "crates/keepline-demo",
    "index.html",
    "Trunk.toml",
    "Cargo.toml",
    "Cargo.lock",
];

/// What rustc 1.95 lets LLVM use for wasm32-unknown-unknown, and wasm-bindgen adds.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Builds it in release, unless `dist/` already holds just that.
pub(crate) fn build(project: &Project, tools: &Tools) -> Result<()> {
    let record = Record::of(project);
    if record.holds(project, tools)? {
        say!("▸ the dashboard is up to date");
        return Ok(());
    }
    record.begin()?;
    setup::fetch_crates(project)?;
    trunk(project, tools)?;
    optimise(project, tools, &project.root.join("dist"))?;
    record.finish(project, tools)
}

fn trunk(project: &Project, tools: &Tools) -> Result<()> {
    let mut trunk = project.command(tools.trunk.join("trunk"));
    trunk.args(["build", "--release", "--offline"]).env("PATH", tools.path()?);
    // Trunk reads NO_COLOR as a flag of its own and stops at the usual value, 1.
    trunk.env_remove("NO_COLOR");
    Step::new("build the dashboard with trunk", trunk).succeed()?;
    Ok(())
}

/// Makes the wasm in a folder small, where Binaryen is there.
pub(crate) fn optimise(project: &Project, tools: &Tools, folder: &Path) -> Result<()> {
    let Some(wasm_opt) = &tools.wasm_opt else { return Ok(()) };
    for wasm in wasm_files(folder)? {
        let before = fs::metadata(&wasm)?.len();
        let mut command = project.command(wasm_opt);
        command.arg("-Oz").args(FEATURES).arg(&wasm).arg("-o").arg(&wasm);
        let log = project.target.join("xtask/wasm-opt.log");
        Step::new("wasm-opt -Oz", command).logged(log).succeed()?;
        let after = fs::metadata(&wasm)?.len();
        say!("  wasm: {} KiB before, {} KiB after", before / 1024, after / 1024);
    }
    Ok(())
}

fn wasm_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = files_below(folder)?;
    found.retain(|file| file.extension().is_some_and(|extension| extension == "wasm"));
    if found.is_empty() {
        bail!("there is no wasm in {}", folder.display());
    }
    Ok(found)
}

/// What the last build left. The file is as old as the start of that build, so that an input
/// saved while it ran counts as newer; it lists `dist/`, because `trunk serve` writes there too.
struct Record {
    begun: PathBuf,
    finished: PathBuf,
}

impl Record {
    fn of(project: &Project) -> Self {
        let folder = project.target.join("xtask");
        Self { begun: folder.join("dashboard.begun"), finished: folder.join("dashboard") }
    }

    fn begin(&self) -> Result<()> {
        fs::create_dir_all(self.begun.parent().context("the record lies in a folder")?)?;
        fs::write(&self.begun, "")?;
        Ok(())
    }

    fn finish(&self, project: &Project, tools: &Tools) -> Result<()> {
        let begun = fs::metadata(&self.begun)?.modified()?;
        fs::write(&self.begun, contents(project, tools)?)?;
        fs::File::options().write(true).open(&self.begun)?.set_modified(begun)?;
        fs::rename(&self.begun, &self.finished)?;
        Ok(())
    }

    fn holds(&self, project: &Project, tools: &Tools) -> Result<bool> {
        let Ok(left) = fs::read_to_string(&self.finished) else {
            return Ok(false);
        };
        let built = fs::metadata(&self.finished)?.modified()?;
        Ok(left == contents(project, tools)? && newest_input(&project.root)? <= built)
    }
}

/// The optimiser, and the name and size of each file in `dist/`.
fn contents(project: &Project, tools: &Tools) -> Result<String> {
    let dist = project.root.join("dist");
    let mut lines = vec![format!("{:?}", tools.wasm_opt)];
    if dist.exists() {
        for file in files_below(&dist)? {
            lines.push(format!("{} {}", file.display(), fs::metadata(&file)?.len()));
        }
    }
    Ok(lines.join("\n"))
}

fn newest_input(root: &Path) -> Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for input in INPUTS {
        for file in files_below(&root.join(input))? {
            newest = newest.max(fs::metadata(file)?.modified()?);
        }
    }
    Ok(newest)
}

/// The file itself, or every file in the folder, in the order of their names.
fn files_below(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
        found.extend(files_below(&entry?.path())?);
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;
    use std::{env, process};

    use super::*;

    const LONG_AGO: SystemTime = SystemTime::UNIX_EPOCH;
    const ONE_DAY: Duration = Duration::from_secs(24 * 60 * 60);

    /// A clone with a finished build of the dashboard.
    struct Clone {
        project: Project,
        tools: Tools,
    }

    impl Clone {
        fn built(name: &str) -> Self {
            let root = env::temp_dir().join(format!("keepline-clone-{name}-{}", process::id()));
            let target = root.join("target");
            let clone = Self { project: Project { root, target }, tools: tools() };
            for input in INPUTS {
                clone.save(input, LONG_AGO);
            }
            clone.record().begin().unwrap();
            clone.save("dist/index.html", LONG_AGO);
            clone.record().finish(&clone.project, &clone.tools).unwrap();
            clone
        }

        fn record(&self) -> Record {
            Record::of(&self.project)
        }

        fn is_up_to_date(&self) -> bool {
            self.record().holds(&self.project, &self.tools).unwrap()
        }

        fn save(&self, file: &str, when: SystemTime) {
            let path = self.project.root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::File::create(path).unwrap().set_modified(when).unwrap();
        }
    }

    impl Drop for Clone {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.project.root).ok();
        }
    }

    fn tools() -> Tools {
        Tools { wasm_bindgen: PathBuf::new(), trunk: PathBuf::new(), wasm_opt: None }
    }

    #[test]
    fn what_was_built_is_not_built_again() {
        assert!(Clone::built("same").is_up_to_date());
    }

    #[test]
    fn an_input_saved_after_the_build_began_is_built() {
        let clone = Clone::built("saved");
        let begun = fs::metadata(clone.record().finished).unwrap().modified().unwrap();
        clone.save("index.html", begun + ONE_DAY);
        assert!(!clone.is_up_to_date());
    }

    #[test]
    fn what_trunk_serve_left_is_built_again() {
        let clone = Clone::built("served");
        clone.save("dist/web-debug.wasm", LONG_AGO);
        assert!(!clone.is_up_to_date());
    }

    #[test]
    fn another_optimiser_builds_again() {
        let mut clone = Clone::built("optimised");
        clone.tools.wasm_opt = Some(PathBuf::from("wasm-opt"));
        assert!(!clone.is_up_to_date());
    }
}
