// SPDX-License-Identifier: GPL-2.0-only

//! Every check on the real tree: it passes there, and finds the mistake that is made for it.
//!
//! Builds the kernel crate several times; `make checks` runs it.

#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Runs `drm-rust check` and gives the reports by tool.
fn check(args: &[&str]) -> (Option<i32>, BTreeMap<String, Value>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drm-rust"));
    command.args(["check", "--json"]).args(args).current_dir(root()).stderr(Stdio::inherit());
    let output = command.output().unwrap();
    let reports: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let by_tool = reports.into_iter().map(|report| (report["tool"].as_str().unwrap().to_owned(), report));
    (output.status.code(), by_tool.collect())
}

#[test]
#[ignore = "builds the kernel crate: make checks"]
fn the_whole_tree_is_clean_and_a_second_run_knows_it() {
    let (code, reports) = check(&[]);
    for (tool, report) in &reports {
        println!(
            "{:5} {tool:12} {} [{:.1} s]",
            report["status"],
            report["summary"],
            report["seconds"].as_f64().unwrap()
        );
    }
    assert_eq!(code, Some(0), "{reports:#?}");
    assert!(reports.len() >= 10, "{:?}", reports.keys());
    assert!(reports.values().all(|report| report["status"] == "pass"), "a check that looked at nothing proves nothing");
    let (_, again) = check(&[]);
    assert!(again.values().all(|report| report["cached"] == true), "{again:#?}");
    let kept: Value = serde_json::from_slice(&fs::read(root().join("build/check/report.json")).unwrap()).unwrap();
    assert_eq!(kept["reports"].as_array().unwrap().len(), again.len());
}

/// Git in `linux/`, with an index of its own.
fn git(index: &Path, args: &[&str], input: &str) -> String {
    use std::io::Write;
    let mut command = Command::new("git");
    let identity = [("NAME", "A Person"), ("EMAIL", "person@drm-rust.example"), ("DATE", "1767225600 +0000")];
    for (key, value) in identity {
        command.env(format!("GIT_AUTHOR_{key}"), value).env(format!("GIT_COMMITTER_{key}"), value);
    }
    command.current_dir(root().join("linux")).env("GIT_INDEX_FILE", index).args(args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {args:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A commit on `drm-rust-next` that adds text to the ends of files, and its id.
fn commit(message: &str, changes: &[(&str, &str)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let index = dir.path().join("index");
    git(&index, &["read-tree", "drm-rust-next"], "");
    for (file, text) in changes {
        let spec = format!("drm-rust-next:{file}");
        let exists = git(&index, &["ls-tree", "drm-rust-next", "--", file], "");
        let old = if exists.is_empty() { String::new() } else { git(&index, &["cat-file", "blob", &spec], "") + "\n" };
        let blob = git(&index, &["hash-object", "-w", "--stdin"], &(old + text));
        git(&index, &["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{file}")], "");
    }
    let tree = git(&index, &["write-tree"], "");
    git(&index, &["commit-tree", &tree, "-p", "drm-rust-next"], message)
}

#[test]
#[ignore = "builds the kernel crate: make checks"]
fn every_check_finds_its_mistake() {
    let rust = "\n/// A mistake.\npub fn  check_me(v: &[u8]) -> bool { v.len() == 0 }\n";
    let c = "\nvoid *drm_rust_check_me(void __user *p)\n{\n\treturn p;\n}\n";
    let mistakes = commit(
        "checks: added mistakes\n\nEvery check shall find teh one that is for it.\n",
        &[("rust/kernel/xarray.rs", rust), ("rust/helpers/xarray.c", c), ("nobody/maintains/this.h", "int x;\n")],
    );
    let (code, mut reports) = check(&[&format!("drm-rust-next..{mistakes}")]);
    assert_eq!(code, Some(4), "{reports:#?}");
    // What has lints is not documented.
    let rust = "\n/// See [`Nowhere`].\npub fn check_me() {}\n";
    let undocumented = commit("rust: xarray: add a broken link\n", &[("rust/kernel/xarray.rs", rust)]);
    reports.extend(check(&[&format!("drm-rust-next..{undocumented}"), "--only", "rustdoc"]).1);
    for (tool, part) in [
        ("subject", "the imperative is `add`"),
        ("trailers", "has not signed off"),
        ("checkpatch", "MISSING_SIGN_OFF"),
        ("codespell", "teh ==> the"),
        ("maintainers", "nobody/maintains/this.h"),
        ("spdx", "nobody/maintains/this.h"),
        ("rustfmt", ": is not formatted"),
        ("clippy", "rust/kernel/xarray.rs"),
        ("rustdoc", "Nowhere"),
        ("sparse", "different address spaces"),
    ] {
        let report = reports.get(tool).unwrap_or_else(|| panic!("{tool} did not run"));
        assert_eq!(report["status"], "fail", "{report:#}");
        let details = report["details"].to_string();
        assert!(details.contains(part), "{part} is not in what {tool} found: {report:#}");
    }
}
