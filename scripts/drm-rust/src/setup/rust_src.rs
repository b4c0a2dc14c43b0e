// SPDX-License-Identifier: GPL-2.0-only

//! The sources of Rust's core library, which must be of the compiler's own version.
//!
//! They are rustup's component `rust-src`, or else Debian's package of the same name, unpacked into the cache.

use std::fs;
use std::path::{Path, PathBuf};

use crate::base::debian::{self, DebianError};
use crate::error::{FileContext, FileError};
use crate::process::{Process, ProcessError};

/// The suite whose package has the versions of several compilers.
const SUITE: &str = "trixie-backports";

/// What the kernel builds.
const PARTS: [&str; 3] = ["core/src/lib.rs", "compiler-builtins", "rustc-std-workspace-core"];

/// The sources could not be had.
#[derive(Debug, thiserror::Error)]
pub enum RustSrcError {
    /// There is no compiler to match.
    #[error("there is no rustc whose version the sources could match")]
    NoCompiler,
    /// The package could not be had.
    #[error(transparent)]
    Debian(#[from] DebianError),
    /// The package could not be unpacked.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The package is not what it should be.
    #[error("the package holds no complete library")]
    Incomplete,
}

fn is_complete(library: &Path) -> bool {
    PARTS.iter().all(|part| library.join(part).exists())
}

/// The folder `library` of the compiler's sources, if it is there and complete.
pub fn library(cache: &Path) -> Option<PathBuf> {
    let of_debian = || Some(folder(cache, &super::rustc_version()?).join("library"));
    let of_rustup = || {
        let sysroot = Process::new("rustc").args(["--print", "sysroot"]).output().ok()?.text();
        Some(Path::new(&sysroot).join("lib/rustlib/src/rust/library"))
    };
    let complete = |library: &PathBuf| is_complete(library);
    of_debian().filter(complete).or_else(|| of_rustup().filter(complete))
}

fn folder(cache: &Path, version: &str) -> PathBuf {
    cache.join("rust-src").join(version)
}

/// Fetches the sources that match the compiler into the cache.
pub fn fetch(cache: &Path) -> Result<(), RustSrcError> {
    let version = super::rustc_version().ok_or(RustSrcError::NoCompiler)?;
    let downloads = cache.join("downloads");
    let package = debian::newest("rust-src", &format!("{version}+"), SUITE, &downloads)?;
    let file = debian::download("rust-src", &package, SUITE, &downloads)?;
    let place = folder(cache, &version);
    let new = place.with_extension("new");
    for dir in [&new, &place] {
        if dir.exists() {
            fs::remove_dir_all(dir).at("remove", dir)?;
        }
    }
    fs::create_dir_all(&new).at("create", &new)?;
    Process::new("dpkg-deb").arg("--extract").arg(&file).arg(&new).run()?;
    let source = new.join(format!("usr/src/rustc-{version}"));
    if !is_complete(&source.join("library")) {
        return Err(RustSrcError::Incomplete);
    }
    fs::rename(&source, &place).at("rename", &source)?;
    fs::remove_dir_all(&new).at("remove", &new)?;
    fs::remove_file(&file).at("remove", &file)?;
    Ok(())
}
