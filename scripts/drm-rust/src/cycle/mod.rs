// SPDX-License-Identifier: GPL-2.0-only

//! The release cycle: where it stands, and what that means for our branches.

pub mod fixes;
pub mod look;
pub mod release;
pub mod route;

use serde::Serialize;

use crate::error::{Class, Explain};
use crate::git::GitError;
use crate::git::message::DIGITS;
use crate::neighbours::TreesError;
use crate::neighbours::plan::PlanError;
use release::Release;

/// The candidate from which on drm-next takes no more features.
const FREEZE: u32 = 6;

/// The cycle cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum CycleError {
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A tree is not there.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// `trees.toml` is not valid.
    #[error(transparent)]
    Trees(#[from] TreesError),
    /// No release is tagged.
    #[error("{0} has no tag of Linus's releases")]
    NoTags(String),
    /// A commit that a patch fixes is nowhere.
    #[error("{0}")]
    Undecided(#[from] route::Undecided),
    /// A trailer that names no commit.
    #[error("`Fixes: {0}` does not name a commit")]
    Cite(String),
}

impl Explain for CycleError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            CycleError::Git(error) => return error.hint(),
            CycleError::Plan(error) => return error.hint(),
            CycleError::Trees(error) => return error.hint(),
            CycleError::NoTags(_) => {
                "name a clone with --repo DIR, or the newest tag with --tag, as in v7.4-rc3".into()
            }
            CycleError::Cite(_) => {
                format!(
                    "it should be `Fixes: <{DIGITS} digits or more> (\"subject\")`, as `drm-rust cite` writes it;\n\
                         a report of the bug belongs into `Closes:`"
                )
            }
            CycleError::Undecided(_) => "fetch the trees, or name a clone with their history: --repo DIR".into(),
        })
    }

    fn class(&self) -> Class {
        match self {
            CycleError::Git(error) => error.class(),
            _ => Class::Failed,
        }
    }
}

/// A phase of the cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Between a release and -rc1 of the next one.
    MergeWindow,
    /// From -rc1 up to the freeze.
    Open,
    /// From -rc6 up to the release.
    Freeze,
}

impl Phase {
    /// The phase that the newest tag tells.
    pub fn of(newest: Release) -> Phase {
        match newest.candidate() {
            None => Phase::MergeWindow,
            Some(candidate) if candidate < FREEZE => Phase::Open,
            Some(_) => Phase::Freeze,
        }
    }

    /// As words.
    pub fn name(self) -> &'static str {
        match self {
            Phase::MergeWindow => "merge window",
            Phase::Open => "open",
            Phase::Freeze => "freeze",
        }
    }
}

/// What a branch is for at this time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Meaning {
    /// The branch.
    pub branch: &'static str,
    /// What it is for, or stands at.
    pub meaning: String,
}

/// Where the cycle stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cycle {
    /// The newest tag of Linus.
    pub newest: Release,
    /// The phase.
    pub phase: Phase,
    /// The release whose candidates are out, or will be after the merge window.
    pub current: Release,
    /// The release that features of drm-rust-next are for.
    pub features: Release,
    /// What each branch is for.
    pub branches: Vec<Meaning>,
}

impl Cycle {
    /// The cycle at a tag. `ahead` tells whether drm-rust-next-fixes has what drm-rust-fixes lacks.
    pub fn at(newest: Release, ahead: bool) -> Cycle {
        let phase = Phase::of(newest);
        let current = if phase == Phase::MergeWindow { newest.next() } else { newest.release() };
        // Until -rc6 for the coming merge window, afterwards for the one after it.
        let features = match phase {
            Phase::MergeWindow | Phase::Open => current.next(),
            Phase::Freeze => current.next().next(),
        };
        let mut cycle = Cycle { newest, phase, current, features, branches: Vec::new() };
        cycle.branches = cycle.meanings(ahead);
        cycle
    }

    fn meanings(&self, ahead: bool) -> Vec<Meaning> {
        let Cycle { newest, phase, current, features, .. } = self;
        let upcoming = if *phase == Phase::Freeze { current.next() } else { *current };
        let next_fixes = match phase {
            Phase::Open => "not in use: fixes of what drm-next has go to drm-rust-next".to_owned(),
            _ => format!("fixes of what drm-next has for {upcoming}"),
        };
        let fixes = match phase {
            Phase::MergeWindow => {
                format!("fixes of {newest}, and of what is merged for {current}; goes on from {current}-rc1")
            }
            _ => format!("fixes of what {newest} has"),
        };
        let linux_next = match (ahead, phase) {
            (true, _) => "drm-rust-next-fixes, which is ahead of drm-rust-fixes",
            (false, Phase::Open) => "drm-rust-next",
            (false, _) => "drm-rust-next; drm-rust-next-fixes as soon as it is ahead of drm-rust-fixes",
        };
        let meaning = |branch, meaning: String| Meaning { branch, meaning };
        vec![
            meaning("drm-rust-next", format!("open for {features}")),
            meaning("drm-rust-next-fixes", next_fixes),
            meaning("drm-rust-fixes", fixes),
            meaning("for-linux-next", linux_next.to_owned()),
            meaning("for-linux-next-fixes", "drm-rust-fixes".to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(tag: &str) -> Cycle {
        Cycle::at(tag.parse().unwrap(), false)
    }

    #[test]
    fn the_newest_tag_tells_the_phase() {
        for (tag, phase, current, features) in [
            ("v7.3", Phase::MergeWindow, "v7.4", "v7.5"),
            ("v7.4-rc1", Phase::Open, "v7.4", "v7.5"),
            ("v7.4-rc5", Phase::Open, "v7.4", "v7.5"),
            ("v7.4-rc6", Phase::Freeze, "v7.4", "v7.6"),
            ("v7.4-rc8", Phase::Freeze, "v7.4", "v7.6"),
            ("v7.4", Phase::MergeWindow, "v7.5", "v7.6"),
            ("v7.19-rc6", Phase::Freeze, "v7.19", "v8.1"),
        ] {
            let cycle = at(tag);
            let told = (cycle.phase, cycle.current.to_string(), cycle.features.to_string());
            assert_eq!(told, (phase, current.into(), features.into()), "{tag}");
        }
    }

    #[test]
    fn linux_next_has_what_goes_to_linus_next() {
        let linux_next = |tag: &str, ahead| {
            let cycle = Cycle::at(tag.parse().unwrap(), ahead);
            cycle.branches.iter().find(|m| m.branch == "for-linux-next").unwrap().meaning.clone()
        };
        assert_eq!(linux_next("v7.4-rc2", false), "drm-rust-next");
        assert!(linux_next("v7.4-rc7", true).starts_with("drm-rust-next-fixes"));
        assert!(linux_next("v7.4-rc7", false).starts_with("drm-rust-next;"));
    }

    #[test]
    fn fixes_are_of_the_upcoming_release_in_the_freeze() {
        let next_fixes = |tag: &str| at(tag).branches[1].meaning.clone();
        assert_eq!(next_fixes("v7.4-rc6"), "fixes of what drm-next has for v7.5");
        assert_eq!(next_fixes("v7.4"), "fixes of what drm-next has for v7.5");
        assert!(next_fixes("v7.5-rc1").starts_with("not in use"));
    }
}
