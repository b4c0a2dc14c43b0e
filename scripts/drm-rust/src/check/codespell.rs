// SPDX-License-Identifier: GPL-2.0-only

//! Spelling of messages and of added lines.
//!
//! `checkpatch.pl --codespell` has the same dictionary, but takes twenty times as long as codespell itself.

use std::ops::RangeInclusive;
use std::path::Path;

use super::scope::Patch;
use super::{CheckError, Findings, Job, Verdict};
use crate::git::{GitError, Repo};
use crate::process::Process;

/// The codes with which it tells of misspelt words: older versions end with their number.
const FOUND: RangeInclusive<i32> = 1..=255;

pub(super) fn tool(_: &Job<'_>) -> Result<String, CheckError> {
    Ok(Process::new("codespell").arg("--version").run()?.text())
}

pub(super) fn run(job: &Job<'_>) -> Result<Verdict, CheckError> {
    let (repo, words) = (job.ws.linux(), job.ws.data("words.txt"));
    job.each_patch("codespell", |patch| misspelt(&repo, &words, patch))
}

fn misspelt(repo: &Repo, words: &Path, patch: &Patch) -> Result<Findings, CheckError> {
    let show = ["show", "--format=%B", "--unified=0", "--no-prefix", &patch.commit.to_string()];
    let text = written(&repo.plain(show)?.run().map_err(GitError::from)?.text());
    let spell = Process::new("codespell").args(["--builtin", "clear", "--ignore-words"]).arg(words).arg("-");
    let output = spell.input(text).ended()?;
    // Standard input has no name to show: each finding is the line, and below it the word.
    let findings: Vec<String> = output.lines().into_iter().filter(|line| line.contains("==>")).collect();
    let findings = findings.iter().map(|finding| finding.trim().to_owned()).collect();
    Ok(Findings::of("codespell", &output, FOUND, findings).about(&patch.cite()))
}

/// The message and the added lines of what `git show` prints, without anything else of the difference.
fn written(show: &str) -> String {
    let mut in_diff = false;
    let mut text = String::new();
    for line in show.lines() {
        in_diff |= line.starts_with("diff --git ");
        let line = if in_diff { line.strip_prefix('+').filter(|line| !line.starts_with("++ ")) } else { Some(line) };
        text.extend(line.into_iter().flat_map(|line| [line, "\n"]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_patch_writes_is_read() {
        let show = "rust: a\n\nMessage\n\ndiff --git a b\n--- a\n+++ b\n@@ -1 +1 @@ fn teh()\n-olde\n+new\n+\n";
        assert_eq!(written(show), "rust: a\n\nMessage\n\nnew\n\n");
    }
}
