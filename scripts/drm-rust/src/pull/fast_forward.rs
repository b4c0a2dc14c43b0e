// SPDX-License-Identifier: GPL-2.0-only

//! Fixes branches that move on: drm-rust-fixes with Linus's tags, drm-rust-next-fixes with drm-next.

use super::PullError;
use crate::clone::Clone;
use crate::cycle::release::Release;
use crate::cycle::{Phase, look};
use crate::git::{BranchName, GitError, Oid};
use crate::neighbours::{Trees, plan};

/// A branch that has moved, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where it stood.
    pub from: Oid,
    /// Where it stands.
    pub to: Oid,
    /// What is there.
    pub name: String,
}

/// Moves a fixes branch to where its fixes have arrived.
pub fn fast_forward(
    clone: &Clone,
    trees: &Trees,
    branch: &BranchName,
    release: Option<Release>,
    dry_run: bool,
) -> Result<Moved, PullError> {
    let (name, to) = match branch.as_str() {
        "drm-rust-fixes" => {
            let release = release.map_or_else(|| look::newest(&clone.repo).map(|tag| tag.release), Ok)?;
            (release.to_string(), clone.repo.commit(&format!("refs/tags/{release}"))?)
        }
        "drm-rust-next-fixes" if release.is_none() => {
            let drm_next: BranchName = "drm-next".parse().expect("it is a branch");
            let drm = &trees.ours.upstream;
            (format!("{drm}/{drm_next}"), plan::branch(trees, &clone.repo, drm, drm_next)?)
        }
        _ => return Err(PullError::NoFixes(branch.clone())),
    };
    let from = clone.branch(branch)?;
    if clone.repo.is_ancestor(to, from)? {
        return Err(PullError::Nothing(branch.clone(), name));
    }
    let commits = lacking(clone, to, from)?;
    if !commits.is_empty() {
        return Err(PullError::Ahead { branch: branch.clone(), to: name, commits });
    }
    if branch.as_str() == "drm-rust-next-fixes" {
        is_not_past(clone, branch, &name, to)?;
    }
    if !dry_run {
        clone.advance(branch, Some(from), to, &format!("drm-rust: fast-forward to {name}"))?;
    }
    Ok(Moved { from, to, name })
}

fn lacking(clone: &Clone, to: Oid, from: Oid) -> Result<Vec<String>, GitError> {
    let options = ["log", "--no-merges", "--max-count=10", "--abbrev=12", "--format=%h %s"];
    Ok(clone.repo.git(options).arg(format!("{to}..{from}")).run()?.lines())
}

/// From -rc1 on, the branch stays behind drm-rust-fixes: for-linux-next is drm-rust-next's again.
fn is_not_past(clone: &Clone, branch: &BranchName, name: &str, to: Oid) -> Result<(), PullError> {
    let newest = look::newest(&clone.repo)?.release;
    if Phase::of(newest) != Phase::Open {
        return Ok(());
    }
    let limit = format!("{}-rc1", newest.release());
    match clone.repo.find_commit(&format!("refs/tags/{limit}"))? {
        Some(first) if first != to && clone.repo.is_ancestor(first, to)? => {
            Err(PullError::Past { branch: branch.clone(), limit, to: name.to_owned() })
        }
        _ => Ok(()),
    }
}
