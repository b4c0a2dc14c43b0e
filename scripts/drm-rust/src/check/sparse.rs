// SPDX-License-Identifier: GPL-2.0-only

//! Sparse, on every C file of the scope.

use super::source::{Build, targets};
use super::{CheckError, Job, Verdict, um, um_build};
use crate::process::Process;
use crate::setup::sparse;

pub(super) fn tool(job: &Job<'_>) -> Result<String, CheckError> {
    let program = sparse::program(&job.ws.cache).ok_or(CheckError::NoSparse)?;
    let version = Process::new(&program).arg("--version").run()?.text();
    Ok(format!("{} {version}\n{}", program.display(), um_build(job)?))
}

pub(super) fn run(job: &Job<'_>) -> Result<Verdict, CheckError> {
    let files = job.scope.files_ending(".c");
    let targets = targets(job.source.top(), &files);
    if targets.is_empty() {
        return Ok(Verdict::nothing("C file"));
    }
    let program = sparse::program(&job.ws.cache).ok_or(CheckError::NoSparse)?;
    let build = Build::new(job, um())?;
    build.configure(&[])?;
    let (objects, off) = build.enabled(targets)?;
    if objects.is_empty() {
        return Ok(Verdict::nothing("C file that um builds"));
    }
    let check = format!("CHECK={}", program.display());
    let mut goals: Vec<&str> = vec!["C=2", &check];
    goals.extend(objects.iter().map(String::as_str));
    let made = build.make(&goals, "sparse")?;
    let mut verdict = Verdict::of(objects.len(), "object", build.problems(made, &files, "sparse"));
    if !off.is_empty() {
        verdict.summary += &format!("; not built on um: {}", off.join(", "));
    }
    Ok(verdict)
}
