// SPDX-License-Identifier: GPL-2.0-only

//! The user space that has IGT: Debian's packages, unpacked into a folder of the cache.
//!
//! Kernels have it as their root, read only, so any number of runs can share it. It appears at once, complete, and
//! is verified whenever it is used.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::Digest;

use super::lists::Catalogue;
use crate::base::debian::{self, DebianError};
use crate::base::pin::Sha256;
use crate::error::{Explain, FileContext, FileError};
use crate::process::{Process, ProcessError};
use crate::report::{Reporter, Unit};

/// The suite whose IGT is recent.
const SUITE: &str = "sid";
/// What the user space has, besides the essential packages.
const PACKAGES: &str = "igt-gpu-tools-tests,kmod,mount,procps";
/// Runs in the new user space.
const CATALOGUE: &str = include_str!("catalogue.sh");
/// The first program that a kernel runs.
const INIT: &str = include_str!("init.sh");

/// The user space could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A program failed.
    #[error("cannot make a user space of Debian's packages")]
    Process(#[from] ProcessError),
    /// Debian's packages could not be had.
    #[error(transparent)]
    Debian(#[from] DebianError),
    /// The package holds no tests.
    #[error("Debian's IGT has no tests")]
    NoTests,
}

impl Explain for RootError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            RootError::File(error) => return error.hint(),
            RootError::Debian(error) => return error.hint(),
            RootError::Process(_) => "check the network and the mirror of the apt configuration; \
                 users other than root need entries in /etc/subuid and /etc/subgid"
                .into(),
            RootError::NoTests => {
                "the package may be new: scripts/drm-rust/src/igt/catalogue.sh reads its tests".into()
            }
        })
    }
}

/// The user space.
#[derive(Clone, Debug)]
pub struct Root {
    /// Its top folder.
    pub dir: PathBuf,
    /// The version of its IGT.
    pub version: String,
    /// The tests that it has.
    pub catalogue: Catalogue,
}

/// The folder in the cache, with the name of the recipe: another recipe does not disturb a run of this one.
fn place(cache: &Path) -> PathBuf {
    let mut hash = sha2::Sha256::new();
    [SUITE, PACKAGES, CATALOGUE, INIT].iter().for_each(|part| hash.update(format!("{part}\0")));
    let hash = Sha256::from_bytes(hash.finalize().into()).to_string();
    cache.join(format!("igt-{}", &hash[..12]))
}

/// The user space, if the cache has it whole.
pub fn find(cache: &Path) -> Option<Root> {
    let place = place(cache);
    let (root, files) = (place.join("root"), fs::read_to_string(place.join("files")).ok()?);
    let (count, files) = files.split_once('\n')?;
    let files: Vec<_> = files.lines().collect();
    let is_there = |line: &&str| {
        let (size, path) = line.split_once(' ').unwrap_or_default();
        fs::symlink_metadata(root.join(path)).is_ok_and(|found| found.len().to_string() == size)
    };
    if count != files.len().to_string() || !files.par_iter().all(is_there) {
        return None;
    }
    read(&root).ok()
}

/// The tests of the IGT that the cache has.
pub fn catalogue(cache: &Path) -> Option<Catalogue> {
    let text = fs::read_to_string(place(cache).join("root/drm-rust/tests")).ok()?;
    Some(Catalogue::parse(&text)).filter(|catalogue| !catalogue.is_empty())
}

fn read(root: &Path) -> Result<Root, RootError> {
    let file = |name| {
        let path = root.join("drm-rust").join(name);
        fs::read_to_string(&path).at("read", &path)
    };
    let catalogue = Catalogue::parse(&file("tests")?);
    if catalogue.is_empty() {
        return Err(RootError::NoTests);
    }
    Ok(Root { dir: root.to_owned(), version: file("version")?.trim().to_owned(), catalogue })
}

/// Makes the user space, unless another run has made it meanwhile.
pub fn make(cache: &Path, is_root: bool, reporter: &dyn Reporter) -> Result<Root, RootError> {
    fs::create_dir_all(cache).at("create", cache)?;
    let path = cache.join("igt.lock");
    let lock = File::create(&path).at("create", &path)?;
    if lock.try_lock().is_err() {
        reporter.note("waiting for another run that makes the user space for IGT");
        lock.lock().at("lock", &path)?;
    }
    if let Some(root) = find(cache) {
        return Ok(root);
    }
    let new = cache.join("igt-new");
    remove(&new)?;
    reporter.begin("making the user space for IGT", None, Unit::Items);
    bootstrap(&new, is_root)?;
    let place = place(cache);
    remove(&place)?;
    fs::rename(&new, &place).at("rename", &new)?;
    reporter.end();
    read(&place.join("root"))
}

fn remove(dir: &Path) -> Result<(), FileError> {
    if dir.exists() { fs::remove_dir_all(dir).at("remove", dir) } else { Ok(()) }
}

/// Unpacks the packages into a new folder. They come by way of a tar archive, so that every file belongs to the
/// caller, who may not be root: in the kernel of a run, everything is root's.
fn bootstrap(new: &Path, is_root: bool) -> Result<(), RootError> {
    let (root, script, archive) = (new.join("root"), new.join("catalogue.sh"), new.join("root.tar"));
    fs::create_dir_all(&root).at("create", &root)?;
    fs::write(&script, CATALOGUE).at("write", &script)?;
    let mirrors = debian::mirrors()?;
    let mirror = mirrors.first().ok_or_else(|| DebianError::NoMirror { suite: SUITE.into() })?;
    // Tests that are asked for their subtests mount file systems: in a namespace, which ends with them.
    let script = crate::process::quote(&script.display().to_string());
    let hook = format!("unshare --mount --pid --fork --kill-child chroot \"$1\" sh -s <{script}");
    Process::new("mmdebstrap")
        .arg(format!("--mode={}", if is_root { "root" } else { "unshare" }))
        .args(["--quiet", "--variant=essential", &format!("--include={PACKAGES}")])
        // A mirror may be a copy of some day. Its signature is checked all the same.
        .arg("--aptopt=Acquire::Check-Valid-Until \"false\"")
        .args(["--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*"])
        .arg(format!("--customize-hook={hook}"))
        .arg(SUITE)
        .arg(&archive)
        .arg(mirror)
        .run()?;
    let tar = Process::new("tar").args(["--extract", "--no-same-owner", "--exclude=./dev/*", "--file"]);
    tar.arg(&archive).arg("--directory").arg(&root).run()?;
    fs::remove_file(&archive).at("remove", &archive)?;
    let init = root.join("drm-rust/init");
    fs::write(&init, INIT).at("write", &init)?;
    fs::set_permissions(&init, fs::Permissions::from_mode(0o755)).at("change", &init)?;
    let mut files = Vec::new();
    list(&root, &root, &mut files)?;
    let path = new.join("files");
    fs::write(&path, format!("{}\n{}\n", files.len(), files.join("\n"))).at("write", &path)?;
    Ok(())
}

/// The files and links below a folder, each with its size.
fn list(top: &Path, dir: &Path, files: &mut Vec<String>) -> Result<(), FileError> {
    for entry in fs::read_dir(dir).at("read", dir)? {
        let path = entry.at("read", dir)?.path();
        let found = fs::symlink_metadata(&path).at("read", &path)?;
        if found.is_dir() {
            list(top, &path, files)?;
        } else {
            let below = path.strip_prefix(top).expect("below the top");
            files.push(format!("{} {}", found.len(), below.display()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cache whose user space has one test.
    fn cache() -> tempfile::TempDir {
        let cache = tempfile::tempdir().unwrap();
        let place = place(cache.path());
        let root = place.join("root");
        fs::create_dir_all(root.join("drm-rust")).unwrap();
        fs::write(root.join("drm-rust/tests"), "core_auth@basic\n").unwrap();
        fs::write(root.join("drm-rust/version"), "2.5-1\n").unwrap();
        std::os::unix::fs::symlink("nowhere", root.join("link")).unwrap();
        let mut files = Vec::new();
        list(&root, &root, &mut files).unwrap();
        fs::write(place.join("files"), format!("{}\n{}\n", files.len(), files.join("\n"))).unwrap();
        cache
    }

    #[test]
    fn only_a_whole_user_space_is_used() {
        let whole = cache();
        assert_eq!(find(whole.path()).unwrap().version, "2.5-1");
        for file in ["root/drm-rust/version", "root/link", "files"] {
            let cache = cache();
            fs::remove_file(place(cache.path()).join(file)).unwrap();
            assert!(find(cache.path()).is_none(), "without {file}");
        }
        for (file, text) in [("files", "3\n"), ("root/drm-rust/tests", "core_auth\n")] {
            let cache = cache();
            fs::write(place(cache.path()).join(file), text).unwrap();
            assert!(find(cache.path()).is_none(), "with another {file}");
        }
    }
}
