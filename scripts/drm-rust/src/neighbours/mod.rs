// SPDX-License-Identifier: GPL-2.0-only

//! The trees we live with, and what `trees.toml` says of them: data, which nothing ever executes.

pub mod file;
pub mod import;
pub mod nightly;
pub mod plan;
pub mod remotes;
mod signer;
pub mod target;
pub mod url;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use wildmatch::WildMatch;

use crate::error::{Explain, FileContext, FileError};
use crate::git::BranchName;
use crate::git::commit::Identity;
pub use signer::Signer;

/// `trees.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TreesError {
    /// It could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not what it should be.
    #[error("{path} is not valid:\n{message}")]
    Syntax {
        /// The file.
        path: String,
        /// Line, column and reason.
        message: String,
    },
    /// It is well formed, but makes no sense.
    #[error("{path}:{line}: {message}")]
    Sense {
        /// The file.
        path: String,
        /// The line.
        line: usize,
        /// What is wrong there.
        message: String,
        /// What to do about it.
        hint: String,
    },
}

impl Explain for TreesError {
    fn hint(&self) -> Option<String> {
        match self {
            TreesError::File(error) => error.hint(),
            TreesError::Syntax { .. } => Some("the comments of scripts/drm-rust/trees.toml tell of each key".into()),
            TreesError::Sense { hint, .. } => Some(hint.clone()),
        }
    }
}

/// The name of a tree, such as `drm-misc`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TreeName(String);

impl TreeName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TreeName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.is_empty() || !text.chars().all(word) || text.starts_with('-') || text.ends_with('-') {
            let text = text.escape_debug();
            return Err(format!("`{text}` is no name of a tree: lower-case letters, digits and `-`, as in drm-misc"));
        }
        Ok(TreeName(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for TreeName {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for TreeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for TreeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What `trees.toml` says.
#[derive(Clone, Debug)]
pub struct Trees {
    /// This tree.
    pub ours: OurTree,
    /// The tree that pulls from it.
    pub drm_next: Receiver,
    /// Every tree, ours too.
    pub all: BTreeMap<TreeName, Tree>,
    /// The branches of `drm-rust-tip`, in the order in which they are merged.
    pub tip: Vec<Source>,
}

/// This tree.
#[derive(Clone, Debug)]
pub struct OurTree {
    /// Author and committer of merges.
    pub identity: Identity,
    /// Which of the trees it is.
    pub tree: TreeName,
    /// Which of the trees pulls from it.
    pub upstream: TreeName,
    /// Where it is published.
    pub url: String,
}

/// A tree that takes pull requests.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    /// Whom a mail greets.
    pub greeting: String,
    /// Who pulls.
    pub to: Vec<String>,
    /// Who should know.
    pub cc: Vec<String>,
}

/// A tree: where it is, and what may be done with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tree {
    /// Its URLs for everybody, the preferred one first.
    pub https: Vec<String>,
    /// Its URLs for those who push.
    pub ssh: Vec<String>,
    /// Its URLs in git's own protocol.
    pub git: Vec<String>,
    /// Where it was: remotes of old clones may still name these.
    pub old: Vec<String>,
    /// The branches that may be pushed, as names with `*` and `?`; none where nothing may be.
    pub push: Vec<String>,
    /// Who signs its tags; whoever the person's git trusts where nobody is named.
    pub signers: Vec<Signer>,
    /// Who gets pull requests.
    pub receiver: Option<Receiver>,
}

impl Tree {
    /// All URLs, the best for reading first.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        [&self.https, &self.git, &self.ssh, &self.old].into_iter().flatten().map(String::as_str)
    }

    /// Whether a branch of this tree may be pushed.
    pub fn may_push(&self, branch: &BranchName) -> bool {
        self.push.iter().any(|pattern| WildMatch::new(pattern).matches(branch.as_str()))
    }
}

/// A branch that `drm-rust-tip` has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The tree that it belongs to.
    pub tree: TreeName,
    /// Its name there.
    pub branch: BranchName,
    /// A commit or tag that is taken in its stead, and why.
    pub pin: Option<Pin>,
    /// Whether it may be missing.
    pub optional: bool,
}

/// A commit that is taken in place of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// A commit id or a tag.
    pub revision: String,
    /// Why.
    pub reason: String,
}

impl Trees {
    /// Reads the file.
    pub fn load(path: &Path) -> Result<Trees, TreesError> {
        let text = std::fs::read_to_string(path).at("read", path)?;
        Trees::parse(&text, &path.display().to_string())
    }

    /// Reads the text of a file, whose path is for messages.
    pub fn parse(text: &str, path: &str) -> Result<Trees, TreesError> {
        file::parse(text, path)
    }

    /// The tree that has this URL, however it is written.
    pub fn by_url(&self, url: &str) -> Option<&TreeName> {
        let address = url::Address::of(url)?;
        let is_it = |tree: &Tree| tree.urls().filter_map(url::Address::of).any(|other| other == address);
        self.all.iter().find(|(_, tree)| is_it(tree)).map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_tell_what_may_be_pushed() {
        let tree = Tree { push: vec!["drm-rust-*".into(), "topic/*".into()], ..Tree::default() };
        let may = |branch: &str| tree.may_push(&branch.parse().unwrap());
        assert!(may("drm-rust-next") && may("topic/rust/xarray"));
        assert!(!may("drm-next") && !may("my/drm-rust-next"));
        assert!(!Tree::default().may_push(&BranchName::next()));
    }

    #[test]
    fn names_of_trees() {
        for bad in ["", "-x", "x-", "a/b", "A", "a b", "a$(id)", "ä"] {
            assert!(bad.parse::<TreeName>().is_err(), "{bad}");
        }
        assert_eq!("linux-next".parse::<TreeName>().unwrap().to_string(), "linux-next");
    }
}
