// SPDX-License-Identifier: GPL-2.0-only

//! What waits to be forwarded: of each branch that drm takes from. Changes nothing.

use super::{Composed, ForwardError, Offer, compose_free, gates};
use crate::check::scope;
use crate::git::{BranchName, Repo};
use crate::neighbours::Trees;
use crate::review::{Overrides, Report};
use crate::tree::TreeError;
use crate::workspace::Workspace;

/// What waits on a branch.
pub struct Waiting {
    /// The branch of drm that takes it.
    pub to: BranchName,
    /// The subjects of the patches, oldest first.
    pub patches: Vec<String>,
    /// The pull request.
    pub request: Composed,
    /// The checks that `forward` would make.
    pub reports: Vec<Report>,
}

/// The branches that can be offered.
pub fn branches() -> [BranchName; 3] {
    [BranchName::next(), BranchName::next_fixes(), BranchName::fixes()]
}

/// What waits on a branch of `linux/`; none where there is no such branch.
pub fn waiting(ws: &Workspace, branch: &BranchName) -> Result<Option<Waiting>, ForwardError> {
    let trees = Trees::load(&ws.data("trees.toml")).map_err(TreeError::from)?;
    let offer = match branch.is_fixes() {
        false => Offer::next(ws, &trees, None)?,
        true if !is_there(&ws.linux(), branch)? => return Ok(None),
        true => Offer::fixes(&ws.linux(), &trees, branch, None)?,
    };
    let patches = scope::between(&offer.repo, &offer.base.to_string(), &offer.tip.to_string(), false)?;
    Ok(Some(Waiting {
        to: offer.to.clone(),
        patches: patches.into_iter().filter(|patch| !patch.is_merge()).map(|patch| patch.subject).collect(),
        request: compose_free(ws, &trees, &offer)?,
        reports: gates::look(ws, &trees, &offer, &Overrides::default())?,
    }))
}

fn is_there(repo: &Repo, branch: &BranchName) -> Result<bool, ForwardError> {
    Ok(repo.exists() && repo.find_commit(&branch.full())?.is_some())
}
