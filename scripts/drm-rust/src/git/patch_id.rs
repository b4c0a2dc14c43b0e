// SPDX-License-Identifier: GPL-2.0-only

//! Patch ids: what two commits with the same changes have in common.

use super::{GitError, Oid, Repo};

impl Repo {
    /// The patch ids of the commits that `git log` lists with these arguments.
    pub(crate) fn patch_ids(&self, args: impl Iterator<Item = String>) -> Result<Vec<(String, Oid)>, GitError> {
        let options =
            ["log", "--patch", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-color", "--full-index"];
        let log = self.git(["--literal-pathspecs"]).args(options).args(args).run()?.stdout;
        let process = self.git(["patch-id", "--stable"]).input(log);
        let mut ids = Vec::new();
        for line in process.run()?.lines() {
            let (id, commit) = line.split_once(' ').unwrap_or((&line, ""));
            ids.push((id.to_owned(), self.oid(&process, commit)?));
        }
        Ok(ids)
    }
}
