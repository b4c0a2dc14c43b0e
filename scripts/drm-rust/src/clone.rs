// SPDX-License-Identifier: GPL-2.0-only

//! A person's clone of Linux: its branches move when everything is complete, and never by surprise.

use crate::error::{Class, Explain};
use crate::git::refs::Change;
use crate::git::{BranchName, GitError, Oid, Repo};
use crate::lock::{Lock, LockError};
use crate::process::ProcessError;
use crate::tree::worktree::{Move, WorktreeError};
use crate::tree::{PATIENCE, unfinished};
use crate::workspace::Workspace;

/// A clone cannot be worked on.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "some variants pass on what their module says")]
pub enum CloneError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Worktree(#[from] WorktreeError),
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A work tree of `linux/` has its branches.
    #[error("{0} is a work tree of linux/")]
    OfLinux(String),
    /// `linux/` is no person's clone.
    #[error("the branches of linux/ are made from the topics: nothing is merged into them")]
    Ours,
    /// Changes that would be lost, or mixed up with what is new.
    #[error("{place} has changes that are not committed:\n{}", list(.files))]
    Dirty {
        /// The work tree.
        place: String,
        /// The files.
        files: Vec<String>,
    },
}

fn list(lines: &[String]) -> String {
    lines.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

impl From<ProcessError> for CloneError {
    fn from(error: ProcessError) -> Self {
        GitError::from(error).into()
    }
}

impl Explain for CloneError {
    fn hint(&self) -> Option<String> {
        match self {
            CloneError::Git(error) => error.hint(),
            CloneError::Worktree(error) => error.hint(),
            CloneError::Lock(error) => error.hint(),
            CloneError::Ours => Some("name your clone of Linux: drm-rust --repo DIR ...".into()),
            CloneError::OfLinux(_) => {
                Some("its branches are those of linux/: leave out --repo, or name another clone".into())
            }
            CloneError::Dirty { .. } => Some("nothing was changed. Commit or stash them".into()),
        }
    }

    fn class(&self) -> Class {
        match self {
            CloneError::Git(error) => error.class(),
            CloneError::Lock(error) => error.class(),
            _ => Class::Failed,
        }
    }
}

/// Takes the repository that is worked on, `linux/` or the clone that was named: nobody else may be at work in it.
pub fn lock(ws: &Workspace) -> Result<Lock, CloneError> {
    match &ws.clone {
        Some(clone) if clone.shares_branches(&ws.linux()) => {
            Err(CloneError::OfLinux(clone.top().display().to_string()))
        }
        _ => Ok(Lock::take(&ws.repo_lock(), PATIENCE)?),
    }
}

/// A clone that is worked on.
#[derive(Debug)]
pub struct Clone {
    /// The clone.
    pub repo: Repo,
    _lock: Lock,
}

/// A merge that is to be written.
pub struct Merge<'a> {
    /// Its tree.
    pub tree: Oid,
    /// What is merged into.
    pub ours: Oid,
    /// What is merged.
    pub theirs: Oid,
    /// The signed tag that named it, as it is: kept in the merge, so that anybody can verify it later.
    pub tag: Option<&'a [u8]>,
    /// The message.
    pub message: &'a str,
}

impl Clone {
    /// Takes the clone that was named; nobody else may be at work in it. `linux/` is none: its branches are made from
    /// the topics.
    pub fn open(ws: &Workspace) -> Result<Clone, CloneError> {
        let repo = ws.clone.clone().ok_or(CloneError::Ours)?;
        Ok(Clone { repo, _lock: lock(ws)? })
    }

    /// Where a branch stands.
    pub fn branch(&self, branch: &BranchName) -> Result<Oid, GitError> {
        self.repo.commit(&branch.full())
    }

    /// Writes a merge; no branch has it yet.
    pub fn write(&self, merge: &Merge<'_>) -> Result<Oid, GitError> {
        let [author, committer] = self.repo.idents()?;
        let mut text = format!("tree {}\nparent {}\nparent {}\n", merge.tree, merge.ours, merge.theirs).into_bytes();
        text.extend(format!("author {author}\ncommitter {committer}\n").bytes());
        if let Some(tag) = merge.tag {
            for (i, line) in tag.strip_suffix(b"\n").unwrap_or(tag).split(|byte| *byte == b'\n').enumerate() {
                text.extend_from_slice(if i == 0 { b"mergetag " } else { b" " });
                text.extend_from_slice(line);
                text.push(b'\n');
            }
        }
        text.extend(format!("\n{}", merge.message).bytes());
        let process = self.repo.git(["hash-object", "-t", "commit", "-w", "--stdin"]).input(text);
        let oid = process.run()?.text();
        self.repo.oid(&process, &oid)
    }

    /// Moves a branch, which may be new; the work tree follows where it is checked out and clean.
    pub fn advance(&self, branch: &BranchName, from: Option<Oid>, to: Oid, reason: &str) -> Result<(), CloneError> {
        self.repo.is_free(branch)?;
        let place = match from {
            Some(from) => self.repo.checked_out(branch)?.map(|place| (place, from)),
            None => None,
        };
        let Some((place, from)) = place else {
            let change = Change { name: branch.full(), old: from, new: Some(to) };
            return Ok(self.repo.update_refs(&[change], reason)?);
        };
        let place = Repo::at(place);
        unfinished::recover(&place)?;
        let files = place.dirty()?;
        if !files.is_empty() {
            return Err(CloneError::Dirty { place: place.top().display().to_string(), files });
        }
        let step = match self.repo.is_ancestor(from, to)? {
            true => place.git(["merge", "--ff-only", "--quiet", "--no-autostash"]),
            false => place.git(["reset", "--keep", "--quiet"]),
        };
        unfinished::begin(&place, Move { from, to })?;
        // What was begun ends by itself, so that no half of a work tree stays behind.
        let ended = step.arg(to.to_string()).env("GIT_REFLOG_ACTION", reason).detached().run();
        // Where it failed, what is cut short goes back, now or before the next move.
        let recovered = unfinished::recover(&place);
        ended?;
        Ok(recovered?)
    }
}
