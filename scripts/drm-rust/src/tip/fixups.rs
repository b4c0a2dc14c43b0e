// SPDX-License-Identifier: GPL-2.0-only

//! A person records what the tip's merge of a branch needs although nothing conflicts: its fixup, a patch.

use super::command::Linux;
use super::manifest::Manifest;
use super::resolutions::Resolutions;
use super::{TipError, settle};
use crate::git::commit::{Identity, Parsed};
use crate::git::{BranchName, Oid};
use crate::merge::Merger;
use crate::resolve::StoreError;
use crate::resolve::branch::{self, Edit};
use crate::resolve::fixup::{self, Patched};
use crate::resolve::store::{self, Store};
use crate::workspace::Workspace;

/// What to do with the fixup of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// This is the first one.
    Add(Vec<u8>),
    /// This comes after the one that is there, if there is one.
    Append(Vec<u8>),
    /// This takes the place of the one that is there.
    Replace(Vec<u8>),
    /// It goes away.
    Remove,
}

impl Change {
    fn verb(&self) -> &'static str {
        match self {
            Change::Add(_) => "add",
            Change::Append(_) => "append to",
            Change::Replace(_) => "replace",
            Change::Remove => "remove",
        }
    }
}

/// A change that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The branch, by its name in the tip.
    pub branch: String,
    /// The files that the fixup changes now.
    pub files: Vec<String>,
    /// Why nobody has tried whether it applies.
    pub untried: Option<String>,
}

/// Changes the fixup of a branch: one commit on the branch of resolutions, if it applies to the tip's merge.
pub fn record(
    ws: &Workspace,
    branch: &str,
    change: &Change,
    who: &Identity,
    why: Option<&str>,
) -> Result<Recorded, TipError> {
    let mut linux = Linux::open(ws)?;
    let tip = tip(&mut linux)?;
    let name = name(&mut linux, tip.as_ref(), branch, change)?;
    let merge = match (&tip, change) {
        (_, Change::Remove) => Ok(None),
        (None, _) => Err(format!("there is no {}", BranchName::tip())),
        (Some(tip), _) => merge(&mut linux, tip, &name)?.map(Some).ok_or(format!("the tip has no merge of {name}")),
    };
    let why = why.map(|why| format!(": {}", why.split_whitespace().collect::<Vec<_>>().join(" "))).unwrap_or_default();
    let edit = Edit { who, subject: format!("{} the fixup of {name}{why}", change.verb()) };
    let tree = merge.as_ref().ok().copied().flatten();
    let (files, _) = branch::edit(ws, &edit, |objects, store| {
        let Some(patch) = patch(objects, store, &name, change)? else {
            store.fixups.remove(&name);
            return Ok(Vec::new());
        };
        let files = fixup::files(&patch)?;
        match tree.map(|tree| fixup::apply(objects, tree, &patch)).transpose()? {
            Some(Patched::NotNeeded) => return Err(StoreError::NotNeeded(name.clone())),
            Some(Patched::DoesNotApply(said)) => return Err(StoreError::Unfit { branch: name.clone(), said }),
            Some(Patched::Tree(_)) | None => {}
        }
        store.fixups.insert(name.clone(), store::blob(objects, &patch));
        Ok(files)
    })?;
    Ok(Recorded { branch: name, files, untried: merge.err() })
}

/// The whole patch of the branch after the change; none where it goes away.
fn patch(
    objects: &mut crate::git::objects::Objects,
    store: &Store,
    name: &str,
    change: &Change,
) -> Result<Option<Vec<u8>>, StoreError> {
    let there = store.fixups.get(name).copied();
    Ok(match (change, there) {
        (Change::Add(_), Some(_)) => return Err(StoreError::FixupThere(name.to_owned())),
        (Change::Replace(_) | Change::Remove, None) => return Err(StoreError::NoFixup(name.to_owned())),
        (Change::Remove, Some(_)) => None,
        (Change::Append(new), Some(there)) => {
            fixup::files(new)?;
            let mut patch = objects.blob(there)?;
            if !patch.ends_with(b"\n") {
                patch.push(b'\n');
            }
            patch.extend_from_slice(new);
            Some(patch)
        }
        (Change::Add(new) | Change::Append(new) | Change::Replace(new), _) => Some(new.clone()),
    })
}

/// The tip and its manifest. A tip that somebody made by other means tells nothing.
fn tip(linux: &mut Linux) -> Result<Option<(Oid, Manifest)>, TipError> {
    let Some(tip) = linux.repo.view()?.get(&BranchName::tip()).copied() else { return Ok(None) };
    match Manifest::read(&mut linux.objects, tip) {
        Ok(manifest) => Ok(Some((tip, manifest))),
        Err(TipError::NoTip(_) | TipError::Manifest(..)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The branch by its name in the tip. One that is there no more can still lose its fixup.
fn name(linux: &mut Linux, tip: Option<&(Oid, Manifest)>, branch: &str, change: &Change) -> Result<String, TipError> {
    let (plan, _) = linux.plan(&[])?;
    let mut names: Vec<String> = plan.branches.into_iter().map(|planned| planned.name).collect();
    names.extend(tip.into_iter().flat_map(|(_, manifest)| manifest.branches.iter().map(|branch| branch.name.clone())));
    if *change == Change::Remove {
        names.extend(branch::load(&linux.repo)?.fixups.into_keys());
    }
    names.sort();
    names.dedup();
    let place = settle::named(&names.iter().map(String::as_str).collect::<Vec<_>>(), branch)?;
    Ok(names.swap_remove(place))
}

/// The tree of the tip's merge of a branch, without a fixup; none where the tip has no such merge.
fn merge(linux: &mut Linux, (tip, manifest): &(Oid, Manifest), name: &str) -> Result<Option<Oid>, TipError> {
    let subject = format!("Merge {name} into {}", BranchName::tip());
    let mut next = Parsed::read(&mut linux.objects, *tip)?.parents.first().copied();
    while let Some(commit) = next.filter(|commit| *commit != manifest.start) {
        let parsed = Parsed::read(&mut linux.objects, commit)?;
        let &[ours, theirs] = &parsed.parents[..] else { return Ok(None) };
        if parsed.subject() != subject {
            next = Some(ours);
            continue;
        }
        let mut resolutions = Resolutions::newest(&linux.repo)?;
        let mut merger = Merger::new(&linux.repo, &mut linux.objects);
        let bases = merger.bases(ours, theirs)?;
        let outcome = merger.merge(&bases, ours, theirs)?;
        let settled = merger.settle(outcome, &mut resolutions.settler)?;
        linux.objects.flush()?;
        return Ok(settled.left.is_empty().then_some(settled.tree));
    }
    Ok(None)
}
