//! Versions stand in the root manifest, and nowhere else.

use anyhow::Result;

use super::manifest::{Dependency, Manifest};
use super::tree::Tree;
use super::{Finding, Verdict};

pub(super) fn check(tree: &Tree) -> Result<Verdict> {
    Ok(tree.manifests.iter().flat_map(complaints).collect::<Vec<_>>().into())
}

fn complaints(manifest: &Manifest) -> impl Iterator<Item = Finding> {
    let own = |used: &&Dependency| !is_inherited(&used.terms);
    manifest.dependencies.iter().filter(own).map(|used| {
        let what = format!("{} does not take its version from the workspace", used.name);
        Finding::at_line(&manifest.path, used.line, what)
    })
}

fn is_inherited(terms: &str) -> bool {
    let written: String = terms.split_whitespace().collect();
    written.contains("workspace=true") || written.contains("path=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_in_a_member_is_found() {
        let text = "[dependencies]\n\
                    anyhow = \"1\"\n\
                    axum = { version = \"0.8\" }\n\
                    serde.workspace = true\n\
                    tokio = { workspace = true, features = [\"net\"] }\n\
                    [dependencies.web-sys]\n\
                    version = \"0.3\"\n";
        let manifest = Manifest::read("Cargo.toml".into(), text);
        let places: Vec<_> = complaints(&manifest).map(|finding| finding.place).collect();
        assert_eq!(places, ["Cargo.toml:2", "Cargo.toml:3", "Cargo.toml:6"]);
    }

    #[test]
    fn a_workspace_of_its_own_lists_its_versions() {
        let text = "[workspace.dependencies]\n\
                    libfuzzer-sys = \"0.4\"\n\
                    [dependencies]\n\
                    libfuzzer-sys.workspace = true\n";
        let manifest = Manifest::read("Cargo.toml".into(), text);
        assert_eq!(manifest.dependencies.len(), 1);
        assert_eq!(complaints(&manifest).count(), 0);
    }
}
