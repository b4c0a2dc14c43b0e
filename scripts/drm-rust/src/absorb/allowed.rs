// SPDX-License-Identifier: GPL-2.0-only

//! Which files may be written: none that would be executed before anybody has read it.

use std::fmt;

use super::fold::Group;
use super::write::Writes;
use super::{AbsorbError, Job};
use crate::topic::paths;
use crate::topic::rewrite::Wanted;

/// A file that would be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Danger {
    /// The commit or mail that brings it, where it is one.
    pub commit: Option<String>,
    /// The file.
    pub file: String,
    /// What would execute it.
    pub why: String,
}

impl fmt::Display for Danger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commit = self.commit.as_ref().map(|commit| format!("{commit}: ")).unwrap_or_default();
        write!(f, "{commit}{}: {}", self.file, self.why)
    }
}

impl Job<'_> {
    /// Refuses what would be written and executed, unless a person has named it.
    pub(super) fn allows(
        &self,
        present: &[String],
        groups: &[Group],
        wanted: &[Wanted],
        writes: &Writes,
    ) -> Result<(), AbsorbError> {
        let packages = paths::packages(present);
        let new = writes.files.keys().filter(|file| !self.options.allow.contains(file));
        let danger = |file: &String| {
            let why = paths::executed(file, &packages)?;
            let patch = wanted.iter().position(|patch| patch.files.contains(file));
            let commit = patch.and_then(|patch| groups.get(patch)).map(|group| group.cite.clone());
            Some(Danger { commit, file: file.clone(), why })
        };
        let dangers: Vec<Danger> = new.filter_map(danger).collect();
        if dangers.is_empty() { Ok(()) } else { Err(AbsorbError::Executed(dangers)) }
    }
}
