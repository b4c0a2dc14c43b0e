// SPDX-License-Identifier: GPL-2.0-only

//! Saved consoles of kernels that ran KUnit, as they were and as they break.

use std::fs;
use std::path::Path;
use std::time::Duration;

use drm_rust::kunit::ktap::Reader;
use drm_rust::kunit::results::{Totals, failures};

/// What a console tells: a line for each suite and each failure, the sum, and what is wrong with the whole.
fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/ktap/{name}.log"));
    let mut reader = Reader::default();
    let mut ended = 0;
    for (number, line) in fs::read_to_string(path).unwrap().lines().enumerate() {
        ended += usize::from(reader.line(line, Duration::from_millis(number as u64)).is_some());
    }
    let complete = reader.is_complete();
    let (suites, errors) = reader.finish();
    let mut text = String::new();
    for suite in &suites {
        text += &format!("{} {} ({} tests)\n", suite.status.name(), suite.name, suite.tests.len());
    }
    failures(&suites, &mut |path, test| {
        text += &format!("  {} {} {:?} {:?}\n", test.status.name(), path.join("."), test.errors, test.log);
    });
    let Totals { pass, skip, fail, crash } = Totals::of(&suites);
    let whole = if complete { "complete" } else { "incomplete" };
    text += &format!("{whole}, {ended} told live: {pass} pass, {skip} skip, {fail} fail, {crash} crash\n");
    errors.iter().for_each(|error| text += &format!("error: {error}\n"));
    text
}

#[test]
fn suites_and_tests_with_parameters_are_read() {
    insta::assert_snapshot!(read("happy"), @"
    pass rust_kernel_kunit (3 tests)
    pass drm_cmdline_parser (2 tests)
    complete, 33 told live: 32 pass, 1 skip, 0 fail, 0 crash
    ");
}

#[test]
fn a_console_that_breaks_off_leaves_a_crashed_test() {
    insta::assert_snapshot!(read("truncated"), @r#"
    pass rust_kernel_kunit (3 tests)
    CRASH drm_cmdline_parser (1 tests)
      CRASH drm_cmdline_parser.drm_test_cmdline_invalid.(test 3) ["has no result"] []
    incomplete, 5 told live: 4 pass, 1 skip, 0 fail, 1 crash
    "#);
}

#[test]
fn a_panic_is_the_log_of_the_test_that_ran() {
    insta::assert_snapshot!(read("panic"), @r#"
    pass rust_kernel_kunit (3 tests)
    CRASH drm_cmdline_parser (1 tests)
      CRASH drm_cmdline_parser.drm_test_cmdline_invalid.(test 3) ["has no result"] ["BUG: kernel NULL pointer dereference, address: 0000000000000008", "Oops: Oops: 0000 [#1] SMP", "Kernel panic - not syncing: Fatal exception", "---[ end Kernel panic - not syncing: Fatal exception ]---"]
    incomplete, 5 told live: 4 pass, 1 skip, 0 fail, 1 crash
    "#);
}

#[test]
fn stamps_callers_and_foreign_lines_do_not_matter() {
    insta::assert_snapshot!(read("interleaved"), @"
    pass rust_kernel_kunit (3 tests)
    pass drm_cmdline_parser (2 tests)
    complete, 33 told live: 32 pass, 1 skip, 0 fail, 0 crash
    ");
}

#[test]
fn counts_that_do_not_fit_are_failures() {
    insta::assert_snapshot!(read("wrong-plan"), @r#"
    FAIL rust_kernel_kunit (3 tests)
    FAIL drm_cmdline_parser (2 tests)
      FAIL rust_kernel_kunit ["says `ok` though one of its tests failed"] []
      FAIL rust_kernel_kunit.rust_test_kunit_in_kunit_test ["has the number 5, expected 2"] []
      FAIL drm_cmdline_parser ["planned 3 tests, saw 2"] []
    complete, 33 told live: 31 pass, 1 skip, 1 fail, 0 crash
    "#);
}

#[test]
fn a_failed_expectation_is_kept_with_its_lines() {
    insta::assert_snapshot!(read("failing"), @r#"
    pass rust_kernel_kunit (3 tests)
    FAIL drm_cmdline_parser (2 tests)
      FAIL drm_cmdline_parser.drm_test_cmdline_invalid.res_missing_x [] ["        # drm_test_cmdline_invalid: EXPECTATION FAILED at drivers/gpu/drm/tests/drm_cmdline_parser_test.c:999", "        Expected drm_mode_parse_command_line_for_connector(cmdline, &no_connector, &mode) to be false, but is true"]
    complete, 33 told live: 31 pass, 1 skip, 1 fail, 0 crash
    "#);
}

#[test]
fn a_suite_cannot_pass_with_a_failed_test() {
    insta::assert_snapshot!(read("lying"), @r#"
    pass rust_kernel_kunit (3 tests)
    FAIL drm_cmdline_parser (2 tests)
      FAIL drm_cmdline_parser ["says `ok` though one of its tests failed"] []
      FAIL drm_cmdline_parser.drm_test_cmdline_invalid.res_missing_x [] ["        # drm_test_cmdline_invalid: EXPECTATION FAILED at drivers/gpu/drm/tests/drm_cmdline_parser_test.c:999", "        Expected drm_mode_parse_command_line_for_connector(cmdline, &no_connector, &mode) to be false, but is true"]
    complete, 33 told live: 31 pass, 1 skip, 1 fail, 0 crash
    "#);
}

#[test]
fn a_filter_that_lets_nothing_through_is_an_error() {
    insta::assert_snapshot!(read("none"), @"
    complete, 0 told live: 0 pass, 0 skip, 0 fail, 0 crash
    error: no test ran: the kernel has none, or none that the filter lets through
    ");
}

#[test]
fn a_kernel_without_kunit_is_an_error() {
    insta::assert_snapshot!(read("no-ktap"), @"
    incomplete, 0 told live: 0 pass, 0 skip, 0 fail, 0 crash
    error: no test ran: the console has no KTAP in it
    ");
}
