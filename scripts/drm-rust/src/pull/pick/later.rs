// SPDX-License-Identifier: GPL-2.0-only

//! What came after a commit and is about it: commits that fix it or revert it, and those that fix these.

use std::collections::BTreeSet;

use super::PullError;
use crate::check::scope::{self, Patch};
use crate::git::message::is_id;
use crate::git::picked::{PICKED, origins};
use crate::git::{GitError, Oid, Repo, damage};

/// The fewest digits by which a message can name a commit.
const DIGITS: usize = 8;

/// A later commit.
#[derive(Clone, Debug)]
pub struct Later {
    /// The commit.
    pub patch: Patch,
    /// What it has done to the other one: `fixed` or `reverted`.
    pub verb: &'static str,
    /// The commit that it is about.
    pub of: Oid,
}

/// Finds them in the histories of some commits, in the order in which they were made.
pub(super) fn find(repo: &Repo, tips: &[Oid], picked: &[Oid]) -> Result<Vec<Later>, PullError> {
    let mut seen: BTreeSet<Oid> = picked.iter().copied().collect();
    let mut queue: Vec<Oid> = picked.to_vec();
    let mut found: Vec<Later> = Vec::new();
    while let Some(commit) = queue.pop() {
        for patch in about(repo, tips, commit)? {
            let is_new = !seen.contains(&patch.commit);
            let is_pick = origins(&patch.body).contains(&commit.to_string());
            let Some(verb) = verb(&patch.body, commit).or(is_pick.then_some("")).filter(|_| is_new) else { continue };
            seen.insert(patch.commit);
            queue.push(patch.commit);
            // A pick of it is the commit itself under another id: what is about that is about both.
            if !verb.is_empty() {
                found.push(Later { patch, verb, of: commit });
            }
        }
    }
    let ids: Vec<String> = found.iter().map(|later| later.patch.commit.to_string()).collect();
    found.retain(|later| !origins(&later.patch.body).iter().any(|id| ids.contains(id)));
    in_order(repo, found)
}

/// The commits that name another one.
fn about(repo: &Repo, tips: &[Oid], commit: Oid) -> Result<Vec<Patch>, PullError> {
    let short = &commit.to_string()[..DIGITS];
    let texts = ["Fixes: ", "This reverts commit ", PICKED].map(|words| format!("{words}{short}"));
    let range: Vec<String> = tips.iter().map(ToString::to_string).chain([format!("^{commit}")]).collect();
    let found = repo.mentioning(&texts, &range)?;
    Ok(scope::each(repo, &found)?)
}

/// What a message does to a commit; none where it does nothing to this one.
fn verb(body: &str, commit: Oid) -> Option<&'static str> {
    let id = commit.to_string();
    let names = |rest: &str| {
        let word = rest.trim_start().split(|c: char| !c.is_ascii_hexdigit()).next().unwrap_or_default();
        let word = word.to_ascii_lowercase();
        word.len() >= DIGITS && is_id(&word) && id.starts_with(&word)
    };
    body.lines().find_map(|line| {
        let starts = [("fixes:", "fixed"), ("this reverts commit ", "reverted")];
        let of = |(start, verb): (&str, &'static str)| {
            let head = line.get(..start.len())?;
            (head.eq_ignore_ascii_case(start) && names(&line[start.len()..])).then_some(verb)
        };
        starts.into_iter().find_map(of)
    })
}

/// Sorts commits so that none comes before what it stands on.
fn in_order(repo: &Repo, mut found: Vec<Later>) -> Result<Vec<Later>, PullError> {
    if found.len() < 2 {
        return Ok(found);
    }
    let ids = || found.iter().map(|later| later.patch.commit.to_string());
    // All of them come after this one, or are it.
    let shared = damage::answer(&repo.git(["merge-base", "--octopus"]).args(ids()))?;
    let process = repo.git(["rev-list", "--topo-order"]).args(ids()).arg("--not").args(shared.lines());
    let newest_first = process.run().map_err(GitError::from)?.lines();
    let place = |later: &Later| {
        let id = later.patch.commit.to_string();
        newest_first.iter().position(|line| *line == id).unwrap_or(newest_first.len())
    };
    found.sort_by_cached_key(|later| std::cmp::Reverse(place(later)));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_commits() {
        let commit: Oid = "0123456789abcdef0123456789abcdef01234567".parse().unwrap();
        for (body, expected) in [
            ("Why.\n\nFixes: 0123456789ab (\"x: y\")\n", Some("fixed")),
            ("fixes:0123456789abcdef0123456789abcdef01234567\n", Some("fixed")),
            ("This reverts commit 0123456789abcdef0123456789abcdef01234567.\n", Some("reverted")),
            ("This reverts commit 0123456789AB (\"x: y\").\n", Some("reverted")),
            ("Fixes: 0123456789ac (\"x: y\")\n", None),
            ("Fixes: 0123 (\"x: y\")\n", None),
            ("See 0123456789ab, which Fixes: 0123456789ab\n", None),
            ("Fixes: é\n", None),
        ] {
            assert_eq!(verb(body, commit), expected, "{body}");
        }
    }
}
