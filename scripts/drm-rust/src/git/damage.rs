// SPDX-License-Identifier: GPL-2.0-only

//! Repositories that are damaged: what git says then. It is no answer to anything that was asked.

use super::GitError;
use crate::process::{self, Output, Process, ProcessError};

/// What a person can do, by what git said.
pub(super) fn hint(said: &str) -> String {
    let found = match said.contains(NONE) {
        true => "that folder has no .git, or one without HEAD, objects/ or refs/",
        false => "`git fsck --full` in that folder tells what is missing",
    };
    format!(
        "{found}. A linux/ that is beyond repair is made anew: save what it alone has, move it away, and run\n\
         `drm-rust tree`"
    )
}

const NONE: &str = "not a git repository";

/// Parts of git's messages, in the C locale.
const SAID: [&str; 25] = [
    "Could not read ",
    "Failed to traverse",
    "No such ref: HEAD",
    "bad revision 'HEAD'",
    NONE,
    "invalid gitfile format",
    "bad config line",
    "bad config file line",
    "bad object",
    "bad tree object",
    "badly formed",
    "bad signature 0x",
    "cannot lock ref 'HEAD': unable to resolve",
    "commit-graph is corrupt",
    "could not parse commit",
    "index file corrupt",
    "index file smaller than expected",
    "is corrupt",
    "missing blob object",
    "missing object",
    "object file",
    "unable to read object",
    "unable to read sha1",
    "unable to read tree",
    "unable to resolve reference",
];

/// Whether a message of git tells of damage.
pub(super) fn is_damage(stderr: &str) -> bool {
    if process::is_promised(stderr) {
        return false;
    }
    let is_told = |line: &str| {
        let packed_refs = line.contains("packed-refs") && !line.contains(".lock");
        packed_refs || SAID.iter().any(|said| line.contains(said))
    };
    let fatal = stderr.lines().filter(|line| ["fatal: ", "error: "].iter().any(|start| line.starts_with(start)));
    fatal.clone().any(is_told) || !broken(stderr).is_empty()
}

/// The references that git left out because their files say nothing. A remote's HEAD often names a branch that is gone.
fn broken(stderr: &str) -> Vec<&str> {
    let names = stderr.lines().filter_map(|line| line.strip_prefix("warning: ignoring broken ref "));
    names.filter(|name| !name.ends_with("/HEAD")).collect()
}

/// The lines of a list of references: none may be left out.
pub(crate) fn references(process: &Process) -> Result<Vec<String>, GitError> {
    let output = process.run()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match broken(&said).is_empty() {
        true => Ok(output.lines()),
        false => Err(GitError::Damaged { command: process.command_line(), said }),
    }
}

/// What git left, if the repository let it answer.
pub(crate) fn told(process: &Process, output: Output) -> Result<Output, GitError> {
    if output.code == 0 || output.code == 1 && output.stderr.is_empty() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match is_damage(&said) {
        true => Err(GitError::Damaged { command: process.command_line(), said }),
        false => Ok(output),
    }
}

/// What git left where it says yes or no by its exit code; anything else is an error.
pub(crate) fn answer(process: &Process) -> Result<Output, GitError> {
    let output = process.output()?;
    if output.code == 0 || output.code == 1 {
        return told(process, output);
    }
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(ProcessError::Failed { command: process.command_line(), code: output.code, stderr }.into())
}
