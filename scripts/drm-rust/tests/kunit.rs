// SPDX-License-Identifier: GPL-2.0-only

//! KUnit on UML: the kernel that the tree makes, and every suite and doctest that the overlay has.
//!
//! Takes minutes from cold; `make kunit` runs it.

#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use drm_rust::topic;
use serde_json::Value;

const CONFIG: &str = "tools/testing/kunit/configs/drm_rust.config";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every test case by `suite/case`, and how it ended.
fn collect(group: &Value, results: &mut BTreeMap<String, String>) {
    let list = |key: &str| group[key].as_array().cloned().unwrap_or_default();
    for case in list("test_cases") {
        let name = format!("{}/{}", group["name"].as_str().unwrap(), case["name"].as_str().unwrap());
        results.insert(name, case["status"].as_str().unwrap().to_owned());
    }
    for sub in list("sub_groups") {
        collect(&sub, results);
    }
}

/// What the overlay's Rust files promise: the starts of names of test cases, by file.
fn promised(file: &str, text: &str) -> Vec<String> {
    let suites = text.lines().filter_map(|line| {
        let attribute = line.trim_start().strip_prefix("#[")?.strip_suffix(")]")?;
        let (path, suite) = attribute.split_once("kunit_tests(")?;
        (path.is_empty() || path.ends_with("::")).then(|| format!("{suite}/"))
    });
    let mut names: Vec<String> = suites.collect();
    let is_doctest = |line: &str| {
        let line = line.trim_start();
        ["///", "//!"].iter().filter_map(|mark| line.strip_prefix(mark)).any(|text| text.trim() == "```")
    };
    if let Some(path) = file.strip_prefix("rust/kernel/").filter(|_| text.lines().any(is_doctest)) {
        let path = path.replace('/', "_").replace(".rs", "_rs");
        names.push(format!("rust_doctests_kernel/rust_doctest_kernel_{path}_"));
    }
    names
}

#[test]
#[ignore = "builds a kernel: make kunit"]
fn every_suite_and_doctest_of_the_overlay_passes() {
    let (root, build) = (root(), root().join("build/um"));
    fs::create_dir_all(&build).unwrap();
    let json = build.join("kunit.json");
    let _ = fs::remove_file(&json);
    let llvm = std::env::var("LLVM").unwrap_or("-19".into());
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let status = Command::new("./tools/testing/kunit/kunit.py")
        .current_dir(root.join("linux"))
        .args(["run", "--arch=um", "--summary", "--timeout=600", &format!("--jobs={jobs}")])
        .args([format!("--make_options=LLVM={llvm}"), format!("--build_dir={}", build.display())])
        .args([format!("--kunitconfig={CONFIG}"), format!("--json={}", json.display())])
        .status()
        .expect("kunit.py runs");
    let report: Value = serde_json::from_slice(&fs::read(&json).expect("kunit.py wrote its results")).unwrap();
    let mut results = BTreeMap::new();
    collect(&report, &mut results);
    let failed: Vec<_> = results.iter().filter(|(_, status)| !matches!(status.as_str(), "PASS" | "SKIP")).collect();
    assert!(status.success() && failed.is_empty(), "kunit.py ended with {status}; failed: {failed:#?}");

    let topics = topic::load(&root).unwrap();
    let files = topics.values().flat_map(|manifest| manifest.files()).filter(|file| file.ends_with(".rs"));
    let mut missing = Vec::new();
    let mut counted = 0;
    for file in files {
        let text = fs::read_to_string(root.join(file)).unwrap();
        for start in promised(file, &text) {
            let cases = results.iter().filter(|(name, status)| name.starts_with(&start) && *status == "PASS").count();
            counted += cases;
            println!("{cases:4} passed  {start}");
            if cases == 0 {
                missing.push(format!("{file}: {start}"));
            }
        }
    }
    assert!(missing.is_empty(), "the overlay has tests that did not run: {missing:#?}");
    let passed = results.values().filter(|status| *status == "PASS").count();
    println!("KUnit on UML: {passed} passed, {counted} of them the overlay's");
    assert!(counted > 0);
}

#[test]
fn promises_are_read_from_the_source() {
    let text = "//! ```\n//! ```\n#[kunit_tests(rust_alpha)]\nmod a {}\n#[macros::kunit_tests(rust_beta)]\nmod b {}\n";
    let names = promised("rust/kernel/time/alpha.rs", text);
    assert_eq!(names, ["rust_alpha/", "rust_beta/", "rust_doctests_kernel/rust_doctest_kernel_time_alpha_rs_"]);
    assert!(promised("rust/kernel/beta.rs", "/// ```ignore\n/// ```text\n").is_empty());
}
