// SPDX-License-Identifier: GPL-2.0-only

//! What there is: base, topics, what waits to be forwarded, what is dirty. Changes nothing.

use serde::Serialize;

use super::arrival::{self, Arrival, Patches};
use super::build::{self, BuildError, Input};
use super::{TreeError, load_topics, worktree};
use crate::git::commit::Parsed;
use crate::git::objects::Objects;
use crate::git::refs::View;
use crate::git::{BranchName, GitError, Oid, Repo, TopicName};
use crate::oplog::{self, BaseRecord};
use crate::topic::{Topics, additions, manage, overlay, published};
use crate::workspace::{Trees, Workspace};

/// Everything that `status` tells.
#[derive(Debug, Serialize)]
pub struct Status {
    /// The base in use; none before the tree is made.
    pub base: Option<BaseRecord>,
    /// The topics, by name.
    pub topics: Vec<TopicStatus>,
    /// Commits of `drm-rust-next` that the base lacks: what a pull request would carry.
    pub waiting: usize,
    /// Files of `linux/` with changes that are not committed.
    pub dirty_linux: Vec<String>,
    /// Overlay files and manifests with changes that are not committed here.
    pub dirty_overlay: Vec<String>,
    /// What `linux/` has checked out, if it is not `drm-rust-next`.
    pub checked_out: Option<String>,
}

/// Whether a topic's branch is what the manifest and the overlay say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Freshness {
    /// The branch is up to date.
    Current,
    /// `drm-rust tree` has something to do.
    Stale,
    /// There is no branch yet.
    New,
}

/// One topic.
#[derive(Debug, Serialize)]
pub struct TopicStatus {
    /// Its name.
    pub name: TopicName,
    /// Its branch's tip; none before the tree is made.
    pub tip: Option<Oid>,
    /// The number of its patches.
    pub patches: usize,
    /// What it stands on.
    pub requires: Vec<TopicName>,
    /// The branches that it is merged into.
    pub merged_into: Vec<BranchName>,
    /// Whether the branch is up to date.
    pub freshness: Freshness,
    /// The branches of other trees that have patches of it.
    pub arrived: Vec<Arrival>,
    /// The tag that it was published as last.
    pub published: Option<String>,
    /// Days since then, until upstream has all of it.
    pub waits: Option<i64>,
    /// Whether Linus has all of it, so that a newer base does without.
    pub retired: bool,
}

/// Looks at everything.
pub fn status(ws: &Workspace) -> Result<Status, TreeError> {
    let topics = load_topics(ws)?;
    let repo = ws.linux();
    let mut status = Status {
        base: None,
        topics: Vec::new(),
        waiting: 0,
        dirty_linux: Vec::new(),
        dirty_overlay: overlay::uncommitted(&ws.root, &topics)?,
        checked_out: None,
    };
    let mut view = View::new();
    let mut wanted = View::new();
    if repo.exists() {
        let mut objects = Objects::new(&repo);
        status.base = oplog::newest(&repo, &mut objects)?.map(|last| last.operation.base);
        view = repo.view()?;
        if let Some(base) = &status.base {
            wanted = wanted_view(ws, &repo, base.commit, &topics, &mut objects)?;
            status.waiting = count_waiting(&repo, base.commit, &view)?;
        }
        status.dirty_linux = dirty_linux(&repo)?;
        let head = repo.head_branch()?;
        if head.as_ref() != Some(&BranchName::next()) {
            status.checked_out = Some(head.map_or("a detached HEAD".into(), |head| head.to_string()));
        }
    }
    for (name, manifest) in &topics {
        let tip = view.get(&name.branch()).copied();
        let freshness = match tip {
            None => Freshness::New,
            tip if tip == wanted.get(&name.branch()).copied() => Freshness::Current,
            Some(_) => Freshness::Stale,
        };
        status.topics.push(TopicStatus {
            name: name.clone(),
            tip,
            patches: manifest.patches.len(),
            requires: manifest.requires.clone(),
            merged_into: merged_into(&repo, &view, tip, manifest.patches.len())?,
            freshness,
            arrived: Vec::new(),
            published: None,
            waits: None,
            retired: false,
        });
    }
    if let Some(base) = status.base.as_ref().map(|base| base.commit) {
        add_arrivals(ws, &repo, base, &topics, &mut status)?;
    }
    Ok(status)
}

/// Adds where topics have arrived, and how long those wait that were published.
fn add_arrivals(ws: &Workspace, repo: &Repo, base: Oid, topics: &Topics, status: &mut Status) -> Result<(), TreeError> {
    let trees = Trees::load(&ws.data("trees.toml"))?;
    let branches = arrival::branches(repo, &trees)?;
    let mut patches = Vec::new();
    for (name, manifest) in topics.iter().filter(|_| !branches.is_empty()) {
        let files = manifest.paths().into_iter().map(str::to_owned).collect();
        let commits = manage::commits(repo, name, manifest.patches.len())?;
        let since = manifest.patches.iter().map(|patch| patch.date.as_second()).min();
        if let Some(since) = since.filter(|_| !commits.is_empty()) {
            patches.push(Patches { name: name.clone(), commits, files, since });
        }
    }
    let mut arrivals = arrival::look(repo, base, branches, &patches)?;
    let mut records = published::published(repo)?;
    for topic in &mut status.topics {
        topic.arrived = arrivals.remove(&topic.name).unwrap_or_default();
        let all = |arrival: &Arrival| arrival.patches == topic.patches;
        let in_linus = |arrival: &Arrival| arrival.tree.as_str() == "linus";
        topic.retired = topic.arrived.iter().any(|arrival| in_linus(arrival) && all(arrival));
        let upstream = |arrival: &Arrival| in_linus(arrival) || arrival.tree == trees.ours.upstream;
        let is_there = topic.arrived.iter().any(|arrival| upstream(arrival) && all(arrival));
        let record = records.remove(&topic.name);
        let days = record.as_ref().map(|record| (ws.now.as_second() - record.date).max(0) / (24 * 60 * 60));
        topic.waits = days.filter(|_| !is_there);
        topic.published = record.map(|record| record.name);
    }
    Ok(())
}

/// Where the branches would stand; empty where that cannot be told without merging.
fn wanted_view(
    ws: &Workspace,
    repo: &Repo,
    base: Oid,
    topics: &Topics,
    objects: &mut Objects,
) -> Result<View, TreeError> {
    let trees = Trees::load(&ws.data("trees.toml"))?;
    let merger = &trees.ours.identity;
    let additions = &additions::read(&ws.root, topics)?;
    let input = Input { repo, base, topics, merger, may_merge: false, additions };
    match build::build(&input, objects) {
        Ok(built) => Ok(built.view),
        Err(BuildError::NotMerged(_)) => Ok(build::tips(&input, objects)?),
        Err(error) => Err(error.into()),
    }
}

fn count_waiting(repo: &Repo, base: Oid, view: &View) -> Result<usize, GitError> {
    let Some(next) = view.get(&BranchName::next()) else { return Ok(0) };
    let process = repo.git(["rev-list", "--count", "--no-merges", &format!("{base}..{next}")]);
    let text = process.run()?.text();
    text.parse().map_err(|_| GitError::Answer { command: process.command_line(), answer: text })
}

/// The integration branches that contain a topic.
fn merged_into(repo: &Repo, view: &View, tip: Option<Oid>, patches: usize) -> Result<Vec<BranchName>, GitError> {
    let mut merged = Vec::new();
    let Some(tip) = tip.filter(|_| patches > 0) else { return Ok(merged) };
    for (name, commit) in view.iter().filter(|(name, _)| name.topic().is_none() && **name != BranchName::base()) {
        if repo.is_ancestor(tip, *commit)? {
            merged.push(name.clone());
        }
    }
    Ok(merged)
}

/// The base, if it was imported from an archive: it has no parents, and no public tree has such a commit.
pub fn imported_base(repo: &Repo) -> Result<Option<Oid>, TreeError> {
    let Some(base) = repo.find_commit(&BranchName::base().full())? else { return Ok(None) };
    Ok(Parsed::read(&mut Objects::new(repo), base)?.parents.is_empty().then_some(base))
}

/// The tree that `linux/` has checked out; none where something is not committed.
pub fn clean_tree(repo: &Repo) -> Result<Option<Oid>, GitError> {
    if !dirty_linux(repo)?.is_empty() {
        return Ok(None);
    }
    repo.tree(repo.commit("HEAD")?).map(Some)
}

/// The tree that was checked out all the time since then: none where it changed meanwhile, or was none.
pub fn unchanged(repo: &Repo, since: Option<Oid>) -> Option<Oid> {
    since.filter(|_| clean_tree(repo).is_ok_and(|now| now == since))
}

fn dirty_linux(repo: &Repo) -> Result<Vec<String>, GitError> {
    let mut files = worktree::dirty_files(repo)?;
    files.extend(repo.git(["diff-index", "--cached", "--name-only", "HEAD", "--"]).run()?.lines());
    files.sort();
    files.dedup();
    Ok(files)
}
