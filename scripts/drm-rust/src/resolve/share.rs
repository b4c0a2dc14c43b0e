// SPDX-License-Identifier: GPL-2.0-only

//! The branch of resolutions is exchanged with a remote: what it has is joined, and nothing is ever forced.

use super::StoreError;
use super::branch::{self, Edit};
use crate::clone;
use crate::git::commit::Identity;
use crate::git::remote::PROTOCOLS;
use crate::git::{BranchName, GitError, Oid, Repo};
use crate::neighbours::remotes::{self, Remote};
use crate::process::ProcessError;
use crate::tree::TreeError;
use crate::workspace::{Trees, Workspace};

/// Where a remote's branch is kept.
const FETCHED: &str = "refs/drm-rust/fetched/drm-rust-rerere";

/// What a push came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The remote.
    pub remote: String,
    /// Where its branch stands.
    pub commit: Oid,
    /// Whether it stood elsewhere before.
    pub moved: bool,
}

/// Takes in what a remote has; without a name, the one that is this tree. Gives the branch's new commit,
/// where it had anything new.
pub fn fetch(ws: &Workspace, name: Option<&str>, who: &Identity) -> Result<Option<Oid>, StoreError> {
    let repo = ws.repo();
    let remote = remote(&trees(ws)?, &repo, name)?.name;
    if there(&repo, &remote)?.is_none() {
        return Err(StoreError::NothingThere(remote));
    }
    let lock = clone::lock(ws)?;
    repo.fetch_ref(&remote, &BranchName::rerere().full(), FETCHED, PROTOCOLS)?;
    drop(lock);
    let edit = Edit { who, subject: format!("join {} of {remote}", BranchName::rerere()) };
    branch::join(ws, &edit, repo.commit(FETCHED)?)
}

/// Pushes the branch, if the remote has nothing that it lacks.
pub fn push(ws: &Workspace, name: Option<&str>) -> Result<Pushed, StoreError> {
    let (repo, trees) = (ws.repo(), trees(ws)?);
    let remote = remote(&trees, &repo, name)?;
    let branch = BranchName::rerere();
    if let Some(tree) = trees.all.values().find(|tree| remote.is(tree))
        && !tree.may_push(&branch)
    {
        return Err(StoreError::MayNotPush(remote.name));
    }
    let remote = remote.name;
    let commit = branch::tip(&repo)?.ok_or(StoreError::NothingHere)?;
    let old = there(&repo, &remote)?;
    if old == Some(commit) {
        return Ok(Pushed { remote, commit, moved: false });
    }
    if let Some(old) = old
        && !knows(&repo, old, commit)?
    {
        return Err(StoreError::Behind(remote));
    }
    let spec = format!("{commit}:{}", branch.full());
    let push = repo.git(["push", "--quiet", "--atomic", "--no-follow-tags", "--recurse-submodules=no"]);
    match push.args(["--end-of-options", &remote, &spec]).run() {
        Ok(_) => Ok(Pushed { remote, commit, moved: true }),
        // Somebody else was faster.
        Err(ProcessError::Failed { stderr, .. }) if stderr.contains("! [rejected]") => Err(StoreError::Behind(remote)),
        Err(error) => Err(error.into()),
    }
}

fn trees(ws: &Workspace) -> Result<Trees, StoreError> {
    Ok(Trees::load(&ws.data("trees.toml")).map_err(TreeError::from)?)
}

/// The remote of a name; without one, the first that is this tree.
fn remote(trees: &Trees, repo: &Repo, name: Option<&str>) -> Result<Remote, StoreError> {
    if !repo.is_repository()? {
        return Err(TreeError::NoTree(repo.top().display().to_string()).into());
    }
    let all = repo.remotes()?;
    let ours = &trees.all[&trees.ours.tree];
    let found = match name {
        Some(name) => all.iter().find(|remote| remote.name == name),
        None => remotes::of_tree(&all, ours).into_iter().next(),
    };
    let what = name.map_or_else(|| format!("that is {}", trees.ours.tree), |name| format!("`{name}`"));
    found.cloned().ok_or(StoreError::NoRemote(what))
}

/// Whether a commit is here, and another one has it in its history.
fn knows(repo: &Repo, old: Oid, commit: Oid) -> Result<bool, GitError> {
    Ok(repo.find_commit(&old.to_string())?.is_some() && repo.is_ancestor(old, commit)?)
}

/// Where a remote's branch stands.
fn there(repo: &Repo, remote: &str) -> Result<Option<Oid>, StoreError> {
    let process = repo.git(["ls-remote", "--quiet", "--refs", "--end-of-options", remote]);
    let process = process.arg(BranchName::rerere().full());
    let text = process.run()?.text();
    Ok(text.split_whitespace().next().map(|oid| repo.oid(&process, oid)).transpose()?)
}
