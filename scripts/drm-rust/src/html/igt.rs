// SPDX-License-Identifier: GPL-2.0-only

//! IGT: how subtests ended with each driver, and where drivers differ.

use std::cmp::Ordering;

use super::failure::Failure;
use super::origin::{self, Origin};
use super::summary::{Attention, State};
use super::{Missing, counted, when};
use crate::igt::Report;
use crate::igt::compare::{self, REFERENCE};
use crate::igt::results::{Subtest, counts};
use crate::latest;

type Found = latest::Found<Report>;

/// A run.
#[derive(Clone, Debug)]
pub struct Run {
    /// The driver.
    pub driver: String,
    /// The build folder: architecture and variant.
    pub kernel: String,
    /// What ran.
    pub origin: Origin,
    /// The version of IGT.
    pub igt: String,
    /// When it ended.
    pub when: String,
    /// How long it took.
    pub seconds: String,
    /// How many subtests ended how.
    pub counts: String,
    /// Whether everything is as it should be.
    pub good: bool,
    /// What is wrong with the run as a whole.
    pub errors: Vec<String>,
    /// Reports of the kernel about itself that do not come with the base.
    pub splats: Vec<Failure>,
    /// How many do.
    pub known: usize,
    /// Kernels that died.
    pub deaths: Vec<Failure>,
}

impl Run {
    /// Whether there is something to tell besides the subtests.
    pub fn has_findings(&self) -> bool {
        !self.errors.is_empty() || !self.splats.is_empty() || !self.deaths.is_empty()
    }
}

/// A subtest.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub status: &'static str,
    /// How it ended with the reference.
    pub reference: &'static str,
    /// How bad both are, to sort by.
    pub ranks: [usize; 2],
    /// Whether it makes the run fail.
    pub bad: bool,
    /// `worse`, `better` or nothing.
    pub mark: &'static str,
    /// Why it did not run.
    pub reason: String,
    /// What it and the kernel said, where something is wrong.
    pub log: String,
    /// The same of the reference.
    pub reference_log: String,
}

/// A driver, subtest by subtest.
#[derive(Clone, Debug)]
pub struct Table {
    /// The driver.
    pub driver: String,
    /// The build folder: architecture and variant.
    pub kernel: String,
    /// What it is measured against.
    pub reference: Option<String>,
    /// Whether it ran the code that there is now.
    pub current: bool,
    /// Whether both ran the same code.
    pub same_tree: bool,
    /// The subtests: the bad ones first, then the worse ones and the better ones.
    pub lines: Vec<Line>,
    /// How many of them differ.
    pub differ: usize,
    /// How many are worse.
    pub worse: usize,
}

impl Line {
    /// Whether it fails or differs.
    pub fn is_notable(&self) -> bool {
        self.bad || !self.mark.is_empty()
    }
}

impl Table {
    /// The subtests that make the run fail.
    pub fn bad(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.bad)
    }

    /// How many there are, in words.
    pub fn failed(&self) -> String {
        let bad = self.bad().count();
        format!("{} {} not pass", counted(bad, "subtest"), if bad == 1 { "does" } else { "do" })
    }
}

/// All runs.
#[derive(Clone, Debug)]
pub struct Igt {
    /// The runs.
    pub runs: Vec<Run>,
    /// A table for each driver that is measured, and for each that stands alone.
    pub tables: Vec<Table>,
    /// Results that cannot be read.
    pub damaged: Vec<Missing>,
}

impl Igt {
    /// How many runs are good.
    pub fn summary(&self) -> (String, State) {
        origin::summary(self.runs.iter().map(|run| (run.good, &run.origin)))
    }

    /// What somebody should look at.
    pub fn attention(&self) -> Vec<Attention> {
        let runs = self.runs.iter().filter(|run| !run.origin.current);
        let stale = runs.map(|run| {
            let text = format!("IGT on {} with {}: results of {}", run.kernel, run.driver, run.origin.whose());
            Attention::new("igt", text)
        });
        let found = self.runs.iter().filter(|run| run.origin.current && run.has_findings());
        let found = found.map(|run| {
            let what =
                run.errors.iter().chain(run.deaths.iter().chain(&run.splats).map(|failure| &failure.name)).next();
            let text = format!("IGT on {} with {}: {}", run.kernel, run.driver, what.map_or("", String::as_str));
            Attention::new(format!("igt/{}/{}/kernel", run.kernel, run.driver), text)
        });
        let failed = self.tables.iter().filter(|table| table.current && table.bad().next().is_some());
        let failed = failed.map(|table| {
            let text = format!("IGT on {} with {}: {}", table.kernel, table.driver, table.failed());
            Attention::new(format!("igt/{}/{}", table.kernel, table.driver), text)
        });
        let damaged = self.damaged.iter().map(|missing| Attention::new("igt", missing.message.clone()));
        stale.chain(found).chain(failed).chain(damaged).collect()
    }
}

/// Puts runs side by side.
pub fn view(found: &[Found], damaged: Vec<Missing>) -> Igt {
    let reference = |run| latest::reference(found, run);
    let compared = |run: &Found| found.iter().any(|other| reference(other).is_some_and(|r| r.kernel == run.kernel));
    let stands = |run: &&Found| run.report.driver != REFERENCE || !compared(run);
    let tables = found.iter().filter(stands).map(|run| table(run, reference(run))).collect();
    Igt { runs: found.iter().map(run).collect(), tables, damaged }
}

fn run(found: &Found) -> Run {
    let report = &found.report;
    let deaths: Vec<Failure> =
        report.deaths.iter().map(|death| Failure::new(death.line(), &death.last_lines)).collect();
    let counts: Vec<String> =
        counts(&report.subtests).into_iter().map(|(status, n)| format!("{n} {}", status.name())).collect();
    Run {
        driver: report.driver.clone(),
        kernel: found.kernel.clone(),
        origin: Origin::of(report.tree, found.current, None),
        igt: report.igt.clone(),
        when: when(found.time),
        seconds: format!("{:.1} s", report.seconds),
        counts: counts.join(", "),
        good: report.is_good(),
        // Deaths are told with their last lines.
        errors: report
            .errors
            .iter()
            .filter(|error| !deaths.iter().any(|death| death.name == **error))
            .cloned()
            .collect(),
        known: report.splats.len() - report.unknown_splats().count(),
        splats: report.unknown_splats().map(Failure::splat).collect(),
        deaths,
    }
}

/// Whether two runs are of the same code, as far as is known.
fn same_tree(one: &Found, other: &Found) -> bool {
    (one.current && other.current) || (one.report.tree.is_some() && one.report.tree == other.report.tree)
}

fn table(found: &Found, reference: Option<&Found>) -> Table {
    let rows = compare::rows(&found.report, &reference.unwrap_or(found).report);
    let mut lines: Vec<Line> = rows.iter().map(|row| line(row, found, reference)).collect();
    let place = |mark| ["worse", "better", ""].iter().position(|place| *place == mark);
    lines.sort_by_key(|line| (!line.bad, place(line.mark)));
    Table {
        driver: found.report.driver.clone(),
        kernel: found.kernel.clone(),
        reference: reference.map(|reference| reference.report.driver.clone()),
        current: found.current,
        same_tree: reference.is_none_or(|other| same_tree(found, other)),
        differ: lines.iter().filter(|line| !line.mark.is_empty()).count(),
        worse: lines.iter().filter(|line| line.mark == "worse").count(),
        lines,
    }
}

fn line(row: &compare::Row, found: &Found, reference: Option<&Found>) -> Line {
    let in_run = |run: &Found| run.report.subtests.iter().find(|subtest| subtest.name == row.name).cloned();
    let (own, other) = (in_run(found), reference.and_then(in_run));
    let log = |subtest: &Option<Subtest>| subtest.as_ref().map_or(String::new(), |subtest| subtest.log.join("\n"));
    Line {
        name: row.name.clone(),
        status: row.status.name(),
        reference: row.reference.name(),
        ranks: [row.status as usize, row.reference as usize],
        bad: row.status.is_bad(),
        mark: match row.status.cmp(&row.reference) {
            Ordering::Greater => "worse",
            Ordering::Less => "better",
            Ordering::Equal => "",
        },
        log: log(&own),
        reference_log: log(&other),
        reason: own.and_then(|subtest| subtest.reason).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Oid;
    use crate::igt::Death;
    use crate::igt::results::Status;
    use crate::kunit::console::Splat;

    fn found(driver: &str, subtests: &[(&str, Status)]) -> Found {
        let subtests = subtests.iter().map(|(name, status)| Subtest::bare(name, *status, "no reason")).collect();
        let report = Report { driver: driver.into(), igt: "2".into(), seconds: 1.0, subtests, ..Report::default() };
        Found { kernel: "um".into(), time: jiff::Timestamp::UNIX_EPOCH, current: true, report }
    }

    #[test]
    fn a_driver_is_measured_against_vkms() {
        let rvkms = found("rvkms", &[("a", Status::Pass), ("d", Status::Pass), ("b", Status::Fail)]);
        let pass = ["a", "b", "c"].map(|name| (name, Status::Pass));
        let vkms = found("vkms", &[&pass[..], &[("d", Status::Skip)]].concat());
        let view = view(&[rvkms, vkms], Vec::new());
        assert_eq!((view.tables.len(), view.summary()), (1, ("1 of 2 runs good".into(), State::Bad)));
        let attention = view.attention();
        assert_eq!(attention, [Attention::new("igt/um/rvkms", "IGT on um with rvkms: 2 subtests do not pass")]);
        let table = &view.tables[0];
        let lines: Vec<_> = table.lines.iter().map(|line| (line.name.as_str(), line.status, line.mark)).collect();
        let expected = [("b", "fail", "worse"), ("c", "notrun", "worse"), ("d", "pass", "better"), ("a", "pass", "")];
        assert_eq!(lines, expected);
        assert_eq!((table.reference.as_deref(), table.differ, table.worse), (Some("vkms"), 3, 2));
    }

    #[test]
    fn what_fails_with_both_comes_before_what_differs() {
        let mut rvkms = found("rvkms", &[("a", Status::Skip), ("b", Status::Fail), ("c", Status::Pass)]);
        let mut vkms = found("vkms", &[("a", Status::Pass), ("b", Status::Fail), ("c", Status::Pass)]);
        rvkms.report.subtests[1].log = vec!["ours".into()];
        vkms.report.subtests[1].log = vec!["theirs".into()];
        let table = table(&rvkms, Some(&vkms));
        let lines: Vec<_> = table.lines.iter().map(|line| (line.name.as_str(), line.mark, line.is_notable())).collect();
        assert_eq!(lines, [("b", "", true), ("a", "worse", true), ("c", "", false)]);
        assert_eq!((table.lines[0].log.as_str(), table.lines[0].reference_log.as_str()), ("ours", "theirs"));
        assert_eq!(
            (table.failed().as_str(), table.bad().next().unwrap().name.as_str()),
            ("1 subtest does not pass", "b")
        );
    }

    #[test]
    fn deaths_and_reports_of_the_kernel_are_told() {
        let mut found = found("rvkms", &[("a", Status::Pass)]);
        assert!(!run(&found).has_findings());
        let last_lines = vec!["Kernel panic".to_owned()];
        found.report.deaths.push(Death { test: Some("a".into()), what: "panicked".into(), last_lines });
        found.report.splats.push(Splat { line: "BUG".into(), test: Some("a".into()), ..Splat::default() });
        found.report.errors = vec!["a: the kernel panicked".into(), "no subtest passed".into()];
        let run = run(&found);
        assert!(run.has_findings());
        let failure = |name: &str, log: &str| [Failure { name: name.into(), log: log.into() }];
        assert_eq!(run.deaths, failure("a: the kernel panicked", "Kernel panic"));
        assert_eq!(run.splats, failure("BUG", "in a"));
        assert_eq!(run.errors, ["no subtest passed"], "a death is told once");
    }

    #[test]
    fn runs_of_different_trees_are_no_comparison() {
        let mut runs = [found("rvkms", &[]), found("vkms", &[])];
        let same = |runs: &[Found]| view(runs, Vec::new()).tables[0].same_tree;
        assert!(same(&runs));
        runs[1].current = false;
        assert!(!same(&runs));
        runs.iter_mut().for_each(|run| run.report.tree = Some(Oid::ZERO));
        assert!(same(&runs));
        runs.iter_mut().for_each(|run| run.current = false);
        runs[0].report.tree = None;
        runs[1].report.tree = None;
        assert!(!same(&runs), "nobody knows");
    }

    #[test]
    fn a_driver_that_stands_alone_has_a_table() {
        for driver in ["rvkms", "vkms"] {
            let view = view(&[found(driver, &[("a", Status::Skip)])], Vec::new());
            assert_eq!((view.tables[0].reference.clone(), view.tables[0].differ), (None, 0));
            assert_eq!(view.tables[0].lines[0].reason, "no reason");
        }
    }
}
