// SPDX-License-Identifier: GPL-2.0-only

//! The overlay: every file of this repository that stands at the path it has in Linux.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::error::{FileContext, FileError};
use crate::git::treeobj::Mode;
use crate::git::{GitError, Repo};

/// Folders of this repository that are not overlay.
const OWN_FOLDERS: [&str; 5] = ["scripts/drm-rust/", ".ci/", "linux/", "build/", ".linux.new/"];

/// Overlay files that are not written yet: they count in the place of what is there.
pub type Pending = BTreeMap<String, (Mode, Vec<u8>)>;

/// Whether a path of this repository is an overlay file: anything below a folder that is not our own.
pub fn is_overlay(path: &str) -> bool {
    path.contains('/') && !OWN_FOLDERS.iter().any(|own| path.starts_with(own))
}

/// The overlay files of a checkout: those that git tracks or would add.
pub fn list(root: &Path) -> Result<Vec<String>, GitError> {
    let repo = Repo::at(root);
    let output = repo.git(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]).run()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let paths = text.split('\0').filter(|path| is_overlay(path));
    // A folder may have taken the place of a file that git still tracks.
    let is_file = |path: &&str| root.join(path).symlink_metadata().is_ok_and(|meta| !meta.is_dir());
    Ok(paths.filter(is_file).map(str::to_owned).collect())
}

/// Why a path cannot be one of Linux.
pub fn path_error(path: &str) -> Option<&'static str> {
    let bad_part = |part: &str| matches!(part, "" | "." | "..") || part.eq_ignore_ascii_case(".git");
    if path.is_empty() {
        Some("is empty")
    } else if path.starts_with('/') {
        Some("is absolute")
    } else if path.split('/').any(|part| part == "..") {
        Some("leaves the tree")
    } else if path.split('/').any(bad_part) || path.chars().any(char::is_control) {
        Some("is not a clean path")
    } else {
        None
    }
}

/// Reads an overlay file. None where it is no regular file.
pub fn read(root: &Path, path: &str) -> Result<Option<(Mode, Vec<u8>)>, FileError> {
    let full = root.join(path);
    let meta = full.symlink_metadata().at("read", &full)?;
    if !meta.is_file() {
        return Ok(None);
    }
    let mode = if meta.permissions().mode() & 0o100 != 0 { Mode::Executable } else { Mode::File };
    Ok(Some((mode, fs::read(&full).at("read", &full)?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn own_files_are_not_overlay() {
        for own in ["README.md", ".gitlab-ci.yml", "scripts/drm-rust/src/lib.rs", ".ci/run", "linux/x", "build/x"] {
            assert!(!is_overlay(own), "{own}");
        }
        for overlay in ["rust/kernel/a.rs", "scripts/x.py", "Documentation/gpu/rvkms.rst"] {
            assert!(is_overlay(overlay), "{overlay}");
        }
    }

    #[test]
    fn paths_that_escape() {
        for bad in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/.git/config", ".GIT/x", "a\nb"] {
            assert!(path_error(bad).is_some(), "{bad:?}");
        }
        assert_eq!(path_error("rust/kernel/time/jiffies.rs"), None);
    }

    proptest! {
        #[test]
        fn an_accepted_path_stays_inside(path in r"(\.|\.\.|/|a|B|\.git|\n){0,8}") {
            if path_error(&path).is_none() {
                let parts: Vec<_> = Path::new(&path).components().collect();
                prop_assert!(parts.iter().all(|part| matches!(part, std::path::Component::Normal(_))), "{path:?}");
                prop_assert_eq!(parts.len(), path.split('/').count());
            }
        }
    }
}
