// SPDX-License-Identifier: GPL-2.0-only

//! Merges of three contents: git's own line merge.

use std::fs;
use std::path::Path;

use crate::error::{FileContext, FileError};
use crate::git::{GitError, settings};
use crate::process::ProcessError;

/// How many bytes git looks at to tell text from other content.
const LOOKED_AT: usize = 8000;

/// How differences are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// What rerere merges with.
    Myers,
    /// What merges of branches are made with.
    Histogram,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Algorithm::Myers => "myers",
            Algorithm::Histogram => "histogram",
        }
    }
}

/// Whether git takes the content for binary.
pub fn is_binary(content: &[u8]) -> bool {
    content[..content.len().min(LOOKED_AT)].contains(&0)
}

/// Merges two changes of a content; none where they conflict, or where git does not merge such content.
///
/// Where one side did not change anything, or both the same, no program needs to run.
pub fn merge(base: &[u8], ours: &[u8], theirs: &[u8], algorithm: Algorithm) -> Result<Option<Vec<u8>>, GitError> {
    if [base, ours, theirs].into_iter().any(is_binary) {
        return Ok(None);
    }
    if ours == base || ours == theirs {
        return Ok(Some(theirs.to_vec()));
    }
    if theirs == base {
        return Ok(Some(ours.to_vec()));
    }
    let dir = tempfile::tempdir().at("create", "a temporary folder")?;
    for (name, content) in [("ours", ours), ("base", base), ("theirs", theirs)] {
        write(&dir.path().join(name), content)?;
    }
    let process = settings::alone(["merge-file", "-p", "--quiet", "--diff-algorithm", algorithm.name()]);
    let process = process.args(["ours", "base", "theirs"]).dir(dir.path());
    let output = process.output()?;
    match output.code {
        0 => Ok(Some(output.stdout)),
        // The number of conflicts, as far as an exit code can tell it.
        1..=127 => Ok(None),
        code => {
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(ProcessError::Failed { command: process.command_line(), code, stderr }.into())
        }
    }
}

fn write(path: &Path, content: &[u8]) -> Result<(), FileError> {
    fs::write(path, content).at("write", path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(base: &str, ours: &str, theirs: &str) -> Option<String> {
        let result = merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes(), Algorithm::Myers).unwrap();
        result.map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn one_side_both_sides_and_conflicts() {
        assert_eq!(merged("a\n", "a\n", "b\n").unwrap(), "b\n");
        assert_eq!(merged("a\n", "b\n", "a\n").unwrap(), "b\n");
        assert_eq!(merged("a\n", "b\n", "b\n").unwrap(), "b\n");
        let base = "1\n2\n3\n4\n5\n";
        assert_eq!(merged(base, "x\n2\n3\n4\n5\n", "1\n2\n3\n4\ny").unwrap(), "x\n2\n3\n4\ny");
        assert_eq!(merged(base, "x\n2\n3\n4\n5\n", "z\n2\n3\n4\n5\n"), None);
        assert_eq!(merged("a\0\n", "b\0\n", "a\0\n"), None);
    }
}
