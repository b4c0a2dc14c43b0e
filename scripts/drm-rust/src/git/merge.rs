// SPDX-License-Identifier: GPL-2.0-only

//! Merges in memory: git's own merge, without a work tree.

use super::{GitError, Oid, Repo};

/// What a merge came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    /// The tree of the merge.
    Clean(Oid),
    /// The two sides conflict in these paths.
    Conflict(Vec<String>),
}

impl Repo {
    /// Merges two commits. Both must be in the repository.
    pub fn merge(&self, ours: Oid, theirs: Oid) -> Result<Merged, GitError> {
        let args = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages"];
        let process = self.git(args).args([ours.to_string(), theirs.to_string()]);
        let output = process.output()?;
        if output.code > 1 || output.code < 0 {
            process.run()?;
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut fields = text.split('\0').filter(|field| !field.is_empty());
        let tree = self.oid(&process, fields.next().unwrap_or_default())?;
        Ok(match output.code {
            0 => Merged::Clean(tree),
            _ => Merged::Conflict(fields.map(str::to_owned).collect()),
        })
    }
}
