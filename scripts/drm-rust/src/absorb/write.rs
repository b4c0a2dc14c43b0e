// SPDX-License-Identifier: GPL-2.0-only

//! Writing overlay files and the manifest. Each file appears at once; the manifest comes last.

use crate::error::FileError;
use crate::git::treeobj::Mode;
use crate::staged::{Placed, Staged};
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
    /// Writes all of it, or nothing. A kill leaves some of it, which the next run finds done: the branch still has
    /// everything.
    pub(super) fn carry_out(&self, ws: &Workspace) -> Result<Placed, FileError> {
        // Files wait where nothing takes them for overlay.
        let mut staged = Staged::new(&ws.build())?;
        // A folder may take the place of a file, and the other way round.
        self.gone.iter().for_each(|path| staged.remove(&ws.root.join(path)));
        for (path, (mode, data)) in &self.files {
            let mode = if *mode == Mode::Executable { 0o755 } else { 0o644 };
            staged.add(&ws.root.join(path), data, Some(mode))?;
        }
        if let Some((path, text)) = &self.manifest {
            staged.add(&ws.root.join(path), text.as_bytes(), Some(0o644))?;
        }
        staged.place(&ws.root)
    }
}
