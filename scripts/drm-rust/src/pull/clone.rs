// SPDX-License-Identifier: GPL-2.0-only

//! A person's clone of Linux: its branches move by merges that are complete before anything changes.

use std::path::{Path, PathBuf};

use super::PullError;
use crate::git::objects::Objects;
use crate::git::refs::Change;
use crate::git::{BranchName, GitError, Oid, Repo};
use crate::lock::Lock;
use crate::merge::{MergeError, Merger, Outcome};
use crate::tip::Failure;
use crate::tip::preview::{self, Clash};
use crate::tree::PATIENCE;
use crate::workspace::Workspace;

/// A clone that is worked on.
#[derive(Debug)]
pub struct Clone {
    /// The clone.
    pub repo: Repo,
    _lock: Lock,
}

/// What merging came to.
#[derive(Clone, Debug)]
pub enum Merged {
    /// The tree of the merge.
    Clean(Oid),
    /// What conflicts.
    Conflicts(Clash),
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
    /// Takes a clone; nobody else may be at work in it. `linux/` is none: its branches are made from the topics.
    pub fn open(ws: &Workspace, repo: Repo) -> Result<Clone, PullError> {
        let real = |path: &Path| path.canonicalize().ok();
        if real(repo.top()) == real(ws.linux().top()) {
            return Err(PullError::Ours);
        }
        let process = repo.git(["rev-parse", "--path-format=absolute", "--git-common-dir"]);
        let dir = PathBuf::from(process.run().map_err(GitError::from)?.text());
        let lock = Lock::take(&dir.join("drm-rust.lock"), PATIENCE)?;
        Ok(Clone { repo, _lock: lock })
    }

    /// Where a branch stands.
    pub fn branch(&self, branch: &BranchName) -> Result<Oid, GitError> {
        self.repo.commit(&branch.full())
    }

    /// Who commits here, with the time, as commits have it: author and committer.
    pub fn idents(&self) -> Result<[String; 2], GitError> {
        let ident = |name: &str| Ok::<_, GitError>(self.repo.git(["var", name]).run()?.text());
        Ok([ident("GIT_AUTHOR_IDENT")?, ident("GIT_COMMITTER_IDENT")?])
    }

    /// Merges a commit into a branch, in memory.
    pub fn merge(&self, branch: &BranchName, name: &str, theirs: Oid) -> Result<Merged, PullError> {
        let ours = self.branch(branch)?;
        let mut objects = Objects::new(&self.repo);
        let mut merger = Merger::new(&self.repo, &mut objects);
        let bases = merger.bases(ours, theirs)?;
        match merger.merge(&bases, ours, theirs)? {
            Outcome::Clean(tree) => {
                objects.flush().map_err(MergeError::from)?;
                Ok(Merged::Clean(tree))
            }
            Outcome::Conflicts { conflicts, .. } => {
                let name = name.to_owned();
                let failure = Failure { name, into: ours, commit: theirs, bases, before: vec![ours], conflicts };
                Ok(Merged::Conflicts(preview::look(&self.repo, &mut objects, &failure)?))
            }
        }
    }

    /// Writes a merge; no branch has it yet.
    pub fn write(&self, merge: &Merge<'_>) -> Result<Oid, GitError> {
        let [author, committer] = self.idents()?;
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

    /// Moves a branch forward; the work tree follows where it is checked out and clean.
    pub fn advance(&self, branch: &BranchName, from: Oid, to: Oid, reason: &str) -> Result<(), PullError> {
        let Some(place) = self.checked_out(branch)? else {
            let change = Change { name: branch.full(), old: Some(from), new: Some(to) };
            return Ok(self.repo.update_refs(&[change], reason)?);
        };
        let place = Repo::at(place);
        let status = place.git(["status", "--porcelain", "--untracked-files=no"]).run().map_err(GitError::from)?;
        if !status.text().is_empty() {
            let files = status.lines().iter().filter_map(|line| line.get(3..)).map(str::to_owned).collect();
            return Err(PullError::Dirty { place: place.top().display().to_string(), files });
        }
        let merge = place.git(["merge", "--ff-only", "--quiet", "--no-autostash", &to.to_string()]);
        // What was begun ends by itself, so that no half of a work tree stays behind.
        merge.env("GIT_REFLOG_ACTION", reason).detached().run().map_err(GitError::from)?;
        Ok(())
    }

    /// The work tree that has a branch checked out.
    fn checked_out(&self, branch: &BranchName) -> Result<Option<PathBuf>, GitError> {
        let list = self.repo.git(["worktree", "list", "--porcelain", "-z"]).run()?;
        let text = String::from_utf8_lossy(&list.stdout).into_owned();
        let wanted = format!("branch {}", branch.full());
        let mut place = None;
        for field in text.split('\0') {
            match field.strip_prefix("worktree ") {
                Some(path) => place = Some(PathBuf::from(path)),
                None if field == wanted => return Ok(place),
                None => {}
            }
        }
        Ok(None)
    }
}
