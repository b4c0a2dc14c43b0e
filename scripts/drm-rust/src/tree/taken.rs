// SPDX-License-Identifier: GPL-2.0-only

//! Making the branches anew after the commits of one topic branch were taken into overlay and manifest.

use super::build::{self, Input};
use super::worktree::Plan;
use super::{TreeError, carry_out, keeps_published, managed, plan, stays, with_fixes};
use crate::git::objects::Objects;
use crate::git::refs::{Change, View, changes};
use crate::git::{BranchName, Oid, Repo};
use crate::oplog::{self, Logged, Operation};
use crate::topic::Topics;
use crate::topic::additions::Additions;
use crate::workspace::{Trees, Workspace};

/// What was taken, and from where.
pub(crate) struct Taken<'a> {
    pub(crate) ws: &'a Workspace,
    pub(crate) trees: &'a Trees,
    pub(crate) repo: &'a Repo,
    /// The newest operation.
    pub(crate) last: &'a Logged,
    /// The branches as the program itself made them last.
    pub(crate) made: &'a View,
    /// The topics as they shall be.
    pub(crate) topics: &'a Topics,
    /// What their patches add.
    pub(crate) additions: &'a Additions,
    /// The branch.
    pub(crate) branch: &'a BranchName,
}

/// How the branches move.
pub(crate) struct Moves {
    /// What the topic stands on.
    pub(crate) start: Option<Oid>,
    /// Where all topics together lead.
    pub(crate) next: Oid,
    /// The branches that move.
    pub(crate) changes: Vec<Change>,
    operations: Vec<Operation>,
    plan: Plan,
}

impl Taken<'_> {
    pub(crate) fn input(&self) -> Input<'_> {
        Input {
            repo: self.repo,
            base: self.last.operation.base.commit,
            topics: self.topics,
            merger: &self.trees.ours.identity,
            may_merge: true,
            additions: self.additions,
        }
    }

    /// Builds everything, and finds out whether the branches and the work tree may move.
    ///
    /// Other branches that a person moved stay where they are, and are not recorded: they remain to be absorbed.
    pub(crate) fn plan(&self, objects: &mut Objects) -> Result<Moves, TreeError> {
        let built = build::build(&self.input(), objects)?;
        keeps_published(self.repo, &built)?;
        let current = self.repo.view()?;
        let known = &with_fixes(self.made.clone(), &current);
        let moved = |name: &BranchName| current.contains_key(name) && current.get(name) != known.get(name);
        let mut wanted = built.view.clone();
        let others = current.iter().filter(|(name, _)| stays(name, known));
        wanted.extend(others.map(|(name, oid)| (name.clone(), *oid)));
        let mut recorded = wanted.clone();
        for name in current.keys().filter(|name| *name != self.branch && !stays(name, known)) {
            if moved(name)
                && current.get(name) != wanted.get(name)
                && (known.contains_key(name) || wanted.contains_key(name))
            {
                if *name == BranchName::next() || *name == BranchName::base() {
                    return Err(TreeError::Outside(vec![name.clone()]));
                }
                wanted.insert(name.clone(), current[name]);
                set(&mut recorded, name, known.get(name).copied());
            }
        }
        let managed = managed(&current, known, &wanted);
        let steps = changes(&managed, &wanted);
        self.repo.may_move(&steps)?;
        if !steps.is_empty() {
            objects.flush()?;
        }
        let plan = plan(self.repo, objects, &managed, &wanted)?;
        let mut operations = Vec::new();
        if moved(self.branch) {
            // So that `undo` brings the person's commits back.
            let mut view = known.clone();
            set(&mut view, self.branch, current.get(self.branch).copied());
            operations.push(self.operation(oplog::OUTSIDE, view));
        }
        if !steps.is_empty() {
            operations.push(self.operation(&self.ws.command, recorded));
        }
        let topic = built.topics.iter().find(|topic| topic.name.branch() == *self.branch);
        let start = topic.map(|topic| topic.start);
        let next = built.view[&BranchName::next()];
        Ok(Moves { start, next, changes: steps, operations, plan })
    }

    fn operation(&self, command: &str, view: View) -> Operation {
        let (time, base) = (self.ws.now, self.last.operation.base.clone());
        Operation { command: command.to_owned(), time, base, view, restores: None }
    }

    /// Moves the branches in one transaction; the work tree follows. Gives what a person has checked out instead.
    pub(crate) fn carry_out(&self, moves: Moves, objects: &mut Objects) -> Result<Option<String>, TreeError> {
        let operations = if moves.changes.is_empty() { &[][..] } else { &moves.operations };
        carry_out(self.repo, objects, operations, Some(self.last.id), &moves.changes, self.trees, moves.plan)
    }
}

fn set(view: &mut View, name: &BranchName, to: Option<Oid>) {
    match to {
        Some(oid) => drop(view.insert(name.clone(), oid)),
        None => drop(view.remove(name)),
    }
}
