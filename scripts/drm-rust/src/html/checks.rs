// SPDX-License-Identifier: GPL-2.0-only

//! Checks of patches: the results of the latest run, which `check` writes down.

use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::summary::{Attention, State};
use super::{Missing, Part, when};
use crate::check::scope::Scope;
use crate::check::{Report, Status, Verdict};
use crate::error::FileError;
use crate::git::{BranchName, Oid};
use crate::workspace::Workspace;

const HINT: &str = "`drm-rust check` checks the patches";

/// A run, as it is written down.
#[derive(Serialize)]
struct Kept<'a> {
    scope: &'a str,
    tip: Oid,
    time: Timestamp,
    reports: &'a [Report],
}

#[derive(Deserialize)]
struct Run {
    scope: String,
    tip: Oid,
    time: Timestamp,
    reports: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    tool: String,
    #[serde(flatten)]
    verdict: Verdict,
}

/// A check.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its name.
    pub tool: String,
    /// How it ended.
    pub status: &'static str,
    /// In one line.
    pub summary: String,
    /// Each finding.
    pub details: Vec<String>,
}

/// All checks of a run.
#[derive(Clone, Debug)]
pub struct Checks {
    /// What was checked.
    pub scope: String,
    /// Its last commit.
    pub tip: String,
    /// What there is now instead, if it is something else.
    pub now: Option<String>,
    /// When.
    pub when: String,
    /// The results.
    pub checks: Vec<Check>,
}

impl Checks {
    fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.status == Status::Fail.name())
    }

    /// How many of those that had something to check pass.
    pub fn summary(&self) -> (String, State) {
        let made = self.checks.iter().filter(|check| check.status != Status::Skip.name()).count();
        let failed = self.failed().count();
        let of = if self.now.is_some() { ", of another commit" } else { "" };
        let state = State::of(failed > 0 && self.now.is_none(), made > 0 && self.now.is_none());
        (format!("{} of {made} pass{of}", made - failed), state)
    }

    /// Checks that somebody should look at.
    pub fn attention(&self) -> Vec<Attention> {
        let stale = self.now.as_ref().map(|_| Attention::new("checks", "The checks are of another commit"));
        let of_check = |check: &Check| {
            let (place, text) = (format!("check/{}", check.tool), format!("{} fails: {}", check.tool, check.summary));
            Attention::new(place, text)
        };
        stale.into_iter().chain(self.failed().map(of_check)).collect()
    }
}

fn path(ws: &Workspace) -> PathBuf {
    ws.build().join("check/report.json")
}

/// Writes results down.
pub fn keep(ws: &Workspace, scope: &Scope, reports: &[Report]) -> Result<(), FileError> {
    let kept = Kept { scope: &scope.name, tip: scope.tip, time: ws.now, reports };
    let text = serde_json::to_string_pretty(&kept).expect("plain data can be written");
    crate::file::replace(&path(ws), text + "\n")
}

/// Reads what was written down last.
pub fn load(ws: &Workspace) -> Part<Checks> {
    let text =
        fs::read_to_string(path(ws)).map_err(|_| Missing::new("No run of the checks has left results.", HINT))?;
    let linux = ws.linux();
    let next = linux.exists().then(|| linux.find_commit(&BranchName::next().full()).ok().flatten()).flatten();
    parse(&text, next)
}

/// What speaks against a commit: of the run that was written down last.
pub fn against(ws: &Workspace, tip: Oid) -> Vec<String> {
    let none = "no run of the checks has left results: `drm-rust check`";
    let text = fs::read_to_string(path(ws)).unwrap_or_default();
    let Ok(run) = serde_json::from_str::<Run>(&text) else { return vec![none.to_owned()] };
    if run.tip != tip {
        return vec![format!("the results are of {}, not of {}: `drm-rust check`", run.tip.short(), tip.short())];
    }
    let failed = run.reports.into_iter().filter(|entry| entry.verdict.status == Status::Fail);
    failed.map(|entry| format!("{} does not pass: {}", entry.tool, entry.verdict.summary)).collect()
}

fn parse(text: &str, next: Option<Oid>) -> Part<Checks> {
    let run: Run = serde_json::from_str(text)
        .map_err(|error| Missing::new(format!("build/check/report.json is damaged: {error}"), HINT))?;
    let check = |entry: Entry| Check {
        tool: entry.tool,
        status: entry.verdict.status.name(),
        summary: entry.verdict.summary,
        details: entry.verdict.details,
    };
    Ok(Checks {
        scope: run.scope,
        tip: run.tip.short(),
        now: next.filter(|next| *next != run.tip).map(|next| next.short()),
        when: when(run.time),
        checks: run.reports.into_iter().map(check).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let verdict =
            Verdict { status: Status::Fail, summary: "1 finding".into(), details: vec!["x".into()], broken: false };
        let reports = [Report { tool: "spdx", verdict, seconds: 1.0, cached: false }];
        let kept = Kept { scope: "rust/a", tip: Oid::ZERO, time: Timestamp::UNIX_EPOCH, reports: &reports };
        let checks = parse(&serde_json::to_string(&kept).unwrap(), Some(Oid::ZERO)).unwrap();
        assert_eq!((checks.scope.as_str(), checks.tip.as_str()), ("rust/a", "000000000000"));
        assert_eq!(checks.summary(), ("0 of 1 pass".into(), State::Bad));
        assert_eq!(checks.attention(), [Attention::new("check/spdx", "spdx fails: 1 finding")]);
        assert_eq!(checks.now, None);
        assert_eq!(checks.when, "1970-01-01 00:00 UTC");
        assert_eq!(checks.checks[0].details, ["x"]);
    }

    #[test]
    fn checks_of_another_commit_are_told() {
        let text = format!(r#"{{"scope":"a","tip":"{}","time":"2026-01-02T00:00:00Z","reports":[]}}"#, Oid::ZERO);
        let now: Oid = "1".repeat(40).parse().unwrap();
        let checks = parse(&text, Some(now)).unwrap();
        assert_eq!(checks.now.as_deref(), Some("111111111111"));
        assert_eq!(checks.summary(), ("0 of 0 pass, of another commit".into(), State::Unknown));
        assert_eq!(checks.attention().len(), 1);
    }

    #[test]
    fn a_damaged_file_is_told() {
        assert!(parse("{", None).unwrap_err().message.contains("damaged"));
    }
}
