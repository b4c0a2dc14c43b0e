// SPDX-License-Identifier: GPL-2.0-only

//! The kernel that the tree makes, on UML: every suite and doctest that the overlay has, and a user space.
//!
//! Takes minutes from cold; `make kunit` runs it.

#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use drm_rust::git::Repo;
use drm_rust::kernel::only;
use drm_rust::kunit::results::{Status, Test};
use drm_rust::kunit::{Report, console};
use drm_rust::registry::items;
use drm_rust::topic;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every test that has no tests of its own, by `suite/test`, and how it ended.
fn collect(suite: &str, test: &Test, results: &mut BTreeMap<String, Status>) {
    if test.tests.is_empty() {
        results.insert(format!("{suite}/{}", test.name), test.status);
    }
    test.tests.iter().for_each(|test| collect(suite, test, results));
}

/// What the overlay's Rust files promise: the starts of names of test cases, by file.
fn promised(file: &str, text: &str) -> Vec<String> {
    let items = items::parse(file, text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut names: Vec<String> = items.suites.iter().map(|suite| format!("{suite}/")).collect();
    if let Some(path) = file.strip_prefix("rust/kernel/").filter(|_| items.has_doctest()) {
        let path = path.replace('/', "_").replace(".rs", "_rs");
        names.push(format!("rust_doctests_kernel/rust_doctest_kernel_{path}_"));
    }
    names
}

#[test]
#[ignore = "builds a kernel: make kunit"]
fn every_suite_and_doctest_of_the_overlay_passes() {
    let root = root();
    let status = Command::new(env!("CARGO_BIN_EXE_drm-rust")).args(["test", "um"]).current_dir(&root).status().unwrap();
    assert!(status.success(), "drm-rust test ended with {status}");
    let report: Report = serde_json::from_slice(&fs::read(root.join("build/um/kunit.json")).unwrap()).unwrap();
    let mut results = BTreeMap::new();
    report.suites.iter().for_each(|suite| collect(&suite.name, suite, &mut results));

    let topics = topic::load(&root).unwrap();
    let files = topics.values().flat_map(|manifest| manifest.files()).filter(|file| file.ends_with(".rs"));
    let mut missing = Vec::new();
    let mut counted = 0;
    for file in files {
        let text = fs::read_to_string(root.join(file)).unwrap();
        for start in promised(file, &text) {
            let cases =
                results.iter().filter(|(name, status)| name.starts_with(&start) && **status == Status::Pass).count();
            counted += cases;
            println!("{cases:4} passed  {start}");
            if cases == 0 {
                missing.push(format!("{file}: {start}"));
            }
        }
    }
    let linux = Repo::at(root.join("linux"));
    for suite in &report.suites {
        let only = only::find(&linux, "um".parse().unwrap(), &suite.name);
        let only = only.unwrap_or_else(|error| panic!("no smaller kernel for {}: {error}", suite.name));
        assert!(only.fragment.contains("is not set\n"), "{}: {}", suite.name, only.fragment);
    }

    assert!(missing.is_empty(), "the overlay has tests that did not run: {missing:#?}");
    println!("KUnit on UML: {} passed, {counted} of them the overlay's", report.totals.pass);
    assert!(counted > 0);
}

#[test]
#[ignore = "builds a kernel: make kunit-debug"]
fn the_debug_variant_finds_no_mistake_and_no_leak() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drm-rust"));
    let status = command.args(["test", "um", "--variant", "debug"]).current_dir(root()).status().unwrap();
    assert!(status.success(), "drm-rust test ended with {status}");
    let console = fs::read_to_string(root().join("build/um-debug/console.log")).unwrap();
    assert!(console.contains("drm-rust: begin"), "there was no user space to search for leaks");
}

/// Runs a shell script in the debug variant, and searches for leaks after it. Gives what it said; the kernel must not
/// have said anything of itself.
fn in_debug_variant(script: &str, args: &[&Path], words: &str) -> String {
    let script = format!(
        "set -e; k=/sys/kernel/debug/kmemleak; echo scan >$k; echo clear >$k; echo 8 >/proc/sys/kernel/printk
        {script}
        echo scan >$k; sleep 6; echo scan >$k; cat $k"
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_drm-rust"));
    command.args(["boot", "um", "--variant", "debug", "--kernel-args", words]);
    command.args(["--", "sh", "-c", &script, "sh"]).args(args);
    let output = command.current_dir(root()).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{out}");
    let reports: Vec<_> = out.lines().filter(|line| console::is_report(line)).collect();
    assert!(reports.is_empty(), "the kernel reported {reports:#?} in:\n{out}");
    out
}

#[test]
#[ignore = "builds a kernel: make kunit-debug"]
fn setup_survives_each_allocation_that_fails_in_the_debug_variant() {
    let script = "cd /sys/kernel/debug; echo N >failslab/ignore-gfp-wait; echo 0 >failslab/verbose
        echo 1 >kunit/rust_drm_kms/run; cat kunit/rust_drm_kms/results";
    let out = in_debug_variant(script, &[], "kunit.enable=1 kunit.filter_glob=rust_drm_kms");
    // Once at boot, when only few allocations fail, and once as asked for.
    let needs =
        out.lines().filter_map(|line| line.rsplit_once(" allocations, setup needs ")?.1.trim().parse::<u32>().ok());
    let needs = needs.max();
    assert!(needs > Some(30), "{out}");
    assert!(!out.contains("not ok "), "{out}");
    println!("setup was refused for {} allocations, each in its turn", needs.unwrap_or_default());
}

/// The drivers that are modules in the debug variant.
const MODULES: [&str; 2] = ["samples/rust/rust_drm_kms.ko", "drivers/gpu/drm/rvkms/rvkms.ko"];

#[test]
#[ignore = "builds a kernel: make kunit-debug"]
fn a_module_loads_and_unloads_in_the_debug_variant() {
    let script = "for i in 1 2 3 4 5; do insmod $1; ls -d /sys/class/drm/card1; n=${1##*/}; rmmod ${n%.ko}; done";
    for module in MODULES {
        let out = in_debug_variant(script, &[&root().join("build/um-debug").join(module)], "");
        // vkms, and the module each time.
        let cards = out.lines().filter(|line| line.trim() == "/sys/class/drm/card1").count();
        assert_eq!(cards, 5, "{module}: {out}");
    }
}

#[test]
#[ignore = "builds a kernel: make kunit"]
fn a_command_runs_in_the_kernel_and_gives_its_status() {
    let boot = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_drm-rust"));
        command.args(["boot", "um"]).args(args).current_dir(root()).output().unwrap()
    };
    let output = boot(&["--", "sh", "-c", "ls /sys/class/drm; echo \"a  b\" >/tmp/x; cat /tmp/x; exit 3"]);
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{out}");
    assert!(out.contains("card0") && out.lines().any(|line| line == "a  b"), "{out}");
    let output = boot(&["--timeout", "2", "--", "sleep", "60"]);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains("error: the kernel was stopped after 2 s; its last lines:"), "{err}");
}

#[test]
fn promises_are_read_from_the_source() {
    let text = "//! ```\n//! ```\n#[kunit_tests(rust_alpha)]\nmod a {}\n#[macros::kunit_tests(rust_beta)]\nmod b {}\n";
    let names = promised("rust/kernel/time/alpha.rs", text);
    assert_eq!(names, ["rust_alpha/", "rust_beta/", "rust_doctests_kernel/rust_doctest_kernel_time_alpha_rs_"]);
    assert!(promised("rust/kernel/beta.rs", "//! ```text\n//! ```\n\n/// ```ignore\n/// ```\nmod a {}\n").is_empty());
}
