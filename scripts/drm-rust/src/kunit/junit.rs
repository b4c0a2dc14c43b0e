// SPDX-License-Identifier: GPL-2.0-only

//! A run's results as JUnit XML, as CI systems read it.

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::Report;
use super::results::{Status, Test};
use crate::junit::{lines, seconds, text};

/// The results as XML.
pub fn xml(report: &Report) -> String {
    let mut junit = quick_junit::Report::new(format!("kunit-{}", report.arch));
    junit.set_time(seconds(report.seconds));
    for suite in &report.suites {
        let mut out = TestSuite::new(text(&suite.name));
        out.set_time(seconds(suite.seconds));
        add(&mut out, suite, "");
        junit.add_test_suite(out);
    }
    if !report.errors.is_empty() {
        // A run that died has a test of its own which says so: CI systems show tests only.
        let mut out = TestSuite::new("kernel");
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(text(&report.errors.join("; "))).set_description(lines(&report.last_lines));
        out.add_test_case(TestCase::new("runs to its end", status));
        junit.add_test_suite(out);
    }
    junit.to_string().expect("results are text")
}

fn add(suite: &mut TestSuite, test: &Test, prefix: &str) {
    if !test.tests.is_empty() {
        let prefix = if prefix.is_empty() && test.name == suite.name.as_str() {
            String::new()
        } else {
            format!("{prefix}{}.", test.name)
        };
        test.tests.iter().for_each(|test| add(suite, test, &prefix));
    }
    // CI systems show no failures but those of tests: a suite that fails by itself is one, too.
    if test.tests.is_empty() || test.is_bad_itself() {
        suite.add_test_case(case(suite.name.as_str(), test, prefix));
    }
}

fn case(suite: &str, test: &Test, prefix: &str) -> TestCase {
    let mut status = match test.status {
        Status::Pass => TestCaseStatus::success(),
        Status::Skip => TestCaseStatus::skipped(),
        Status::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Status::Crash => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    let messages: Vec<_> = test.reason.iter().chain(&test.errors).map(String::as_str).collect();
    if !messages.is_empty() {
        status.set_message(text(&messages.join("; ")));
    }
    if test.status.is_bad() {
        status.set_description(lines(&test.log));
    }
    let mut case = TestCase::new(text(&format!("{prefix}{}", test.name)), status);
    case.set_classname(suite).set_time(seconds(test.seconds));
    case
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kunit::results::Totals;

    fn test(name: &str, status: Status, tests: Vec<Test>) -> Test {
        Test { name: name.into(), status, seconds: 0.5, tests, log: vec!["a < b".into()], ..Test::default() }
    }

    fn report(suites: Vec<Test>) -> Report {
        Report { arch: "um".into(), seconds: 1.0, totals: Totals::of(&suites), suites, ..Report::default() }
    }

    fn read(report: Report) -> quick_junit::Report {
        quick_junit::Report::deserialize_from_str(&xml(&report)).unwrap()
    }

    #[test]
    fn suites_cases_and_a_dead_kernel_are_told() {
        let parameters = vec![test("one", Status::Pass, vec![]), test("two", Status::Fail, vec![])];
        let suite = test(
            "suite",
            Status::Fail,
            vec![test("plain", Status::Skip, vec![]), test("all", Status::Fail, parameters)],
        );
        let errors = vec!["the kernel panicked".into()];
        let read = read(Report { errors, last_lines: vec!["Kernel panic".into()], ..report(vec![suite]) });
        assert_eq!((read.tests, read.failures, read.errors), (4, 1, 1));
        let names: Vec<_> = read.test_suites[0].test_cases.iter().map(|case| case.name.to_string()).collect();
        assert_eq!(names, ["plain", "all.one", "all.two"]);
        let failed = &read.test_suites[0].test_cases[2].status;
        assert!(matches!(failed, TestCaseStatus::NonSuccess { description: Some(log), .. } if log.as_str() == "a < b"));
    }

    #[test]
    fn a_suite_that_fails_by_itself_is_a_case() {
        let passed = || vec![test("one", Status::Pass, vec![])];
        let planned = Test { errors: vec!["planned 2 tests, saw 1".into()], ..test("short", Status::Fail, passed()) };
        let leaving = test("leaving", Status::Fail, passed());
        let read = read(report(vec![planned, leaving, test("fine", Status::Pass, passed())]));
        assert_eq!((read.tests, read.failures, read.errors), (5, 2, 0));
        let case = &read.test_suites[0].test_cases[1];
        assert_eq!((case.name.as_str(), case.classname.as_ref().unwrap().as_str()), ("short", "short"));
        let message = |message: &str| message == "planned 2 tests, saw 1";
        assert!(matches!(&case.status, TestCaseStatus::NonSuccess { message: Some(m), .. } if message(m.as_str())));
        assert_eq!(read.test_suites[1].test_cases[1].name.as_str(), "leaving");
    }
}
