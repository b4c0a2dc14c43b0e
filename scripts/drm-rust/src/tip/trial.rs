// SPDX-License-Identifier: GPL-2.0-only

//! Trials: whether a topic can be merged into the tip, and which patches of two branches conflict.

use serde::Serialize;

use super::command::{Linux, Made};
use super::preview::{self, Clash, Touch};
use super::resolutions::Resolutions;
use super::settle::position;
use super::{Failure, Planned, TipError};
use crate::git::{GitError, Oid, Repo, TopicName};
use crate::merge::{Conflict, Merger};
use crate::report::Reporter;
use crate::workspace::Workspace;

/// Merges a topic into the tip, on trial: the tip goes without those branches of ours that have the topic already.
/// Only the topic's own conflicts are told.
pub fn topic(ws: &Workspace, name: &TopicName, reporter: &dyn Reporter) -> Result<Made, TipError> {
    let mut linux = Linux::open(ws)?;
    let commit = linux.repo.commit(&name.branch().full())?;
    let branch = name.branch().to_string();
    let (mut plan, notices) = linux.plan(&[])?;
    let ours = format!("{}/", linux.trees.ours.tree);
    let mut kept = Vec::new();
    for planned in plan.branches {
        if !planned.name.starts_with(&ours) || !contains(&linux.repo, planned.commit, commit)? {
            kept.push(planned);
        }
    }
    kept.push(Planned { name: branch.clone(), commit });
    plan.branches = kept;
    let mut tip = linux.build(&plan, None, reporter)?;
    tip.notices.splice(0..0, notices);
    let mine = tip.failures.iter().filter(|failure| failure.name == branch);
    let look = |failure| preview::look(&linux.repo, &mut linux.objects, failure);
    let clashes = mine.map(look).collect::<Result<_, _>>()?;
    Ok(Made { tip, before: None, clashes, changes: Vec::new(), left_alone: None })
}

fn contains(repo: &Repo, commit: Oid, ancestor: Oid) -> Result<bool, GitError> {
    repo.is_ancestor(ancestor, commit)
}

/// The first patch of a branch that conflicts with the first one of another branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// The patch of the first branch.
    pub ours: Touch,
    /// The patch of the second branch.
    pub theirs: Touch,
    /// Their conflict.
    pub clash: Clash,
}

/// Finds two patches that conflict: without either of them, what comes before merges. None where the branches merge.
pub fn bisect(ws: &Workspace, ours: &str, theirs: &str) -> Result<Option<Pair>, TipError> {
    let mut linux = Linux::open(ws)?;
    let (plan, _) = linux.plan(&[])?;
    let find = |name: &str| match position(&plan, name) {
        Ok(place) => Ok(plan.branches[place].commit),
        Err(_) => linux.repo.commit(name),
    };
    let (our_tip, their_tip) = (find(ours)?, find(theirs)?);
    let (our_patches, their_patches) =
        (patches(&linux.repo, our_tip, their_tip)?, patches(&linux.repo, their_tip, our_tip)?);
    let mut resolutions = Resolutions::newest(&linux.repo)?;
    let mut merger = Merger::new(&linux.repo, &mut linux.objects);
    let mut conflicts = |ours: Oid, theirs: Oid| -> Result<(Vec<Oid>, Vec<Conflict>), TipError> {
        let bases = merger.bases(ours, theirs)?;
        let outcome = merger.merge(&bases, ours, theirs)?;
        Ok((bases, merger.settle(outcome, &mut resolutions.settler)?.left))
    };
    if our_patches.is_empty() || their_patches.is_empty() || conflicts(our_tip, their_tip)?.1.is_empty() {
        return Ok(None);
    }
    let our_patch = first(&our_patches, |patch| Ok(!conflicts(patch, their_tip)?.1.is_empty()))?;
    let their_patch = first(&their_patches, |patch| Ok(!conflicts(our_patch, patch)?.1.is_empty()))?;
    let (bases, found) = conflicts(our_patch, their_patch)?;
    let (name, into, commit) = (theirs.to_owned(), our_patch, their_patch);
    let failure = Failure { name, commit, into, bases, before: vec![our_patch], conflicts: found };
    let clash = preview::look(&linux.repo, &mut linux.objects, &failure)?;
    let touch = |commit| preview::touch(&linux.repo, commit);
    Ok(Some(Pair { ours: touch(our_patch)?, theirs: touch(their_patch)?, clash }))
}

/// The patches of a branch that another one lacks, oldest first; a merge counts as one.
fn patches(repo: &Repo, of: Oid, not: Oid) -> Result<Vec<Oid>, GitError> {
    let process = repo.git(["rev-list", "--first-parent", "--reverse", &of.to_string(), &format!("^{not}")]);
    process.run()?.lines().iter().map(|line| repo.oid(&process, line)).collect()
}

/// A patch that is bad where the one before it is not. The last one is bad.
fn first(patches: &[Oid], mut is_bad: impl FnMut(Oid) -> Result<bool, TipError>) -> Result<Oid, TipError> {
    let (mut good, mut bad) = (0, patches.len() - 1);
    while good < bad {
        let middle = good.midpoint(bad);
        match is_bad(patches[middle])? {
            true => bad = middle,
            false => good = middle + 1,
        }
    }
    Ok(patches[bad])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bad_patch_is_found() {
        let patches: Vec<Oid> = (0..9).map(|n| Oid::from_bytes([n; 20])).collect();
        for len in 1..9 {
            for bad in 0..len {
                let found = first(&patches[..len], |patch| Ok(patch >= patches[bad])).unwrap();
                assert_eq!(found, patches[bad], "{bad} of {len}");
            }
        }
    }
}
