// SPDX-License-Identifier: GPL-2.0-only

//! Undo: a new operation that brings back the branches of an earlier one.

use super::worktree::{self, Plan};
use super::{PATIENCE, TreeError, commit, follow, managed, outside_changes};
use crate::git::objects::Objects;
use crate::git::refs::{Change, changes};
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
    let (known, wanted) = (&last.operation.view, &target.operation.view);
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
    let plan = worktree::plan(&repo, &managed, wanted, &[])?;
    if let Plan::Move(step) = plan {
        worktree::check(&repo, step)?;
    }
    let operation = Operation {
        command: ws.command.clone(),
        time: ws.now,
        base: target.operation.base.clone(),
        view: wanted.clone(),
        restores: Some(target.operation.restores.unwrap_or(target.id)),
    };
    commit(&repo, &mut objects, &[operation], Some(last.id), &steps, &trees)?;
    let left_alone = follow(&repo, plan)?;
    Ok(Undone { restored: target, changes: steps, left_alone })
}
