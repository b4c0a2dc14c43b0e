// SPDX-License-Identifier: GPL-2.0-only

//! The branch that carries the store: each change is a commit, an operation of the op log, one transaction.

use super::StoreError;
use super::store::Store;
use crate::clone;
use crate::git::commit::{Commit, Identity};
use crate::git::objects::Objects;
use crate::git::refs::Change;
use crate::git::{BranchName, GitError, Oid, Repo, damage};
use crate::oplog::{self, OpError, Operation};
use crate::tree::{self, TreeError};
use crate::workspace::{Trees, Workspace};

/// A change of the store.
pub struct Edit<'a> {
    /// Who makes it.
    pub who: &'a Identity,
    /// The first line of the commit's message.
    pub subject: String,
}

/// The commit that the store's branch stands at.
pub fn tip(repo: &Repo) -> Result<Option<Oid>, GitError> {
    repo.find_commit(&BranchName::rerere().full())
}

/// Reads the store.
pub fn load(repo: &Repo) -> Result<Store, StoreError> {
    if !repo.is_repository()? {
        return Err(TreeError::NoTree(repo.top().display().to_string()).into());
    }
    Store::load(&mut Objects::new(repo), tip(repo)?)
}

/// Changes the store. What `change` gives back comes with the branch's new commit, where anything changed.
pub fn edit<T>(
    ws: &Workspace,
    edit: &Edit<'_>,
    change: impl FnOnce(&mut Objects, &mut Store) -> Result<T, StoreError>,
) -> Result<(T, Option<Oid>), StoreError> {
    let _lock = clone::lock(ws)?;
    let repo = ws.repo();
    let mut store = load(&repo)?;
    let mut objects = Objects::new(&repo);
    let old = tip(&repo)?;
    let before = store.clone();
    let result = change(&mut objects, &mut store)?;
    if store == before {
        return Ok((result, None));
    }
    let new = write(&mut objects, &store, old.into_iter().collect(), edit, ws.now.as_second());
    advance(ws, &repo, &mut objects, old, new)?;
    Ok((result, Some(new)))
}

/// Takes in what another commit of such a branch knows, for example that of a remote.
pub fn join(ws: &Workspace, edit: &Edit<'_>, theirs: Oid) -> Result<Option<Oid>, StoreError> {
    let _lock = clone::lock(ws)?;
    let repo = ws.repo();
    let mut objects = Objects::new(&repo);
    let ours = tip(&repo)?;
    let base = match ours {
        Some(ours) => {
            damage::answer(&repo.git(["merge-base", &ours.to_string(), &theirs.to_string()]))?.text().parse().ok()
        }
        None => None,
    };
    let new = match (ours, base) {
        (Some(ours), Some(base)) if base == theirs || ours == theirs => return Ok(None),
        (Some(ours), base) if base != Some(ours) => {
            let stores = [base, Some(ours), Some(theirs)].map(|commit| Store::load(&mut objects, commit));
            let [base, one, two] = stores;
            let union = Store::union(&base?, &one?, &two?)?;
            write(&mut objects, &union, vec![ours, theirs], edit, ws.now.as_second())
        }
        _ => theirs,
    };
    advance(ws, &repo, &mut objects, ours, new)?;
    Ok(Some(new))
}

fn write(objects: &mut Objects, store: &Store, parents: Vec<Oid>, edit: &Edit<'_>, date: i64) -> Oid {
    let tree = store.write(objects);
    let message = format!("{}\n", edit.subject);
    objects.write_commit(&Commit { tree, parents, author: edit.who.clone(), date, message })
}

/// Moves the branch and leaves an operation; a person's clone has no op log.
fn advance(ws: &Workspace, repo: &Repo, objects: &mut Objects, old: Option<Oid>, new: Oid) -> Result<(), StoreError> {
    let step = Change { name: BranchName::rerere().full(), old, new: Some(new) };
    if ws.clone.is_some() {
        objects.flush()?;
        return Ok(repo.update_refs(&[step], &format!("drm-rust: {}", ws.command))?);
    }
    let trees = Trees::load(&ws.data("trees.toml")).map_err(TreeError::from)?;
    let last = oplog::newest(repo, objects).map_err(TreeError::from)?;
    let last = last.ok_or(OpError::NothingToUndo("the op log is empty")).map_err(TreeError::from)?;
    // Branches that somebody else moved meanwhile stay unknown to the log: the next refresh asks about them.
    let mut view = last.operation.view;
    view.insert(BranchName::rerere(), new);
    let operation =
        Operation { command: ws.command.clone(), time: ws.now, base: last.operation.base, view, restores: None };
    Ok(tree::commit(repo, objects, &[operation], Some(last.id), &[step], &trees)?)
}
