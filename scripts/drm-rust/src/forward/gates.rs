// SPDX-License-Identifier: GPL-2.0-only

//! What must be so before a branch is offered to drm.

use std::fs;

use super::{ForwardError, Offer};
use crate::check::scope;
use crate::cycle::look;
use crate::git::{Oid, damage};
use crate::html::checks;
use crate::kunit;
use crate::neighbours::{Trees, plan};
use crate::pull::pick;
use crate::review::{self, Overrides, Report, Stage};
use crate::workspace::Workspace;

/// The checks besides those of commits.
pub const GATES: &[&str] = &["clean", "check", "kunit", "base", "neighbours", "fix", "signature"];

/// Makes all checks.
pub(super) fn look(
    ws: &Workspace,
    trees: &Trees,
    offer: &Offer,
    overrides: &Overrides,
) -> Result<Vec<Report>, ForwardError> {
    let repo = &offer.repo;
    let patches = scope::between(repo, &offer.base.to_string(), &offer.tip.to_string(), false)?;
    let unsigned = overrides.reason("signature").map(|_| "the tag is not signed".to_owned());
    let mut gates = vec![
        ("clean", offer.dirty.clone()),
        ("check", checks::against(ws, offer.tip)),
        ("kunit", kunit(ws, repo.tree(offer.tip)?)),
        ("base", behind(offer)?),
        ("neighbours", neighbours(trees, offer)?),
    ];
    if offer.branch.is_fixes() {
        let others = patches.iter().filter(|patch| !patch.is_merge() && !pick::is_marked(patch));
        gates
            .push(("fix", others.map(|patch| format!("{} has neither Fixes: nor Cc: stable", patch.cite())).collect()));
    }
    gates.push(("signature", unsigned.into_iter().collect()));
    let gates = gates.into_iter().map(|(name, details)| Report::gate(name, patches.len(), details, overrides));
    let mut reports: Vec<Report> = gates.collect();
    reports.extend(review::review(&patches, repo, Stage::Push, overrides)?);
    Ok(reports)
}

/// KUnit has run for exactly this tree, all of it, and nothing failed.
fn kunit(ws: &Workspace, tree: Oid) -> Vec<String> {
    let none = "there are no results of KUnit on UML: `drm-rust test`";
    let Ok(text) = fs::read(ws.build().join("um/kunit.json")) else { return vec![none.to_owned()] };
    let Ok(report) = serde_json::from_slice::<kunit::Report>(&text) else {
        return vec![format!("build/um/kunit.json cannot be read; {none}")];
    };
    let mut findings = Vec::new();
    match report.tree {
        Some(tested) if tested == tree => {}
        Some(tested) => findings.push(format!("the results are of tree {}, not of {}", tested.short(), tree.short())),
        None => findings.push("the results are of no tree of linux/: was it dirty?".to_owned()),
    }
    findings.extend(report.filter.as_ref().map(|filter| format!("only `{filter}` has run")));
    if !report.is_good() {
        findings.push("tests failed".to_owned());
    }
    findings
}

/// Whoever pulls has the base, and no newer one.
fn behind(offer: &Offer) -> Result<Vec<String>, ForwardError> {
    let Offer { repo, base, upstream, .. } = offer;
    let base = *base;
    if repo.find_commit(&format!("{base}^"))?.is_none() {
        let finding = "the base is imported and not Linus's commit: nobody could pull what stands on it (`drm-rust \
                       tree --base git:PATH#REV` takes the commit of a clone)";
        return Ok(vec![finding.to_owned()]);
    }
    // Fixes begin where drm has them; it may have gone on.
    let Some(upstream) = upstream.filter(|_| !offer.branch.is_fixes()) else { return Ok(Vec::new()) };
    if !repo.is_ancestor(base, upstream)? {
        return Ok(vec![format!("drm-next does not have the base, {}", repo.cited(&base.to_string())?.cite())]);
    }
    let (theirs, ours) = (look::newest_in(repo, upstream)?, look::newest_in(repo, base)?);
    Ok(match (theirs, ours) {
        (Some(theirs), Some(ours)) if theirs > ours => vec![format!("drm-next has {theirs}, the base {ours}")],
        _ => Vec::new(),
    })
}

/// Commits of other trees arrive through those trees, and not first through us. Topics of our own do.
fn neighbours(trees: &Trees, offer: &Offer) -> Result<Vec<String>, ForwardError> {
    let Offer { repo, base, tip, .. } = offer;
    let Some(upstream) = offer.upstream else { return Ok(Vec::new()) };
    let view = repo.view()?;
    let topics: Vec<Oid> = view.iter().filter(|(name, _)| name.topic().is_some()).map(|(_, tip)| *tip).collect();
    let mut findings = Vec::new();
    let others = |tree: &crate::neighbours::TreeName| *tree != trees.ours.tree && *tree != trees.ours.upstream;
    for source in trees.tip.iter().filter(|source| others(&source.tree)) {
        let Ok(theirs) = plan::branch(trees, repo, &source.tree, source.branch.clone()) else { continue };
        let process = repo.git(["merge-base", "--all", &tip.to_string(), &theirs.to_string()]);
        for line in damage::answer(&process)?.lines() {
            let shared = repo.oid(&process, &line)?;
            let mut is_known = repo.is_ancestor(shared, *base)? || repo.is_ancestor(shared, upstream)?;
            for topic in &topics {
                is_known = is_known || repo.is_ancestor(shared, *topic)?;
            }
            if !is_known {
                let cite = repo.cited(&line)?.cite();
                findings.push(format!("{} has not merged {cite} of {}/{}", offer.to, source.tree, source.branch));
            }
        }
    }
    Ok(findings)
}
