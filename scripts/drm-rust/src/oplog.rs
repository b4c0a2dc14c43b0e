// SPDX-License-Identifier: GPL-2.0-only

//! The op log: what each command did to the branches, kept as commits under a reference of its own.
//!
//! An operation's tree holds `op.json`; its parents are the operation before it and every commit that its view
//! names, so that nothing an operation knows is ever collected as garbage.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::Base;
use crate::error::{Explain, FileError};
use crate::git::commit::{Commit, Identity};
use crate::git::objects::{ObjectError, Objects};
use crate::git::pack::Kind;
use crate::git::refs::View;
use crate::git::treeobj::{self, Entries, Mode};
use crate::git::{GitError, Oid, Repo, damage};

/// The reference that holds the newest operation.
pub const REFERENCE: &str = "refs/drm-rust/oplog";

/// The command of an operation that only records what a person did to the branches.
pub const OUTSIDE: &str = "changes made outside of drm-rust";

/// The op log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum OpError {
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// An object could not be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// An operation is damaged.
    #[error("the operation {0} cannot be read")]
    Damaged(Oid),
    /// There is no such operation.
    #[error("there is no operation `{0}`")]
    Unknown(String),
    /// There is nothing that could be undone.
    #[error("there is nothing to undo: {0}")]
    NothingToUndo(&'static str),
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Explain for OpError {
    fn hint(&self) -> Option<String> {
        match self {
            OpError::Git(error) => error.hint(),
            OpError::Object(error) => error.hint(),
            OpError::File(error) => error.hint(),
            OpError::Damaged(_) => {
                Some(format!("`git -C linux update-ref -d {REFERENCE}` forgets the log; the branches stay"))
            }
            OpError::Unknown(_) | OpError::NothingToUndo(_) => Some("`drm-rust op log` lists the operations".into()),
        }
    }
}

/// The base that an operation's view stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseRecord {
    /// What was asked for: `pin`, `latest`, a tarball or a clone.
    pub spec: String,
    /// The pin at that time: the SHA-256 of `base.toml`.
    pub pin: String,
    /// The commit.
    pub commit: Oid,
    /// The release.
    pub version: String,
    /// Where it came from.
    pub origin: String,
}

impl BaseRecord {
    /// The base itself.
    pub fn base(&self) -> Base {
        Base { commit: self.commit, version: self.version.clone(), origin: self.origin.clone() }
    }
}

/// What one command did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// The command line.
    pub command: String,
    /// When.
    pub time: Timestamp,
    /// The base afterwards.
    pub base: BaseRecord,
    /// Where the managed branches stood afterwards.
    pub view: View,
    /// For an undo: the operation whose view came back.
    pub restores: Option<Oid>,
}

/// An operation of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Its id.
    pub id: Oid,
    /// What it did.
    pub operation: Operation,
}

/// Writes an operation's objects (in memory until they are flushed) and gives its id.
pub fn write(objects: &mut Objects, operation: &Operation, parent: Option<Oid>, who: &Identity) -> Oid {
    let json = serde_json::to_vec_pretty(operation).expect("plain data can be written");
    let blob = objects.write(Kind::Blob, json);
    let entries = Entries::from([(b"op.json".to_vec(), (Mode::File, blob))]);
    let tree = objects.write(Kind::Tree, treeobj::serialize(&entries));
    let mut parents: Vec<Oid> = parent.into_iter().collect();
    for tip in operation.view.values() {
        if !parents.contains(tip) {
            parents.push(*tip);
        }
    }
    let message = format!("{}\n", operation.command);
    objects.write_commit(&Commit { tree, parents, author: who.clone(), date: operation.time.as_second(), message })
}

/// The newest operation.
pub fn newest(repo: &Repo, objects: &mut Objects) -> Result<Option<Logged>, OpError> {
    repo.find_commit(REFERENCE)?.map(|id| read(objects, id)).transpose()
}

/// One operation.
pub fn read(objects: &mut Objects, id: Oid) -> Result<Logged, OpError> {
    let tree = objects.tree_of(id)?;
    let (_, blob) = treeobj::lookup(objects, tree, "op.json")?.ok_or(OpError::Damaged(id))?;
    let json = objects.blob(blob)?;
    let operation = serde_json::from_slice(&json).map_err(|_| OpError::Damaged(id))?;
    Ok(Logged { id, operation })
}

/// The operations, newest first, at most `limit`.
pub fn list(repo: &Repo, objects: &mut Objects, limit: u32) -> Result<Vec<Logged>, OpError> {
    if repo.find_commit(REFERENCE)?.is_none() {
        return Ok(Vec::new());
    }
    let process = repo.git(["rev-list", "--first-parent", &format!("--max-count={limit}"), REFERENCE]);
    let mut operations = Vec::new();
    for line in process.run().map_err(GitError::from)?.lines() {
        let id = repo.oid(&process, &line)?;
        // The log ends where the first parent is no operation but a commit of the first view.
        match read(objects, id) {
            Ok(logged) => operations.push(logged),
            Err(OpError::Damaged(_)) if !operations.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(operations)
}

/// The operation that the first digits of an id name.
pub fn find(repo: &Repo, objects: &mut Objects, digits: &str) -> Result<Logged, OpError> {
    let unknown = || OpError::Unknown(digits.to_owned());
    if digits.len() < 4 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(unknown());
    }
    let id = repo.find_commit(digits)?.ok_or_else(unknown)?;
    let in_log = damage::answer(&repo.git(["merge-base", "--is-ancestor", &id.to_string(), REFERENCE]))?;
    match read(objects, id) {
        Ok(logged) if in_log.code == 0 => Ok(logged),
        Ok(_) | Err(OpError::Damaged(_)) => Err(unknown()),
        Err(error) => Err(error),
    }
}

/// The operation before another one.
pub fn before(repo: &Repo, objects: &mut Objects, id: Oid) -> Result<Option<Logged>, OpError> {
    let Some(parent) = repo.find_commit(&format!("{id}^"))? else { return Ok(None) };
    match read(objects, parent) {
        Ok(logged) => Ok(Some(logged)),
        Err(OpError::Damaged(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The branches as they were made last: where an undo brought a person's commits back, as they were before those.
pub fn made(repo: &Repo, objects: &mut Objects, last: &Logged) -> Result<View, OpError> {
    let mut logged = last.clone();
    if let Some(id) = logged.operation.restores {
        logged = read(objects, id)?;
    }
    while logged.operation.command == OUTSIDE {
        match before(repo, objects, logged.id)? {
            Some(earlier) => logged = earlier,
            None => break,
        }
    }
    Ok(logged.operation.view)
}

/// The operation whose view an undo brings back: a series of undos walks further and further back.
pub fn undo_target(repo: &Repo, objects: &mut Objects) -> Result<Logged, OpError> {
    let newest = newest(repo, objects)?.ok_or(OpError::NothingToUndo("the op log is empty"))?;
    let last = newest.operation.restores.unwrap_or(newest.id);
    before(repo, objects, last)?.ok_or(OpError::NothingToUndo("this was the first operation"))
}
