// SPDX-License-Identifier: GPL-2.0-only

//! Why the commits of a branch cannot be taken into overlay and manifest.

use super::allowed::Danger;
use crate::error::{Class, Explain, FileError};
use crate::git::objects::ObjectError;
use crate::git::{BranchName, GitError, TopicName};
use crate::lock::LockError;
use crate::oplog::OpError;
use crate::process::quote;
use crate::resolve::StoreError;
use crate::topic::rewrite::NoTables;
use crate::topic::{Problem, TopicError};
use crate::tree::TreeError;
use crate::tree::build::BuildError;
use crate::workspace::TreesError;

/// The commits cannot be taken. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant passes on what its module says, or names what it is about")]
pub enum AbsorbError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error(transparent)]
    Op(#[from] OpError),
    #[error(transparent)]
    Topic(#[from] TopicError),
    #[error(transparent)]
    Trees(#[from] TreesError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Merge(#[from] StoreError),
    #[error(transparent)]
    NoTables(#[from] NoTables),
    /// There is no such topic.
    #[error("there is no topic {0}")]
    Unknown(TopicName),
    /// Topics that require each other.
    #[error("{0} requires itself, by way of others")]
    Circle(String),
    /// Its branch is not there.
    #[error("linux/ has no branch {0}")]
    NoBranch(BranchName),
    /// The branch stands on something else.
    #[error("{0} stands neither on the base nor on what the topic requires")]
    NoStart(BranchName),
    /// A merge cannot be a patch.
    #[error("{0} is a merge")]
    MergeCommit(String),
    /// A commit that a manifest cannot have.
    #[error("{commit}: {why}")]
    Odd { commit: String, why: &'static str },
    /// A commit that is to be folded into one that is not there.
    #[error("{commit} names a patch that the topic does not have before it")]
    NoTarget { commit: String },
    /// The file is one of a topic on which this one does not stand.
    #[error("{commit} adds {file}, which is a file of the topic {topic}")]
    Foreign { commit: String, file: String, topic: TopicName },
    /// A change that neither an overlay file nor an edit can say.
    #[error("{commit}: {file}: {why}")]
    Inexpressible { commit: String, file: String, why: String, hint: &'static str },
    /// Moving a change to an earlier patch conflicts.
    #[error("{commit} cannot be folded into {patch}: {file} conflicts with what is between them")]
    Conflict { commit: String, patch: String, file: String },
    /// Folding gave something else than the branch has.
    #[error("folding would change what the branch has in the end")]
    Different,
    /// Somebody else's change without a signature.
    #[error("{commit} is not signed off by its author, {author}")]
    Unsigned { commit: String, author: String },
    /// A file that is executed without anybody having read it.
    #[error("needs a word of yours, as it would be executed:\n{}", .0.iter().map(|danger| format!("  {danger}")).collect::<Vec<_>>().join("\n"))]
    Executed(Vec<Danger>),
    /// The commits break a rule of manifests.
    #[error("{} cannot be patches:\n{}", .0, list(.1))]
    Invalid(BranchName, Vec<Problem>),
    /// Somebody changed what would be written.
    #[error("changed since the branch was made:\n{}", lines(.0))]
    Changed(Vec<String>),
    /// A topic whose file changes was changed itself.
    #[error("{0} has changes that its branch does not have, and {1} is one of its files")]
    Behind(TopicName, String),
    /// The manifest that was about to be written gives other trees.
    #[error("the patches would give another tree than {0} has")]
    Check(String),
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

fn lines(files: &[String]) -> String {
    files.iter().map(|file| format!("  {file}")).collect::<Vec<_>>().join("\n")
}

impl AbsorbError {
    /// Whether commits are at fault that a person has to make otherwise.
    pub(crate) fn is_of_commits(&self) -> bool {
        use AbsorbError::*;
        matches!(self, Odd { .. } | MergeCommit(_) | Conflict { .. } | Different | Invalid(..))
    }

    fn inner(&self) -> Option<&dyn Explain> {
        Some(match self {
            AbsorbError::Lock(error) => error,
            AbsorbError::File(error) => error,
            AbsorbError::Git(error) => error,
            AbsorbError::Object(error) => error,
            AbsorbError::Op(error) => error,
            AbsorbError::Topic(error) => error,
            AbsorbError::Trees(error) => error,
            AbsorbError::Tree(error) => error,
            AbsorbError::Build(error) => error,
            AbsorbError::Merge(error) => error,
            _ => return None,
        })
    }
}

impl Explain for AbsorbError {
    fn hint(&self) -> Option<String> {
        if let Some(error) = self.inner() {
            return error.hint();
        }
        let by_hand = "reorder the commits with `git -C linux rebase -i`, and settle the conflict there";
        Some(match self {
            AbsorbError::Unknown(_) => "`drm-rust topic list` shows the topics, `drm-rust topic new` begins one".into(),
            AbsorbError::Circle(_) => "cut the circle: move what both need into a topic of its own".into(),
            AbsorbError::NoBranch(_) => "`drm-rust tree` makes it".into(),
            AbsorbError::NoStart(branch) => {
                format!("put its commits on the base: git -C linux rebase --onto base OLD-BASE {branch}")
            }
            AbsorbError::MergeCommit(_) => {
                "a patch has one parent. `git -C linux rebase` makes a line of commits; what the topic stands on\n\
                 goes into `requires` of its manifest"
                    .into()
            }
            AbsorbError::Odd { .. } => "`git -C linux rebase -i` and `git commit --amend` correct it".into(),
            AbsorbError::NoTarget { .. } => "give it a subject of its own, or that of a patch of the topic".into(),
            AbsorbError::Foreign { topic, .. } => format!(
                "make the commit on {}, and absorb that topic; or add it to `requires`, and change the file",
                topic.branch()
            ),
            AbsorbError::Behind(..) => "commit what changed there, take the commits on this branch away for a moment \
                                        (`git -C linux branch`), and run `drm-rust tree`"
                .into(),
            AbsorbError::Inexpressible { hint, .. } => (*hint).into(),
            AbsorbError::Conflict { .. } | AbsorbError::Different => by_hand.into(),
            AbsorbError::Unsigned { .. } => {
                "folding adds Co-developed-by and Signed-off-by of that author, who must have signed off the commit"
                    .into()
            }
            AbsorbError::Executed(dangers) => {
                let options: Vec<String> =
                    dangers.iter().map(|danger| format!("--allow-file {}", quote(&danger.file))).collect();
                format!("nothing was written. Read these files; then allow each of them by name: {}", options.join(" "))
            }
            AbsorbError::Invalid(..) => "`git -C linux rebase -i` and `git commit --amend` correct commits".into(),
            AbsorbError::Changed(_) => {
                "nothing was written. Keep these changes with `git stash`, absorb, and put them on top; or, to\n\
                 drop the commits, `drm-rust tree --reset`"
                    .into()
            }
            AbsorbError::NoTables(_) => "write each patch under a [[patch]] header".into(),
            _ => return None,
        })
    }

    fn class(&self) -> Class {
        match self {
            AbsorbError::Conflict { .. } => Class::Conflict,
            AbsorbError::Check(_) => Class::Bug,
            other => other.inner().map_or(Class::Failed, Explain::class),
        }
    }
}
