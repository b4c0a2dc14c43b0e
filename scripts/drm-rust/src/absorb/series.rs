// SPDX-License-Identifier: GPL-2.0-only

//! The commits of a topic branch, from what the topic stands on to the tip.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::AbsorbError;
use crate::config::is_of_git;
use crate::git::commit::{Identity, Parsed};
use crate::git::objects::Objects;
use crate::git::pack::Kind;
use crate::git::treeobj::{self, Side};
use crate::git::{BranchName, Oid};
use crate::topic::message::Message;

/// More commits than any topic has: such a branch stands on something else.
const MOST: usize = 2000;

/// What a commit does to a path: what it was, and what it is.
pub(super) type Changes = BTreeMap<String, (Side, Side)>;

/// A commit.
#[derive(Clone, Debug)]
pub(super) struct Commit {
    /// As messages name it.
    pub(super) cite: String,
    pub(super) id: Oid,
    pub(super) author: Identity,
    pub(super) date: Timestamp,
    pub(super) message: Message,
    pub(super) changes: Changes,
    /// The tree after it.
    pub(super) tree: Oid,
}

/// The commits of a branch.
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// What the topic stands on.
    pub(super) start: Oid,
    /// Its tree.
    pub(super) start_tree: Oid,
    /// The commits, oldest first.
    pub(super) commits: Vec<Commit>,
}

impl Series {
    /// The tree in the end.
    pub(super) fn tree(&self) -> Oid {
        self.commits.last().map_or(self.start_tree, |commit| commit.tree)
    }
}

/// What a topic branch may stand on.
pub(super) struct Starts {
    /// The base.
    pub(super) base: Oid,
    /// Where the topics that it requires stand, or stood.
    pub(super) required: BTreeSet<Oid>,
}

impl Starts {
    fn contains(&self, id: Oid, parents: &[Oid]) -> bool {
        let is_merge = matches!(parents, [_, theirs] if self.required.contains(theirs));
        id == self.base || self.required.contains(&id) || is_merge
    }
}

/// Reads a branch. `names` are what commits are called that no repository has.
pub(super) fn read(
    objects: &mut Objects,
    branch: &BranchName,
    tip: Oid,
    starts: &Starts,
    names: &BTreeMap<Oid, String>,
) -> Result<Series, AbsorbError> {
    let mut line = Vec::new();
    let mut at = tip;
    loop {
        let parsed = Parsed::read(objects, at)?;
        if starts.contains(at, &parsed.parents) {
            break;
        }
        let cite = names.get(&at).cloned().unwrap_or_else(|| format!("{} (\"{}\")", at.short(), parsed.subject()));
        let id = std::mem::replace(
            &mut at,
            match parsed.parents[..] {
                [parent] if line.len() < MOST => parent,
                [_, _, ..] => return Err(AbsorbError::MergeCommit(cite)),
                _ => return Err(AbsorbError::NoStart(branch.clone())),
            },
        );
        line.push((id, cite, parsed.tree));
    }
    let start_tree = objects.tree_of(at)?;
    let mut before = start_tree;
    let mut commits = Vec::new();
    for (id, cite, tree) in line.into_iter().rev() {
        commits.push(commit(objects, (id, cite), before, tree)?);
        before = tree;
    }
    Ok(Series { start: at, start_tree, commits })
}

fn commit(objects: &mut Objects, (id, cite): (Oid, String), before: Oid, tree: Oid) -> Result<Commit, AbsorbError> {
    let odd = |why| AbsorbError::Odd { commit: cite.clone(), why };
    let data = String::from_utf8(objects.read(id, Kind::Commit)?).map_err(|_| odd("its message is not UTF-8"))?;
    let (head, message) = data.split_once("\n\n").unwrap_or((&data, ""));
    let author = head.lines().find_map(|line| line.strip_prefix("author ")).unwrap_or_default();
    let (who, when) = author.split_at(author.rfind('>').map_or(0, |end| end + 1));
    let author = who.parse().map_err(|_| odd("its author is not written as `Name <mail@host>`"))?;
    let seconds = when.split_whitespace().next().and_then(|seconds| seconds.parse().ok());
    let date = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or_else(|| odd("it has no date"))?;
    if !is_of_git(date) {
        return Err(odd("its date is before 1970, which git does not take"));
    }
    let mut changes = Changes::new();
    for (path, sides) in treeobj::diff(objects, before, tree)? {
        let path = String::from_utf8(path).map_err(|_| odd("it has a file whose name is not UTF-8"))?;
        changes.insert(path, sides);
    }
    if changes.is_empty() {
        return Err(odd("it changes nothing"));
    }
    let message = Message::split(message);
    Ok(Commit { cite, id, author, date, message, changes, tree })
}
