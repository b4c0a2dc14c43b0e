// SPDX-License-Identifier: GPL-2.0-only

//! What the latest runs say of the tests that rows name.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use wildmatch::WildMatch;

use super::model::Tests;
use crate::igt::compare::REFERENCE;
use crate::igt::results::Subtest;
use crate::igt::{self, lists};
use crate::kernel::arch::{ARCHES, Arch};
use crate::kunit::{self, results::Status};

/// What is known of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// It passed, in these runs.
    Passed(Vec<String>),
    /// No run has it.
    Unproven,
    /// It failed, in these runs.
    Failed(Vec<String>),
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
    /// By architecture.
    pub kunit: Vec<kunit::Report>,
    /// By driver, each with its kernel: architecture.
    pub igt: Vec<(String, igt::Report)>,
    /// The folder of IGT's lists.
    pub lists: PathBuf,
}

impl Results {
    /// Reads what is below `build`. A result that is not there, or is damaged, proves nothing.
    pub fn load(build: &Path, lists: PathBuf) -> Results {
        let kunit = ARCHES.iter().filter_map(|arch| read(&build.join(arch.name).join("kunit.json"))).collect();
        let igt = ARCHES.iter().flat_map(|arch| {
            let entries = std::fs::read_dir(build.join(arch.name).join("igt")).into_iter().flatten().flatten();
            let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
            paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
            paths.sort();
            paths.into_iter().filter_map(|path| Some((arch.name.to_owned(), read(&path)?)))
        });
        Results { kunit, igt: igt.collect(), lists }
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

    /// A kernel that has run a test has booted.
    fn boot(&self, arch: &str) -> Proof {
        let runs = self.kunit.iter().filter(|report| report.arch == arch && report.totals.all() > 0);
        proof(runs.map(|report| (report.arch.clone(), Status::Pass)))
    }

    fn suite(&self, name: &str) -> Proof {
        proof(self.kunit.iter().flat_map(|report| {
            let suites = report.suites.iter().filter(move |suite| suite.name == name);
            suites.map(|suite| (report.arch.clone(), suite.status))
        }))
    }

    fn doctest(&self, path: &str) -> Proof {
        let name = path.strip_prefix("rust/").unwrap_or(path).replace(['/', '.'], "_");
        let start = format!("rust_doctest_{name}_");
        let is_of_file = |test: &str| test.strip_prefix(&start).is_some_and(|n| n.chars().all(|c| c.is_ascii_digit()));
        proof(self.kunit.iter().flat_map(|report| {
            let tests = report.suites.iter().flat_map(|suite| &suite.tests);
            tests.filter(|test| is_of_file(&test.name)).map(|test| (report.arch.clone(), test.status))
        }))
    }

    fn igt(&self, name: &str) -> Proof {
        let Some((driver, list)) = name.split_once(':') else { return Proof::Unproven };
        let Ok(patterns) = lists::patterns(list, &self.lists, &self.lists) else { return Proof::Unproven };
        let wanted: Vec<WildMatch> = patterns.iter().map(|pattern| WildMatch::new(pattern)).collect();
        let is_wanted = |sub: &Subtest| wanted.iter().any(|want| want.matches(&sub.name) || want.matches(sub.test()));
        let runs = self.igt.iter().filter(|(_, report)| report.driver == driver);
        proof(runs.flat_map(|(kernel, report)| {
            let reference = self.igt.iter().find(|(other, report)| other == kernel && report.driver == REFERENCE);
            let reference = reference.filter(|_| driver != REFERENCE).map(|(_, report)| report);
            let subtests = report.subtests.iter().filter(|sub| is_wanted(sub));
            subtests.map(move |sub| (kernel.clone(), verdict(sub, reference)))
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

fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// One bad result counts more than any good ones; what was skipped says nothing.
fn proof(results: impl Iterator<Item = (String, Status)>) -> Proof {
    let (mut passed, mut failed) = (Vec::new(), Vec::new());
    for (run, status) in results {
        match status {
            Status::Pass => passed.push(run),
            Status::Skip => {}
            Status::Fail | Status::Crash => failed.push(run),
        }
    }
    passed.dedup();
    failed.dedup();
    match (passed.is_empty(), failed.is_empty()) {
        (_, false) => Proof::Failed(failed),
        (false, true) => Proof::Passed(passed),
        (true, true) => Proof::Unproven,
    }
}

/// Why a name of IGT's tests cannot be one.
pub fn igt_error(name: &str, lists: &Path) -> Option<String> {
    let Some((driver, list)) = name.split_once(':') else { return Some("is no DRIVER:LIST".into()) };
    let is_list = lists.join(format!("{list}.txt")).is_file();
    // The names of all tests begin with a group's: kms_, core_, syncobj_.
    let is_test = list.contains('_') && !list.contains(['/', ' ']);
    if driver.is_empty() {
        Some("names no driver".into())
    } else if is_list || is_test {
        None
    } else {
        Some(format!("names no list of scripts/drm-rust/igt/: {list}"))
    }
}

/// Whether a name is an architecture's.
pub fn is_arch(name: &str) -> bool {
    name.parse::<&'static Arch>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Results {
        let test = |name: &str, status: &str, tests: &str| {
            format!(r#"{{"name":"{name}","status":"{status}","seconds":0,"tests":[{tests}]}}"#)
        };
        let report = |arch: &str, suites: &[String]| -> kunit::Report {
            let head = format!(r#""arch":"{arch}","seconds":1,"totals":{{"pass":1,"skip":0,"fail":0,"crash":0}}"#);
            let tail = r#""errors":[],"splats":[],"last_lines":[]"#;
            serde_json::from_str(&format!("{{{head},{tail},\"suites\":[{}]}}", suites.join(","))).unwrap()
        };
        let doctests = ["rust_doctest_kernel_a_rs_0", "rust_doctest_kernel_a_rs_1", "rust_doctest_kernel_a_rs_x_rs_0"];
        let status = ["pass", "pass", "fail"];
        let doctests: Vec<String> = doctests.iter().zip(status).map(|(name, status)| test(name, status, "")).collect();
        let doctests = test("rust_doctests_kernel", "fail", &doctests.join(","));
        let um =
            report("um", &[test("alpha", "pass", ""), test("beta", "pass", ""), test("idle", "skip", ""), doctests]);
        let arm64 = report("arm64", &[test("alpha", "pass", ""), test("beta", "crash", "")]);
        let igt = |kernel: &str, driver: &str, subtests: &[(&str, igt::results::Status)]| {
            let report = igt::Report {
                driver: driver.into(),
                igt: "2".into(),
                seconds: 1.0,
                errors: Vec::new(),
                splats: Vec::new(),
                deaths: Vec::new(),
                subtests: subtests.iter().map(|(name, status)| Subtest::bare(name, *status, "why")).collect(),
            };
            (kernel.to_owned(), report)
        };
        use igt::results::Status::{Fail, Pass, Skip};
        let all = [("kms_flip@a", Pass), ("kms_flip@b", Skip), ("kms_lease@a", Fail), ("kms_plane@a", Fail)];
        let igt = vec![
            igt("um", "rvkms", &all),
            igt("um", "vkms", &[("kms_lease@a", Pass), ("kms_plane@a", Fail)]),
            igt("x86_64", "rvkms", &[("kms_flip@a", Pass), ("kms_plane@b", Fail), ("kms_plane@c", Pass)]),
        ];
        Results { kunit: vec![um, arm64], igt, lists: "/nowhere".into() }
    }

    fn passed(runs: &[&str]) -> Proof {
        Proof::Passed(runs.iter().map(|run| (*run).to_owned()).collect())
    }

    #[test]
    fn suites_are_proven_by_every_run() {
        let results = results();
        assert_eq!(results.suite("alpha"), passed(&["um", "arm64"]));
        assert_eq!(results.suite("beta"), Proof::Failed(vec!["arm64".into()]));
        assert_eq!(results.suite("idle"), Proof::Unproven);
        assert_eq!(results.suite("gamma"), Proof::Unproven);
    }

    #[test]
    fn examples_are_those_of_the_file() {
        assert_eq!(results().doctest("rust/kernel/a.rs"), passed(&["um"]));
        assert_eq!(results().doctest("rust/kernel/b.rs"), Proof::Unproven);
    }

    #[test]
    fn a_kernel_that_ran_tests_has_booted() {
        assert_eq!((results().boot("arm64"), results().boot("riscv")), (passed(&["arm64"]), Proof::Unproven));
    }

    #[test]
    fn igt_is_asked_by_driver_and_list() {
        let results = results();
        assert_eq!(results.igt("rvkms:kms_flip"), passed(&["um", "x86_64"]));
        assert_eq!(results.igt("rvkms:kms_lease"), Proof::Failed(vec!["um".into()]));
        assert_eq!(results.igt("vkms:kms_flip"), Proof::Unproven);
        assert_eq!(results.igt("rvkms:kms_plane@a"), Proof::Unproven, "it fails with vkms, too");
        assert_eq!(results.igt("rvkms:kms_plane"), Proof::Failed(vec!["x86_64".into()]), "where vkms did not run");
        assert_eq!(results.igt("vkms:kms_plane"), Proof::Failed(vec!["um".into()]));
        let lists = Path::new(env!("CARGO_MANIFEST_DIR")).join("igt");
        assert_eq!(igt_error("rvkms:smoke", &lists), None);
        assert_eq!(igt_error("rvkms:kms_flip@a", &lists), None);
        for bad in ["smoke", ":smoke", "rvkms:smokes", "rvkms:../smoke"] {
            assert!(igt_error(bad, &lists).is_some(), "{bad}");
        }
    }
}
