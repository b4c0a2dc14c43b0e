// SPDX-License-Identifier: GPL-2.0-only

//! What the latest runs say of the tests that rows name.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use wildmatch::WildMatch;

use super::model::Tests;
use crate::igt;
use crate::igt::lists::{self, Catalogue};
use crate::igt::results::Subtest;
use crate::kernel::arch::Arch;
use crate::kunit;
use crate::kunit::results::{Status, Test};
use crate::latest::{self, Damaged, Found, IsCurrent};

/// What is known of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// It passed, on these kernels.
    Passed(Vec<String>),
    /// It failed, on these kernels.
    Failed(Vec<String>),
    /// These kernels ran all that they have, and they do not have it.
    Absent(Vec<String>),
    /// Only kernels of another tree ran it.
    Stale(Vec<String>),
    /// No kernel ran it.
    Unproven,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, kernels) = match self {
            Proof::Passed(kernels) => ("passed on", kernels),
            Proof::Failed(kernels) => ("failed on", kernels),
            Proof::Absent(kernels) => ("not there on", kernels),
            Proof::Stale(kernels) => ("ran with another tree on", kernels),
            Proof::Unproven => return f.write_str("did not run"),
        };
        write!(f, "{text} {}", kernels.join(", "))
    }
}

/// A test of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tested {
    /// The key of the row's `tests`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What is known of it.
    pub proof: Proof,
}

/// The latest runs.
#[derive(Debug, Default)]
pub struct Results {
    /// By kernel.
    pub kunit: Vec<Found<kunit::Report>>,
    /// By kernel and driver.
    pub igt: Vec<Found<igt::Report>>,
    /// Results that cannot be read.
    pub damaged: Vec<Damaged>,
    /// The folder of IGT's lists.
    pub lists: PathBuf,
    /// The tests of IGT, where it is installed.
    pub catalogue: Option<Catalogue>,
}

/// How something ended in a run.
struct Ended<'a> {
    kernel: &'a str,
    current: bool,
    status: Status,
}

fn ended<T>(run: &Found<T>, status: Status) -> Ended<'_> {
    Ended { kernel: &run.kernel, current: run.current, status }
}

/// Whether a run shows all that its kernel has.
fn is_whole(run: &Found<kunit::Report>) -> bool {
    let report = &run.report;
    run.current && report.filter.is_none() && report.errors.is_empty() && !report.suites.is_empty()
}

impl Results {
    /// Reads what is below `build`. What is of another tree than the present one does not count.
    pub fn load(build: &Path, lists: PathBuf, catalogue: Option<Catalogue>, is_current: IsCurrent<'_>) -> Results {
        let mut results = Results { lists, catalogue, ..Results::default() };
        for found in latest::kunit(build, is_current) {
            found.map_or_else(|damaged| results.damaged.push(damaged), |run| results.kunit.push(run));
        }
        for found in latest::igt(build, is_current) {
            found.map_or_else(|damaged| results.damaged.push(damaged), |run| results.igt.push(run));
        }
        results
    }

    /// What is known of all tests of a row.
    pub fn of(&self, tests: &Tests) -> Vec<Tested> {
        let tested = |kind, name: &String, proof| Tested { kind, name: name.clone(), proof };
        let kunit = tests.kunit.iter().map(|name| tested("kunit", name, self.suite(name)));
        let doctest = tests.doctest.iter().map(|path| tested("doctest", path, self.doctest(path)));
        let igt = tests.igt.iter().map(|name| tested("igt", name, self.igt(name)));
        let boot = tests.boot.iter().map(|name| tested("boot", name, self.boot(name)));
        kunit.chain(doctest).chain(igt).chain(boot).collect()
    }

    /// A kernel that has run its tests to their end has booted.
    fn boot(&self, arch: &str) -> Proof {
        let runs = self.kunit.iter().filter(|run| run.report.arch == arch && run.report.totals.all() > 0);
        let status =
            |run: &Found<kunit::Report>| if run.report.errors.is_empty() { Status::Pass } else { Status::Crash };
        proof(runs.map(|run| ended(run, status(run))))
    }

    fn suite(&self, name: &str) -> Proof {
        self.kunit(|report| report.suites.iter().filter(|suite| suite.name == name).collect())
    }

    fn doctest(&self, path: &str) -> Proof {
        let name = path.strip_prefix("rust/").unwrap_or(path).replace(['/', '.'], "_");
        let start = format!("rust_doctest_{name}_");
        let is_of_file = |test: &str| test.strip_prefix(&start).is_some_and(|n| n.chars().all(|c| c.is_ascii_digit()));
        self.kunit(|report| {
            let tests = report.suites.iter().flat_map(|suite| &suite.tests);
            tests.filter(|test| is_of_file(&test.name)).collect()
        })
    }

    /// What is known of tests that are found in a report.
    fn kunit(&self, find: impl Fn(&kunit::Report) -> Vec<&Test>) -> Proof {
        let all = self.kunit.iter().flat_map(|run| find(&run.report).into_iter().map(|test| ended(run, test.status)));
        let all: Vec<Ended<'_>> = all.collect();
        let whole: Vec<String> = self.kunit.iter().filter(|run| is_whole(run)).map(|run| run.kernel.clone()).collect();
        if !whole.is_empty() && !all.iter().any(|ended| ended.current) {
            return Proof::Absent(whole);
        }
        proof(all.into_iter())
    }

    fn igt(&self, name: &str) -> Proof {
        let Some((driver, list)) = name.split_once(':') else { return Proof::Unproven };
        let Ok(patterns) = lists::patterns(list, &self.lists, &self.lists) else { return Proof::Unproven };
        let wanted: Vec<WildMatch> = patterns.iter().map(|pattern| WildMatch::new(pattern)).collect();
        let is_wanted = |sub: &Subtest| wanted.iter().any(|want| want.matches(&sub.name) || want.matches(sub.test()));
        let runs = self.igt.iter().filter(|run| run.report.driver == driver);
        proof(runs.flat_map(|run| {
            let reference = latest::reference(&self.igt, run);
            let subtests = run.report.subtests.iter().filter(|sub| is_wanted(sub));
            subtests.map(move |sub| ended(run, verdict(sub, reference.map(|run| &run.report))))
        }))
    }
}

/// What a subtest proves. One that ends as badly with the driver that others are measured against proves nothing.
fn verdict(sub: &Subtest, reference: Option<&igt::Report>) -> Status {
    let same = || reference.and_then(|report| report.subtests.iter().find(|other| other.name == sub.name));
    match sub.status {
        igt::results::Status::Skip => Status::Skip,
        status if !status.is_bad() => Status::Pass,
        status if same().is_some_and(|other| other.status >= status) => Status::Skip,
        _ => Status::Fail,
    }
}

/// One bad result counts more than any good ones; what was skipped says nothing.
fn proof<'a>(results: impl Iterator<Item = Ended<'a>>) -> Proof {
    let (mut passed, mut failed, mut stale) = (Vec::new(), Vec::new(), Vec::new());
    for ended in results {
        let list = match ended.status {
            Status::Skip => continue,
            _ if !ended.current => &mut stale,
            Status::Pass => &mut passed,
            Status::Fail | Status::Crash => &mut failed,
        };
        list.push(ended.kernel.to_owned());
        list.dedup();
    }
    match (failed.is_empty(), passed.is_empty(), stale.is_empty()) {
        (false, ..) => Proof::Failed(failed),
        (true, false, _) => Proof::Passed(passed),
        (true, true, false) => Proof::Stale(stale),
        (true, true, true) => Proof::Unproven,
    }
}

/// Why a list, or the name of tests, stands for no tests of IGT.
pub fn igt_error(list: &str, lists: &Path, catalogue: Option<&Catalogue>) -> Option<String> {
    let Ok(patterns) = lists::patterns(list, lists, lists) else { return Some("it names no tests".into()) };
    let is_list = patterns != [list];
    match catalogue {
        _ if list.contains('/') => Some(format!("IGT has no test {list}")),
        Some(catalogue) => catalogue.select(&patterns, lists).err().map(|error| error.to_string()),
        // The names of all tests begin with a group's: kms_, core_, syncobj_.
        None if is_list || list.contains('_') => None,
        None => Some(format!("there is no list {list} in scripts/drm-rust/igt/")),
    }
}

/// Whether a name is an architecture's.
pub fn is_arch(name: &str) -> bool {
    name.parse::<&'static Arch>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kunit::results::Totals;

    fn test(name: &str, status: Status, tests: Vec<Test>) -> Test {
        Test { name: name.into(), status, tests, ..Test::default() }
    }

    fn run(kernel: &str, suites: Vec<Test>) -> Found<kunit::Report> {
        let report = kunit::Report {
            arch: kernel.split('-').next().unwrap().into(),
            seconds: 1.0,
            totals: Totals::of(&suites),
            suites,
            ..kunit::Report::default()
        };
        Found { kernel: kernel.into(), time: jiff::Timestamp::UNIX_EPOCH, current: true, report }
    }

    fn igt_run(kernel: &str, driver: &str, subtests: &[(&str, igt::results::Status)]) -> Found<igt::Report> {
        let report = igt::Report {
            driver: driver.into(),
            igt: "2".into(),
            seconds: 1.0,
            subtests: subtests.iter().map(|(name, status)| Subtest::bare(name, *status, "why")).collect(),
            ..igt::Report::default()
        };
        Found { kernel: kernel.into(), time: jiff::Timestamp::UNIX_EPOCH, current: true, report }
    }

    fn results() -> Results {
        use Status::{Crash, Fail, Pass, Skip};
        let doctests = [
            ("rust_doctest_kernel_a_rs_0", Pass),
            ("rust_doctest_kernel_a_rs_1", Pass),
            ("rust_doctest_kernel_a_rs_x_rs_0", Fail),
        ];
        let doctests = doctests.map(|(name, status)| test(name, status, Vec::new())).into();
        let um = vec![
            test("alpha", Pass, Vec::new()),
            test("beta", Pass, Vec::new()),
            test("idle", Skip, Vec::new()),
            test("rust_doctests_kernel", Fail, doctests),
        ];
        let arm64 = vec![test("alpha", Pass, Vec::new()), test("beta", Crash, Vec::new())];
        Results { kunit: vec![run("um", um), run("arm64", arm64)], lists: "/nowhere".into(), ..Results::default() }
    }

    fn names(kernels: &[&str]) -> Vec<String> {
        kernels.iter().map(|kernel| (*kernel).to_owned()).collect()
    }

    #[test]
    fn suites_are_proven_by_every_run() {
        let mut results = results();
        assert_eq!(results.suite("alpha"), Proof::Passed(names(&["um", "arm64"])));
        assert_eq!(results.suite("beta"), Proof::Failed(names(&["arm64"])));
        assert_eq!(results.suite("idle"), Proof::Unproven);
        results.kunit.push(run("um-debug", vec![test("alpha", Status::Fail, Vec::new())]));
        assert_eq!(results.suite("alpha"), Proof::Failed(names(&["um-debug"])), "variants count, too");
    }

    #[test]
    fn what_a_whole_run_lacks_is_absent() {
        let mut results = results();
        assert_eq!(results.suite("gamma"), Proof::Absent(names(&["um", "arm64"])));
        results.kunit[0].report.filter = Some("alpha".into());
        results.kunit[1].report.errors.push("the kernel panicked".into());
        assert_eq!(results.suite("gamma"), Proof::Unproven, "part of the suites shows nothing of the others");
    }

    #[test]
    fn results_of_another_tree_are_stale() {
        let mut results = results();
        results.kunit[1].current = false;
        assert_eq!(results.suite("beta"), Proof::Passed(names(&["um"])), "the failure was another tree's");
        results.kunit[0].current = false;
        assert_eq!(results.suite("alpha"), Proof::Stale(names(&["um", "arm64"])));
        assert_eq!(results.suite("gamma"), Proof::Unproven);
        assert_eq!(results.boot("um"), Proof::Stale(names(&["um"])));
    }

    #[test]
    fn examples_are_those_of_the_file() {
        assert_eq!(results().doctest("rust/kernel/a.rs"), Proof::Passed(names(&["um"])));
        assert_eq!(results().doctest("rust/kernel/b.rs"), Proof::Absent(names(&["um", "arm64"])));
    }

    #[test]
    fn a_kernel_that_ran_its_tests_to_their_end_has_booted() {
        let mut results = results();
        assert_eq!(results.boot("arm64"), Proof::Passed(names(&["arm64"])));
        assert_eq!(results.boot("riscv"), Proof::Unproven);
        results.kunit[1].report.errors.push("the kernel panicked".into());
        assert_eq!(results.boot("arm64"), Proof::Failed(names(&["arm64"])));
    }

    #[test]
    fn igt_is_asked_by_driver_and_measured_against_vkms() {
        use igt::results::Status::{Fail, Pass, Skip};
        let all = [("kms_flip@a", Pass), ("kms_flip@b", Skip), ("kms_lease@a", Fail), ("kms_plane@a", Fail)];
        let igt = vec![
            igt_run("um", "rvkms", &all),
            igt_run("um", "vkms", &[("kms_lease@a", Pass), ("kms_plane@a", Fail)]),
            igt_run("x86_64", "rvkms", &[("kms_flip@a", Pass), ("kms_plane@b", Fail), ("kms_plane@c", Pass)]),
        ];
        let results = Results { igt, lists: "/nowhere".into(), ..Results::default() };
        assert_eq!(results.igt("rvkms:kms_flip"), Proof::Passed(names(&["um", "x86_64"])));
        assert_eq!(results.igt("rvkms:kms_lease"), Proof::Failed(names(&["um"])));
        assert_eq!(results.igt("vkms:kms_flip"), Proof::Unproven);
        assert_eq!(results.igt("rvkms:kms_plane@a"), Proof::Unproven, "it fails with vkms, too");
        assert_eq!(results.igt("rvkms:kms_plane"), Proof::Failed(names(&["x86_64"])), "where vkms did not run");
        assert_eq!(results.igt("vkms:kms_plane"), Proof::Failed(names(&["um"])));
    }

    #[test]
    fn igt_has_the_tests_that_are_named() {
        let lists = Path::new(env!("CARGO_MANIFEST_DIR")).join("igt");
        let catalogue = Catalogue::parse("kms_flip@a\nkms_flip@b\ncore_auth\n");
        let error = |list: &str| [None, Some(&catalogue)].map(|catalogue| igt_error(list, &lists, catalogue).is_some());
        for (list, wrong) in [
            ("kms_flip", [false, false]),
            ("kms_flip@a", [false, false]),
            ("kms_*", [false, false]),
            ("kms_flop", [false, true]),
            ("kms_flip@c", [false, true]),
            ("smokes", [true, true]),
            ("../smoke", [true, true]),
            ("", [true, true]),
        ] {
            assert_eq!(error(list), wrong, "{list}");
        }
        assert_eq!(igt_error("smoke", &lists, None), None);
    }
}
