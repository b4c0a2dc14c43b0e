// SPDX-License-Identifier: GPL-2.0-only

//! Where topics have arrived: in which branches of other trees, as far as their remotes are there. Nothing is fetched.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::git::commit::Parsed;
use crate::git::objects::{ObjectError, Objects};
use crate::git::{BranchName, GitError, Oid, Repo, TopicName};
use crate::merge::same;
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
    /// How many more it may have: commits of the same subject make the change at another place or with other white space.
    pub presumed: usize,
    /// How that is known.
    pub by: By,
}

/// How patches are known to have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The commits themselves are there.
    Ancestry,
    /// Other commits make the same changes.
    Changes,
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

/// Looks for topics in every branch of other trees that is here, as far as these have more than the base.
pub(super) fn look(
    repo: &Repo,
    base: Oid,
    branches: Vec<Place>,
    topics: &[Patches],
) -> Result<BTreeMap<TopicName, Vec<Arrival>>, ObjectError> {
    let mut arrivals: BTreeMap<TopicName, Vec<Arrival>> = BTreeMap::new();
    let Some(since) = topics.iter().map(|topic| topic.since).min() else {
        return Ok(arrivals);
    };
    let ours: Vec<Oid> = topics.iter().flat_map(|topic| topic.commits.iter().copied()).collect();
    let args = ["--no-walk=unsorted".to_owned()].into_iter().chain(ours.iter().map(ToString::to_string));
    let ours: BTreeMap<Oid, String> = repo.patch_ids(args)?.into_iter().map(|(id, commit)| (commit, id)).collect();
    // Nobody has a patch before it was made, and what the base has is no patch of a topic.
    let range = |tip: Oid| [format!("--max-age={since}"), tip.to_string(), format!("^{base}")];
    let mut objects = Objects::new(repo);
    for (tree, branch, tip) in branches {
        let commits = repo.git(["rev-list"]).args(range(tip)).run().map_err(GitError::from)?.lines();
        let commits: BTreeSet<Oid> = commits.iter().filter_map(|line| line.parse().ok()).collect();
        let mut arrived = |topic: &Patches, patches, presumed, by| {
            let arrival = Arrival { tree: tree.clone(), branch: branch.clone(), patches, presumed, by };
            arrivals.entry(topic.name.clone()).or_default().push(arrival);
        };
        let is_there = |topic: &&Patches| topic.commits.iter().all(|commit| commits.contains(commit));
        let (whole, left): (Vec<&Patches>, Vec<&Patches>) = topics.iter().partition(is_there);
        whole.into_iter().for_each(|topic| arrived(topic, topic.commits.len(), 0, By::Ancestry));
        let files: BTreeSet<&str> = left.iter().flat_map(|topic| topic.files.iter().map(String::as_str)).collect();
        if files.is_empty() || commits.is_empty() {
            continue;
        }
        let options =
            ["--no-merges".to_owned()].into_iter().chain(range(tip)).chain(["--full-diff".into(), "--".into()]);
        let mut theirs: BTreeMap<String, Vec<Oid>> = BTreeMap::new();
        for (id, commit) in repo.patch_ids(options.chain(files.into_iter().map(str::to_owned)))? {
            theirs.entry(id).or_default().push(commit);
        }
        for topic in left {
            let (mut patches, mut presumed) = (0, 0);
            for commit in &topic.commits {
                let alike = ours.get(commit).and_then(|id| theirs.get(id)).map_or(&[][..], Vec::as_slice);
                match found(&mut objects, *commit, alike)? {
                    Found::Same => patches += 1,
                    Found::Similar => presumed += 1,
                    Found::No => {}
                }
            }
            if patches + presumed > 0 {
                arrived(topic, patches, presumed, By::Changes);
            }
        }
    }
    Ok(arrivals)
}

/// What is known of a patch.
enum Found {
    /// A commit makes the same change.
    Same,
    /// A commit of the same subject makes a similar one.
    Similar,
    No,
}

/// Finds out whether one of some commits that have a patch's id is that patch.
fn found(objects: &mut Objects, patch: Oid, alike: &[Oid]) -> Result<Found, ObjectError> {
    let mut subject = |commit| Ok::<_, ObjectError>(Parsed::read(objects, commit)?.subject().to_owned());
    let (wanted, mut found) = (subject(patch)?, Found::No);
    for &commit in alike {
        if subject(commit)? == wanted {
            found = Found::Similar;
        }
    }
    for &commit in alike {
        if commit == patch || same::is_pick(objects, patch, commit)? {
            return Ok(Found::Same);
        }
    }
    Ok(found)
}

/// A branch of another tree, and where it stands.
pub(super) type Place = (TreeName, BranchName, Oid);

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
            let tip = tracked.into_iter().find_map(|reference| refs.get(&reference).copied());
            found.extend(tip.map(|tip| (name.clone(), branch, tip)));
        }
    }
    Ok(found)
}
