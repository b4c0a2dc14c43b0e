// SPDX-License-Identifier: GPL-2.0-only

//! The objects of a repository without anything else of it: a bare repository of no branches, in a temporary folder, for
//! git to answer what follows from objects alone.
//!
//! A clone's own configuration, `info/attributes` and `.mailmap`, and the attributes of what happens to be checked out
//! decide nothing there; neither do the attributes in a commit. So the same commits give the same differences and the same
//! merges in every clone, and no series can hide from the checks what it changes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::settings;
use crate::error::{FileContext, FileError};
use crate::process::Process;

const CONFIG: &str = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n";

/// The objects of a repository.
#[derive(Debug)]
pub(super) struct Plain {
    dir: TempDir,
    objects: PathBuf,
    /// Whether git fetches objects when they are needed: then it needs to know from where, and how.
    is_partial: bool,
}

impl Plain {
    /// Those of the repository that has its objects in this folder.
    pub(super) fn of(common: &Path) -> Result<Plain, FileError> {
        let dir = tempfile::Builder::new().prefix("drm-rust-").tempdir().at("create", "a temporary folder")?;
        let config = common.join("config");
        let text = fs::read_to_string(&config).unwrap_or_default().to_lowercase();
        let is_partial = ["promisor", "partialclone"].iter().any(|word| text.contains(word));
        let include = format!("[include]\n\tpath = \"{}\"\n", escaped(&config.to_string_lossy()));
        let write = || {
            fs::write(dir.path().join("HEAD"), "ref: refs/heads/none\n")?;
            fs::write(dir.path().join("config"), if is_partial { include + CONFIG } else { CONFIG.to_owned() })?;
            // Where the history of a shallow clone ends.
            symlink(common.join("shallow"), dir.path().join("shallow"))?;
            fs::create_dir(dir.path().join("refs"))
        };
        write().at("write", dir.path())?;
        Ok(Plain { objects: common.join("objects"), dir, is_partial })
    }

    /// Git on these objects.
    pub(super) fn git(&self) -> Process {
        let git = if self.is_partial { settings::program() } else { settings::unconfigured() };
        git.env("GIT_DIR", self.dir.path()).env("GIT_OBJECT_DIRECTORY", &self.objects)
    }
}

fn escaped(path: &str) -> String {
    path.replace('\\', "\\\\").replace('"', "\\\"")
}
