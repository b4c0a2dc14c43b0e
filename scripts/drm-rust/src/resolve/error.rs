// SPDX-License-Identifier: GPL-2.0-only

//! Why resolutions could not be read, kept or used.

use crate::clone::CloneError;
use crate::error::{Class, Explain, FileError};
use crate::git::objects::ObjectError;
use crate::git::{BranchName, GitError};
use crate::process::ProcessError;
use crate::tree::TreeError;

use super::conflict::MarkerError;

/// Resolutions could not be read, kept or used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant passes on what its module says")]
pub enum StoreError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Marker(#[from] MarkerError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Clone(#[from] CloneError),
    /// A resolution that resolves nothing.
    #[error("the conflict in {0} is not settled yet")]
    StillMarked(String),
    /// A conflict that cannot be opened as files.
    #[error("{0} is a submodule, or in a place where no file can be")]
    NoFile(String),
    /// A folder is in the way.
    #[error("{0} is there already, and holds no conflicts")]
    InTheWay(String),
    /// A file of the store makes no sense.
    #[error("{path} on the branch {} is not valid:\n{message}", BranchName::rerere())]
    Damaged {
        /// The file.
        path: String,
        /// Why.
        message: String,
    },
    /// No remote to exchange resolutions with.
    #[error("there is no remote {0}")]
    NoRemote(String),
    /// A remote without resolutions.
    #[error("{} has no branch {}", .0, BranchName::rerere())]
    NothingThere(String),
    /// Nothing to push.
    #[error("there is no resolution to push")]
    NothingHere,
    /// The remote has what is not known here.
    #[error("{0} has resolutions that are not known here")]
    Behind(String),
    /// trees.toml does not allow it.
    #[error("trees.toml does not allow to push {} to {}", BranchName::rerere(), .0)]
    MayNotPush(String),
    /// Not a patch.
    #[error("it is no patch:\n{0}")]
    NoPatch(String),
    /// A fixup is there.
    #[error("{0} has a fixup already")]
    FixupThere(String),
    /// No fixup is there.
    #[error("{0} has no fixup")]
    NoFixup(String),
    /// A fixup that would not do anything.
    #[error("the tip's merge of {0} has all of it already")]
    NotNeeded(String),
    /// A fixup that cannot be applied.
    #[error("it does not apply to the tip's merge of {branch}:\n{said}")]
    Unfit {
        /// The branch.
        branch: String,
        /// What git says.
        said: String,
    },
    /// Two people changed a fixup.
    #[error("the fixup of {0} was changed on both sides")]
    Fixups(String),
}

impl StoreError {
    fn inner(&self) -> Option<&dyn Explain> {
        Some(match self {
            StoreError::Git(error) => error,
            StoreError::Object(error) => error,
            StoreError::Process(error) => error,
            StoreError::File(error) => error,
            StoreError::Marker(error) => error,
            StoreError::Tree(error) => error,
            StoreError::Clone(error) => error,
            StoreError::StillMarked(_)
            | StoreError::Damaged { .. }
            | StoreError::Fixups(_)
            | StoreError::NoPatch(_)
            | StoreError::FixupThere(_)
            | StoreError::NoFixup(_)
            | StoreError::NotNeeded(_)
            | StoreError::Unfit { .. }
            | StoreError::NoFile(_)
            | StoreError::InTheWay(_)
            | StoreError::NoRemote(_)
            | StoreError::NothingThere(_)
            | StoreError::NothingHere
            | StoreError::Behind(_)
            | StoreError::MayNotPush(_) => return None,
        })
    }
}

impl Explain for StoreError {
    fn hint(&self) -> Option<String> {
        match self {
            StoreError::StillMarked(_) => Some(
                "settle each hunk and remove its markers; a path that has none needs `git add` or `git rm` in the scratch\n\
                 work tree"
                    .into(),
            ),
            StoreError::Damaged { path, .. } => {
                Some(format!("`git -C linux log -p {} -- {path}` shows what it was", BranchName::rerere()))
            }
            StoreError::NoFile(_) => {
                Some("such a conflict is settled where it comes from: in one of the branches".into())
            }
            StoreError::NoRemote(_) => {
                Some("`git -C linux remote add NAME URL` adds one; its URL in trees.toml makes it the default".into())
            }
            StoreError::NothingThere(remote) => {
                Some(format!("`drm-rust resolution push {remote}` puts yours there, if that is its place"))
            }
            StoreError::NothingHere => Some("`drm-rust integrate --resolve BRANCH` makes one".into()),
            StoreError::Behind(remote) => Some(format!(
                "drm-rust resolution fetch {remote}   takes them in; then push again. Nothing was pushed"
            )),
            StoreError::MayNotPush(_) => Some("add it to the tree's `push` in scripts/drm-rust/trees.toml".into()),
            StoreError::NoPatch(_) => Some("give what `git diff` or `git format-patch` writes".into()),
            StoreError::FixupThere(_) => {
                Some("--append puts this one after it, --replace in its place; `resolution show` prints it".into())
            }
            StoreError::NoFixup(_) => Some("`drm-rust resolution list` tells which branches have one".into()),
            StoreError::NotNeeded(_) => Some("there is nothing to do".into()),
            StoreError::Unfit { .. } => Some(format!(
                "nothing was recorded. Make it on top of that merge: `git -C linux log --first-parent {}` shows it",
                BranchName::tip()
            )),
            StoreError::InTheWay(dir) => Some(format!("look what is in {dir}, and move it away")),
            StoreError::Fixups(branch) => {
                Some(format!("make one patch of both and put it in as fixups/{branch}.patch, on one side or both"))
            }
            other => other.inner().and_then(Explain::hint),
        }
    }

    fn class(&self) -> Class {
        match self {
            StoreError::StillMarked(_) | StoreError::Fixups(_) => Class::Conflict,
            other => other.inner().map_or(Class::Failed, Explain::class),
        }
    }
}
