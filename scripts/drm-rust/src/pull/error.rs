// SPDX-License-Identifier: GPL-2.0-only

//! Why nothing was taken in.

use crate::check::CheckError;
use crate::clone::CloneError;
use crate::cycle::CycleError;
use crate::error::{Class, Explain};
use crate::git::objects::ObjectError;
use crate::git::{BranchName, GitError};
use crate::mailbox::MailError;
use crate::merge::MergeError;
use crate::neighbours::plan::PlanError;
use crate::tip::TipError;
use crate::tree::TreeError;

use super::pick::PickError;

/// A pull, a backmerge or a fast-forward cannot be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "some variants pass on what their module says")]
pub enum PullError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Clone(#[from] CloneError),
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error(transparent)]
    Merge(#[from] MergeError),
    #[error(transparent)]
    Tip(Box<TipError>),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Cycle(Box<CycleError>),
    #[error(transparent)]
    Check(Box<CheckError>),
    #[error(transparent)]
    Tree(Box<TreeError>),
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error(transparent)]
    Pick(#[from] PickError),
    /// A branch of `linux/` that is not checked out in `linux/`.
    #[error("{branch} is checked out in {place}")]
    Elsewhere {
        /// The branch.
        branch: BranchName,
        /// The work tree.
        place: String,
    },
    /// It could not be fetched.
    #[error("{what} of {url} cannot be fetched")]
    Fetch {
        /// What was asked for.
        what: String,
        /// From where.
        url: String,
        /// What git said.
        #[source]
        source: GitError,
    },
    /// Not a URL and a tag.
    #[error("`{0}` is no {1}")]
    Odd(String, &'static str),
    /// No tag.
    #[error("the mail asks to pull the branch {0}, not a tag")]
    Branch(String),
    /// All of it is there.
    #[error("{0} has everything of {1} already")]
    Nothing(BranchName, String),
    /// It cannot be merged.
    #[error("{0} conflicts with {1}")]
    Conflicts(String, BranchName),
    /// A tree or branch that must not be merged.
    #[error("{0} is not merged back")]
    NoUpstream(String, Vec<String>),
    /// A branch that is not moved forward by this tool.
    #[error("{0} is not fast-forwarded")]
    NoFixes(BranchName),
    /// A branch that has more than what it would be moved to.
    #[error("{branch} has commits that {to} lacks:\n{}", list(.commits))]
    Ahead {
        /// The branch.
        branch: BranchName,
        /// Where it would be moved to.
        to: String,
        /// The commits.
        commits: Vec<String>,
    },
    /// Too far.
    #[error("{branch} must not go past {limit}, and {to} does")]
    Past {
        /// The branch.
        branch: BranchName,
        /// Where it ends.
        limit: String,
        /// Where it would be moved to.
        to: String,
    },
}

fn list(lines: &[String]) -> String {
    lines.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

impl From<TipError> for PullError {
    fn from(error: TipError) -> Self {
        PullError::Tip(Box::new(error))
    }
}

impl From<CycleError> for PullError {
    fn from(error: CycleError) -> Self {
        PullError::Cycle(Box::new(error))
    }
}

impl From<CheckError> for PullError {
    fn from(error: CheckError) -> Self {
        PullError::Check(Box::new(error))
    }
}

impl From<TreeError> for PullError {
    fn from(error: TreeError) -> Self {
        PullError::Tree(Box::new(error))
    }
}

impl PullError {
    fn inner(&self) -> Option<&dyn Explain> {
        Some(match self {
            PullError::Git(error) => error,
            PullError::Clone(error) => error,
            PullError::Mail(error) => error,
            PullError::Merge(error) => error,
            PullError::Tip(error) => &**error,
            PullError::Plan(error) => error,
            PullError::Cycle(error) => &**error,
            PullError::Check(error) => &**error,
            PullError::Tree(error) => &**error,
            PullError::Object(error) => error,
            PullError::Pick(error) => error,
            _ => return None,
        })
    }
}

impl Explain for PullError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            PullError::Elsewhere { .. } => "nothing was changed. Check out another branch there".into(),
            PullError::Fetch { .. } => "is the tag pushed, and the URL public? https, ssh and git are tried".into(),
            PullError::Odd(..) => "give a mail, or a URL and the name of a tag".into(),
            PullError::Branch(_) => "a branch has no signature: ask for a signed tag".into(),
            PullError::Nothing(..) => "there is nothing to do".into(),
            PullError::Conflicts(..) => "the authors above can tell what becomes of the lines. Nothing was changed: \
                 `git merge` in a work tree lets you settle it"
                .into(),
            PullError::NoUpstream(_, may) => format!("these are: {}", may.join(", ")),
            PullError::NoFixes(_) => "drm-rust-fixes and drm-rust-next-fixes are".into(),
            PullError::Ahead { .. } => "they must have arrived there first: send them with a pull request".into(),
            PullError::Past { .. } => {
                "linux-next would take its fixes in place of drm-rust-next: see `drm-rust cycle`".into()
            }
            other => return other.inner().and_then(Explain::hint),
        })
    }

    fn class(&self) -> Class {
        match self {
            PullError::Odd(..) | PullError::NoUpstream(..) | PullError::NoFixes(_) => Class::Usage,
            PullError::Conflicts(..) => Class::Conflict,
            other => other.inner().map_or(Class::Failed, Explain::class),
        }
    }
}
