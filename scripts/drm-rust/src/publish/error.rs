// SPDX-License-Identifier: GPL-2.0-only

//! Why a topic could not be published.

use super::tag::TagError;
use crate::check::CheckError;
use crate::error::{Class, Explain};
use crate::git::remote::PushError;
use crate::git::{GitError, Oid, TopicName};
use crate::neighbours::target::TargetError;
use crate::tip::TipError;
use crate::tree::TreeError;

/// A topic cannot be published.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "some variants pass on what their module says")]
pub enum PublishError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Tree(Box<TreeError>),
    #[error(transparent)]
    Tip(Box<TipError>),
    #[error(transparent)]
    Check(Box<CheckError>),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Tag(#[from] TagError),
    #[error(transparent)]
    Push(#[from] PushError),
    /// There is no such topic.
    #[error("there is no topic {0}")]
    Unknown(TopicName),
    /// It has no patches.
    #[error("the topic {0} has no patches")]
    Empty(TopicName),
    /// The branch is not what the manifest says.
    #[error("linux/ is not up to date: topic {0} has changed")]
    Stale(TopicName),
    /// The branch there has more.
    #[error("topic/{topic} on {remote} is at {}, which ours does not contain", .commit.short())]
    Behind {
        /// The topic.
        topic: TopicName,
        /// The remote.
        remote: String,
        /// Where it stands there.
        commit: Oid,
    },
}

impl From<TreeError> for PublishError {
    fn from(error: TreeError) -> Self {
        PublishError::Tree(Box::new(error))
    }
}

impl From<TipError> for PublishError {
    fn from(error: TipError) -> Self {
        PublishError::Tip(Box::new(error))
    }
}

impl From<CheckError> for PublishError {
    fn from(error: CheckError) -> Self {
        PublishError::Check(Box::new(error))
    }
}

impl PublishError {
    fn inner(&self) -> Option<&dyn Explain> {
        Some(match self {
            PublishError::Git(error) => error,
            PublishError::Tree(error) => &**error,
            PublishError::Tip(error) => &**error,
            PublishError::Check(error) => &**error,
            PublishError::Target(error) => error,
            PublishError::Tag(error) => error,
            PublishError::Push(error) => error,
            _ => return None,
        })
    }
}

impl Explain for PublishError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            PublishError::Unknown(_) => "`drm-rust topic list` shows the topics".into(),
            PublishError::Empty(name) => format!("write its patches into scripts/drm-rust/topics/{name}.toml"),
            PublishError::Stale(_) => "`drm-rust tree` brings it up to date".into(),
            PublishError::Behind { remote, topic, .. } => format!(
                "somebody else has published there: `git -C linux fetch {remote} {}` gets it. Published commits\n\
                 stay: put patches on top of them, or begin a new revision with `drm-rust topic new --after {topic}`",
                topic.branch()
            ),
            other => return other.inner().and_then(Explain::hint),
        })
    }

    fn class(&self) -> Class {
        self.inner().map_or(Class::Failed, Explain::class)
    }
}
