// SPDX-License-Identifier: GPL-2.0-only

//! The tip of `linux/`: what is merged into it, and its branch.

use super::manifest::Manifest;
use super::preview::{self, Clash};
use super::{Fixups, Inputs, Plan, Planned, Tip, TipError};
use crate::git::objects::Objects;
use crate::git::refs::Change;
use crate::git::{BranchName, Oid, Repo};
use crate::lock::Lock;
use crate::merge::Resolver;
use crate::oplog::{self, Logged};
use crate::report::Reporter;
use crate::tree::{self, PATIENCE, TreeError};
use crate::workspace::{Trees, Workspace};

/// A branch by its name in the tip, and the revision of `linux/` where it stands.
pub type Source = (String, String);

/// What a tip of `linux/` is made with.
pub struct Options<'a> {
    /// Branches of neighbour trees, in order.
    pub neighbours: Vec<Source>,
    /// More branches, merged last.
    pub with: Vec<Source>,
    /// Settles conflicts.
    pub resolver: &'a mut dyn Resolver,
    /// Patches tied to merges.
    pub fixups: &'a mut dyn Fixups,
    /// What both of them read.
    pub resolutions: Option<String>,
}

/// A tip of `linux/`.
#[derive(Clone, Debug)]
pub struct Made {
    /// The tip.
    pub tip: Tip,
    /// Where its branch stood.
    pub before: Option<Oid>,
    /// The conflicts in detail.
    pub clashes: Vec<Clash>,
    /// The branches that moved.
    pub changes: Vec<Change>,
    /// Why the work tree stayed where it is, if a person has something else checked out.
    pub left_alone: Option<String>,
}

/// Makes the tip, and tells what conflicts. Nothing but unreachable objects is written.
pub fn preview(ws: &Workspace, options: Options<'_>, reporter: &dyn Reporter) -> Result<Made, TipError> {
    let trees = Trees::load(&ws.data("trees.toml")).map_err(TreeError::from)?;
    let (repo, mut objects, last) = open(ws)?;
    make(&repo, &mut objects, &last, &trees, options, reporter)
}

/// Makes the tip and moves its branch there.
pub fn integrate(ws: &Workspace, options: Options<'_>, reporter: &dyn Reporter) -> Result<Made, TipError> {
    let _lock = Lock::take(&ws.lock(), PATIENCE).map_err(TreeError::from)?;
    let trees = Trees::load(&ws.data("trees.toml")).map_err(TreeError::from)?;
    let (repo, mut objects, last) = open(ws)?;
    let mut made = make(&repo, &mut objects, &last, &trees, options, reporter)?;
    let set = (BranchName::tip(), made.tip.commit);
    let moved = tree::move_branch(ws, &repo, &mut objects, &last, &trees, set)?;
    (made.changes, made.left_alone) = (moved.changes, moved.left_alone);
    Ok(made)
}

/// Derives a tip again.
pub fn verify(
    ws: &Workspace,
    rev: &str,
    options: Options<'_>,
    reporter: &dyn Reporter,
) -> Result<(Oid, Manifest), TipError> {
    let trees = Trees::load(&ws.data("trees.toml")).map_err(TreeError::from)?;
    let (repo, mut objects, _) = open(ws)?;
    let tip = repo.commit(rev)?;
    let inputs = inputs(&repo, &trees, options.resolver, options.fixups, options.resolutions, None, reporter);
    Ok((tip, super::verify(tip, inputs, &mut objects)?))
}

fn open(ws: &Workspace) -> Result<(Repo, Objects, Logged), TreeError> {
    let repo = ws.linux();
    let missing = || TreeError::NoTree(repo.top().display().to_string());
    if !repo.exists() {
        return Err(missing());
    }
    let mut objects = Objects::new(&repo);
    let last = oplog::newest(&repo, &mut objects)?.ok_or_else(missing)?;
    Ok((repo, objects, last))
}

fn inputs<'a>(
    repo: &'a Repo,
    trees: &'a Trees,
    resolver: &'a mut dyn Resolver,
    fixups: &'a mut dyn Fixups,
    resolutions: Option<String>,
    previous: Option<Oid>,
    reporter: &'a dyn Reporter,
) -> Inputs<'a> {
    Inputs { repo, identity: &trees.ours.identity, resolver, fixups, resolutions, previous, reporter }
}

fn make(
    repo: &Repo,
    objects: &mut Objects,
    last: &Logged,
    trees: &Trees,
    options: Options<'_>,
    reporter: &dyn Reporter,
) -> Result<Made, TipError> {
    let before = repo.view()?.get(&BranchName::tip()).copied();
    let Options { neighbours, with, resolver, fixups, resolutions } = options;
    let plan = plan(repo, last, &neighbours, &with)?;
    let inputs = inputs(repo, trees, resolver, fixups, resolutions, before, reporter);
    let tip = super::build(&plan, inputs, objects)?;
    let clashes = tip.failures.iter().map(|failure| preview::look(repo, objects, failure)).collect::<Result<_, _>>()?;
    Ok(Made { tip, before, clashes, changes: Vec::new(), left_alone: None })
}

/// The order of a tip: fixes first, as they go to Linus first; what the neighbours have; this tree; what is asked for.
fn plan(repo: &Repo, last: &Logged, neighbours: &[Source], with: &[Source]) -> Result<Plan, TipError> {
    let view = &last.operation.view;
    let ours = |name: &str| {
        let name: BranchName = name.parse().expect("a branch name");
        view.get(&name).map(|&commit| Planned { name: name.to_string(), commit })
    };
    let named = |sources: &[Source]| -> Result<Vec<Planned>, TipError> {
        let planned = |(name, rev): &Source| Ok(Planned { name: name.clone(), commit: repo.commit(rev)? });
        sources.iter().map(planned).collect()
    };
    let mut branches: Vec<Planned> = ["drm-rust-fixes", "drm-rust-next-fixes"].into_iter().filter_map(ours).collect();
    branches.extend(named(neighbours)?);
    branches.extend(ours(BranchName::next().as_str()));
    branches.extend(named(with)?);
    Ok(Plan { start: last.operation.base.commit, branches })
}
