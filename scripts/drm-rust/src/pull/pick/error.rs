// SPDX-License-Identifier: GPL-2.0-only

//! Why nothing was picked.

use crate::error::{Class, Explain};
use crate::git::BranchName;

/// Commits cannot be picked.
#[derive(Debug, thiserror::Error)]
pub enum PickError {
    /// A merge has several parents: nobody can tell which changes are meant.
    #[error("{0} is a merge")]
    Merge(String),
    /// A branch that is not for fixes.
    #[error("nothing is picked onto {0}")]
    NoTarget(BranchName),
    /// Not for a branch of fixes.
    #[error("{cite} belongs to drm-rust-next:\n{}", list(.reasons.iter().cloned()))]
    NoFix {
        /// The commit.
        cite: String,
        /// Why.
        reasons: Vec<String>,
    },
    /// For several branches.
    #[error("the commits belong to several branches:\n{}", places(.0))]
    Apart(Vec<(String, BranchName)>),
    /// The branch is not there.
    #[error("there is no branch {branch} in {repo}")]
    NoBranch {
        /// The branch.
        branch: BranchName,
        /// The repository.
        repo: String,
        /// Where it may begin.
        start: String,
    },
    /// All of it is there.
    #[error("{0} has all of it already")]
    Nothing(BranchName),
    /// It does not apply.
    #[error("{cite} conflicts with {branch}")]
    Conflicts {
        /// The commit.
        cite: String,
        /// The branch.
        branch: BranchName,
    },
}

fn list(lines: impl Iterator<Item = String>) -> String {
    lines.map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn places(commits: &[(String, BranchName)]) -> String {
    list(commits.iter().map(|(cite, branch)| format!("{branch}: {cite}")))
}

impl Explain for PickError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            PickError::Merge(_) => "pick its commits one by one: `git -C linux log MERGE^..MERGE` lists them".into(),
            PickError::NoTarget(_) => "drm-rust-fixes and drm-rust-next-fixes take fixes".into(),
            PickError::NoFix { .. } => "nothing was picked. --into BRANCH picks it all the same".into(),
            PickError::Apart(_) => "pick them with one command a branch, or name the branch with --into".into(),
            PickError::NoBranch { branch, start, .. } => {
                format!("make it where its fixes shall begin: git -C linux branch {branch} {start}")
            }
            PickError::Nothing(_) => "there is nothing to do".into(),
            PickError::Conflicts { cite, .. } => {
                let id = cite.split(' ').next().unwrap_or_default();
                format!(
                    "nothing was changed. Pick first what the branch lacks, or settle it in a work tree that has the\n\
                     branch checked out: git cherry-pick -x -s {id}"
                )
            }
        })
    }

    fn class(&self) -> Class {
        match self {
            PickError::Merge(_) | PickError::NoTarget(_) | PickError::Apart(_) => Class::Usage,
            PickError::Conflicts { .. } => Class::Conflict,
            _ => Class::Failed,
        }
    }
}
