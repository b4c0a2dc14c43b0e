// SPDX-License-Identifier: GPL-2.0-only

//! A person settles the conflicts of a branch of the tip: opened as files, recorded when done.

use std::path::PathBuf;

use super::command::{Linux, Source};
use super::{Plan, TipError};
use crate::git::BranchName;
use crate::git::commit::Identity;
use crate::merge::Merger;
use crate::report::Reporter;
use crate::resolve::record::MergeOf;
use crate::resolve::scratch::{self, Scratch};
use crate::resolve::store::Added;
use crate::workspace::Workspace;

/// The conflicts of a branch, open in a scratch work tree.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The branch, by its name in the tip.
    pub branch: String,
    /// The scratch work tree.
    pub dir: PathBuf,
    /// The paths that nobody settled yet.
    pub left: Vec<String>,
    /// Whether it was open already.
    pub again: bool,
}

/// Opens the conflicts of a branch that nothing settles.
pub fn open(ws: &Workspace, branch: &str, with: &[Source], reporter: &dyn Reporter) -> Result<Opened, TipError> {
    let mut linux = Linux::open(ws)?;
    let (mut plan, _) = linux.plan(with)?;
    let place = position(&plan, branch)?;
    plan.branches.truncate(place + 1);
    let name = plan.branches[place].name.clone();
    let before = linux.repo.view()?.get(&BranchName::tip()).copied();
    let tip = linux.build(&plan, before, reporter)?;
    let failure = tip.failures.into_iter().find(|failure| failure.name == name);
    let failure = failure.ok_or_else(|| TipError::NoConflict(name.clone()))?;
    let merge = MergeOf { branch: name.clone(), ours: failure.into, theirs: failure.commit };
    let dir = scratch_of(ws, &name)?;
    let (scratch, again) = match Scratch::open(&dir)? {
        Some(open) if *open.merge() == merge => (open, true),
        Some(_) => return Err(TipError::AnotherMerge(name, dir.display().to_string())),
        None => {
            let mut merger = Merger::new(&linux.repo, &mut linux.objects);
            let mut found = Vec::new();
            for conflict in failure.conflicts {
                let contents = merger.read_contents(&conflict)?;
                found.push((conflict, contents));
            }
            (Scratch::create(&dir, merge, &found)?, false)
        }
    };
    Ok(Opened { branch: name, left: scratch.left()?, dir, again })
}

/// What was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The branch, by its name in the tip.
    pub branch: String,
    /// The paths, and whether their resolutions are new.
    pub recorded: Vec<(String, Added)>,
}

/// Records what a person made of a branch's conflicts, and removes the scratch work tree.
pub fn done(ws: &Workspace, branch: &str, who: &Identity, why: &str) -> Result<Done, TipError> {
    let scratch = match Scratch::open(&scratch_of(ws, branch)?)? {
        Some(scratch) => scratch,
        None => {
            let (plan, _) = Linux::open(ws)?.plan(&[])?;
            let not_open = || TipError::NotOpen(branch.to_owned());
            let place = position(&plan, branch).map_err(|_| not_open())?;
            Scratch::open(&scratch_of(ws, &plan.branches[place].name)?)?.ok_or_else(not_open)?
        }
    };
    let branch = scratch.merge().branch.clone();
    let (added, _) = scratch.record(ws, who, why)?;
    let paths = scratch.settled()?.into_iter().map(|settled| settled.conflict.path);
    let recorded = paths.zip(added).collect();
    scratch.remove()?;
    Ok(Done { branch, recorded })
}

/// A branch of a plan by its name.
pub(super) fn position(plan: &Plan, branch: &str) -> Result<usize, TipError> {
    named(&plan.branches.iter().map(|planned| planned.name.as_str()).collect::<Vec<_>>(), branch)
}

/// The one of some branches that has a name, which may be without its tree where that is enough.
pub(super) fn named(names: &[&str], branch: &str) -> Result<usize, TipError> {
    if let Some(place) = names.iter().position(|name| *name == branch) {
        return Ok(place);
    }
    let without_tree = |place: &usize| names[*place].split_once('/').is_some_and(|(_, short)| short == branch);
    match (0..names.len()).filter(without_tree).collect::<Vec<_>>()[..] {
        [place] => Ok(place),
        _ => Err(TipError::NotInTip(branch.to_owned())),
    }
}

/// Where a branch's conflicts are open. Its name becomes a path, so it must be one of a branch.
fn scratch_of(ws: &Workspace, branch: &str) -> Result<PathBuf, TipError> {
    let name: BranchName = branch.parse().map_err(|_| TipError::NotInTip(branch.to_owned()))?;
    Ok(scratch::place(&ws.build(), name.as_str()))
}
