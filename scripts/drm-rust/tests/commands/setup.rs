// SPDX-License-Identifier: GPL-2.0-only

//! `setup`, on this machine and on one that has hardly anything.

use std::fs;
use std::os::unix::fs::symlink;

use crate::env::Env;

/// A PATH with these programs only.
pub(crate) fn path_with(env: &Env, programs: &[&str]) -> std::path::PathBuf {
    let bin = env.home().join("bin");
    fs::create_dir_all(&bin).unwrap();
    for program in programs {
        symlink(which(env, program), bin.join(program)).unwrap();
    }
    bin
}

/// Where a program is.
fn which(env: &Env, program: &str) -> String {
    let output = env.command("sh").args(["-c", "command -v \"$1\"", "sh", program]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_bare_machine_is_told_what_it_lacks() {
    let env = Env::new();
    let bin = path_with(&env, &["git", "sh", "apt-get"]);
    let output = env.drm_rust(&["setup", "--check"]).env("PATH", bin).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let line =
        |name: &str| out.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{out}")).to_owned();
    assert_eq!(line("bindgen"), "bindgen                  missing    needed for Rust bindings of the kernel's C");
    assert!(line("git ").ends_with("/bin/git"), "{out}");
    assert!(err.starts_with("error: this machine lacks curl, make, gcc"), "{err}");
    assert!(err.contains("sudo apt-get install --yes --no-install-recommends curl make gcc libc6-dev"), "{err}");
    assert!(err.contains("cargo install --locked --quiet bindgen-cli"), "{err}");
    assert!(err.contains(" python3-pip\n"), "{err}");
    assert!(!env.root().join("build").exists(), "a check changes nothing");
}

#[test]
fn a_machine_without_apt_is_told_what_debian_calls_it() {
    let env = Env::new();
    let bin = path_with(&env, &["git", "sh"]);
    let output = env.drm_rust(&["setup"]).env("PATH", bin).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains("# with this machine's own packages: what Debian calls curl make gcc libc6-dev"), "{err}");
    assert!(err.contains(" clang-19 lld-19 llvm-19 libclang-19-dev"), "{err}");
    assert!(!err.contains("apt-get"), "{err}");
}

#[test]
fn a_newer_llvm_will_do() {
    let env = Env::new();
    let bin = path_with(&env, &["git", "sh"]);
    for name in ["clang", "ld.lld", "llvm-objcopy"] {
        symlink(which(&env, &format!("{name}-19")), bin.join(name)).unwrap();
    }
    let output = env.drm_rust(&["setup", "--check"]).env("PATH", &bin).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    for name in ["clang", "ld.lld", "llvm-objcopy"] {
        let path = bin.join(name);
        let is_there = |line: &str| line.starts_with(&format!("{name} ")) && line.ends_with(path.to_str().unwrap());
        assert!(out.lines().any(is_there), "{out}");
    }
}

#[test]
fn every_finding_is_data() {
    let env = Env::new();
    let output = env.drm_rust(&["setup", "--check", "--json"]).output().unwrap();
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let git = findings.as_array().unwrap().iter().find(|finding| finding["name"] == "git").unwrap();
    assert!(git["state"]["present"]["version"].as_str().unwrap().starts_with("2."), "{git}");
    assert!(git["why"].as_str().unwrap().contains("merges"));
}

#[test]
fn what_not_everybody_needs_is_asked_for() {
    let env = Env::new();
    let bin = path_with(&env, &["git", "sh", "apt-get"]);
    let check = |args: &[&str]| {
        let output = env.drm_rust(&[&["setup", "--check"], args].concat()).env("PATH", &bin).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let plain = check(&[]);
    for (option, command) in [
        ("--editor", "rustup component add rustc cargo rustfmt clippy rust-analyzer\n"),
        ("--report", " chromium fonts-dejavu-core chromium-driver "),
    ] {
        let err = check(&[option]);
        assert!(err.contains(command), "{err}");
        assert!(!plain.contains(command), "{plain}");
    }
}

#[test]
fn what_is_optional_may_be_missing() {
    let env = Env::new();
    let bin = path_with(&env, &["git", "sh", "apt-get"]);
    let output = env.drm_rust(&["setup", "--check", "--btf"]).env("PATH", bin).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(out.contains("ccache                   missing    optional, for building the same C again"), "{out}");
    let (missing, commands) = err.split_once('\n').unwrap();
    assert!(missing.ends_with(", pahole") && commands.contains(" dwarves"), "{err}");
    assert!(!err.contains("ccache"), "{err}");
}
