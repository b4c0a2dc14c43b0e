// SPDX-License-Identifier: GPL-2.0-only

//! Patch ids: what two commits with the same changes have in common. They are a hint and no proof: they know neither
//! white space nor places, so that commits with different changes may have the same one, too.

use super::{GitError, Oid, Repo, settings};

impl Repo {
    /// The patch ids of the commits that `git log` lists with these arguments, which name commits by their ids.
    /// [`is_pick`](crate::merge::same::is_pick) tells which of those with the same id have the same change.
    pub(crate) fn patch_ids(&self, args: impl Iterator<Item = String>) -> Result<Vec<(String, Oid)>, GitError> {
        let options = ["--literal-pathspecs", "log", "--patch", "--no-renames", "--full-index"];
        let log = self.plain(options)?.args(args).run()?.stdout;
        let process = settings::alone(["patch-id", "--stable"]).input(log);
        let mut ids = Vec::new();
        for line in process.run()?.lines() {
            let (id, commit) = line.split_once(' ').unwrap_or((&line, ""));
            ids.push((id.to_owned(), self.oid(&process, commit)?));
        }
        Ok(ids)
    }
}
