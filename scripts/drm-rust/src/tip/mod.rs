// SPDX-License-Identifier: GPL-2.0-only

//! The tip: everything that is on its way into Linux near this tree, merged in order.
//!
//! A [`Plan`] says what to merge. [`build()`] merges it in memory and ends the tip with a file that names every
//! commit it was made from, the [`manifest::Manifest`]. The same plan and resolutions give the same commit on
//! every machine, and [`verify()`] derives a published tip again.

mod build;
pub mod command;
mod error;
pub mod fixups;
pub mod manifest;
mod memory;
mod missing;
pub mod preview;
pub mod resolutions;
pub mod settle;
pub mod trial;
mod verify;

pub use build::{Inputs, build};
pub use error::TipError;
pub use verify::verify;

use crate::git::Oid;
use crate::git::objects::Objects;
use crate::merge::{Conflict, Count, ResolveError};
use crate::resolve::fixup::{self, Fixed};
use manifest::Manifest;

/// What to merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The commit that the first branch is merged into.
    pub start: Oid,
    /// The branches, in the order in which they are merged.
    pub branches: Vec<Planned>,
    /// Branches that belong there and are not in the repository.
    pub missing: Vec<String>,
}

/// A branch of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its name, for example `drm-misc/drm-misc-next`.
    pub name: String,
    /// Where it stands.
    pub commit: Oid,
}

/// A tip in memory: nothing of it is in the repository until its objects are flushed.
#[derive(Clone, Debug)]
pub struct Tip {
    /// Its commit.
    pub commit: Oid,
    /// What it was made from.
    pub manifest: Manifest,
    /// Its merges, in order.
    pub merges: Vec<Merged>,
    /// The branches that could not be merged.
    pub failures: Vec<Failure>,
    /// What a person should know.
    pub notices: Vec<String>,
    /// How the new merges were made.
    pub count: Count,
}

/// A merge of a tip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The branch.
    pub name: String,
    /// What it was merged into.
    pub into: Oid,
    /// What was merged.
    pub theirs: Oid,
    /// The merge.
    pub commit: Oid,
    /// How conflicts were settled, and which fixups were applied.
    pub notes: Vec<String>,
    /// Whether the tip before this one had it already.
    pub reused: bool,
}

/// A branch that could not be merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The branch.
    pub name: String,
    /// Where it stands.
    pub commit: Oid,
    /// What it was to be merged into.
    pub into: Oid,
    /// The merge bases with that.
    pub bases: Vec<Oid>,
    /// What was merged before it.
    pub before: Vec<Oid>,
    /// The conflicts that nothing settled.
    pub conflicts: Vec<Conflict>,
}

/// Patches tied to a merge, for conflicts that git does not see.
pub trait Fixups {
    /// Whether there is one for a branch.
    fn has(&self, branch: &str) -> bool;
    /// Applies it to the tree of the branch's merge.
    fn fix(&mut self, branch: &str, tree: Oid, objects: &mut Objects) -> Result<Fixed, ResolveError>;
}

impl Fixups for fixup::Fixups {
    fn has(&self, branch: &str) -> bool {
        fixup::Fixups::has(self, branch)
    }

    fn fix(&mut self, branch: &str, tree: Oid, objects: &mut Objects) -> Result<Fixed, ResolveError> {
        fixup::Fixups::fix(self, branch, tree, objects)
    }
}

/// No fixups.
pub struct NoFixups;

impl Fixups for NoFixups {
    fn has(&self, _: &str) -> bool {
        false
    }

    fn fix(&mut self, _: &str, _: Oid, _: &mut Objects) -> Result<Fixed, ResolveError> {
        Ok(Fixed::Nothing)
    }
}
