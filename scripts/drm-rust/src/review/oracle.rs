// SPDX-License-Identifier: GPL-2.0-only

//! What a check asks of everything but the commit itself.

use crate::git::{BranchName, GitError, Oid, Repo};

/// The answer to "which commit is this?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A commit and its subject.
    Commit(Oid, String),
    /// There is none.
    Missing,
    /// The past is not here.
    Unknowable,
}

/// Knows commits.
pub trait Oracle {
    /// The commit that an abbreviated id names.
    fn find(&self, id: &str) -> Result<Found, GitError>;

    /// Whether a commit is another one or comes before it, itself or as a pick.
    fn is_ancestor(&self, ancestor: Oid, of: Oid) -> Result<bool, GitError>;
}

impl Oracle for Repo {
    fn find(&self, id: &str) -> Result<Found, GitError> {
        if let Some(commit) = self.find_id(id)? {
            return Ok(Found::Commit(commit, self.cited(&commit.to_string())?.subject));
        }
        // The base is one commit without history: its past is not here.
        let base = BranchName::base().full();
        let is_imported = self.find_commit(&base)?.is_some() && self.find_commit(&format!("{base}^"))?.is_none();
        Ok(if is_imported { Found::Unknowable } else { Found::Missing })
    }

    fn is_ancestor(&self, ancestor: Oid, of: Oid) -> Result<bool, GitError> {
        Ok(Repo::is_ancestor(self, ancestor, of)? || self.has_pick(ancestor, of)?)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Knows these commits.
    #[derive(Default)]
    pub(crate) struct Known {
        pub(crate) ancestors: Vec<(Oid, String)>,
        pub(crate) others: Vec<(Oid, String)>,
        pub(crate) shallow: bool,
    }

    impl Oracle for Known {
        fn find(&self, id: &str) -> Result<Found, GitError> {
            let mut all = self.ancestors.iter().chain(&self.others);
            let found = all.find(|(commit, _)| commit.to_string().starts_with(id));
            Ok(match found {
                Some((commit, subject)) => Found::Commit(*commit, subject.clone()),
                None if self.shallow => Found::Unknowable,
                None => Found::Missing,
            })
        }

        fn is_ancestor(&self, ancestor: Oid, _: Oid) -> Result<bool, GitError> {
            Ok(self.ancestors.iter().any(|(commit, _)| *commit == ancestor))
        }
    }
}
