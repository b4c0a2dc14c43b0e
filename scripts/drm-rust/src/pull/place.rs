// SPDX-License-Identifier: GPL-2.0-only

//! Where branches of fixes are: in `linux/`, whose op log knows what becomes of them, or in a person's clone.

use super::PullError;
use crate::clone::{Clone, CloneError};
use crate::git::objects::Objects;
use crate::git::{BranchName, Oid, Repo};
use crate::lock::Lock;
use crate::oplog::{self, OpError};
use crate::tree::{self, PATIENCE, TreeError};
use crate::workspace::{Trees, Workspace};

/// A repository with branches of fixes; nobody else is at work in it.
#[derive(Debug)]
pub struct Place<'a> {
    ws: &'a Workspace,
    repo: Repo,
    of: Of,
}

#[derive(Debug)]
enum Of {
    Linux(#[expect(dead_code, reason = "held until it is dropped")] Lock),
    Person(Box<Clone>),
}

impl<'a> Place<'a> {
    /// Takes the repository that is worked on.
    pub fn open(ws: &'a Workspace) -> Result<Place<'a>, PullError> {
        let of = match ws.clone {
            None => Of::Linux(Lock::take(&ws.lock(), PATIENCE).map_err(CloneError::from)?),
            Some(_) => Of::Person(Box::new(Clone::open(ws)?)),
        };
        Ok(Place { ws, repo: ws.repo(), of })
    }

    /// The repository.
    pub fn repo(&self) -> &Repo {
        &self.repo
    }

    /// Moves a branch forward; the work tree follows where it is checked out and clean.
    pub fn advance(&self, trees: &Trees, branch: &BranchName, from: Oid, to: Oid) -> Result<(), PullError> {
        let Of::Person(clone) = &self.of else { return self.advance_linux(trees, branch, to) };
        // A clone has no op log: its reflog tells.
        Ok(clone.advance(branch, Some(from), to, &format!("drm-rust: {}", self.ws.command))?)
    }

    fn advance_linux(&self, trees: &Trees, branch: &BranchName, to: Oid) -> Result<(), PullError> {
        let place = self.repo.checked_out(branch)?;
        if let Some(place) = place.filter(|place| place.canonicalize().ok() != self.repo.top().canonicalize().ok()) {
            return Err(PullError::Elsewhere { branch: branch.clone(), place: place.display().to_string() });
        }
        let mut objects = Objects::new(&self.repo);
        let last = oplog::newest(&self.repo, &mut objects).map_err(TreeError::from)?;
        let last = last.ok_or(OpError::NothingToUndo("the op log is empty")).map_err(TreeError::from)?;
        tree::move_branch(self.ws, &self.repo, &mut objects, &last, trees, (branch.clone(), to))?;
        Ok(())
    }
}
