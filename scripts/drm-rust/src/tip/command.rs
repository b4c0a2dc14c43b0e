// SPDX-License-Identifier: GPL-2.0-only

//! The tip of `linux/`, or of a clone in its place: what is merged into it, and its branch.

use super::manifest::{self, Manifest};
use super::preview::{self, Clash};
use super::resolutions::Resolutions;
use super::{Inputs, Plan, Planned, Tip, TipError, missing};
use crate::clone::Clone;
use crate::git::commit::{Identity, Parsed};
use crate::git::objects::Objects;
use crate::git::refs::Change;
use crate::git::{BranchName, Oid, Repo};
use crate::lock::Lock;
use crate::neighbours::plan::look_around;
use crate::oplog::{self, Logged};
use crate::report::Reporter;
use crate::tree::{self, PATIENCE, TreeError};
use crate::workspace::{Trees, Workspace};

/// A branch by its name in the tip, and the revision where it stands.
pub type Source = (String, String);

/// A tip.
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

/// Makes the tip with some more branches, and tells what conflicts. Nothing but unreachable objects is written.
pub fn preview(ws: &Workspace, with: &[Source], reporter: &dyn Reporter) -> Result<Made, TipError> {
    let mut linux = Linux::open(ws)?;
    linux.make(with, reporter)
}

/// Makes the tip with some more branches, and moves its branch there.
pub fn integrate(ws: &Workspace, with: &[Source], reporter: &dyn Reporter) -> Result<Made, TipError> {
    if ws.clone.is_some() {
        return integrate_clone(&Clone::open(ws)?, ws, with, reporter);
    }
    let _lock = Lock::take(&ws.lock(), PATIENCE).map_err(TreeError::from)?;
    let mut linux = Linux::open(ws)?;
    let mut made = linux.make(with, reporter)?;
    let last = linux.last.as_ref().expect("linux/ has an op log");
    let set = (BranchName::tip(), made.tip.commit);
    let moved = tree::move_branch(ws, &linux.repo, &mut linux.objects, last, &linux.trees, set)?;
    (made.changes, made.left_alone) = (moved.changes, moved.left_alone);
    Ok(made)
}

/// The same in a person's clone, which has no op log: git's own log of the branch tells where it stood.
fn integrate_clone(clone: &Clone, ws: &Workspace, with: &[Source], reporter: &dyn Reporter) -> Result<Made, TipError> {
    let mut linux = Linux::open(ws)?;
    let branch = BranchName::tip();
    if let Some(before) = linux.repo.find_commit(&branch.full())?
        && Parsed::read(&mut linux.objects, before)?.message != manifest::message()
    {
        return Err(TipError::NotOurs(before));
    }
    let mut made = linux.make(with, reporter)?;
    let commit = made.tip.commit;
    if made.before != Some(commit) {
        linux.objects.flush()?;
        clone.advance(&branch, made.before, commit, &format!("drm-rust: {}", ws.command))?;
        made.changes.push(Change { name: branch.full(), old: made.before, new: Some(commit) });
    }
    Ok(made)
}

/// Derives a tip again, with the resolutions that it was made with.
pub fn verify(ws: &Workspace, rev: &str, reporter: &dyn Reporter) -> Result<(Oid, Manifest), TipError> {
    let mut linux = Linux::open(ws)?;
    let tip = linux.repo.commit(rev)?;
    let mut resolutions = match Manifest::read(&mut linux.objects, tip)?.resolutions {
        Some(name) => Resolutions::named(&linux.repo, &name)?,
        None => Resolutions::newest(&linux.repo)?,
    };
    let inputs = inputs(&linux.repo, &linux.trees.ours.identity, &mut resolutions, None, reporter);
    Ok((tip, super::verify(tip, inputs, &mut linux.objects)?))
}

/// `linux/`, or the clone in its place, and what is known about it.
pub(super) struct Linux {
    pub(super) repo: Repo,
    pub(super) objects: Objects,
    /// The newest operation; a clone has no op log.
    pub(super) last: Option<Logged>,
    /// As messages name it.
    shown: String,
    pub(super) trees: Trees,
}

impl Linux {
    pub(super) fn open(ws: &Workspace) -> Result<Linux, TipError> {
        let trees = Trees::load(&ws.data("trees.toml")).map_err(TreeError::from)?;
        let repo = ws.repo();
        let mut objects = Objects::new(&repo);
        if ws.clone.is_some() {
            let shown = repo.top().display().to_string();
            return Ok(Linux { repo, objects, last: None, shown, trees });
        }
        let missing = || TreeError::NoTree(repo.top().display().to_string());
        if !repo.exists() {
            return Err(missing().into());
        }
        let last = oplog::newest(&repo, &mut objects).map_err(TreeError::from)?.ok_or_else(missing)?;
        Ok(Linux { repo, objects, last: Some(last), shown: "linux".into(), trees })
    }

    /// What the tip is made of: the branches that trees.toml lists, as far as they are there, and some more. Also
    /// tells what a person should know about the others.
    pub(super) fn plan(&mut self, with: &[Source]) -> Result<(Plan, Vec<String>), TipError> {
        let (steps, lacking) = look_around(&self.trees, &self.repo)?;
        let start = match (&self.last, steps.first()) {
            (Some(last), _) => last.operation.base.commit,
            // The first branch is what the others are merged into.
            (None, Some(first)) => first.commit,
            (None, None) => return Err(TipError::NoBranches(self.shown.clone())),
        };
        let has_history = !Parsed::read(&mut self.objects, start)?.parents.is_empty();
        let needed = lacking.iter().filter(|missing| missing.why.is_some());
        let missing = needed.map(|missing| format!("{}/{}", missing.tree, missing.branch)).collect();
        let notices = missing::notices(lacking, has_history, &self.shown)?;
        let step = |step: crate::neighbours::plan::Step| Planned {
            name: format!("{}/{}", step.tree, step.branch),
            commit: step.commit,
        };
        let mut branches: Vec<Planned> = steps.into_iter().map(step).collect();
        let revs: Vec<&str> = with.iter().map(|(_, rev)| rev.as_str()).collect();
        let commits = self.repo.commits(&revs)?;
        branches.extend(with.iter().zip(commits).map(|((name, _), commit)| Planned { name: name.clone(), commit }));
        Ok((Plan { start, branches, missing }, notices))
    }

    /// Makes the tip with some more branches, in memory.
    fn make(&mut self, with: &[Source], reporter: &dyn Reporter) -> Result<Made, TipError> {
        let (plan, notices) = self.plan(with)?;
        let before = self.repo.view()?.get(&BranchName::tip()).copied();
        let mut tip = self.build(&plan, before, reporter)?;
        tip.notices.splice(0..0, notices);
        let look = |failure| preview::look(&self.repo, &mut self.objects, failure);
        let clashes = tip.failures.iter().map(look).collect::<Result<_, _>>()?;
        Ok(Made { tip, before, clashes, changes: Vec::new(), left_alone: None })
    }

    pub(super) fn build(
        &mut self,
        plan: &Plan,
        previous: Option<Oid>,
        reporter: &dyn Reporter,
    ) -> Result<Tip, TipError> {
        let mut resolutions = Resolutions::newest(&self.repo)?;
        let inputs = inputs(&self.repo, &self.trees.ours.identity, &mut resolutions, previous, reporter);
        super::build(plan, inputs, &mut self.objects)
    }
}

fn inputs<'a>(
    repo: &'a Repo,
    identity: &'a Identity,
    resolutions: &'a mut Resolutions,
    previous: Option<Oid>,
    reporter: &'a dyn Reporter,
) -> Inputs<'a> {
    let Resolutions { settler, fixups, name } = resolutions;
    Inputs { repo, identity, resolver: settler, fixups, resolutions: Some(name.clone()), previous, reporter }
}
