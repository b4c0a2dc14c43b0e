// SPDX-License-Identifier: GPL-2.0-only

//! Backmerges: what upstream has, merged into our branch, for a reason.

use super::PullError;
use super::merge::Merged;
use crate::clone::{Clone, Merge};
use crate::cycle::release::Release;
use crate::git::{BranchName, GitError, Oid};
use crate::neighbours::{TreeName, Trees, plan};
use crate::review::{self, Overrides, Report};
use crate::tip::preview::Clash;

/// The checks of a backmerge.
pub const GATES: &[&str] = &["tip"];

/// What to merge.
#[derive(Clone, Debug)]
pub struct Options {
    /// The tree: Linus's, or the one that pulls from us.
    pub tree: TreeName,
    /// A release of Linus, or a branch; the tree's main branch if nothing is said.
    pub what: Option<String>,
    /// Where it is merged.
    pub into: BranchName,
    /// Why.
    pub why: String,
    /// Only look.
    pub dry_run: bool,
    /// The checks that need not pass.
    pub overrides: Overrides,
}

/// What a backmerge came to.
#[derive(Clone, Debug)]
pub struct Backmerged {
    /// As the merge calls what it merges.
    pub name: String,
    /// What was checked.
    pub reports: Vec<Report>,
    /// What conflicts.
    pub clash: Option<Clash>,
    /// The merge's message.
    pub message: String,
    /// The merge, where the branch has moved.
    pub merge: Option<Oid>,
}

/// Merges upstream.
pub fn backmerge(clone: &Clone, trees: &Trees, options: &Options) -> Result<Backmerged, PullError> {
    let Options { into, why, .. } = options;
    let (name, theirs) = upstream(clone, trees, &options.tree, options.what.as_deref())?;
    let ours = clone.branch(into)?;
    if clone.repo.is_ancestor(theirs, ours)? {
        return Err(PullError::Nothing(into.clone(), name));
    }
    let reports = vec![Report::gate("tip", 1, in_tip(clone, theirs)?, &options.overrides)];
    let overridden = review::overridden(&reports);
    let sign_off = clone.repo.sign_off()?;
    let parts = [&format!("Merge {name} into {into}"), why.trim(), overridden.trim_end(), &sign_off];
    let message = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
    let merged = clone.merge(into, &name, theirs)?;
    let mut done = Backmerged { name, reports, clash: None, message, merge: None };
    match merged {
        Merged::Conflicts(clash) => done.clash = Some(clash),
        Merged::Clean(tree) if !options.dry_run && review::failed(&done.reports).is_empty() => {
            let merge = clone.write(&Merge { tree, ours, theirs, tag: None, message: &done.message })?;
            clone.advance(into, Some(ours), merge, &format!("drm-rust: backmerge {}", done.name))?;
            done.merge = Some(merge);
        }
        Merged::Clean(_) => {}
    }
    Ok(done)
}

/// What may be merged back: Linus's master and releases, drm-next and drm-fixes.
fn upstream(clone: &Clone, trees: &Trees, tree: &TreeName, what: Option<&str>) -> Result<(String, Oid), PullError> {
    let drm = &trees.ours.upstream;
    let branches: &[&str] = match tree.as_str() {
        "linus" => &["master"],
        _ if tree == drm => &["drm-next", "drm-fixes"],
        _ => &[],
    };
    let refused = || {
        let may = ["linus", "linus vX.Y-rcN", &format!("{drm} drm-next"), &format!("{drm} drm-fixes")];
        let asked = [tree.as_str()].into_iter().chain(what).collect::<Vec<_>>().join(" ");
        PullError::NoUpstream(asked, may.iter().map(ToString::to_string).collect())
    };
    let what = what.or(branches.first().copied()).ok_or_else(refused)?;
    if tree.as_str() == "linus" && what.parse::<Release>().is_ok() {
        return Ok((what.to_owned(), clone.repo.commit(&format!("refs/tags/{what}"))?));
    }
    let branch = branches.iter().find(|branch| **branch == what).ok_or_else(refused)?;
    let branch: BranchName = branch.parse().expect("it is a branch");
    let commit = plan::branch(trees, &clone.repo, tree, branch.clone())?;
    Ok((format!("{tree}/{branch}"), commit))
}

/// What the tip has, it has without conflicts, or with conflicts that somebody has settled.
fn in_tip(clone: &Clone, theirs: Oid) -> Result<Vec<String>, GitError> {
    let tip = BranchName::tip();
    let Some(commit) = clone.repo.find_commit(&tip.full())? else {
        return Ok(vec![format!("there is no {tip} to tell whether it can be merged with everything near")]);
    };
    Ok(match clone.repo.is_ancestor(theirs, commit)? {
        true => Vec::new(),
        false => vec![format!("{tip} does not have it yet")],
    })
}
