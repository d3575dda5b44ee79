//! The user's cache folder, which holds installed tools by name and version for every clone.

use std::env;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::children::{Interrupted, interrupted};

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The folder with the tools.
pub(crate) struct Cache {
    tools: PathBuf,
}

/// While this lives, no other set-up writes to the cache.
pub(crate) struct Lock {
    _file: File,
}

impl Cache {
    /// `$XDG_CACHE_HOME/keepline`, or `~/.cache/keepline`.
    pub(crate) fn of_user() -> Result<Self> {
        let folder = match env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()) {
            Some(folder) => PathBuf::from(folder),
            None => {
                env::home_dir().context("there is no home folder to cache tools in")?.join(".cache")
            }
        };
        ensure!(folder.is_absolute(), "XDG_CACHE_HOME must be an absolute path");
        Ok(Self::at(folder.join("keepline/tools")))
    }

    pub(crate) fn at(tools: PathBuf) -> Self {
        Self { tools }
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.tools.join(name)
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.tools.join("logs").join(format!("{name}.log"))
    }

    /// The folder of that name, made by `fill` if its `proof` is not there. It appears whole
    /// or not at all: it is filled under another name and then renamed.
    pub(crate) fn provide(
        &self,
        name: &str,
        proof: &str,
        fill: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let folder = self.folder(name);
        if folder.join(proof).exists() {
            return Ok(folder);
        }
        let _lock = self.lock()?;
        if !folder.join(proof).exists() {
            self.replace(&folder, name, proof, fill)?;
        }
        Ok(folder)
    }

    fn replace(
        &self,
        folder: &Path,
        name: &str,
        proof: &str,
        fill: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<()> {
        let partial = self.folder(&format!(".{name}.partial"));
        remove(&partial)?;
        fs::create_dir_all(&partial)?;
        fill(&partial)?;
        ensure!(partial.join(proof).exists(), "installing {name} did not bring {proof}");
        remove(folder)?;
        fs::rename(&partial, folder).with_context(|| format!("cannot make {}", folder.display()))
    }

    /// Waits until no other set-up holds the cache.
    pub(crate) fn lock(&self) -> Result<Lock> {
        fs::create_dir_all(&self.tools)
            .with_context(|| format!("cannot make {}", self.tools.display()))?;
        let file = File::create(self.tools.join(".lock"))?;
        let mut told = false;
        while let Err(refusal) = file.try_lock() {
            self.await_turn(refusal, &mut told)?;
        }
        Ok(Lock { _file: file })
    }

    fn await_turn(&self, refusal: TryLockError, told: &mut bool) -> Result<()> {
        match refusal {
            TryLockError::Error(error) => Err(error).context("cannot lock the cache"),
            TryLockError::WouldBlock if interrupted() => bail!(Interrupted),
            TryLockError::WouldBlock => {
                if !*told {
                    say!("▸ waiting for another set-up in {} …", self.tools.display());
                    *told = true;
                }
                thread::sleep(LOOK_EVERY);
                Ok(())
            }
        }
    }
}

/// Removes a folder, if it is there.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

/// Tells contents apart. FNV-1a: the same on every machine and in every release of Rust.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::process;

    use super::*;

    struct Scratch(Cache);

    impl Scratch {
        fn new(name: &str) -> Self {
            let folder = env::temp_dir().join(format!("keepline-{name}-{}", process::id()));
            Self(Cache::at(folder))
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            remove(&self.0.tools).ok();
        }
    }

    #[test]
    fn a_tool_is_installed_once() {
        let Scratch(cache) = &Scratch::new("once");
        let made = cache.provide("tool-1", "bin", |at| Ok(fs::write(at.join("bin"), "1")?));
        let found = cache.provide("tool-1", "bin", |_| bail!("installed a second time"));
        assert_eq!(made.unwrap(), found.unwrap());
    }

    #[test]
    fn an_installation_that_fails_half_way_leaves_nothing_that_looks_whole() {
        let Scratch(cache) = &Scratch::new("half");
        let half = cache.provide("tool-1", "bin", |at| {
            fs::write(at.join("bin"), "half")?;
            bail!("the power went")
        });
        assert!(half.is_err());
        assert!(!cache.folder("tool-1").exists());
        cache.provide("tool-1", "bin", |at| Ok(fs::write(at.join("bin"), "whole")?)).unwrap();
        assert_eq!(fs::read_to_string(cache.folder("tool-1").join("bin")).unwrap(), "whole");
    }

    #[test]
    fn an_installation_without_its_proof_is_a_failure() {
        let Scratch(cache) = &Scratch::new("proof");
        assert!(cache.provide("tool-1", "bin", |_| Ok(())).is_err());
    }

    #[test]
    fn other_requirements_get_another_folder() {
        assert_ne!(fingerprint(b"fastapi==1"), fingerprint(b"fastapi==2"));
        assert_eq!(fingerprint(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
