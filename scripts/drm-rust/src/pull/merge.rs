// SPDX-License-Identifier: GPL-2.0-only

//! Merging into a branch of a clone, in memory.

use super::PullError;
use crate::clone::Clone;
use crate::git::objects::Objects;
use crate::git::{BranchName, Oid};
use crate::merge::{MergeError, Merger, Outcome};
use crate::tip::Failure;
use crate::tip::preview::{self, Clash};

/// What merging came to.
#[derive(Clone, Debug)]
pub enum Merged {
    /// The tree of the merge.
    Clean(Oid),
    /// What conflicts.
    Conflicts(Clash),
}

impl Clone {
    /// Merges a commit into a branch, in memory.
    pub fn merge(&self, branch: &BranchName, name: &str, theirs: Oid) -> Result<Merged, PullError> {
        let ours = self.branch(branch)?;
        let mut objects = Objects::new(&self.repo);
        let mut merger = Merger::new(&self.repo, &mut objects);
        let bases = merger.bases(ours, theirs)?;
        match merger.merge(&bases, ours, theirs)? {
            Outcome::Clean(tree) => {
                objects.flush().map_err(MergeError::from)?;
                Ok(Merged::Clean(tree))
            }
            Outcome::Conflicts { conflicts, .. } => {
                let name = name.to_owned();
                let failure = Failure { name, into: ours, commit: theirs, bases, before: vec![ours], conflicts };
                Ok(Merged::Conflicts(preview::look(&self.repo, &mut objects, &failure)?))
            }
        }
    }
}
