// SPDX-License-Identifier: GPL-2.0-only

//! What settles the conflicts of a tip: recorded resolutions, then structural merges, and fixups on top.

use super::TipError;
use crate::git::{Oid, Repo};
use crate::merge::{Conflict, Contents, Resolution, ResolveError, Resolver};
use crate::resolve::recorded::Recorded;
use crate::resolve::{StoreError, branch, fixup};
use crate::structure::{self, Structural};

/// Asks for a recorded resolution, then for a structural merge.
pub struct Settler {
    recorded: Recorded,
    structural: Structural,
}

impl Resolver for Settler {
    fn resolve(&mut self, conflict: &Conflict, contents: &Contents) -> Result<Option<Resolution>, ResolveError> {
        match self.recorded.resolve(conflict, contents)? {
            Some(resolution) => Ok(Some(resolution)),
            None => self.structural.resolve(conflict, contents),
        }
    }
}

/// What settles the conflicts of a tip.
pub struct Resolutions {
    /// Settles conflicts.
    pub settler: Settler,
    /// Patches tied to merges.
    pub fixups: fixup::Fixups,
    /// Tells these resolutions from all others: the store's commit and the version of the structural merges.
    pub name: String,
}

impl Resolutions {
    /// What the branch of resolutions has now.
    pub fn newest(repo: &Repo) -> Result<Self, StoreError> {
        Self::of(repo, branch::tip(repo)?)
    }

    fn of(repo: &Repo, commit: Option<Oid>) -> Result<Self, StoreError> {
        let settler = Settler { recorded: Recorded::new(repo, commit)?, structural: Structural };
        Ok(Resolutions { settler, fixups: fixup::Fixups::of(repo, commit)?, name: name(commit) })
    }

    /// Those that a manifest names.
    pub fn named(repo: &Repo, name: &str) -> Result<Self, TipError> {
        let unknown = || TipError::Resolutions(name.to_owned());
        let commit = match name.split_once(' ').ok_or_else(unknown)?.0 {
            NOTHING => None,
            commit => Some(repo.find_commit(commit)?.ok_or_else(unknown)?),
        };
        let resolutions = Self::of(repo, commit)?;
        if resolutions.name == name { Ok(resolutions) } else { Err(unknown()) }
    }
}

/// Stands for a store that was not there.
const NOTHING: &str = "none";

fn name(commit: Option<Oid>) -> String {
    let commit = commit.map_or_else(|| NOTHING.to_owned(), |commit| commit.to_string());
    format!("{commit} structure {}", structure::VERSION)
}
