// SPDX-License-Identifier: GPL-2.0-only

//! Why a merge could not even be tried.

use std::fmt;

use crate::error::{Class, Explain};
use crate::git::objects::ObjectError;
use crate::git::{GitError, Oid};

/// A resolver failed; a conflict that it does not know is no failure.
#[derive(Debug)]
pub struct ResolveError(Box<dyn Explain>);

impl ResolveError {
    /// Passes on what a resolver's own error says.
    pub fn new(error: impl Explain) -> Self {
        ResolveError(Box::new(error))
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ResolveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl Explain for ResolveError {
    fn hint(&self) -> Option<String> {
        self.0.hint()
    }

    fn class(&self) -> Class {
        self.0.class()
    }
}

/// A merge could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// An object could not be read or written.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A resolver failed.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The commits have nothing in common.
    #[error("{} and {} have no common ancestor", .0.short(), .1.short())]
    Unrelated(Oid, Oid),
    /// Git's answer could not be understood.
    #[error("`git merge-tree` gave an answer that makes no sense: {0}")]
    Answer(String),
}

impl Explain for MergeError {
    fn hint(&self) -> Option<String> {
        match self {
            MergeError::Git(error) => error.hint(),
            MergeError::Object(error) => error.hint(),
            MergeError::Resolve(error) => error.hint(),
            MergeError::Unrelated(..) => Some(
                "branches of the tip stand on one history of Linux. Where linux/ stands on an imported tarball, a\n\
                 real clone is needed: drm-rust tree --base git:PATH#REV"
                    .into(),
            ),
            MergeError::Answer(_) => None,
        }
    }

    fn class(&self) -> Class {
        match self {
            MergeError::Git(error) => error.class(),
            MergeError::Resolve(error) => error.class(),
            MergeError::Answer(_) => Class::Bug,
            _ => Class::Failed,
        }
    }
}
