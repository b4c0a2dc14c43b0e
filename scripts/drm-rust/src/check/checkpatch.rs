// SPDX-License-Identifier: GPL-2.0-only

//! The kernel's own `checkpatch.pl --strict`.

use std::path::Path;

use super::scope::Patch;
use super::{CheckError, Findings, Job, Verdict};
use crate::git::{GitError, settings};
use crate::process::Process;

/// Types of messages that other checks of this program answer: `maintainers` looks whether the new files that
/// checkpatch only wonders about have one.
const IGNORED: &str = "FILE_PATH_CHANGES";

/// The script is part of the tree.
pub(super) fn tool(job: &Job<'_>) -> Result<String, CheckError> {
    let script = format!("{}:scripts/checkpatch.pl", job.scope.tip);
    Ok(job.ws.linux().git(["rev-parse", &script]).run().map_err(GitError::from)?.text())
}

pub(super) fn run(job: &Job<'_>) -> Result<Verdict, CheckError> {
    job.each_patch("checkpatch", |patch| messages(job, job.source.top(), patch))
}

fn messages(job: &Job<'_>, top: &Path, patch: &Patch) -> Result<Findings, CheckError> {
    let mail = ["format-patch", "--stdout", "--max-count=1", &patch.commit.to_string()];
    let mail = job.ws.linux().plain(mail)?.run().map_err(GitError::from)?.stdout;
    let options = ["--strict", "--terse", "--show-types", "--no-summary", "--ignore", IGNORED];
    let checkpatch = Process::new("perl").arg("scripts/checkpatch.pl").args(options).dir(top);
    let output = settings::pin(checkpatch).arg("-").input(mail).ended()?;
    let text = format!("{}\n{}", output.text(), String::from_utf8_lossy(&output.stderr));
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let lines = lines.map(|line| line.trim_start_matches("-:").to_owned()).collect();
    Ok(Findings::of("checkpatch.pl", &output, 1..=1, lines).about(&patch.cite()))
}
