// SPDX-License-Identifier: GPL-2.0-only

//! Writing overlay files and the manifest. Each file appears at once; the manifest comes last.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::{FileContext, FileError};
use crate::git::treeobj::Mode;
use crate::topic::manage;
use crate::topic::overlay::Pending;
use crate::workspace::Workspace;

/// What has to be written.
#[derive(Clone, Debug, Default)]
pub(super) struct Writes {
    /// Overlay files.
    pub(super) files: Pending,
    /// Overlay files that go away.
    pub(super) gone: Vec<String>,
    /// The manifest's path and text, where it changes.
    pub(super) manifest: Option<(String, String)>,
}

impl Writes {
    /// Writes all of it. A kill leaves some of it, which the next run finds done: the branch still has everything.
    pub(super) fn carry_out(&self, ws: &Workspace) -> Result<(), FileError> {
        // A folder may take the place of a file, and the other way round.
        for path in &self.gone {
            let path = ws.root.join(path);
            fs::remove_file(&path).at("remove", &path)?;
            manage::remove_empty_parents(&ws.root, &path);
        }
        for (path, (mode, data)) in &self.files {
            let mode = if *mode == Mode::Executable { 0o755 } else { 0o644 };
            replace(ws, path, data, mode)?;
        }
        match &self.manifest {
            Some((path, text)) => replace(ws, path, text.as_bytes(), 0o644),
            None => Ok(()),
        }
    }
}

/// Puts a file in its place at once. It is made where nothing takes it for an overlay file.
fn replace(ws: &Workspace, path: &str, data: &[u8], mode: u32) -> Result<(), FileError> {
    let path = ws.root.join(path);
    let build = ws.build();
    fs::create_dir_all(&build).at("create", &build)?;
    let dir = path.parent().expect("it is in a folder");
    fs::create_dir_all(dir).at("create", dir)?;
    let mut file = NamedTempFile::with_prefix_in("absorb-", &build).at("create", &build)?;
    let filled = file.write_all(data).and_then(|()| file.as_file().set_permissions(Permissions::from_mode(mode)));
    filled.at("write", file.path())?;
    match file.persist(&path) {
        Ok(_) => Ok(()),
        // The build folder may be on another file system.
        Err(error) if error.error.kind() == std::io::ErrorKind::CrossesDevices => copy(error.file.path(), &path),
        Err(error) => Err(error.error).at("write", &path),
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), FileError> {
    fs::copy(from, to).map(drop).at("write", to)
}
