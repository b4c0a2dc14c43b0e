// SPDX-License-Identifier: GPL-2.0-only

//! Why the tree could not be made, refreshed or put back.

use std::path::{Path, PathBuf};

use super::build::BuildError;
use super::worktree::WorktreeError;
use crate::base::cache::BaseError;
use crate::base::hiding::{Hiding, HidingError};
use crate::base::pin::PinError;
use crate::error::{Class, Explain, FileError};
use crate::git::objects::ObjectError;
use crate::git::{BranchName, GitError, Oid};
use crate::lock::LockError;
use crate::oplog::OpError;
use crate::process::quote;
use crate::topic::TopicError;
use crate::topic::published::Record;
use crate::workspace::TreesError;

/// The tree could not be made, refreshed or put back.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant passes on what its module says")]
pub enum TreeError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Topic(#[from] TopicError),
    #[error(transparent)]
    Trees(#[from] TreesError),
    #[error(transparent)]
    Pin(#[from] PinError),
    #[error(transparent)]
    Base(#[from] BaseError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error(transparent)]
    Op(#[from] OpError),
    #[error(transparent)]
    Worktree(#[from] WorktreeError),
    #[error(transparent)]
    Hiding(#[from] HidingError),
    /// A commit of a clone makes git ignore what people add.
    #[error("git would ignore new files on the base {}:\n{}", .commit.short(), hiding(.found))]
    Hides {
        /// The commit.
        commit: Oid,
        /// What does so.
        found: Vec<Hiding>,
    },
    /// `linux/` is something else.
    #[error("{0} exists, but is no git repository")]
    NotARepository(String),
    /// `linux/` is not there.
    #[error("there is no tree yet: {0} is missing")]
    NoTree(String),
    /// A clone that lacks what it can fetch: nothing is fetched here but what a person asks for.
    #[error("{} is a partial clone, which lacks files or folders of {rev}", .clone.display())]
    Partial {
        /// The clone.
        clone: PathBuf,
        /// What was asked for.
        rev: String,
        /// The remote that has what is missing.
        remote: String,
    },
    /// What was published would change.
    #[error("this would change commits that were published:\n{}", tags(.0))]
    Frozen(Vec<Record>),
    /// Somebody moved branches.
    #[error("branches were moved by other means:\n{}", list(.0))]
    Outside(Vec<BranchName>),
}

fn tags(records: &[Record]) -> String {
    let line = |record: &Record| format!("  {} as {}", record.topic, record.name);
    records.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn hiding(found: &[Hiding]) -> String {
    found.iter().map(|hiding| format!("  {hiding}")).collect::<Vec<_>>().join("\n")
}

fn list(names: &[BranchName]) -> String {
    names.iter().map(|name| format!("  {name}")).collect::<Vec<_>>().join("\n")
}

impl TreeError {
    pub(super) fn file(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        FileError { action, path: path.display().to_string(), source }.into()
    }

    /// Whether the branches have moved nevertheless: only the work tree could not follow.
    pub fn has_moved(&self) -> bool {
        matches!(self, TreeError::Worktree(WorktreeError::Unfinished(_)))
    }

    fn inner(&self) -> Option<&dyn Explain> {
        Some(match self {
            TreeError::Lock(error) => error,
            TreeError::File(error) => error,
            TreeError::Topic(error) => error,
            TreeError::Trees(error) => error,
            TreeError::Pin(error) => error,
            TreeError::Base(error) => error,
            TreeError::Build(error) => error,
            TreeError::Git(error) => error,
            TreeError::Object(error) => error,
            TreeError::Op(error) => error,
            TreeError::Worktree(error) => error,
            TreeError::Hiding(error) => error,
            TreeError::NotARepository(_)
            | TreeError::NoTree(_)
            | TreeError::Partial { .. }
            | TreeError::Outside(_)
            | TreeError::Frozen(_)
            | TreeError::Hides { .. } => return None,
        })
    }
}

impl Explain for TreeError {
    fn hint(&self) -> Option<String> {
        match self {
            TreeError::Hides { .. } => {
                Some("name a commit whose .gitignore is upstream's: one of a distribution's packaging is none".into())
            }
            TreeError::NotARepository(_) => Some("move it away: the complete tree is made there".into()),
            TreeError::Partial { clone, remote, .. } => {
                let clone = quote(&clone.to_string_lossy());
                Some(format!("nothing was changed. Get all of it: git -C {clone} fetch --refetch --no-filter {remote}"))
            }
            TreeError::NoTree(_) => Some("`drm-rust tree` makes it".into()),
            TreeError::Outside(names) => {
                let name = names.first().map(ToString::to_string).unwrap_or_default();
                let absorb = names.iter().find_map(BranchName::topic).map(|topic| {
                    format!(
                        "\n`drm-rust absorb {topic}` takes them into overlay and manifest. To do without them,\nkeep"
                    )
                });
                let keep = absorb.as_deref().unwrap_or(" Keep");
                Some(format!(
                    "their commits are not in the manifests.{keep} them under a name of your own \
                     (git -C linux branch my-work {name}),\n\
                     then let `drm-rust tree --reset` take the branches back; `drm-rust undo` would restore them"
                ))
            }
            TreeError::Frozen(records) => {
                let name = records.first().map(|record| record.topic.to_string()).unwrap_or_default();
                let pending = records.iter().find(|record| record.pending);
                let pending = pending.map(|record| {
                    format!(
                        "\n{} was interrupted: `drm-rust publish {}` finds out what became of it",
                        record.name, record.topic
                    )
                });
                Some(format!(
                    "others may have them. Put patches after those of the topic, or into another topic that requires\n\
                     it; or begin a new revision: drm-rust topic new OWNER/NAME --after {name}{}",
                    pending.unwrap_or_default()
                ))
            }
            other => other.inner().and_then(Explain::hint),
        }
    }

    fn class(&self) -> Class {
        self.inner().map_or(Class::Failed, Explain::class)
    }
}
