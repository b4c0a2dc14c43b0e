// SPDX-License-Identifier: GPL-2.0-only

//! Undo: a new operation that brings back the branches of an earlier one.

use super::{PATIENCE, TreeError, carry_out, known, managed, outside_changes, plan};
use crate::git::objects::Objects;
use crate::git::refs::{Change, View, changes};
use crate::git::{BranchName, Repo};
use crate::lock::Lock;
use crate::oplog::{self, Logged, OpError, Operation};
use crate::topic::published;
use crate::workspace::{Trees, Workspace};

/// What an undo did.
#[derive(Clone, Debug)]
pub struct Undone {
    /// The operation whose branches are back.
    pub restored: Logged,
    /// The branches that moved.
    pub changes: Vec<Change>,
    /// Why the work tree stayed where it is, if a person has something else checked out.
    pub left_alone: Option<String>,
}

/// Brings back the branches of an operation: of `to`, or of the one before the last that was not undone.
pub fn undo(ws: &Workspace, to: Option<&str>) -> Result<Undone, TreeError> {
    let _lock = Lock::take(&ws.lock(), PATIENCE)?;
    let trees = Trees::load(&ws.data("trees.toml"))?;
    let repo = ws.linux();
    if !repo.exists() {
        return Err(TreeError::NoTree(repo.top().display().to_string()));
    }
    let mut objects = Objects::new(&repo);
    let last = oplog::newest(&repo, &mut objects)?.ok_or(OpError::NothingToUndo("the op log is empty"))?;
    let target = match to {
        Some(id) => oplog::find(&repo, &mut objects, id)?,
        None => oplog::undo_target(&repo, &mut objects)?,
    };
    let current = repo.view()?;
    let known = &known(&last, &current);
    let wanted = &wanted(&repo, &mut objects, &last, &target, &current)?;
    let outside = outside_changes(known, &current, wanted);
    if !outside.is_empty() {
        return Err(TreeError::Outside(outside));
    }
    let broken = published::broken(published::records(&repo)?, |record| match wanted.get(&record.topic.branch()) {
        None => Ok(true),
        Some(tip) => repo.is_ancestor(record.commit, *tip),
    })?;
    if !broken.is_empty() {
        return Err(TreeError::Frozen(broken));
    }
    let managed = managed(&current, known, wanted);
    let steps = changes(&managed, wanted);
    repo.may_move(&steps)?;
    let plan = plan(&repo, &mut objects, &managed, wanted)?;
    let operation = Operation {
        command: ws.command.clone(),
        time: ws.now,
        base: target.operation.base.clone(),
        view: wanted.clone(),
        restores: Some(target.operation.restores.unwrap_or(target.id)),
    };
    let mut operations = vec![operation];
    if *known != last.operation.view {
        let (command, view, base) = (oplog::OUTSIDE.to_owned(), known.clone(), last.operation.base.clone());
        operations.insert(0, Operation { command, time: ws.now, base, view, restores: None });
    }
    let left_alone = carry_out(&repo, &mut objects, &operations, Some(last.id), &steps, &trees, plan)?;
    Ok(Undone { restored: target, changes: steps, left_alone })
}

/// The view that comes back. A branch of fixes to which people have committed since stays, and none is removed.
fn wanted(
    repo: &Repo,
    objects: &mut Objects,
    last: &Logged,
    target: &Logged,
    current: &View,
) -> Result<View, TreeError> {
    let fixes = [BranchName::fixes(), BranchName::next_fixes()];
    let differs = |name: &BranchName, one: &View, two: &View| one.get(name) != two.get(name);
    let mut kept: Vec<bool> = fixes.iter().map(|name| differs(name, current, &last.operation.view)).collect();
    let mut at = last.clone();
    while at.id != target.id {
        let Some(before) = oplog::before(repo, objects, at.id)? else { break };
        let is_outside = at.operation.command == oplog::OUTSIDE;
        for (kept, name) in kept.iter_mut().zip(&fixes) {
            *kept |= is_outside && differs(name, &at.operation.view, &before.operation.view);
        }
        at = before;
    }
    let mut wanted = target.operation.view.clone();
    for (kept, name) in kept.into_iter().zip(fixes) {
        if kept || !wanted.contains_key(&name) {
            wanted.remove(&name);
            wanted.extend(current.get(&name).map(|oid| (name, *oid)));
        }
    }
    Ok(wanted)
}
