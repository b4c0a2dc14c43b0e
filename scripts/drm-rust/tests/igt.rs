// SPDX-License-Identifier: GPL-2.0-only

//! Saved consoles and results of kernels that ran IGT, as they were and as they break; and IGT itself on vkms, which
//! `make igt` runs.

#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use drm_rust::igt::console::{Console, Event};
use drm_rust::igt::lists::{Catalogue, Test};
use drm_rust::igt::results::{Status, Subtest, read};
use drm_rust::igt::rounds::Rounds;
use drm_rust::igt::{Death, Report, compare, junit};

fn saved(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/igt").join(name)).unwrap()
}

fn results(name: &str) -> Vec<Subtest> {
    read(saved(name)).unwrap()
}

fn watch(text: &str) -> (Console, Vec<Event>) {
    let mut console = Console::default();
    let events = text.lines().filter_map(|line| console.line(line)).collect();
    (console, events)
}

/// The subtests of the saved run that goes wrong.
fn tests_of_meta() -> Vec<Test> {
    let subtests = ["pass-result", "warn", "fail-result", "dmesg-pass", "dmesg-warn", "user-crash", "piglit-timeout"];
    let more = ["abort", "generate-panic"];
    let names = subtests.iter().chain(&more).map(|name| format!("meta_test@{name}\n"));
    let catalogue = Catalogue::parse(&(names.collect::<String>() + "core_getversion@basic\ncore_getversion@all-cards"));
    catalogue.select(&["*".into()], Path::new("")).unwrap()
}

fn names(tests: &[Test]) -> Vec<String> {
    tests.iter().flat_map(Test::names).collect()
}

fn report(driver: &str, subtests: Vec<Subtest>) -> Report {
    let (driver, igt) = (driver.into(), "2.5-1".into());
    Report { driver, igt, seconds: 1.0, subtests, ..Report::default() }
}

#[test]
fn a_good_run_is_read() {
    let lines = results("happy.json").into_iter().map(|subtest| {
        let Subtest { name, status, seconds, reason, log } = subtest;
        format!("{name}: {} {seconds} {reason:?} {log:?}\n", status.name())
    });
    insta::assert_snapshot!(lines.collect::<String>(), @r#"
    core_getversion@all-cards: pass 0.026 None []
    core_getversion@basic: pass 0 None []
    kms_rmfb@close-fd: pass 0.093 None []
    kms_rmfb@rmfb-ioctl: pass 0.091 None []
    kms_universal_plane@cursor-fb-leak: skip 0.002 Some("is_intel_device(fd)") []
    kms_universal_plane@disable-primary-vs-flip: pass 0.205 None []
    kms_universal_plane@universal-plane-functional: skip 0.351 Some("Valid pipe->planes idx not found. plane_idx=2 plane_type=0 n_planes=2") []
    kms_universal_plane@universal-plane-pageflip-windowed: skip 0 Some("is_intel_device(data->drm_fd) && data->display_ver >= 9") []
    kms_universal_plane@universal-plane-sanity: pass 0.408 None []
    "#);
    let (console, events) = watch(&saved("happy.log"));
    assert_eq!(console.cards.unwrap(), ["vkms"]);
    assert_eq!(console.started, ["core_getversion", "kms_rmfb", "kms_universal_plane"]);
    assert_eq!((console.exit, console.running, console.splats.len()), (Some(0), None, 0));
    assert_eq!(events.iter().filter(|event| **event == Event::Ended).count(), 9);
}

#[test]
fn whatever_can_go_wrong_in_a_subtest_is_told() {
    let lines = results("meta.json").into_iter().map(|subtest| {
        let first: Vec<_> = subtest.log.iter().take(2).collect();
        format!("{}: {} {first:?}\n", subtest.name, subtest.status.name())
    });
    insta::assert_snapshot!(lines.collect::<String>(), @r#"
    core_getversion@all-cards: pass []
    core_getversion@basic: pass []
    meta_test@dmesg-pass: pass []
    meta_test@dmesg-warn: dmesg-warn ["<4> [0.740000] [drm: IGT inserted string."]
    meta_test@fail-result: fail ["[0.662292] (meta_test:44) CRITICAL: Test assertion failure function test_result, file ../tests/meta_test.c:94:", "[0.662354] (meta_test:44) CRITICAL: Failed assertion: result == 1"]
    meta_test@pass-result: pass []
    meta_test@piglit-timeout: timeout ["Received signal SIGQUIT.", "Stack trace:"]
    meta_test@user-crash: crash ["Received signal SIGSEGV.", "Stack trace:"]
    meta_test@warn: warn ["[0.661415] (meta_test:44) WARNING: This is a test that should fail with a warning"]
    "#);
}

#[test]
fn results_that_break_off_are_none() {
    let text = saved("meta.json");
    assert!(read(&text[..text.len() / 2]).is_err());
    assert!(read("").is_err());
    assert!(read(text.replace("\"timeout\"", "\"unheard-of\"")).is_err());
}

#[test]
fn what_a_killed_test_did_not_reach_is_left_for_the_next_kernel() {
    let mut rounds = Rounds::new(tests_of_meta());
    let (console, _) = watch(&saved("meta.log"));
    rounds.take(results("meta.json"), &console, None);
    assert_eq!(names(&rounds.left()), ["meta_test@abort", "meta_test@generate-panic"]);
    // The kernel dies, and its results are lost with it.
    let (console, events) = watch(&saved("panic.log"));
    assert_eq!(console.panic.as_deref(), Some("sysrq triggered crash"));
    assert_eq!(console.running.as_deref(), Some("meta_test@generate-panic"));
    assert!(events.is_empty());
    rounds.take(Vec::new(), &console, Some("panicked: sysrq triggered crash"));
    assert_eq!(names(&rounds.left()), ["meta_test@abort"]);
    // The next kernel gets no further.
    let (console, _) = watch("[IGT] meta_test: executing\n[IGT] meta_test: exiting, ret=99\ndrm-rust: exit 1\n");
    rounds.take(Vec::new(), &console, None);
    assert!(rounds.left().is_empty());
    let bad: Vec<_> = rounds.finish().into_iter().filter(|subtest| subtest.status.is_bad()).collect();
    let lines = bad.iter().map(|bad| format!("{}: {} {:?}\n", bad.name, bad.status.name(), bad.reason));
    insta::assert_snapshot!(lines.collect::<String>(), @r#"
    meta_test@fail-result: fail None
    meta_test@user-crash: crash None
    meta_test@piglit-timeout: timeout None
    meta_test@abort: notrun Some("the test ended before it")
    meta_test@generate-panic: incomplete Some("the kernel panicked: sysrq triggered crash")
    "#);
}

#[test]
fn a_kernel_that_dies_before_the_first_subtest_stops_its_test_only() {
    let mut rounds = Rounds::new(tests_of_meta());
    let (console, _) = watch("drm-rust: cards vkms\n[IGT] meta_test: executing\n");
    rounds.take(Vec::new(), &console, Some("hung: it said nothing for 120 s"));
    assert_eq!(names(&rounds.left()), ["core_getversion@basic", "core_getversion@all-cards"]);
    let subtests = rounds.finish();
    assert!(subtests.iter().all(|subtest| subtest.status == Status::NotRun));
    assert_eq!(subtests[0].reason.as_deref(), Some("the kernel hung: it said nothing for 120 s"));
    assert_eq!(subtests[9].reason.as_deref(), Some("too many kernels died before it"));
}

#[test]
fn a_report_of_the_kernel_belongs_to_the_subtest_that_ran() {
    let splat = "WARNING: drivers/gpu/drm/drm_plane.c:1 at drm_f+0x1/0x2, CPU#0: kms_rmfb/1\n";
    let mark = "[IGT] kms_rmfb: starting subtest close-fd\n";
    let text = saved("happy.log").replace(mark, &format!("{mark}[    1.5] {splat}"));
    let (console, _) = watch(&(splat.to_owned() + &text + splat));
    let tests: Vec<_> = console.splats.iter().map(|splat| splat.test.as_deref()).collect();
    assert_eq!(tests, [None, Some("kms_rmfb@close-fd"), None]);
    assert!(console.splats[1].line.starts_with("WARNING: drivers/gpu/drm/drm_plane.c:1"));
}

#[test]
fn two_drivers_are_compared_subtest_by_subtest() {
    let of = |list: &[(&str, Status)]| list.iter().map(|(name, status)| Subtest::bare(name, *status, "")).collect();
    let (pass, skip, fail) = (Status::Pass, Status::Skip, Status::Fail);
    let ours = report("rvkms", of(&[("a@same", pass), ("a@lost", skip), ("a@won", pass), ("a@bad", Status::Timeout)]));
    let other =
        report("vkms", of(&[("a@same", pass), ("a@lost", pass), ("a@won", fail), ("a@bad", fail), ("a@x", pass)]));
    let rows = compare::rows(&ours, &other);
    insta::assert_snapshot!(compare::table(&rows, ["rvkms", "vkms"], false), @"
            rvkms       vkms      
    a@lost  skip        pass        worse
    a@won   pass        fail        better
    a@bad   timeout     fail        worse
    a@x     notrun      pass        worse
    ");
    assert!(compare::table(&rows, ["rvkms", "vkms"], true).contains("a@same"));
    insta::assert_snapshot!(compare::worse(&rows, &ours).join("\n"), @"
    a@lost: skip, not pass
    a@bad: timeout, not fail
    a@x: notrun, not pass
    ");
    let same = compare::rows(&ours, &ours);
    assert!(compare::worse(&same, &ours).is_empty());
    insta::assert_snapshot!(compare::table(&same, ["rvkms", "rvkms"], false), @"rvkms and rvkms do not differ in 4 subtests");
    let nothing = report("rvkms", of(&[("a@same", skip)]));
    assert_eq!(compare::worse(&compare::rows(&nothing, &nothing), &nothing), ["no subtest passed"]);
}

#[test]
fn junit_has_a_suite_for_each_test_and_one_for_the_kernel() {
    let mut report = report("vkms", results("meta.json"));
    report.errors.push("meta_test@generate-panic: the kernel panicked".into());
    let (test, what) = (Some("meta_test@generate-panic".to_owned()), "panicked".to_owned());
    report.deaths.push(Death { test, what, last_lines: vec!["Kernel panic".into()] });
    let read = quick_junit::Report::deserialize_from_str(&junit::xml(&report)).unwrap();
    let suites: Vec<_> = read.test_suites.iter().map(|suite| (suite.name.as_str(), suite.tests)).collect();
    assert_eq!(suites, [("core_getversion", 2), ("meta_test", 7), ("kernel", 1)]);
    assert_eq!((read.tests, read.failures, read.errors), (10, 1, 3));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn igt(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_drm-rust")).arg("igt").args(args).current_dir(root()).output().unwrap()
}

fn json(output: &Output) -> Report {
    let err = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {err}"))
}

#[test]
#[ignore = "builds a kernel: make igt"]
fn the_smoke_list_passes_on_vkms() {
    let output = igt(&["--json"]);
    let report = json(&output);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(report.is_good());
    let mut passed = BTreeMap::new();
    for subtest in report.subtests.iter().filter(|subtest| subtest.status == Status::Pass) {
        *passed.entry(subtest.test()).or_insert(0) += 1;
    }
    println!("IGT {} on vkms: {passed:?} in {:.1} s", report.igt, report.seconds);
    let least = [
        ("kms_addfb_basic", 27),
        ("kms_atomic", 7),
        ("kms_pipe_crc_basic", 8),
        ("kms_properties", 12),
        ("kms_getfb", 14),
        ("kms_prop_blob", 9),
    ];
    for (test, least) in least {
        assert!(passed.get(test).is_some_and(|passed| *passed >= least), "{test}: fewer than {least} pass");
    }
    for name in ["vkms.json", "vkms.xml", "vkms/console.log"] {
        assert!(root().join("build/um/igt").join(name).is_file(), "{name}");
    }
}

#[test]
#[ignore = "builds a kernel: make igt"]
fn a_subtest_that_hangs_or_kills_the_kernel_does_not_keep_the_others_from_running() {
    let output = igt(&["--json", "--timeout", "3", "--tests", "meta_test,core_getversion"]);
    assert_eq!(output.status.code(), Some(4));
    let report = json(&output);
    let lines = report.subtests.iter().map(|subtest| format!("{}: {}\n", subtest.name, subtest.status.name()));
    insta::assert_snapshot!(lines.collect::<String>(), @"
    meta_test@pass-result: pass
    meta_test@warn: warn
    meta_test@fail-result: fail
    meta_test@dmesg-pass: pass
    meta_test@dmesg-warn: dmesg-warn
    meta_test@user-crash: crash
    meta_test@piglit-timeout: timeout
    meta_test@abort: abort
    meta_test@generate-panic: incomplete
    core_getversion@basic: pass
    core_getversion@all-cards: pass
    ");
    assert_eq!(report.errors, ["meta_test@generate-panic: the kernel panicked: sysrq triggered crash"]);
    assert!(!report.deaths[0].last_lines.is_empty());
}

#[test]
#[ignore = "builds a kernel: make igt"]
fn what_cannot_run_is_an_error_that_says_why() {
    let err = |args: &[&str]| {
        let output = igt(args);
        format!("{}exit {}", String::from_utf8_lossy(&output.stderr), output.status.code().unwrap())
    };
    insta::assert_snapshot!(err(&["--quiet", "--driver", "mgag200"]), @"
    error: the kernel has no driver `mgag200`: CONFIG_DRM_MGAG200 is not set
    hint: CONFIG_DRM_MGAG200=y or =m belongs into arch/um/configs/drm_rust_defconfig
    exit 1
    ");
    insta::assert_snapshot!(err(&["--quiet", "--driver", "nova"]), @"
    error: the driver `nova` has no card; there are: rvkms, vkms
    hint: the driver must make a device of its own when the kernel boots
    exit 1
    ");
    insta::assert_snapshot!(err(&["--quiet", "--tests", "kms_addfb"]), @"
    error: IGT has no test `kms_addfb`; is `kms_addfb_basic` meant?
    hint: name tests as kms_flip or kms_flip@basic-*, lists as @FILE or kms, smoke
    exit 2
    ");
}

#[test]
#[ignore = "builds a kernel: make igt"]
fn a_driver_does_not_differ_from_itself() {
    let output = igt(&["--tests", "kms_getfb", "--compare", "vkms"]);
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{out}");
    assert!(out.starts_with("vkms and vkms do not differ in 14 subtests\n"), "{out}");
}

#[test]
fn results_with_any_bytes_are_read() {
    let results = |out: &[u8]| {
        let (start, end) = (b"{\"tests\": {\"igt@a@b\": {\"result\": \"fail\", \"out\": \"", b"\"}}}");
        read([&start[..], out, &end[..]].concat()).unwrap().remove(0)
    };
    assert_eq!(results(b"caf\xc3\xa9").log, ["café"]);
    // IGT passes on what tests print: bytes that are no text, halves of characters, control characters.
    assert_eq!(results(b"a\xff\xfeb").log, ["a\u{fffd}\u{fffd}b"]);
    assert!(results(b"a\\ud800b \\udfff\\ud83d").log[0].starts_with("a\u{fffd}"));
    assert_eq!(results(b"a\x01\x1b[0mb").log, ["a\u{1}\u{1b}[0mb"]);
    let long = results(&vec![b'x'; 1 << 20]);
    assert!(long.log[0].len() < 3000, "{}", long.log[0].len());
    let many = results("x\\n".repeat(1 << 20).as_bytes());
    assert_eq!(many.log.len(), 1);
    let deep = format!("{{\"tests\": {}", "[".repeat(100_000));
    assert!(read(deep).is_err());
}

#[test]
fn a_clock_that_was_set_back_is_no_panic() {
    let text = r#"{"tests": {"igt@a@b": {"result": "fail", "time": {"start": 9.5, "end": 1.5}}}}"#;
    let subtests = read(text).unwrap();
    assert_eq!(subtests[0].seconds, 0.0);
    let mut report = report("rvkms", subtests);
    report.seconds = -1.0;
    report.subtests[0].seconds = f64::NAN;
    assert!(junit::xml(&report).contains("<testcase"));
}
