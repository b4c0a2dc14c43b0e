// SPDX-License-Identifier: GPL-2.0-only

//! Where topics have arrived: in which branches of other trees, as far as their remotes are there. Nothing is fetched.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::git::{BranchName, GitError, Oid, Repo, TopicName};
use crate::neighbours::{TreeName, Trees, plan, remotes};

/// A branch of another tree that has patches of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Arrival {
    /// The tree.
    pub tree: TreeName,
    /// The branch.
    pub branch: BranchName,
    /// How many of the topic's patches it has.
    pub patches: usize,
    /// How that is known.
    pub by: By,
}

/// How patches are known to have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The commits themselves are there.
    Ancestry,
    /// Commits with the same changes are there.
    PatchId,
}

/// The patches of a topic.
pub(super) struct Patches {
    pub(super) name: TopicName,
    /// Its commits, oldest first.
    pub(super) commits: Vec<Oid>,
    /// The files that they change.
    pub(super) files: Vec<String>,
    /// When the first one was made, in seconds since 1970.
    pub(super) since: i64,
}

/// Looks for topics in every branch of other trees that is here.
pub(super) fn look(
    repo: &Repo,
    branches: Vec<Place>,
    topics: &[Patches],
) -> Result<BTreeMap<TopicName, Vec<Arrival>>, GitError> {
    let mut arrivals: BTreeMap<TopicName, Vec<Arrival>> = BTreeMap::new();
    let Some(since) = topics.iter().map(|topic| topic.since).min() else {
        return Ok(arrivals);
    };
    let ours: Vec<Oid> = topics.iter().flat_map(|topic| topic.commits.iter().copied()).collect();
    let args = ["--no-walk=unsorted".to_owned()].into_iter().chain(ours.iter().map(ToString::to_string));
    let ours: BTreeMap<Oid, String> = repo.patch_ids(args)?.into_iter().map(|(id, commit)| (commit, id)).collect();
    // Nobody has a patch before it was made.
    let since = format!("--max-age={since}");
    for (tree, branch, reference) in branches {
        let commits = repo.git(["rev-list", &since, &reference]).run()?.lines();
        let commits: BTreeSet<Oid> = commits.iter().filter_map(|line| line.parse().ok()).collect();
        let mut left: Vec<&Patches> = Vec::new();
        for topic in topics {
            let patches = topic.commits.iter().filter(|commit| commits.contains(commit)).count();
            match patches == topic.commits.len() {
                true => {
                    let arrival = Arrival { tree: tree.clone(), branch: branch.clone(), patches, by: By::Ancestry };
                    arrivals.entry(topic.name.clone()).or_default().push(arrival);
                }
                false => left.push(topic),
            }
        }
        let files: BTreeSet<&str> = left.iter().flat_map(|topic| topic.files.iter().map(String::as_str)).collect();
        if files.is_empty() || commits.is_empty() {
            continue;
        }
        let args = ["--no-merges".to_owned(), since.clone(), reference.clone(), "--full-diff".into(), "--".into()];
        let theirs = repo.patch_ids(args.into_iter().chain(files.into_iter().map(str::to_owned)))?;
        let theirs: BTreeSet<String> = theirs.into_iter().map(|(id, _)| id).collect();
        for topic in left {
            let has = |commit: &&Oid| ours.get(commit).is_some_and(|id| theirs.contains(id));
            let patches = topic.commits.iter().filter(has).count();
            if patches > 0 {
                let arrival = Arrival { tree: tree.clone(), branch: branch.clone(), patches, by: By::PatchId };
                arrivals.entry(topic.name.clone()).or_default().push(arrival);
            }
        }
    }
    Ok(arrivals)
}

/// A branch of another tree, and the reference that has it.
pub(super) type Place = (TreeName, BranchName, String);

/// The branches of other trees that are here.
pub(super) fn branches(repo: &Repo, trees: &Trees) -> Result<Vec<Place>, GitError> {
    let all = repo.remotes()?;
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let refs = plan::refs(repo)?;
    let mut found = Vec::new();
    for (name, tree) in trees.all.iter().filter(|(name, _)| **name != trees.ours.tree) {
        let is_main = |branch: &str| branch.parse::<BranchName>().ok();
        let main = if *name == trees.ours.upstream { is_main("drm-next") } else { is_main("master") };
        let of_tip = trees.tip.iter().filter(|source| source.tree == *name).map(|source| source.branch.clone());
        let branches: BTreeSet<BranchName> = of_tip.chain(main).collect();
        for branch in branches {
            let tracked = remotes::of_tree(&all, tree).into_iter().filter_map(|remote| remote.tracks(&branch));
            let reference = tracked.into_iter().find(|reference| refs.contains_key(reference));
            found.extend(reference.map(|reference| (name.clone(), branch, reference)));
        }
    }
    Ok(found)
}
