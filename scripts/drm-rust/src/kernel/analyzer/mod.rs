// SPDX-License-Identifier: GPL-2.0-only

//! `rust-project.json` at the top of the checkout: what rust-analyzer needs to know of the kernel's crates.

mod project;
mod splice;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::KernelError;
use super::arch::Arch;
use super::build::{Builder, Request};
use super::make::Make;
use super::variant::Variant;
use crate::error::{FileContext, FileError};
use crate::file;
use crate::report::Reporter;
use crate::topic::overlay;
use crate::workspace::Workspace;
use splice::{Copy, SUFFIX, Sources};

/// What rust-analyzer looks for, here and in the kernel's build folder.
const PROJECT: &str = "rust-project.json";

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// The project.
    pub path: PathBuf,
    /// The number of its crates.
    pub crates: usize,
    /// Files of the base that were copied to splice the overlay in.
    pub copies: usize,
    /// Why the Rust code does not build at the moment, which is no hindrance.
    pub broken: Option<KernelError>,
}

/// Builds what rust-analyzer reads of a kernel, the macros and the bindings, and writes the project.
pub fn write(ws: &Workspace, arch: &'static Arch, reporter: &dyn Reporter) -> Result<Written, KernelError> {
    let request = Request { targets: vec!["rust/".into()], ..Request::new(arch, Variant::Plain) };
    let dir = request.dir(ws);
    // Held to the end: make is run again below.
    let builder = Builder::new(ws, &request, reporter)?;
    let mut broken = match builder.build() {
        Ok(_) => None,
        // Mistakes are what an editor is for. Macros and bindings are built before the rest.
        Err(error @ KernelError::Build { .. }) => Some(error),
        Err(error) => return Err(error),
    };
    let linux = ws.linux();
    Make { source: linux.top(), dir: &dir, arch, ws }.command().arg("rust-analyzer").run()?;
    let made = dir.join(PROJECT);
    let text = fs::read_to_string(&made).at("read", &made)?;
    let mut project: Value = serde_json::from_str(&text).map_err(std::io::Error::from).at("understand", &made)?;
    if let Some(error) = broken.take_if(|_| project::macros(&project).any(|library| !Path::new(library).exists())) {
        return Err(error);
    }
    let overlay: BTreeSet<String> = overlay::present(&ws.root)?.into_iter().collect();
    let read = |path: &str| fs::read_to_string(linux.top().join(path)).ok();
    let root = ws.root.to_string_lossy();
    let copies = project::rewrite(&mut project, &Sources { root: &root, overlay: &overlay, read: &read });
    write_copies(ws, &copies)?;
    let path = ws.root.join(PROJECT);
    let text = serde_json::to_string_pretty(&project).expect("plain data can be written");
    write_changed(&path, &(text + "\n"), 0o644)?;
    link_project(ws, &made)?;
    let crates = project["crates"].as_array().map_or(0, Vec::len);
    Ok(Written { path, crates, copies: copies.len(), broken })
}

/// Writes the copies into `linux/`, where git does not see them, and removes those of earlier runs.
fn write_copies(ws: &Workspace, copies: &[Copy]) -> Result<(), KernelError> {
    let linux = ws.linux();
    let pattern = format!("*{SUFFIX}");
    linux.exclude(&pattern)?;
    let list = linux.git(["ls-files", "-z", "--others", "--ignored", &format!("--exclude={pattern}")]);
    let present = list.run()?.text();
    let stale = present.split_terminator('\0').filter(|path| copies.iter().all(|copy| copy.path != *path));
    for path in stale.map(|path| linux.top().join(path)) {
        fs::remove_file(&path).at("remove", &path)?;
    }
    // A copy is not the place to change anything.
    copies.iter().try_for_each(|copy| write_changed(&linux.top().join(&copy.path), &copy.text, 0o444))?;
    Ok(())
}

/// An editor that has only `linux/` open would otherwise find the project further up, for which the overlay is
/// elsewhere. A file of the user's own stays; git ignores either.
fn link_project(ws: &Workspace, made: &Path) -> Result<(), FileError> {
    let link = ws.linux().top().join(PROJECT);
    match link.symlink_metadata() {
        Ok(meta) if !meta.is_symlink() || fs::read_link(&link).is_ok_and(|target| target == made) => return Ok(()),
        Ok(_) => fs::remove_file(&link).at("remove", &link)?,
        Err(_) => {}
    }
    std::os::unix::fs::symlink(made, &link).at("create", &link)
}

/// Writes a file, unless it is that already: rust-analyzer reads again what is written.
fn write_changed(path: &Path, text: &str, mode: u32) -> Result<(), FileError> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    file::replace_as(path, text, mode, SUFFIX)
}
