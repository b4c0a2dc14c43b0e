// SPDX-License-Identifier: GPL-2.0-only

//! The Makefile at the top.

#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// What make would run, where setup has been before.
fn make(args: &[&str]) -> String {
    let output = run(&[&["--dry-run"], args].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs make in a folder with nothing but the Makefile and what setup and `tree` leave.
fn run(args: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Makefile"), dir.path().join("Makefile")).unwrap();
    for (file, text) in [
        ("build/toolchain.mk", "CACHED_CC := ccache clang-19\n"),
        ("linux/Makefile", "%:\n\t@echo $@ ARCH=$(ARCH) O=$(O) CC=$(CC)\n"),
    ] {
        let path = dir.path().join(file);
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    // Without the variables of a make that runs this test.
    let path = std::env::var_os("PATH").unwrap();
    let mut command = Command::new("make");
    command.args(args).current_dir(dir.path()).env_clear().env("PATH", path).output().unwrap()
}

#[test]
fn make_alone_makes_the_tree_and_shows_the_pull_request() {
    let out = make(&[]);
    let last: Vec<_> = out.lines().rev().take(2).collect();
    assert_eq!(last, ["build/cargo/release/drm-rust forward --dry-run", "build/cargo/release/drm-rust tree"]);
}

#[test]
fn other_goals_are_those_of_the_kernel() {
    let out = make(&["ARCH=riscv", "O=build/riscv", "drm_rust_defconfig"]);
    let line = out.lines().last().unwrap();
    let (what, out) = line.split_once(" O=").unwrap();
    assert_eq!(what, "echo drm_rust_defconfig ARCH=riscv");
    assert!(out.starts_with('/') && out.ends_with("/build/riscv CC=ccache clang-19"), "{out}");
    assert!(!make(&["CC=gcc", "vmlinux"]).contains("ccache"));
}

#[test]
fn the_steps_of_the_test_are_timed() {
    // There is no program that a demo needs.
    let output = run(&["STEPS=clean demo cross", "test"]);
    assert!(!output.status.success());
    let out = String::from_utf8(output.stdout).unwrap();
    let times: Vec<_> = out.lines().rev().take(2).collect();
    assert!(times[1].starts_with("clean          0:0"), "{out}");
    assert!(times[0].starts_with("demo           0:0") && times[0].ends_with("  failed"), "{out}");
    assert!(!out.contains("cross"), "{out}");
}
