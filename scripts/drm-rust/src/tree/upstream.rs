// SPDX-License-Identifier: GPL-2.0-only

//! A commit of somebody's clone of Linux as the base.

use super::TreeError;
use crate::base::{hiding, version};
use crate::git::objects::Objects;
use crate::git::treeobj::{self, Mode};
use crate::git::{GitError, Oid, Repo};

/// How a clone names a commit: by the last release before it, or else by what its Makefile says.
pub(super) fn version_of(clone: &Repo, commit: Oid, repo: &Repo) -> Result<String, TreeError> {
    let describe = clone.git(["describe", "--tags", "--match", "v[0-9]*", "--abbrev=12"]).arg(commit.to_string());
    let told = describe.output().map_err(GitError::from)?;
    if let Some(version) = told.text().strip_prefix('v').filter(|_| told.code == 0) {
        return Ok(version.to_owned());
    }
    let makefile = file_of(&mut Objects::new(repo), commit, "Makefile")?.unwrap_or_default();
    let version = version::of_makefile(&makefile).map_or(String::new(), |version| version + "-g");
    Ok(version + &commit.short())
}

/// What people add to the commit must be seen by git. It is somebody else's, so that nothing can be left out of it.
pub(super) fn hides_nothing(commit: Oid, repo: &Repo) -> Result<(), TreeError> {
    let mut objects = Objects::new(repo);
    let mut ignores = hiding::Ignores::new();
    for path in hiding::places() {
        ignores.extend(file_of(&mut objects, commit, &path)?.map(|content| (path, content)));
    }
    let found = hiding::find(&ignores)?;
    if found.is_empty() { Ok(()) } else { Err(TreeError::Hides { commit, found }) }
}

fn file_of(objects: &mut Objects, commit: Oid, path: &str) -> Result<Option<Vec<u8>>, TreeError> {
    let tree = objects.tree_of(commit)?;
    match treeobj::lookup(objects, tree, path)? {
        Some((Mode::File | Mode::Executable, oid)) => Ok(Some(objects.blob(oid)?)),
        _ => Ok(None),
    }
}
