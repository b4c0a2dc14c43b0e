// SPDX-License-Identifier: GPL-2.0-only

//! What a commit must be before it is pushed, or taken from another tree: pure functions over one commit and an
//! [`Oracle`] for everything else. A new check is a file and a line in [`CHECKS`].

pub mod author;
pub mod author_signoff;
pub mod committer_signoff;
pub mod cover_letter;
pub mod fixes;
pub mod fixup;
pub mod link;
pub mod mails;
pub mod merge;
pub mod oracle;
pub mod reviewed;
pub mod template;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::check::CheckError;
use crate::check::scope::Patch;
use crate::error::{Class, Explain};
use crate::git::GitError;
use crate::mailbox::MailError;
use oracle::Oracle;

/// When commits are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before they are pushed.
    Push,
    /// Before they are pulled from another tree, which has its own rules for links.
    Pull,
    /// Before they are commits: nobody has committed, merged or reviewed them.
    Mail,
}

/// A check.
struct Check {
    name: &'static str,
    /// When it is made.
    at: &'static [Stage],
    run: fn(&Patch, &dyn Oracle) -> Result<Vec<String>, GitError>,
}

const ALWAYS: &[Stage] = &[Stage::Push, Stage::Pull, Stage::Mail];
const COMMITS: &[Stage] = &[Stage::Push, Stage::Pull];

/// Every check, in the order in which they are shown.
const CHECKS: &[Check] = &[
    Check { name: "author", at: ALWAYS, run: |patch, _| Ok(author::problems(patch)) },
    Check { name: "author-signoff", at: ALWAYS, run: |patch, _| Ok(author_signoff::problems(patch)) },
    Check { name: "committer-signoff", at: COMMITS, run: |patch, _| Ok(committer_signoff::problems(patch)) },
    Check { name: "link", at: &[Stage::Push], run: |patch, _| Ok(link::problems(patch)) },
    Check { name: "reviewed", at: COMMITS, run: |patch, _| Ok(reviewed::problems(patch)) },
    Check { name: "template", at: ALWAYS, run: |patch, _| Ok(template::problems(patch)) },
    Check { name: "fixes", at: ALWAYS, run: fixes::problems },
    Check { name: "merge", at: COMMITS, run: |patch, _| Ok(merge::problems(patch)) },
    Check { name: "fixup", at: ALWAYS, run: |patch, _| Ok(fixup::problems(&patch.subject)) },
    Check { name: "cover-letter", at: ALWAYS, run: |patch, _| Ok(cover_letter::problems(patch)) },
];

/// A review cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The commits could not be read.
    #[error(transparent)]
    Commits(#[from] CheckError),
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The mails cannot be read.
    #[error(transparent)]
    Mails(#[from] MailError),
    /// Mails without a patch.
    #[error("no mail is a patch")]
    NoPatch,
    /// Not a range.
    #[error("`{0}` is neither a range of commits nor a file of mails")]
    Range(String),
    /// An override that is not written as one.
    #[error("`{0}` is not CHECK=REASON")]
    Override(String),
    /// There is no check of this name.
    #[error("there is no check `{0}`")]
    NoCheck(String, Vec<&'static str>),
}

impl Explain for ReviewError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            ReviewError::Commits(error) => return error.hint(),
            ReviewError::Git(error) => return error.hint(),
            ReviewError::Mails(error) => return error.hint(),
            ReviewError::NoPatch => "subjects of patches begin with [PATCH …], and not with Re:".into(),
            ReviewError::Range(_) => "name what to leave out first: base..drm-rust-next".into(),
            ReviewError::Override(_) => "an override has a reason: --override 'link=sent in private'".into(),
            ReviewError::NoCheck(_, names) => format!("the checks are {}", names.join(", ")),
        })
    }

    fn class(&self) -> Class {
        match self {
            ReviewError::Commits(error) => error.class(),
            ReviewError::Git(error) => error.class(),
            ReviewError::Mails(_) | ReviewError::NoPatch => Class::Failed,
            _ => Class::Usage,
        }
    }
}

/// Checks that need not pass, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides(BTreeMap<&'static str, String>);

impl Overrides {
    /// Reads `CHECK=REASON`, several times.
    pub fn parse(list: &[String]) -> Result<Overrides, ReviewError> {
        Overrides::with_gates(list, &[])
    }

    /// As [`Overrides::parse`], for a command that has checks of its own besides those of commits.
    pub fn with_gates(list: &[String], gates: &[&'static str]) -> Result<Overrides, ReviewError> {
        let names = || CHECKS.iter().map(|check| check.name).chain(gates.iter().copied());
        let mut overrides = BTreeMap::new();
        for text in list {
            let bad = || ReviewError::Override(text.clone());
            let (name, reason) = text.split_once('=').ok_or_else(bad)?;
            let reason = reason.trim();
            let check = names().find(|check| *check == name.trim());
            let check = check.ok_or_else(|| ReviewError::NoCheck(name.trim().to_owned(), names().collect()))?;
            if reason.is_empty() || overrides.insert(check, reason.to_owned()).is_some() {
                return Err(bad());
            }
        }
        Ok(Overrides(overrides))
    }

    /// Why a check need not pass; none where it must.
    pub fn reason(&self, check: &str) -> Option<&str> {
        self.0.get(check).map(String::as_str)
    }
}

/// Whether a check passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing wrong.
    Pass,
    /// Something wrong that somebody has a reason for.
    Warn,
    /// Something wrong.
    Fail,
}

impl Status {
    /// As a word.
    pub fn name(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Warn => "warn",
            Status::Fail => "fail",
        }
    }
}

/// What a check found in all commits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The check.
    pub check: &'static str,
    /// Whether it passed.
    pub status: Status,
    /// The commits that were looked at.
    pub commits: usize,
    /// The reason of the override, where there was something to override.
    pub reason: Option<String>,
    /// Each finding, with its commit.
    pub details: Vec<String>,
}

impl Report {
    /// The report of a command's own check, of so many commits.
    pub fn gate(check: &'static str, commits: usize, details: Vec<String>, overrides: &Overrides) -> Report {
        let reason = overrides.reason(check).filter(|_| !details.is_empty()).map(str::to_owned);
        let status = match (details.is_empty(), &reason) {
            (true, _) => Status::Pass,
            (false, Some(_)) => Status::Warn,
            (false, None) => Status::Fail,
        };
        Report { check, status, commits, reason, details }
    }
}

/// The checks that did not pass, and need to.
pub fn failed(reports: &[Report]) -> Vec<&'static str> {
    reports.iter().filter(|report| report.status == Status::Fail).map(|report| report.check).collect()
}

/// How that paragraph of a message begins.
pub const OVERRIDDEN: &str = "Checks that did not pass, and why that is right:";

/// What a tag or a merge says of checks that were overridden: a paragraph, or nothing.
pub fn overridden(reports: &[Report]) -> String {
    let line = |report: &Report| report.reason.as_ref().map(|reason| format!("- {}: {reason}\n", report.check));
    let lines: String = reports.iter().filter_map(line).collect();
    if lines.is_empty() { lines } else { format!("{OVERRIDDEN}\n{lines}") }
}

/// Looks at commits.
pub fn review(
    commits: &[Patch],
    oracle: &dyn Oracle,
    stage: Stage,
    overrides: &Overrides,
) -> Result<Vec<Report>, GitError> {
    let checks = CHECKS.iter().filter(|check| check.at.contains(&stage));
    let anywhere = mails::Anywhere(oracle);
    let oracle = if stage == Stage::Mail { &anywhere } else { oracle };
    let cite = |n: usize, commit: &Patch| match stage {
        Stage::Mail => format!("patch {}/{} (\"{}\")", n + 1, commits.len(), commit.subject),
        _ => commit.cite(),
    };
    let report = |check: &Check| -> Result<Report, GitError> {
        let mut details = Vec::new();
        for (n, commit) in commits.iter().enumerate() {
            let found = (check.run)(commit, oracle)?;
            details.extend(found.into_iter().map(|problem| format!("{}: {problem}", cite(n, commit))));
        }
        Ok(Report::gate(check.name, commits.len(), details, overrides))
    };
    checks.map(report).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::check::scope::tests::patch;
    use crate::review::oracle::tests::Known;

    pub(crate) const SIGNED: (&str, &str) = ("Signed-off-by", "A Person <person@kernel.example>");

    fn good() -> Patch {
        let reviewed = ("Reviewed-by", "R <r@kernel.example>");
        patch("x: y", &[SIGNED, reviewed, ("Link", "https://patch.msgid.link/1@x.example")])
    }

    fn statuses(commits: &[Patch], stage: Stage, overrides: &[&str]) -> Vec<(&'static str, Status)> {
        let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
        let overrides = Overrides::parse(&overrides).unwrap();
        let reports = review(commits, &Known::default(), stage, &overrides).unwrap();
        reports.iter().map(|report| (report.check, report.status)).filter(|(_, s)| *s != Status::Pass).collect()
    }

    #[test]
    fn a_good_commit_passes_everything() {
        assert_eq!(statuses(&[good()], Stage::Push, &[]), []);
    }

    #[test]
    fn every_check_can_fail() {
        let mut bad = patch("fixup! x: y", &[("Fixes", "1")]);
        bad.author.0 = "A via dri-devel".into();
        bad.body = "--- b4-submit-tracking ---\n*** extracted tags ***\n".into();
        let mut merge = patch("Merge x", &[]);
        merge.parents = vec![merge.commit; 2];
        let mut own = good();
        own.trailers.remove(1);
        own.committer.0 = "C".into();
        own.committer.1 = "c@kernel.example".into();
        let failed: Vec<&str> =
            statuses(&[bad, merge, own], Stage::Push, &[]).into_iter().map(|(name, _)| name).collect();
        let all: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
        assert_eq!(failed, all);
    }

    #[test]
    fn an_override_needs_a_check_and_a_reason() {
        let mut commit = good();
        commit.trailers.pop();
        assert_eq!(statuses(&[commit.clone()], Stage::Push, &[]), [("link", Status::Fail)]);
        assert_eq!(statuses(&[commit.clone()], Stage::Push, &["link=sent in private"]), [("link", Status::Warn)]);
        assert_eq!(statuses(&[commit], Stage::Pull, &[]), []);
        let error = |text: &[&str]| {
            let list: Vec<String> = text.iter().map(|text| (*text).to_owned()).collect();
            let error = Overrides::parse(&list).unwrap_err();
            assert!(error.hint().is_some() && error.class() == Class::Usage);
            error.to_string()
        };
        assert_eq!(error(&["link"]), "`link` is not CHECK=REASON");
        assert_eq!(error(&["link= "]), "`link= ` is not CHECK=REASON");
        assert_eq!(error(&["links=x"]), "there is no check `links`");
        assert_eq!(error(&["link=x", "link=y"]), "`link=y` is not CHECK=REASON");
    }
}
