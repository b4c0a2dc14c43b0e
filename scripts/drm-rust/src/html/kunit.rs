// SPDX-License-Identifier: GPL-2.0-only

//! KUnit: a row for each suite, a column for each kernel.

use std::collections::{BTreeMap, BTreeSet};

use super::failure::Failure;
use super::origin::{self, Origin};
use super::summary::{Attention, State};
use super::{Missing, counted, when};
use crate::kunit::Report;
use crate::kunit::results::{Test, Totals, failures};
use crate::latest;

type Found = latest::Found<Report>;

/// A run.
#[derive(Clone, Debug)]
pub struct Run {
    /// The build folder: architecture and variant.
    pub name: String,
    /// What ran.
    pub origin: Origin,
    /// When it ended.
    pub when: String,
    /// How long it took.
    pub seconds: String,
    /// Whether everything is as it should be.
    pub good: bool,
    /// How many tests ended how.
    pub totals: Totals,
    /// Reports of the kernel about itself that do not come with the base.
    pub splats: Vec<Failure>,
    /// How many do.
    pub known: usize,
    /// What is wrong with the run as a whole.
    pub errors: Vec<String>,
    /// The tests that failed.
    pub failures: Vec<Failure>,
    /// The end of the console, where the kernel did not end by itself.
    pub end: Option<Failure>,
}

impl Run {
    /// Whether there is something to tell: a run can be good in spite of what the kernel reports about itself.
    pub fn has_findings(&self) -> bool {
        !self.good || !self.splats.is_empty() || self.end.is_some()
    }

    fn attention(&self) -> Option<Attention> {
        let failed = self.totals.fail + self.totals.crash;
        let what = if !self.origin.current {
            format!("results of {}", self.origin.whose())
        } else if let Some(error) = self.errors.first() {
            error.clone()
        } else if failed > 0 {
            format!("{} fail{}", counted(failed, "test"), if failed == 1 { "s" } else { "" })
        } else if !self.good {
            "a suite fails".to_owned()
        } else if !self.splats.is_empty() {
            format!("{} of the kernel about itself", counted(self.splats.len(), "report"))
        } else {
            return None;
        };
        let place = if self.has_findings() { format!("kunit/{}", self.name) } else { "kunit".to_owned() };
        Some(Attention::new(place, format!("KUnit on {}: {what}", self.name)))
    }
}

/// How a suite ended in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// In words.
    pub text: String,
    /// `pass`, `skip`, `fail` or `none`.
    pub class: &'static str,
}

impl Cell {
    /// How bad it is, to sort by.
    pub fn rank(&self) -> usize {
        ["pass", "skip", "none"].iter().position(|class| *class == self.class).unwrap_or(3)
    }
}

/// A suite in all runs.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// In the order of the runs.
    pub cells: Vec<Cell>,
    /// Whether it failed, or ended differently in some run.
    pub notable: bool,
}

/// A kernel without results.
#[derive(Clone, Debug)]
pub struct Lacking {
    /// The build folder: architecture and variant.
    pub name: String,
    /// Why.
    pub missing: Missing,
}

/// All runs.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// The columns.
    pub runs: Vec<Run>,
    /// The rows: what failed first.
    pub suites: Vec<Suite>,
    /// Kernels without results.
    pub lacking: Vec<Lacking>,
}

impl Matrix {
    /// How many runs are good.
    pub fn summary(&self) -> (String, State) {
        origin::summary(self.runs.iter().map(|run| (run.good, &run.origin)))
    }

    /// Runs that somebody should look at.
    pub fn attention(&self) -> Vec<Attention> {
        self.runs.iter().filter_map(Run::attention).collect()
    }
}

/// Puts runs side by side.
pub fn matrix(found: &[Found], lacking: Vec<Lacking>) -> Matrix {
    let names: BTreeSet<&str> =
        found.iter().flat_map(|run| &run.report.suites).map(|suite| suite.name.as_str()).collect();
    let by_name: Vec<BTreeMap<&str, &Test>> =
        found.iter().map(|run| run.report.suites.iter().map(|suite| (suite.name.as_str(), suite)).collect()).collect();
    let mut suites: Vec<Suite> = names
        .into_iter()
        .map(|name| {
            let cells: Vec<Cell> = by_name.iter().map(|run| cell(run.get(name).copied())).collect();
            let notable = cells.iter().any(|cell| cell.class == "fail" || *cell != cells[0]);
            Suite { name: name.to_owned(), cells, notable }
        })
        .collect();
    suites.sort_by_key(|suite| !suite.cells.iter().any(|cell| cell.class == "fail"));
    Matrix { runs: found.iter().map(run).collect(), suites, lacking }
}

fn cell(suite: Option<&Test>) -> Cell {
    let Some(suite) = suite else { return Cell { text: "not run".into(), class: "none" } };
    let totals = Totals::of(std::slice::from_ref(suite));
    let bad = totals.fail + totals.crash;
    let (text, class) = match (bad, suite.status.is_bad()) {
        (0, true) => (suite.status.name().to_owned(), "fail"),
        (0, false) if totals.pass == 0 => (format!("{} skip", totals.skip), "skip"),
        (0, false) => (format!("{} pass", totals.pass), "pass"),
        (bad, _) => (format!("{bad} of {} fail", totals.all()), "fail"),
    };
    Cell { text, class }
}

fn run(found: &Found) -> Run {
    let report = &found.report;
    let mut failed = Vec::new();
    failures(&report.suites, &mut |path, test| {
        failed.push(Failure::new(path.join("."), test.errors.iter().chain(&test.log)));
    });
    let new: Vec<Failure> = report.splats.iter().filter(|splat| splat.known.is_none()).map(Failure::splat).collect();
    Run {
        name: found.kernel.clone(),
        origin: Origin::of(report.tree, found.current, report.filter.as_deref()),
        when: when(found.time),
        seconds: format!("{:.1} s", report.seconds),
        good: report.is_good(),
        totals: report.totals,
        known: report.splats.len() - new.len(),
        splats: new,
        errors: report.errors.clone(),
        failures: failed,
        end: Failure::end("The last lines of the console", &report.last_lines),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kunit::console::Splat;
    use crate::kunit::results::Status;

    fn suite(name: &str, statuses: &[Status]) -> Test {
        let test = |status: &Status| Test { name: "t".into(), status: *status, ..Test::default() };
        let status = statuses.iter().copied().max().unwrap_or_default();
        Test { name: name.into(), status, tests: statuses.iter().map(test).collect(), ..Test::default() }
    }

    fn found(name: &str, suites: Vec<Test>) -> Found {
        let totals = Totals::of(&suites);
        let report = Report { arch: name.into(), seconds: 1.0, totals, suites, ..Report::default() };
        Found { kernel: name.into(), time: jiff::Timestamp::UNIX_EPOCH, current: true, report }
    }

    #[test]
    fn suites_stand_side_by_side_with_what_failed_first() {
        use Status::{Fail, Pass, Skip};
        let um = found("um", vec![suite("a", &[Pass, Pass]), suite("b", &[Pass]), suite("c", &[Skip])]);
        let arm = found("arm64", vec![suite("a", &[Pass, Pass]), suite("b", &[Pass, Fail])]);
        let matrix = matrix(&[um, arm], Vec::new());
        let rows: Vec<String> = matrix
            .suites
            .iter()
            .map(|suite| {
                let cells: Vec<&str> = suite.cells.iter().map(|cell| cell.text.as_str()).collect();
                format!("{}: {} {}", suite.name, cells.join(", "), suite.notable)
            })
            .collect();
        assert_eq!(rows, ["b: 1 pass, 1 of 2 fail true", "a: 2 pass, 2 pass false", "c: 1 skip, not run true"]);
        assert_eq!(matrix.summary(), ("1 of 2 runs good".into(), State::Bad));
        assert_eq!(matrix.attention(), [Attention::new("kunit/arm64", "KUnit on arm64: 1 test fails")]);
        assert_eq!(matrix.runs[1].failures[0].name, "b.t");
    }

    #[test]
    fn a_good_run_may_have_something_to_tell() {
        let mut found = found("um", vec![suite("a", &[Status::Pass])]);
        assert!(!run(&found).has_findings());
        found.report.splats.push(Splat { line: "BUG".into(), known: Some("the base".into()), ..Splat::default() });
        assert!(!run(&found).has_findings(), "it comes with the base");
        found.report.splats.push(Splat { line: "BUG".into(), ..Splat::default() });
        assert!(run(&found).good && run(&found).has_findings());
        assert_eq!(run(&found).splats[0].log, "outside of tests");
        found.report.splats.clear();
        found.report.last_lines = vec!["Kernel panic".into(), "---".into()];
        assert_eq!(run(&found).end.unwrap().log, "Kernel panic\n---");
    }

    #[test]
    fn a_suite_that_failed_without_a_test_is_no_pass() {
        let broken = Test { status: Status::Fail, ..suite("a", &[Status::Pass]) };
        assert_eq!(cell(Some(&broken)).class, "fail");
    }
}
