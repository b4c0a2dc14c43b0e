// SPDX-License-Identifier: GPL-2.0-only

//! The kernel's lints of Rust: `make CLIPPY=1` on the kernel crate, its doctests, and every driver of the scope.

use super::source::{Build, targets};
use super::{CheckError, Job, Verdict, um};

pub(super) fn run(job: &Job<'_>) -> Result<Verdict, CheckError> {
    let files = job.scope.files();
    // What is in tools/ is built by cargo.
    let is_kernel = |file: &&str| file.ends_with(".rs") && !file.starts_with("tools/");
    let rust: Vec<&str> = files.iter().copied().filter(is_kernel).collect();
    if rust.is_empty() {
        return Ok(Verdict::nothing("Rust file"));
    }
    let build = Build::new(job, um())?;
    build.configure(&[])?;
    let (objects, off) = build.enabled(targets(job.source.top(), &rust))?;
    let objects = objects.iter().map(String::as_str).filter(|object| !object.starts_with("rust/"));
    let goals: Vec<&str> = ["rust/"].into_iter().chain(objects).collect();
    let made = build.make(&goals, "clippy")?;
    let mut verdict = Verdict::of(rust.len(), "Rust file", build.problems(made, &files, "clippy"));
    if !off.is_empty() {
        verdict.summary += &format!("; not built on um: {}", off.join(", "));
    }
    Ok(verdict)
}
