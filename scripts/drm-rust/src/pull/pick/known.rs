// SPDX-License-Identifier: GPL-2.0-only

//! Whether a branch has a commit already: itself, a pick of it, or another commit with the same changes. What the
//! branch has reverted since does not count.

use crate::check::scope::Patch;
use crate::git::picked::{PICKED, origins};
use crate::git::{GitError, Oid, Repo};

/// The commit of the branch that is, or stands for, this one.
pub(super) fn find(repo: &Repo, patch: &Patch, head: Oid) -> Result<Option<Oid>, GitError> {
    for commit in candidates(repo, patch, head)? {
        if stands(repo, commit, head)? {
            return Ok(Some(commit));
        }
    }
    Ok(None)
}

fn candidates(repo: &Repo, patch: &Patch, head: Oid) -> Result<Vec<Oid>, GitError> {
    if repo.is_ancestor(patch.commit, head)? {
        return Ok(vec![patch.commit]);
    }
    let (mut found, mut ids) = (Vec::new(), vec![patch.commit.to_string()]);
    for id in origins(&patch.body) {
        match repo.find_id(&id)? {
            Some(commit) if repo.is_ancestor(commit, head)? => found.push(commit),
            _ => {}
        }
        ids.push(id);
    }
    let range = [head.to_string(), format!("^{}", patch.commit)];
    let words: Vec<String> = ids.iter().map(|id| format!("{PICKED}{id}")).collect();
    found.extend(repo.mentioning(&words, &range)?);
    found.extend(alike(repo, patch, &range)?);
    Ok(found)
}

/// The commits with the same changes.
fn alike(repo: &Repo, patch: &Patch, range: &[String]) -> Result<Vec<Oid>, GitError> {
    let commit = patch.commit.to_string();
    let Some((wanted, _)) = repo.patch_ids(["--no-walk".to_owned(), commit.clone()].into_iter())?.pop() else {
        return Ok(Vec::new());
    };
    let process =
        repo.git(["diff-tree", "--root", "--no-commit-id", "--name-only", "--no-renames", "-r", "-z", &commit]);
    let files = String::from_utf8_lossy(&process.run()?.stdout).into_owned();
    let files = files.split('\0').filter(|file| !file.is_empty()).map(str::to_owned);
    let options = ["--no-merges", "--full-diff"].into_iter().map(str::to_owned);
    let ids = repo.patch_ids(options.chain(range.iter().cloned()).chain(["--".to_owned()]).chain(files))?;
    Ok(ids.into_iter().filter(|(id, _)| *id == wanted).map(|(_, commit)| commit).collect())
}

/// Whether no commit that came later takes it back, or something takes back that one in turn.
fn stands(repo: &Repo, commit: Oid, head: Oid) -> Result<bool, GitError> {
    let words = [format!("This reverts commit {}", commit.short())];
    for revert in repo.mentioning(&words, &[head.to_string(), format!("^{commit}")])? {
        if stands(repo, revert, head)? {
            return Ok(false);
        }
    }
    Ok(true)
}
