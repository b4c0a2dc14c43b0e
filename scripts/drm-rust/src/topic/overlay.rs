// SPDX-License-Identifier: GPL-2.0-only

//! The overlay: every file of this repository that stands at the path it has in Linux.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::paths::is_git_folder;
use super::{Problem, TopicError, Topics, manifest_path, owners, stored};
use crate::error::{FileContext, FileError};
use crate::git::treeobj::Mode;
use crate::git::{GitError, Repo};

/// Folders of this repository that are not overlay.
const OWN_FOLDERS: [&str; 5] = ["scripts/drm-rust/", ".ci/", "linux/", "build/", ".linux.new/"];

/// What decides commits besides overlay and manifests.
const OWN_DATA: [&str; 2] = ["base.toml", "trees.toml"];

/// Where the manifests are.
const MANIFESTS: &str = "scripts/drm-rust/topics/";

/// Overlay files that are not written yet: they count in the place of what is there.
pub type Pending = BTreeMap<String, (Mode, Vec<u8>)>;

/// Whether a path of this repository is an overlay file: anything below a folder that is not our own.
pub fn is_overlay(path: &str) -> bool {
    path.contains('/') && !OWN_FOLDERS.iter().any(|own| path.starts_with(own))
}

/// What editors, merges and desktops leave beside a file, whatever this repository or the base ignores: patterns as
/// gitignore(5) has them.
const LEFT_BEHIND: [&str; 18] = [
    ".drm-rust-*",
    "*~",
    ".*.sw[a-p]",
    ".*.un~",
    "4913",
    "\\#*\\#",
    ".\\#*",
    ".*.kate-swp",
    "*___jb_tmp___",
    "*___jb_old___",
    ".goutputstream-*",
    ".~lock.*\\#",
    "*.orig",
    "*.rej",
    ".DS_Store",
    "._*",
    ".nfs*",
    ".fuse_hidden*",
];

/// The files at the paths of an overlay: those that git tracks or would add, and those that a topic claims. It is an
/// error where git would store one otherwise than it is, or where its name cannot be one of Linux.
///
/// A file that nobody claims is left out where this repository ignores it, or the base, or where an editor left it.
pub fn list(root: &Path, topics: &Topics) -> Result<Vec<String>, TopicError> {
    let mut claimed = owners::files(topics);
    claimed.retain(|path| path_error(path).is_none());
    let mut found = tracked(root)?;
    found.extend(meant(root, &claimed)?);
    found.extend(claimed.iter().map(|path| path.as_bytes().to_vec()));
    found.retain(|path| root.join(OsStr::from_bytes(path)).symlink_metadata().is_ok_and(|meta| !meta.is_dir()));
    let (mut paths, mut problems) = (BTreeSet::new(), Vec::new());
    for path in found {
        match String::from_utf8(path) {
            Ok(path) => drop(paths.insert(path)),
            Err(error) => problems.push(not_unicode(error.as_bytes())),
        }
    }
    if !problems.is_empty() {
        return Err(TopicError::Invalid(problems));
    }
    let read = paths.iter().filter(|path| claimed.contains(*path)).cloned();
    let own = topics.keys().map(manifest_path).chain(OWN_DATA.map(|name| format!("scripts/drm-rust/{name}")));
    let converted = stored::converted(root, &read.chain(own).collect::<Vec<_>>()).map_err(TopicError::from)?;
    if converted.is_empty() { Ok(paths.into_iter().collect()) } else { Err(TopicError::Converted(converted)) }
}

/// The files at the paths of an overlay that git tracks or would add, whoever claims them.
pub fn present(root: &Path) -> Result<Vec<String>, GitError> {
    let mut found = tracked(root)?;
    found.extend(untracked(root, &[])?);
    found.retain(|path| root.join(OsStr::from_bytes(path)).symlink_metadata().is_ok_and(|meta| !meta.is_dir()));
    Ok(found.into_iter().filter_map(|path| String::from_utf8(path).ok()).collect())
}

/// The files of overlay and manifests that are not committed, but for those that nobody means.
pub fn uncommitted(root: &Path, topics: &Topics) -> Result<Vec<String>, GitError> {
    let is_manifest = |path: &str| path.starts_with(MANIFESTS);
    let mut all = Repo::at(root).dirty()?;
    all.retain(|path| is_overlay(path) || is_manifest(path));
    let new = meant(root, &owners::files(topics))?.into_iter().chain(untracked(root, &[OsStr::new(MANIFESTS)])?);
    all.extend(new.map(|path| String::from_utf8_lossy(&path).into_owned()));
    all.sort();
    Ok(all)
}

/// The files at the paths of an overlay that git does not track, and that are claimed or not to be ignored.
fn meant(root: &Path, claimed: &BTreeSet<String>) -> Result<Vec<Vec<u8>>, GitError> {
    let new = untracked(root, &[])?;
    let (mut mine, stray): (Vec<_>, Vec<_>) =
        new.into_iter().partition(|path| str::from_utf8(path).is_ok_and(|path| claimed.contains(path)));
    mine.extend(not_ignored_in_base(root, stray)?);
    Ok(mine)
}

fn tracked(root: &Path) -> Result<BTreeSet<Vec<u8>>, GitError> {
    let output = Repo::at(root).git(["ls-files", "-z", "--cached", "--deduplicate"]).run()?;
    Ok(split(&output.stdout).filter(|path| is_overlay(&String::from_utf8_lossy(path))).map(<[u8]>::to_vec).collect())
}

/// The files that git would add, also with the person's own rules: all at the paths of an overlay, or those named.
pub(super) fn untracked(root: &Path, named: &[&OsStr]) -> Result<Vec<Vec<u8>>, GitError> {
    let left = LEFT_BEHIND.iter().map(|pattern| format!("--exclude={pattern}"));
    let process = Repo::at(root).git(["--literal-pathspecs", "ls-files", "-z", "--others", "--exclude-standard"]);
    let output = process.args(left).arg("--").args(named).run()?;
    let wanted = |path: &&[u8]| !named.is_empty() || is_overlay(&String::from_utf8_lossy(path));
    Ok(split(&output.stdout).filter(wanted).map(<[u8]>::to_vec).collect())
}

/// Without those that git would ignore in `linux/`, where there is one.
fn not_ignored_in_base(root: &Path, paths: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, GitError> {
    let linux = Repo::at(root.join("linux"));
    if paths.is_empty() || !linux.exists() {
        return Ok(paths);
    }
    let input = paths.iter().flat_map(|path| path.iter().copied().chain([0])).collect::<Vec<u8>>();
    let output = linux.git(["check-ignore", "--no-index", "-z", "--stdin"]).input(input).output()?;
    let ignored: BTreeSet<&[u8]> = split(&output.stdout).collect();
    Ok(paths.into_iter().filter(|path| !ignored.contains(path.as_slice())).collect())
}

fn split(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    output.split(|&byte| byte == 0).filter(|path| !path.is_empty())
}

pub(super) fn not_unicode(path: &[u8]) -> Problem {
    Problem {
        file: path.escape_ascii().to_string(),
        key: String::new(),
        message: "the name is not in UTF-8".into(),
        hint: "rename the file, or remove it".into(),
    }
}

/// Claims of paths that differ only in case: where a file system does not tell them apart, both would be one file.
pub fn collisions(topics: &Topics) -> Vec<Problem> {
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, manifest) in topics {
        for file in manifest.files() {
            let first = *known.entry(file.to_lowercase()).or_insert(file);
            if first != file {
                problems.push(Problem {
                    file: manifest_path(name),
                    key: String::new(),
                    message: format!("{file} differs from {first} only in case"),
                    hint: "choose another name: some file systems hold only one of the two".into(),
                });
            }
        }
    }
    problems
}

/// Why a path cannot be one of Linux.
pub fn path_error(path: &str) -> Option<&'static str> {
    let bad_part = |part: &str| matches!(part, "" | "." | "..") || is_git_folder(part);
    if path.is_empty() {
        Some("is empty")
    } else if path.starts_with('/') {
        Some("is absolute")
    } else if path.split('/').any(|part| part == "..") {
        Some("leaves the tree")
    } else if path.split('/').any(bad_part) || path.contains(|c: char| c.is_control() || c == '\\') {
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
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a//b",
            "./a",
            "a/.git/config",
            ".GIT/x",
            "a\nb",
            ".git /x",
            "git~1/x",
            "a\\.git\\x",
        ] {
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
