// SPDX-License-Identifier: GPL-2.0-only

//! What is offered: drm-rust-next as the manifests say it, or a branch of fixes as it stands.

use super::mail::{Entry, Section};
use super::{ForwardError, check_state};
use crate::check::scope::{self, Patch};
use crate::cycle::look;
use crate::git::{BranchName, Oid, Repo, TopicName, damage};
use crate::neighbours::{Trees, plan};
use crate::topic::manifest::Manifest;
use crate::tree::load_topics;
use crate::workspace::Workspace;

/// A branch on its way to drm.
pub struct Offer {
    /// The repository that has it.
    pub repo: Repo,
    /// The branch.
    pub branch: BranchName,
    /// The branch of drm that takes it.
    pub to: BranchName,
    /// Where that stands, if it is here.
    pub upstream: Option<Oid>,
    /// What the receiver has already.
    pub base: Oid,
    /// Where the branch stands.
    pub tip: Oid,
    /// The release that it is meant for, if somebody said.
    pub release: Option<String>,
    /// What is in it, for people.
    pub entries: Vec<Entry>,
    /// What is not committed.
    pub dirty: Vec<String>,
}

impl Offer {
    /// drm-rust-next of `linux/`.
    pub fn next(ws: &Workspace, trees: &Trees, release: Option<&str>) -> Result<Offer, ForwardError> {
        let (base, status) = check_state(ws)?;
        let (repo, branch) = (ws.linux(), BranchName::next());
        let overlay = status.dirty_overlay.iter().map(|file| format!("{file} is not committed in this repository"));
        let linux = status.dirty_linux.iter().map(|file| format!("linux/{file} is not committed"));
        let topics = load_topics(ws)?;
        let topics = topics.iter().filter(|(_, manifest)| !manifest.patches.is_empty());
        let entry = |(name, manifest): (&TopicName, &Manifest)| Entry {
            section: section_of_topic(name, manifest),
            title: format!("{} ({})", manifest.title.trim(), name.branch()),
            summary: manifest.summary.clone(),
        };
        let to: BranchName = "drm-next".parse().expect("it is a branch");
        let upstream = plan::branch(trees, &repo, &trees.ours.upstream, to.clone()).ok();
        Ok(Offer {
            tip: repo.commit(&branch.full())?,
            to,
            upstream,
            base,
            release: release.map(str::to_owned),
            entries: topics.map(entry).collect(),
            dirty: overlay.chain(linux).collect(),
            repo,
            branch,
        })
    }

    /// A branch of fixes. It begins where the receiver's branch does not have it any more.
    pub fn fixes(
        repo: &Repo,
        trees: &Trees,
        branch: &BranchName,
        release: Option<&str>,
    ) -> Result<Offer, ForwardError> {
        if !branch.is_fixes() {
            return Err(ForwardError::NoFixes(branch.clone()));
        }
        let tip = repo.commit(&branch.full())?;
        let to = look::receiver(repo, branch)?;
        let upstream = plan::branch(trees, repo, &trees.ours.upstream, to.clone())?;
        let process = repo.git(["merge-base", &upstream.to_string(), &tip.to_string()]);
        let shared = damage::answer(&process)?;
        let base = match shared.code {
            0 => repo.oid(&process, &shared.text())?,
            _ => return Err(ForwardError::Unrelated(branch.clone(), to)),
        };
        if base == tip {
            return Err(ForwardError::Arrived(branch.clone(), to));
        }
        let patches = scope::between(repo, &base.to_string(), &tip.to_string(), false)?;
        let dirty = match repo.checked_out(branch)? {
            Some(place) => Repo::at(place).dirty()?,
            None => Vec::new(),
        };
        Ok(Offer {
            repo: repo.clone(),
            branch: branch.clone(),
            to,
            upstream: Some(upstream),
            base,
            tip,
            release: release.map(str::to_owned),
            entries: patches.iter().filter(|patch| !patch.is_merge()).map(entry).collect(),
            dirty: dirty.iter().map(|file| format!("{file} is not committed")).collect(),
        })
    }
}

/// A commit in one line.
fn entry(patch: &Patch) -> Entry {
    Entry { section: section(&patch.files), title: patch.subject.clone(), summary: String::new() }
}

/// Where the receivers of a pull request look for a commit that changes these files.
fn section(files: &[String]) -> Section {
    let any = |is: &dyn Fn(&str) -> bool| files.iter().any(|file| is(file));
    if any(&|file| file.starts_with("include/uapi/")) {
        Section::Uapi
    } else if any(&|file| file.starts_with("drivers/gpu/")) {
        Section::Driver
    } else if any(&|file| file.split('/').any(|part| part.starts_with("drm"))) {
        Section::Core
    } else {
        Section::CrossSubsystem
    }
}

/// Where the receivers of a pull request look for a topic.
fn section_of_topic(name: &TopicName, manifest: &Manifest) -> Section {
    let paths = manifest.paths();
    let any = |prefix: &str| paths.iter().any(|path| path.starts_with(prefix));
    if any("include/uapi/") {
        Section::Uapi
    } else if name.owner() != "drm" {
        Section::CrossSubsystem
    } else if any("drivers/") {
        Section::Driver
    } else {
        Section::Core
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_listed_by_what_they_change() {
        let of = |files: &[&str]| section(&files.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(of(&["drivers/gpu/nova-core/gpu.rs", "include/uapi/drm/nova_drm.h"]), Section::Uapi);
        assert_eq!(of(&["rust/kernel/drm/device.rs", "drivers/gpu/drm/tyr/driver.rs"]), Section::Driver);
        assert_eq!(of(&["rust/kernel/drm/device.rs", "rust/kernel/sync.rs"]), Section::Core);
        assert_eq!(of(&["rust/kernel/xarray.rs"]), Section::CrossSubsystem);
    }
}
