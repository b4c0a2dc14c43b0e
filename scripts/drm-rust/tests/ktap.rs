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
    told(&fs::read_to_string(path).unwrap())
}

fn told(console: &str) -> String {
    let mut reader = Reader::default();
    let mut ended = 0;
    for (number, line) in console.lines().enumerate() {
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

/// A console with one suite of three tests, of which the last two fail, or never tell.
const SUITE: &str = "\
KTAP version 1
1..1
    KTAP version 1
    # Subtest: suite
    1..3
    ok 1 a
    not ok 2 b
    not ok 3 c
not ok 1 suite
";

/// Whatever is done to a console that fails, it must not become one that is good.
#[track_caller]
fn is_not_good(console: &str) -> String {
    let told = told(console);
    let is_bad =
        told.lines().any(|line| line.starts_with("error: ") || line.starts_with("FAIL ") || line.starts_with("CRASH "));
    assert!(is_bad, "{console}\nis taken for good:\n{told}");
    told
}

#[test]
fn a_second_plan_hides_no_test_that_is_missing() {
    let short = SUITE.replace("    not ok 2 b\n    not ok 3 c\nnot ok 1 suite", "    1..1\nok 1 suite");
    insta::assert_snapshot!(is_not_good(&short), @r#"
    FAIL suite (1 tests)
      FAIL suite ["planned 3 tests, saw 1", "has a second plan: 1..1 after 1..3"] []
    complete, 1 told live: 1 pass, 0 skip, 0 fail, 0 crash
    "#);
    // Somebody else's line, at the left, is the plan of all.
    let whole = "KTAP version 1\n1..2\n    KTAP version 1\n    1..1\n1..1\n    ok 1 a\nok 1 suite\n";
    insta::assert_snapshot!(is_not_good(whole), @r#"
    pass suite (1 tests)
    incomplete, 1 told live: 1 pass, 0 skip, 0 fail, 0 crash
    error: planned 2 suites, saw 1
    error: the console has a second plan: 1..1 after 1..2
    "#);
}

#[test]
fn a_plan_after_the_results_is_told() {
    let late = "KTAP version 1\n1..1\n    KTAP version 1\n    ok 1 a\n    1..1\nok 1 suite\n";
    insta::assert_snapshot!(is_not_good(late), @r#"
    FAIL suite (1 tests)
      FAIL suite ["has its plan 1..1 after the first result"] []
    complete, 1 told live: 1 pass, 0 skip, 0 fail, 0 crash
    "#);
    let late = "KTAP version 1\n    KTAP version 1\n    1..1\n    ok 1 a\nok 1 suite\n1..1\n";
    insta::assert_snapshot!(is_not_good(late), @r#"
    pass suite (1 tests)
    complete, 1 told live: 1 pass, 0 skip, 0 fail, 0 crash
    error: the console has its plan 1..1 after the first result
    "#);
    is_not_good("KTAP version 1\n    KTAP version 1\n    1..1\n    ok 1 a\nok 1 suite\n");
    is_not_good("KTAP version 1\n1..99999999999999999999999\n    KTAP version 1\n    1..1\n    ok 1 a\nok 1 suite\n");
}

#[test]
fn a_kernel_that_starts_again_is_told() {
    let begun = "KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: suite\n    1..2\n    ok 1 a\n";
    let again = "KTAP version 1\n1..1\n    KTAP version 1\n    1..1\n    ok 1 a\nok 1 suite\n";
    insta::assert_snapshot!(is_not_good(&format!("{begun}{again}")), @r#"
    CRASH suite (2 tests)
    FAIL suite (1 tests)
      CRASH suite.(test 2) ["has no result"] []
      FAIL suite ["has the number 1, expected 2"] []
    incomplete, 2 told live: 2 pass, 0 skip, 0 fail, 1 crash
    error: planned 1 suites, saw 2
    error: the console begins a second time: the kernel was started again, or runs other tests
    error: the console has a second plan: 1..1 after 1..1
    "#);
    is_not_good(&again.replacen("1..1\n", "1..1\nKTAP version 1\n1..1\n", 1));
}

#[test]
fn what_is_skipped_hides_no_failure() {
    let skipped = SUITE.replace("not ok 1 suite", "ok 1 suite # SKIP no card");
    insta::assert_snapshot!(is_not_good(&skipped), @r#"
    FAIL suite (3 tests)
      FAIL suite ["says `SKIP` though one of its tests failed"] []
      FAIL suite.b [] []
      FAIL suite.c [] []
    complete, 3 told live: 1 pass, 0 skip, 2 fail, 0 crash
    "#);
    // The level of a failure was never opened.
    insta::assert_snapshot!(is_not_good("KTAP version 1\n1..1\n        not ok 1 a\nok 1 suite\n"), @r#"
    pass suite (0 tests)
    complete, 1 told live: 1 pass, 0 skip, 0 fail, 0 crash
    error: the console has a line that belongs to no test: `not ok 1 a`
    "#);
}

#[test]
fn what_has_no_end_is_read_to_a_bound() {
    let mut reader = Reader::default();
    let mut line = |text: &str| drop(reader.line(text, Duration::ZERO));
    line("KTAP version 1");
    line("1..9");
    let long = "x".repeat(60 << 10);
    // 120 MB of log, in tests that keep 200 lines each.
    for number in 0..10 {
        (0..200).for_each(|_| line(&long));
        line(&format!("ok {number} {long}"));
    }
    (0..1000).for_each(|depth| line(&format!("{}KTAP version 1", "    ".repeat(depth))));
    (0..300_000).for_each(|_| line("    KTAP version 1"));
    (0..300_000).for_each(|number| line(&format!("ok {number} x")));
    let (suites, errors) = reader.finish();
    assert!(suites.len() <= 100_001, "{}", suites.len());
    assert!(suites.iter().all(|suite| suite.name.len() < 3000));
    let log: usize = suites.iter().flat_map(|suite| &suite.log).map(String::len).sum();
    assert!(log <= 32 << 20, "{log}");
    assert!(errors.iter().any(|error| error.contains("has more than 100000 tests")), "{errors:?}");
    // What was written can be read again.
    let json = serde_json::to_string(&suites).unwrap();
    assert_eq!(serde_json::from_str::<Vec<drm_rust::kunit::results::Test>>(&json).unwrap().len(), suites.len());
}

proptest::proptest! {
    /// Lines that are lost, doubled or exchanged never make a console good that has a failure.
    #[test]
    fn damage_hides_no_failure(damage in proptest::collection::vec((0usize..9, 0usize..9, 0usize..3), 1..4)) {
        let lying = SUITE.replace("not ok 1 suite", "ok 1 suite # SKIP");
        let mut lines: Vec<&str> = lying.lines().collect();
        for (from, to, kind) in damage {
            // What comes before the first line is none of the tests.
            let (from, to) = (1 + from % (lines.len() - 1), 1 + to % (lines.len() - 1));
            match kind {
                0 if lines[from].contains("not ok") => {}
                0 => drop(lines.remove(from)),
                1 => lines.insert(to, lines[from]),
                _ => lines.swap(from, to),
            }
        }
        let console: String = lines.iter().map(|line| format!("{line}\n")).collect();
        is_not_good(&console);
    }
}
