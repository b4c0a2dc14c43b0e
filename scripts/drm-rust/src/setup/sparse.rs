// SPDX-License-Identifier: GPL-2.0-only

//! A sparse that understands the kernel, which older ones do not: the kernel's build then warns and checks nothing.
//!
//! It is the one in PATH, or else built from Debian's sources into the cache.

use std::fs;
use std::path::{Path, PathBuf};

use crate::base::debian::{self, DebianError};
use crate::error::{FileContext, FileError};
use crate::process::{Process, ProcessError};

/// The suite whose sources are new enough.
const SUITE: &str = "sid";

/// What the kernel's headers use and older versions do not know.
const SAMPLE: &str = "static inline int f(const int *p)\n{\n\t__typeof_unqual__(*p) v = *p;\n\treturn v;\n}\n";

/// Sparse could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SparseError {
    /// The sources could not be had.
    #[error(transparent)]
    Debian(#[from] DebianError),
    /// They could not be unpacked or built.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// What was built does not understand the kernel, either.
    #[error("{SUITE} has no sparse that understands this kernel")]
    TooOld,
}

fn place(cache: &Path) -> PathBuf {
    cache.join("tools/sparse")
}

/// The program, if there is one that will do.
pub fn program(cache: &Path) -> Option<PathBuf> {
    [PathBuf::from("sparse"), place(cache)].into_iter().find(|program| understands(program))
}

/// What it says of its version.
pub(super) fn version(program: &Path) -> Option<String> {
    let output = Process::new(program).arg("--version").output().ok()?;
    super::probe::version_in(&format!("{}\n{}", output.text(), String::from_utf8_lossy(&output.stderr)))
}

/// Whether a sparse takes the sample without an error. It ends with 0 either way.
fn understands(program: &Path) -> bool {
    let output = Process::new(program).arg("-").input(SAMPLE).output();
    output.is_ok_and(|output| output.code == 0 && !String::from_utf8_lossy(&output.stderr).contains("error"))
}

/// Builds it from source into the cache.
pub fn build(cache: &Path) -> Result<(), SparseError> {
    let archive = debian::download_source("sparse", SUITE, &cache.join("downloads"))?;
    let place = place(cache);
    let tools = place.parent().expect("it is in a folder");
    fs::create_dir_all(tools).at("create", tools)?;
    let dir = tempfile::tempdir_in(tools).at("create", tools)?;
    Process::new("tar").args(["--extract", "--strip-components=1", "--file"]).arg(&archive).dir(dir.path()).run()?;
    Process::new("make").arg("sparse").dir(dir.path()).run()?;
    let program = dir.path().join("sparse");
    if !understands(&program) {
        return Err(SparseError::TooOld);
    }
    fs::rename(&program, &place).at("rename", &program)?;
    Ok(())
}
