// SPDX-License-Identifier: GPL-2.0-only

//! What must be so before a topic is pushed.

use super::{Job, PublishError};
use crate::check::scope;
use crate::git::{BranchName, Oid};
use crate::report::Reporter;
use crate::review::{self, Report, Stage};
use crate::tip::command;
use crate::tip::preview::Clash;
use crate::topic::{manage, published};

/// Makes all checks. `from` is what was published before.
pub(super) fn look(
    job: &Job<'_>,
    from: Option<Oid>,
    commit: Oid,
    reporter: &dyn Reporter,
) -> Result<(Vec<Report>, Vec<Clash>), PublishError> {
    let overrides = &job.options.overrides;
    let commits = manage::commits(&job.repo, &job.options.topic, job.topics[&job.options.topic].patches.len())?;
    let before = match (from, commits.first()) {
        (Some(from), _) => from.to_string(),
        (None, Some(first)) => format!("{first}^"),
        (None, None) => return Err(PublishError::Empty(job.options.topic.clone())),
    };
    let patches = scope::between(&job.repo, &before, &commit.to_string(), false)?;
    let mut reports = review::review(&patches, &job.repo, Stage::Push, overrides)?;
    let clashes = trial(job, reporter)?;
    let conflicts = clashes.iter().map(|clash| format!("{} conflicts in drm-rust-tip", clash.branch)).collect();
    let unsigned = overrides.reason("signature").map(|_| "the tag is not signed".to_owned());
    let gates = [
        ("base", base(job)?),
        ("clean", clean(job)?),
        ("requires", requires(job)?),
        ("trial", conflicts),
        ("signature", unsigned.into_iter().collect()),
    ];
    let gates = gates.into_iter().map(|(name, details)| Report::gate(name, patches.len(), details, overrides));
    reports.extend(gates);
    Ok((reports, clashes))
}

/// An imported base has no history that anybody else has.
fn base(job: &Job<'_>) -> Result<Vec<String>, PublishError> {
    let base = BranchName::base().full();
    let is_import = job.repo.find_commit(&format!("{base}^"))?.is_none();
    let finding = "the base is imported and not Linus's commit: no tree could pull the topic (`drm-rust tree --base \
                   git:PATH#REV` takes the commit of a clone)";
    Ok(if is_import { vec![finding.to_owned()] } else { Vec::new() })
}

/// What is pushed can be made again from what is committed.
fn clean(job: &Job<'_>) -> Result<Vec<String>, PublishError> {
    let name = &job.options.topic;
    let manifest = crate::topic::manifest_path(name);
    let paths = job.topics[name].paths();
    let is_its_own = |file: &&String| **file == manifest || paths.contains(file.as_str());
    let dirty = job.status()?.dirty_overlay;
    Ok(dirty.iter().filter(is_its_own).map(|file| format!("{file} is not committed in this repository")).collect())
}

/// What the topic stands on goes along: others must know it already.
fn requires(job: &Job<'_>) -> Result<Vec<String>, PublishError> {
    let published = published::published(&job.repo)?;
    let view = job.repo.view()?;
    let required = job.topics[&job.options.topic].requires.iter();
    let is_public = |name: &&crate::git::TopicName| {
        published.get(*name).map(|record| record.commit) == view.get(&name.branch()).copied()
    };
    Ok(required.filter(|name| !is_public(name)).map(|name| format!("it stands on {name}, not published yet")).collect())
}

/// Merges the topic into the tip, and tells what conflicts of it or of all topics together.
fn trial(job: &Job<'_>, reporter: &dyn Reporter) -> Result<Vec<Clash>, PublishError> {
    let branch = job.options.topic.branch();
    let made = command::preview(job.ws, &[(branch.to_string(), branch.full())], reporter)?;
    let ours = [branch.to_string(), BranchName::next().to_string()];
    Ok(made.clashes.into_iter().filter(|clash| ours.contains(&clash.branch)).collect())
}
