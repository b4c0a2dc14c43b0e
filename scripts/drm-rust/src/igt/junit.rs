// SPDX-License-Identifier: GPL-2.0-only

//! A run's results as JUnit XML, as CI systems read it.

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::Report;
use super::results::{Status, Subtest};
use crate::junit::{lines, seconds, text};

/// The results as XML: a suite for each test.
pub fn xml(report: &Report) -> String {
    let mut junit = quick_junit::Report::new(format!("igt-{}", report.driver));
    junit.set_time(seconds(report.seconds));
    for subtests in report.subtests.chunk_by(|a, b| a.test() == b.test()) {
        let mut suite = TestSuite::new(text(subtests[0].test()));
        suite.set_time(seconds(subtests.iter().map(|subtest| subtest.seconds).sum()));
        suite.add_test_cases(subtests.iter().map(case));
        junit.add_test_suite(suite);
    }
    if !report.errors.is_empty() {
        // CI systems show tests only: what is wrong with the whole is one.
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        let last = report.deaths.iter().flat_map(|death| &death.last_lines);
        let said: Vec<String> = report.unknown_splats().map(|splat| &splat.line).chain(last).cloned().collect();
        status.set_message(text(&report.errors.join("; "))).set_description(lines(&said));
        let mut suite = TestSuite::new("kernel");
        suite.add_test_case(TestCase::new("stays sound", status));
        junit.add_test_suite(suite);
    }
    junit.to_string().expect("results are text")
}

fn case(subtest: &Subtest) -> TestCase {
    let mut status = match subtest.status {
        Status::Pass | Status::Warn | Status::DmesgWarn => TestCaseStatus::success(),
        Status::Skip => TestCaseStatus::skipped(),
        Status::Fail | Status::DmesgFail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Status::Timeout | Status::Crash | Status::Abort | Status::Incomplete | Status::NotRun => {
            TestCaseStatus::non_success(NonSuccessKind::Error)
        }
    };
    if subtest.status != Status::Pass {
        status.set_message(text(subtest.reason.as_deref().unwrap_or(subtest.status.name())));
        status.set_description(lines(&subtest.log));
    }
    let mut case = TestCase::new(text(subtest.name.split_once('@').map_or(subtest.test(), |(_, name)| name)), status);
    case.set_classname(text(subtest.test())).set_time(seconds(subtest.seconds));
    case
}
