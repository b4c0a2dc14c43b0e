// SPDX-License-Identifier: GPL-2.0-only

//! Deriving a tip again from its manifest.

use super::build::{Attempt, Chain, Inputs};
use super::manifest::{Manifest, State};
use super::memory::Memory;
use super::{Failure, TipError};
use crate::git::Oid;
use crate::git::commit::Parsed;
use crate::git::objects::Objects;

/// Makes a tip again from what its manifest names, without a look at its merges, and compares.
pub fn verify(tip: Oid, inputs: Inputs<'_>, objects: &mut Objects) -> Result<Manifest, TipError> {
    let manifest = Manifest::read(objects, tip)?;
    let commits = std::iter::once(manifest.start).chain(manifest.branches.iter().map(|branch| branch.commit));
    let mut chain = Chain::new(manifest.start, commits.collect(), Memory::default(), inputs, objects)?;
    let mut contained = Vec::new();
    for branch in manifest.branches.iter().filter(|branch| branch.state != State::LeftOut) {
        match chain.attempt(&branch.name, branch.commit)? {
            Attempt::Contained => contained.push(branch.name.clone()),
            Attempt::Merged => {}
            Attempt::Unrelated => {
                return Err(TipError::Underivable(branch.name.clone(), "no history in common with the base".into()));
            }
            Attempt::Conflict(Failure { conflicts, .. }) => {
                let paths: Vec<String> = conflicts.into_iter().map(|conflict| conflict.path).collect();
                return Err(TipError::Underivable(branch.name.clone(), paths.join(", ")));
            }
        }
    }
    let derived = chain.finish(&manifest)?;
    let made: Vec<(String, Oid)> = chain.merges.iter().map(|merge| (merge.name.clone(), merge.commit)).collect();
    drop(chain);
    // A manifest that calls a branch contained which was merged here, or the reverse, tells of another tip.
    let mut says =
        manifest.branches.iter().filter(|branch| branch.state == State::Contained).map(|branch| &branch.name);
    let wrong = says.find(|name| !contained.contains(name));
    if let Some(name) = wrong {
        return Err(TipError::Different { tip, what: format!("{name}, which is not in already") });
    }
    if derived == tip {
        return Ok(manifest);
    }
    Err(TipError::Different { tip, what: first_difference(objects, tip, &made)? })
}

/// The first merge of a tip that is not the one made here.
fn first_difference(objects: &mut Objects, tip: Oid, made: &[(String, Oid)]) -> Result<String, TipError> {
    let mut theirs = Vec::new();
    let mut next = Parsed::read(objects, tip)?.parents.first().copied();
    while let Some(commit) = next {
        let parents = Parsed::read(objects, commit)?.parents;
        if parents.len() < 2 || theirs.len() > made.len() {
            break;
        }
        theirs.push(commit);
        next = parents.first().copied();
    }
    theirs.reverse();
    let differs = made.iter().zip(theirs.iter().map(Some).chain(std::iter::repeat(None)));
    let first = differs.into_iter().find(|((_, ours), theirs)| Some(ours) != *theirs);
    Ok(match first {
        Some(((name, _), _)) => format!("the merge of {name}"),
        None => "what follows the merges".into(),
    })
}
