// SPDX-License-Identifier: GPL-2.0-only

//! Why a tip could not be made.

use crate::clone::CloneError;
use crate::error::{Class, Explain};
use crate::git::objects::ObjectError;
use crate::git::{BranchName, GitError, Oid, TopicName};
use crate::merge::{MergeError, ResolveError};
use crate::neighbours::plan::PlanError;
use crate::process::quote;
use crate::resolve::StoreError;
use crate::tree::TreeError;

/// A tip could not be made, or is not what its manifest says.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "some variants pass on what their module says")]
pub enum TipError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error(transparent)]
    Merge(#[from] MergeError),
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Clone(#[from] CloneError),
    /// A person's own commits, which a new tip would not have.
    #[error("{} is at {}, which no tip ends with", BranchName::tip(), .0.short())]
    NotOurs(Oid),
    /// A clone with nothing to merge.
    #[error("{0} has none of the branches that trees.toml lists")]
    NoBranches(String),
    /// The commit has no manifest.
    #[error("{} is no tip: it has no file {}", .0.short(), super::manifest::FILE)]
    NoTip(Oid),
    /// The manifest cannot be read.
    #[error("the manifest of {} is not valid:\n{}", .0.short(), .1)]
    Manifest(Oid, String),
    /// The manifest names resolutions that are not here.
    #[error("the tip was made with the resolutions `{0}`, which are not here")]
    Resolutions(String),
    /// A branch of the manifest cannot be merged here.
    #[error("{0} cannot be merged here: {1}")]
    Underivable(String, String),
    /// The merges are others.
    #[error("{} is not what its manifest gives: the first difference is {what}", .tip.short())]
    Different {
        /// The tip.
        tip: Oid,
        /// Where they part.
        what: String,
    },
    /// The tip has no such branch.
    #[error("the tip has no branch `{0}`, or several")]
    NotInTip(String),
    /// There is nothing to settle.
    #[error("{0} does not conflict")]
    NoConflict(String),
    /// The scratch work tree is about something else.
    #[error("{1} has the conflicts of an earlier merge of {0}")]
    AnotherMerge(String, String),
    /// No scratch work tree.
    #[error("no conflicts of {0} are open")]
    NotOpen(String),
    /// A topic cannot be merged.
    #[error("{0} conflicts with what the tip has")]
    Topic(TopicName),
    /// Some branches could not be merged.
    #[error("{0} of the tip's branches cannot be merged as they are")]
    Conflicts(usize),
}

impl Explain for TipError {
    fn hint(&self) -> Option<String> {
        match self {
            TipError::Git(error) => error.hint(),
            TipError::Object(error) => error.hint(),
            TipError::Merge(error) => error.hint(),
            TipError::Resolve(error) => error.hint(),
            TipError::Tree(error) => error.hint(),
            TipError::Clone(error) => error.hint(),
            TipError::NotOurs(_) => {
                Some(format!("keep its commits: git -C linux branch -m {} OTHER-NAME", BranchName::tip()))
            }
            TipError::NoBranches(_) => Some("`drm-rust tree plan` tells which remotes it lacks".into()),
            TipError::NoTip(_) => Some("name a commit that `drm-rust integrate --tip` made".into()),
            TipError::Manifest(..) => Some("`git -C linux show TIP:integration-manifest` shows it".into()),
            TipError::Store(error) => error.hint(),
            TipError::Plan(error) => error.hint(),
            TipError::Resolutions(_) => Some(
                "`drm-rust resolution fetch` gets them; where the last number is another one than in this program's\n\
                 own tips, another version of it made the tip"
                    .into(),
            ),
            TipError::Underivable(..) => Some("the tip was made by other means, or on another repository".into()),
            TipError::Different { .. } => {
                Some("it was made by other means, with other resolutions, or for another identity in trees.toml".into())
            }
            TipError::Conflicts(_) => Some(
                "the authors above can tell what becomes of the lines;\n\
                 drm-rust integrate --resolve BRANCH   settles them for everybody"
                    .into(),
            ),
            TipError::Topic(_) => {
                Some("the authors above can tell what becomes of the lines: agree before it is published".into())
            }
            TipError::NotInTip(_) => Some(
                "`drm-rust integrate --dry-run` lists them as TREE/BRANCH; --with BRANCH adds one that is not listed"
                    .into(),
            ),
            TipError::NoConflict(_) => Some("`drm-rust integrate --dry-run` tells which branches do".into()),
            TipError::AnotherMerge(name, dir) => Some(format!(
                "drm-rust integrate --resolve {name} --done   records what was settled there;\n\
                 rm -r {}   drops it",
                quote(dir)
            )),
            TipError::NotOpen(name) => Some(format!("`drm-rust integrate --resolve {name}` opens them")),
        }
    }

    fn class(&self) -> Class {
        match self {
            TipError::Git(error) => error.class(),
            TipError::Merge(error) => error.class(),
            TipError::Resolve(error) => error.class(),
            TipError::Tree(error) => error.class(),
            TipError::Clone(error) => error.class(),
            TipError::Store(error) => error.class(),
            TipError::Plan(error) => error.class(),
            TipError::Different { .. } => Class::Check,
            TipError::Underivable(..) | TipError::Conflicts(_) | TipError::Topic(_) => Class::Conflict,
            _ => Class::Failed,
        }
    }
}
