//! A package's manifest as the rules see it: its name and its dependencies.

/// A `Cargo.toml` of a member of the workspace.
pub(super) struct Manifest {
    /// From the root of the workspace.
    pub(super) path: String,
    pub(super) name: String,
    pub(super) dependencies: Vec<Dependency>,
}

/// One dependency.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) line: usize,
    /// Whether it is for tests only.
    pub(super) dev: bool,
    /// All that is said of it, as it is written.
    pub(super) terms: String,
}

/// Which table of the manifest a line belongs to.
enum Section {
    /// Dependencies, one a line.
    Many {
        dev: bool,
    },
    /// The last one of the list, with its terms one a line.
    One,
    Other,
}

impl Manifest {
    /// Reads what cargo has accepted: this is no check of TOML.
    pub(super) fn read(path: String, text: &str) -> Self {
        let mut manifest = Self { path, name: String::new(), dependencies: Vec::new() };
        let mut section = Section::Other;
        for (before, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if let Some(header) = header(line) {
                section = manifest.enter(header, before + 1);
            } else {
                manifest.take(line, before + 1, &section);
            }
        }
        manifest
    }

    /// The folder of the package, with a slash at its end.
    pub(super) fn folder(&self) -> &str {
        self.path.strip_suffix("Cargo.toml").unwrap_or(&self.path)
    }

    fn enter(&mut self, header: &str, line: usize) -> Section {
        if header == "workspace.dependencies" {
            // Where versions stand.
            return Section::Other;
        }
        let dev = header.contains("dev-dependencies");
        if header.ends_with("dependencies") {
            return Section::Many { dev };
        }
        match header.rsplit_once("dependencies.") {
            Some((_, name)) => {
                let name = name.trim_matches('"').to_owned();
                self.dependencies.push(Dependency { name, line, dev, terms: String::new() });
                Section::One
            }
            None => Section::Other,
        }
    }

    fn take(&mut self, written: &str, line: usize, section: &Section) {
        match (section, written.split_once('=')) {
            (Section::Other, Some((key, value)))
                if self.name.is_empty() && key.trim() == "name" =>
            {
                value.trim().trim_matches('"').clone_into(&mut self.name);
            }
            (Section::Many { dev }, Some((key, value))) if is_key(key) => {
                let (name, term) = key.trim().split_once('.').unwrap_or((key.trim(), ""));
                let terms = format!("{term} = {}", value.trim());
                let name = name.trim_matches('"').to_owned();
                self.dependencies.push(Dependency { name, line, dev: *dev, terms });
            }
            (Section::One | Section::Many { .. }, _) => self.go_on(written),
            (Section::Other, _) => {}
        }
    }

    /// More terms of the last dependency.
    fn go_on(&mut self, written: &str) {
        if let Some(last) = self.dependencies.last_mut() {
            last.terms.push('\n');
            last.terms.push_str(written);
        }
    }
}

fn header(line: &str) -> Option<&str> {
    let inner = line.strip_prefix('[')?.strip_suffix(']')?;
    // A closing bracket alone, or strings, belong to an array that spans lines.
    (!inner.is_empty() && !inner.starts_with('"')).then_some(inner)
}

fn is_key(key: &str) -> bool {
    key.trim().chars().all(|c| c.is_ascii_alphanumeric() || "-_.\"".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
[package]
name = "web" # the dashboard
version.workspace = true

[dependencies]
keepline.workspace = true
serde = "1"
tower = { workspace = true, features = ["util"] }

[dependencies.web-sys]
workspace = true
features = [
    "Event",
]

[target.'cfg(target_arch = "wasm32")'.dev-dependencies]
wasm-bindgen-test.workspace = true

[lints]
workspace = true
"#;

    #[test]
    fn dependencies_are_found_in_every_form() {
        let manifest = Manifest::read("web/Cargo.toml".into(), TEXT);
        let found: Vec<_> = manifest
            .dependencies
            .iter()
            .map(|dependency| (dependency.name.as_str(), dependency.line, dependency.dev))
            .collect();
        let expected = [
            ("keepline", 7, false),
            ("serde", 8, false),
            ("tower", 9, false),
            ("web-sys", 11, false),
            ("wasm-bindgen-test", 18, true),
        ];
        assert_eq!((manifest.name.as_str(), manifest.folder()), ("web", "web/"));
        assert_eq!(found, expected);
        assert!(manifest.dependencies[3].terms.contains("workspace = true"));
        assert!(manifest.dependencies[3].terms.contains("\"Event\""));
    }
}
