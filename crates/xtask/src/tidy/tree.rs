//! The sources and manifests of the workspace, read once for all rules.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::manifest::Manifest;
use super::source::Source;

/// The folders that hold packages.
const ROOMS: [&str; 3] = ["crates", "tests", "web"];
const NOT_OURS: [&str; 3] = ["target", "node_modules", "__pycache__"];

/// All that the rules read.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) sources: Vec<Source>,
    pub(super) manifests: Vec<Manifest>,
}

impl Tree {
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        for room in ROOMS {
            tree.enter(root, &root.join(room))?;
        }
        Ok(tree)
    }

    /// The manifest of the package that the file at `path` belongs to.
    pub(super) fn package_of(&self, path: &str) -> Option<&Manifest> {
        let around = |manifest: &&Manifest| path.starts_with(manifest.folder());
        self.manifests.iter().filter(around).max_by_key(|manifest| manifest.folder().len())
    }

    fn enter(&mut self, root: &Path, folder: &Path) -> Result<()> {
        let entries = fs::read_dir(folder)
            .with_context(|| format!("cannot read {}", folder.display()))?
            .collect::<Result<Vec<_>, _>>()?;
        let mut paths: Vec<_> = entries.iter().map(fs::DirEntry::path).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && !NOT_OURS.contains(&name.as_ref()) {
                self.enter(root, &path)?;
            } else if name == "Cargo.toml" {
                self.manifests.push(Manifest::read(relative(root, &path)?, &read(&path)?));
            } else if name.ends_with(".rs") {
                self.sources.push(Source::read(relative(root, &path)?, read(&path)?)?);
            }
        }
        Ok(())
    }
}

fn relative(root: &Path, path: &Path) -> Result<String> {
    Ok(path.strip_prefix(root)?.to_string_lossy().into_owned())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
