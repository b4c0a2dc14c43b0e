// SPDX-License-Identifier: GPL-2.0-only

//! Where a tree is pushed to: a remote that is that tree, and pushes there.

use super::url::Address;
use super::{Tree, TreeName, Trees, remotes};
use crate::error::{Class, Explain};
use crate::git::{BranchName, GitError, Repo};

/// There is nowhere to push to.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// No such tree.
    #[error("there is no tree `{0}`")]
    NoTree(String, Vec<TreeName>),
    /// No remote is it.
    #[error("no remote of {repo} is {tree}")]
    NoRemote {
        /// The tree.
        tree: TreeName,
        /// The repository.
        repo: String,
        /// The command that adds it.
        line: String,
    },
    /// The remote does not push to one repository.
    #[error("the remote `{remote}` pushes to {urls}, which is not {tree}")]
    Elsewhere {
        /// The remote.
        remote: String,
        /// The tree.
        tree: TreeName,
        /// Where it pushes.
        urls: String,
    },
    /// It is not ours to push.
    #[error("{branch} may not be pushed to {tree}")]
    MayNot {
        /// The tree.
        tree: TreeName,
        /// The branch.
        branch: String,
    },
}

impl Explain for TargetError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            TargetError::Git(error) => return error.hint(),
            TargetError::NoTree(_, names) => {
                let names: Vec<_> = names.iter().map(TreeName::as_str).collect();
                format!("the trees of scripts/drm-rust/trees.toml are {}", names.join(", "))
            }
            TargetError::NoRemote { line, .. } => format!("add it: {line}"),
            TargetError::Elsewhere { remote, .. } => {
                format!("see `git -C linux remote get-url --push --all {remote}`: it must be one URL of the tree")
            }
            TargetError::MayNot { .. } => "`push` of the tree in scripts/drm-rust/trees.toml tells what may be".into(),
        })
    }

    fn class(&self) -> Class {
        match self {
            TargetError::Git(error) => error.class(),
            TargetError::NoTree(..) => Class::Usage,
            _ => Class::Failed,
        }
    }
}

/// A remote that a tree is pushed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The tree.
    pub tree: TreeName,
    /// The remote's name.
    pub remote: String,
    /// Where it pushes to.
    pub url: String,
}

impl Target {
    /// Finds the remote of a repository that is a tree.
    pub fn find(trees: &Trees, repo: &Repo, name: &TreeName) -> Result<Target, TargetError> {
        let unknown = || TargetError::NoTree(name.to_string(), trees.all.keys().cloned().collect());
        let tree = trees.all.get(name).ok_or_else(unknown)?;
        let all = repo.remotes()?;
        let Some(remote) = remotes::of_tree(&all, tree).first().map(|remote| remote.name.clone()) else {
            let (repo, line) = (repo.top().display().to_string(), remotes::add_line(name, tree));
            return Err(TargetError::NoRemote { tree: name.clone(), repo, line });
        };
        let process = repo.git(["remote", "get-url", "--push", "--all", &remote]);
        let urls = process.run().map_err(GitError::from)?.lines();
        match &urls[..] {
            [url] if is(tree, url) => Ok(Target { tree: name.clone(), remote, url: url.clone() }),
            _ => Err(TargetError::Elsewhere { remote, tree: name.clone(), urls: urls.join(" and ") }),
        }
    }

    /// Whether a branch may be pushed there.
    pub fn allows(&self, trees: &Trees, branch: &BranchName) -> Result<(), TargetError> {
        match trees.all.get(&self.tree).is_some_and(|tree| tree.may_push(branch)) {
            true => Ok(()),
            false => Err(TargetError::MayNot { tree: self.tree.clone(), branch: branch.to_string() }),
        }
    }
}

fn is(tree: &Tree, url: &str) -> bool {
    Address::of(url).is_some_and(|address| tree.urls().filter_map(Address::of).any(|other| other == address))
}
