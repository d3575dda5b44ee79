//! Which room may depend on which: the arrows point one way.

use anyhow::Result;

use super::manifest::{Dependency, Manifest};
use super::tree::Tree;
use super::{Finding, Verdict};

/// Each package, and the ones of ours that it may use, in its tests too.
const ARROWS: [(&str, &[&str]); 12] = [
    ("keepline-core", &[]),
    ("keepline-core-fuzz", &["keepline-core"]),
    ("keepline-sim", &["keepline-core"]),
    // Its tests use it with all its features.
    ("keepline", &["keepline", "keepline-core"]),
    ("keepline-demo", &[]),
    ("keepline-js", &["keepline-core"]),
    ("keepline-server", &["keepline-core", "keepline-demo"]),
    ("web", &["keepline", "keepline-demo"]),
    ("e2e-page", &["keepline", "keepline-demo"]),
    ("bench-page", &["keepline"]),
    ("e2e", &["e2e-page", "keepline-demo"]),
    ("xtask", &[]),
];

/// The packages of others that the core may use outside its tests: none does IO.
const PURE: [&str; 3] = ["base64", "serde", "serde_json"];

pub(super) fn check(tree: &Tree) -> Result<Verdict> {
    let findings = tree.manifests.iter().flat_map(complaints).collect::<Vec<_>>();
    Ok(findings.into())
}

fn complaints(manifest: &Manifest) -> Vec<Finding> {
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == manifest.name) else {
        return vec![Finding::new(&manifest.path, "the arrows do not say what it may use")];
    };
    let wrong = |used: &Dependency| complaint(&manifest.name, allowed, used);
    let find = |used: &Dependency| Some(Finding::at_line(&manifest.path, used.line, wrong(used)?));
    manifest.dependencies.iter().filter_map(find).collect()
}

fn complaint(package: &str, allowed: &[&str], used: &Dependency) -> Option<String> {
    let Dependency { name, dev, terms, .. } = used;
    let ours = ARROWS.iter().any(|(member, _)| member == name);
    if terms.contains("package =") {
        Some(format!("{name} hides which package it is"))
    } else if ours && !allowed.contains(&name.as_str()) {
        Some(format!("{package} must not use {name}"))
    } else if package == "keepline-core" && !ours && !dev && !PURE.contains(&name.as_str()) {
        Some(format!("the core is pure, and must not use {name}"))
    } else if package == "web" && terms.contains("\"WebSocket\"") {
        Some("the dashboard opens no WebSocket of its own".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_package(name: &str, dependencies: &str) -> Vec<String> {
        let text = format!("[package]\nname = \"{name}\"\n{dependencies}");
        let manifest = Manifest::read("Cargo.toml".into(), &text);
        complaints(&manifest).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn arrows_that_point_down_pass() {
        let sdk = "[dependencies]\nkeepline-core.workspace = true\nserde.workspace = true\n";
        assert!(check_package("keepline", sdk).is_empty());
    }

    #[test]
    fn the_server_does_not_use_the_browser_sdk() {
        let found = check_package("keepline-server", "[dependencies]\nkeepline.workspace = true\n");
        assert_eq!(found, ["Cargo.toml:4: keepline-server must not use keepline"]);
    }

    #[test]
    fn the_dashboard_knows_the_sdk_and_nothing_below_it() {
        let core = "[dependencies]\nkeepline-core.workspace = true\n";
        let socket = "[dependencies.web-sys]\nworkspace = true\nfeatures = [\n\"WebSocket\",\n]\n";
        assert_eq!(check_package("web", core).len(), 1);
        assert_eq!(check_package("web", socket).len(), 1);
    }

    #[test]
    fn the_core_uses_nothing_and_its_tests_nothing_above_it() {
        let above = "[dev-dependencies]\nkeepline.workspace = true\n";
        let test = "[dev-dependencies]\nwasm-bindgen-test.workspace = true\n";
        assert_eq!(
            check_package("keepline-core", "[dependencies]\ntokio.workspace = true\n").len(),
            1
        );
        assert_eq!(check_package("keepline-core", above).len(), 1);
        assert!(check_package("keepline-core", test).is_empty());
    }

    #[test]
    fn a_package_without_arrows_is_found() {
        assert_eq!(check_package("newcomer", "").len(), 1);
    }

    #[test]
    fn nothing_uses_xtask() {
        for (package, _) in ARROWS {
            assert_eq!(check_package(package, "[dependencies]\nxtask.workspace = true\n").len(), 1);
        }
    }
}
