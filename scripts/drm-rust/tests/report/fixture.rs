// SPDX-License-Identifier: GPL-2.0-only

//! A page with something of everything, the same in every checkout.

mod picture;
mod registry;
mod results;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use drm_rust::html::checks::{Check, Checks};
use drm_rust::html::forward::{Branch, Gate, Request};
use drm_rust::html::{self, Data, Missing};
use tempfile::TempDir;

/// Turns a text of the data into what is shown instead.
pub(crate) type Map<'a> = &'a dyn Fn(&str) -> String;

/// Something of everything.
pub(crate) fn data() -> Data {
    with(&str::to_owned)
}

/// Something of everything, where every text that may come from elsewhere is what `map` makes of it.
pub(crate) fn with(map: Map<'_>) -> Data {
    Data {
        made: map("2026-01-02 03:04 UTC"),
        tree: Ok(tree::tree(map)),
        waiting: waiting(map),
        kunit: Ok(results::kunit(map)),
        igt: Ok(results::igt(map)),
        checks: Ok(checks(map)),
        registry: Ok(registry::registry(map)),
        picture: html::picture::of(&picture::png(64, 48)),
    }
}

fn waiting(map: Map<'_>) -> Vec<Branch> {
    let gate = |name, status, details: &[&str]| {
        let details = details.iter().map(|detail| map(detail)).collect();
        Gate { name, status, details }
    };
    let request = |branch: &str, to: &str, patches: usize, gates: Vec<Gate>| Request {
        to: map(to),
        patches: (1..=patches).map(|n| map(&format!("rust: drm: mend part {n}"))).collect(),
        tag: map(&format!("{branch}-2026-01-02")),
        mail: map(&format!("Subject: [GIT PULL] {branch}\n\nHi Dave,\n\nplease pull.")),
        gates,
    };
    let next = vec![
        gate("clean", "pass", &[]),
        gate("kunit", "fail", &["the results are of no tree of linux/: was it dirty?"]),
        gate("check", "fail", &["rustfmt does not pass: 2 files", "clippy does not pass: `drm-rust check`"]),
    ];
    let branch = |name: &str, request| Branch { name: map(name), request };
    let next = request("drm-rust-next", "drm-next", 49, next);
    let fixes = request("drm-rust-fixes", "drm-fixes", 1, vec![gate("clean", "pass", &[])]);
    let none = Missing::new(map("linux/ has no such branch."), map("`git -C linux branch`"));
    vec![
        branch("drm-rust-next", Ok(next)),
        branch("drm-rust-next-fixes", Err(none)),
        branch("drm-rust-fixes", Ok(fixes)),
    ]
}

fn checks(map: Map<'_>) -> Checks {
    let check = |tool: &str, status, summary: &str, details: &[&str]| Check {
        tool: map(tool),
        status,
        summary: map(summary),
        details: details.iter().map(|detail| map(detail)).collect(),
    };
    Checks {
        scope: map("all patches"),
        tip: map("0123456789ab"),
        now: Some(map("ba9876543210")),
        when: map("2026-01-02 02:00 UTC"),
        checks: vec![
            check("spdx", "pass", "41 files", &[]),
            check("checkpatch", "warn", "1 warning", &["WARNING: line length of 104 exceeds 100 columns"]),
            check("rustfmt", "fail", "2 files", &["rust/kernel/drm/kms/plane.rs:7:\n-    a\n+  a", "b.rs:1: `x`"]),
            check("sparse", "skip", "no C file", &[]),
            check("clippy", "fail", "1 lint", &["error: this `if` has identical blocks"]),
        ],
    }
}

/// The page of the data, in a file.
pub(crate) fn page() -> &'static Path {
    static PAGE: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = PAGE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index.html");
        fs::write(&path, html::page(&data())).unwrap();
        (dir, path)
    });
    path
}
