// SPDX-License-Identifier: GPL-2.0-only

//! What must be so before drm-rust-next is offered to drm-next.

use std::fs;

use super::ForwardError;
use crate::check::scope;
use crate::cycle::look;
use crate::git::{BranchName, Oid, Repo};
use crate::html::checks;
use crate::kunit;
use crate::neighbours::{Trees, plan};
use crate::review::{self, Overrides, Report, Stage};
use crate::tree::status::Status;
use crate::workspace::Workspace;

/// The checks besides those of commits.
pub const GATES: &[&str] = &["clean", "check", "kunit", "base", "neighbours", "signature"];

/// Makes all checks.
pub(super) fn look(
    ws: &Workspace,
    trees: &Trees,
    status: &Status,
    (base, next): (Oid, Oid),
    overrides: &Overrides,
) -> Result<Vec<Report>, ForwardError> {
    let repo = ws.linux();
    let patches = scope::between(&repo, &base.to_string(), &next.to_string(), false)?;
    let drm_next: BranchName = "drm-next".parse().expect("it is a branch");
    let upstream = plan::branch(trees, &repo, &trees.ours.upstream, drm_next).ok();
    let unsigned = overrides.reason("signature").map(|_| "the tag is not signed".to_owned());
    let gates = [
        ("clean", clean(status)),
        ("check", checks::against(ws, next)),
        ("kunit", kunit(ws, repo.tree(next)?)),
        ("base", behind(&repo, base, upstream)?),
        ("neighbours", neighbours(&repo, trees, (base, next), upstream)?),
        ("signature", unsigned.into_iter().collect()),
    ];
    let gates = gates.into_iter().map(|(name, details)| Report::gate(name, patches.len(), details, overrides));
    let mut reports: Vec<Report> = gates.collect();
    reports.extend(review::review(&patches, &repo, Stage::Push, overrides)?);
    Ok(reports)
}

fn clean(status: &Status) -> Vec<String> {
    let overlay = status.dirty_overlay.iter().map(|file| format!("{file} is not committed in this repository"));
    overlay.chain(status.dirty_linux.iter().map(|file| format!("linux/{file} is not committed"))).collect()
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
fn behind(repo: &Repo, base: Oid, upstream: Option<Oid>) -> Result<Vec<String>, ForwardError> {
    if repo.find_commit(&format!("{base}^"))?.is_none() {
        let finding = "the base is imported and not Linus's commit: nobody could pull what stands on it (`drm-rust \
                       tree --base git:PATH#REV` takes the commit of a clone)";
        return Ok(vec![finding.to_owned()]);
    }
    let Some(upstream) = upstream else { return Ok(Vec::new()) };
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
fn neighbours(
    repo: &Repo,
    trees: &Trees,
    (base, next): (Oid, Oid),
    upstream: Option<Oid>,
) -> Result<Vec<String>, ForwardError> {
    let Some(upstream) = upstream else { return Ok(Vec::new()) };
    let view = repo.view()?;
    let topics: Vec<Oid> = view.iter().filter(|(name, _)| name.topic().is_some()).map(|(_, tip)| *tip).collect();
    let mut findings = Vec::new();
    let others = |tree: &crate::neighbours::TreeName| *tree != trees.ours.tree && *tree != trees.ours.upstream;
    for source in trees.tip.iter().filter(|source| others(&source.tree)) {
        let Ok(theirs) = plan::branch(trees, repo, &source.tree, source.branch.clone()) else { continue };
        let process = repo.git(["merge-base", "--all", &next.to_string(), &theirs.to_string()]);
        for line in process.output().map_err(crate::git::GitError::from)?.lines() {
            let shared = repo.oid(&process, &line)?;
            let mut is_known = repo.is_ancestor(shared, base)? || repo.is_ancestor(shared, upstream)?;
            for topic in &topics {
                is_known = is_known || repo.is_ancestor(shared, *topic)?;
            }
            if !is_known {
                let cite = repo.cited(&line)?.cite();
                findings.push(format!("drm-next has not merged {cite} of {}/{}", source.tree, source.branch));
            }
        }
    }
    Ok(findings)
}
