// SPDX-License-Identifier: GPL-2.0-only

//! Picking commits onto a branch of fixes: in memory, and the commits that `git cherry-pick -x -s` would make.

mod error;
mod known;
pub mod later;
mod replay;
mod target;

use super::PullError;
use super::place::Place;
use crate::check::scope::{self, Patch};
use crate::git::picked::origins;
use crate::git::{BranchName, Oid, Repo};
use crate::neighbours::{Trees, plan};
use crate::review::{self, Overrides, Report, Stage};
use crate::tip::preview::Clash;

pub use error::PickError;
use later::Later;
pub(crate) use target::is_marked;

/// What to pick, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The commits, in order.
    pub commits: Vec<String>,
    /// Where to; where they belong if nothing is said.
    pub into: Option<BranchName>,
    /// Also pick the later commits that fix or revert them.
    pub with_followups: bool,
    /// Only look.
    pub dry_run: bool,
    /// The checks that need not pass.
    pub overrides: Overrides,
}

/// A commit and what it became.
#[derive(Clone, Debug)]
pub struct Pick {
    /// The commit.
    pub from: Patch,
    /// The one on the branch.
    pub to: Oid,
}

/// What picking came to.
#[derive(Clone, Debug)]
pub struct Picked {
    /// The branch.
    pub into: BranchName,
    /// Why that one; nothing where a person said so.
    pub reasons: Vec<String>,
    /// The commits, in order.
    pub picks: Vec<Pick>,
    /// Later commits about them that are left out.
    pub later: Vec<Later>,
    /// What was checked.
    pub reports: Vec<Report>,
    /// What conflicts.
    pub clash: Option<(Patch, Clash)>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Where the branch stands, where it has moved.
    pub moved: Option<Oid>,
}

/// Picks commits, if every check passes.
pub fn pick(place: &Place<'_>, trees: &Trees, options: &Options) -> Result<Picked, PullError> {
    let repo = place.repo();
    let mut wanted = commits(repo, &options.commits)?;
    let target::Target { branch: into, reasons, mut notes } =
        target::find(repo, trees, &wanted, options.into.as_ref())?;
    let ours = target::branch(repo, trees, &into)?;
    let unmarked = wanted.iter().filter(|patch| !is_marked(patch));
    notes.extend(unmarked.map(|patch| format!("{} has neither Fixes: nor Cc: stable", patch.cite())));
    let mut later = lacking(repo, followups(repo, trees, &wanted, &mut notes)?, ours)?;
    if options.with_followups {
        wanted.extend(later.drain(..).map(|later| later.patch));
    }
    let new = without_known(repo, wanted, (&into, ours), &mut notes)?;
    let replay::Replayed { picks, empty, clash, head } = replay::replay(repo, ours, new)?;
    notes.extend(empty.iter().map(|patch| format!("{} changes nothing in {into}", patch.cite())));
    let mut picked = Picked { into, reasons, picks, later, reports: Vec::new(), clash, notes, moved: None };
    if picked.clash.is_none() && head != ours {
        let patches = scope::between(repo, &ours.to_string(), &head.to_string(), false)?;
        picked.reports = review::review(&patches, repo, Stage::Push, &options.overrides)?;
        if !options.dry_run && review::failed(&picked.reports).is_empty() {
            place.advance(trees, &picked.into, ours, head)?;
            picked.moved = Some(head);
        }
    }
    Ok(picked)
}

/// Leaves out what a branch has, and tells so.
fn without_known(
    repo: &Repo,
    patches: Vec<Patch>,
    (into, ours): (&BranchName, Oid),
    notes: &mut Vec<String>,
) -> Result<Vec<Patch>, PullError> {
    let mut new = Vec::new();
    for patch in patches {
        match known::find(repo, &patch, ours)? {
            Some(commit) if commit == patch.commit => notes.push(format!("{} is in {into} already", patch.cite())),
            Some(commit) => {
                let known = repo.cited(&commit.to_string())?.cite();
                notes.push(format!("{} is in {into} already, as {known}", patch.cite()));
            }
            None => new.push(patch),
        }
    }
    Ok(new)
}

/// The commits that a person named, once each.
fn commits(repo: &Repo, names: &[String]) -> Result<Vec<Patch>, PullError> {
    let mut ids: Vec<Oid> = Vec::new();
    for name in names {
        let commit = repo.commit(name)?;
        if !ids.contains(&commit) {
            ids.push(commit);
        }
    }
    let patches = scope::each(repo, &ids)?;
    match patches.iter().find(|patch| patch.is_merge()) {
        Some(merge) => Err(PickError::Merge(merge.cite()).into()),
        None => Ok(patches),
    }
}

/// Later commits about some commits, as far as the branches that the tip is made from are here.
fn followups(repo: &Repo, trees: &Trees, asked: &[Patch], notes: &mut Vec<String>) -> Result<Vec<Later>, PullError> {
    let (steps, missing) = plan::look_around(trees, repo)?;
    let missing: Vec<String> = missing.iter().map(|lack| format!("{}/{}", lack.tree, lack.branch)).collect();
    if !missing.is_empty() {
        notes.push(format!("later fixes are not looked for where there is no branch: {}", missing.join(", ")));
    }
    let mut about: Vec<Oid> = asked.iter().map(|patch| patch.commit).collect();
    for id in asked.iter().flat_map(|patch| origins(&patch.body)) {
        about.extend(repo.find_id(&id)?);
    }
    let tips: Vec<Oid> = steps.iter().map(|step| step.commit).collect();
    later::find(repo, &tips, &about)
}

/// Those of them that a branch does not have.
fn lacking(repo: &Repo, later: Vec<Later>, ours: Oid) -> Result<Vec<Later>, PullError> {
    let mut left = Vec::new();
    for later in later {
        if known::find(repo, &later.patch, ours)?.is_none() {
            left.push(later);
        }
    }
    Ok(left)
}
