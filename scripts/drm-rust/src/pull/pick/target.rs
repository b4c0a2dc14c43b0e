// SPDX-License-Identifier: GPL-2.0-only

//! The branch that commits are picked onto: the one that a person names, or the one where they belong.

use super::PickError;
use super::PullError;
use crate::check::scope::Patch;
use crate::cycle::route::{self, Route};
use crate::cycle::{CycleError, Phase, look};
use crate::git::{BranchName, Oid, Repo};
use crate::neighbours::{Trees, plan, remotes};

/// A branch of fixes, and why it is this one.
pub(super) struct Target {
    pub(super) branch: BranchName,
    /// Why; nothing where a person named it.
    pub(super) reasons: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// Finds it.
pub(super) fn find(
    repo: &Repo,
    trees: &Trees,
    patches: &[Patch],
    named: Option<&BranchName>,
) -> Result<Target, PullError> {
    if let Some(branch) = named {
        if !branch.is_fixes() {
            return Err(PickError::NoTarget(branch.clone()).into());
        }
        // What cannot be told is no reason not to do what a person says.
        let routes = routes(repo, trees, patches).unwrap_or_default();
        let others = patches.iter().zip(routes).filter(|(_, route)| route.branch != branch.as_str());
        let note = |(patch, route): (&Patch, Route)| {
            format!("{} belongs to {}: {}", patch.cite(), route.branch, route.reasons.join(", "))
        };
        return Ok(Target { branch: branch.clone(), reasons: Vec::new(), notes: others.map(note).collect() });
    }
    let routes = routes(repo, trees, patches)?;
    let mut places = Vec::new();
    for (patch, route) in patches.iter().zip(&routes) {
        let branch: BranchName = route.branch.parse().expect("it is a branch");
        if !branch.is_fixes() {
            return Err(PickError::NoFix { cite: patch.cite(), reasons: route.reasons.clone() }.into());
        }
        places.push((patch.cite(), branch));
    }
    let branch = places[0].1.clone();
    if places.iter().any(|(_, other)| *other != branch) {
        return Err(PickError::Apart(places).into());
    }
    let mut reasons: Vec<String> = Vec::new();
    for reason in routes.into_iter().flat_map(|route| route.reasons) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    Ok(Target { branch, reasons, notes: Vec::new() })
}

fn routes(repo: &Repo, trees: &Trees, patches: &[Patch]) -> Result<Vec<Route>, CycleError> {
    let phase = Phase::of(look::newest(repo)?.release);
    let finder = look::Finder::new(repo, trees)?;
    let route = |patch: &Patch| {
        let faults = finder.faults(&patch.trailers)?;
        Ok(route::route(phase, look::is_for_stable(&patch.trailers), &faults)?)
    };
    patches.iter().map(route).collect()
}

/// Whether a commit says that it is a fix.
pub(crate) fn is_marked(patch: &Patch) -> bool {
    look::is_for_stable(&patch.trailers) || patch.trailers.iter().any(|(key, _)| key.eq_ignore_ascii_case("fixes"))
}

/// Where the branch stands.
pub(super) fn branch(repo: &Repo, trees: &Trees, branch: &BranchName) -> Result<Oid, PullError> {
    match repo.find_commit(&branch.full())? {
        Some(commit) => Ok(commit),
        None => {
            let start = start(repo, trees, branch)?;
            let repo = repo.top().display().to_string();
            Err(PickError::NoBranch { branch: branch.clone(), repo, start }.into())
        }
    }
}

/// Where a branch that is not there should begin: where our tree has it, at Linus's newest release, at drm-next.
fn start(repo: &Repo, trees: &Trees, branch: &BranchName) -> Result<String, PullError> {
    let (all, refs) = (repo.remotes()?, plan::refs(repo)?);
    let tracked = |tree: &crate::neighbours::TreeName, branch: &BranchName| {
        let names = remotes::of_tree(&all, &trees.all[tree]).into_iter().filter_map(|remote| remote.tracks(branch));
        let name = names.into_iter().find(|name| refs.contains_key(name))?;
        Some(name.strip_prefix("refs/remotes/").unwrap_or(&name).to_owned())
    };
    if let Some(ours) = tracked(&trees.ours.tree, branch) {
        return Ok(ours);
    }
    if *branch == BranchName::next_fixes() {
        let drm_next: BranchName = "drm-next".parse().expect("it is a branch");
        return Ok(tracked(&trees.ours.upstream, &drm_next).unwrap_or_else(|| drm_next.to_string()));
    }
    Ok(look::newest(repo).map_or_else(|_| "RELEASE".to_owned(), |tag| tag.release.to_string()))
}
