// SPDX-License-Identifier: GPL-2.0-only

//! Whether a branch has a commit already: itself, a commit that says that it was picked from it, or one that does not say
//! so but is what picking it there makes. What the branch has reverted since does not count.

use crate::check::scope::Patch;
use crate::git::objects::Objects;
use crate::git::picked::origins;
use crate::git::{GitError, Oid, Repo};
use crate::merge::{MergeError, same};

/// The commit of the branch that is, or stands for, this one.
pub(super) fn find(repo: &Repo, patch: &Patch, head: Oid) -> Result<Option<Oid>, MergeError> {
    for commit in candidates(repo, patch, head)? {
        if stands(repo, commit, head)? {
            return Ok(Some(commit));
        }
    }
    Ok(None)
}

fn candidates(repo: &Repo, patch: &Patch, head: Oid) -> Result<Vec<Oid>, MergeError> {
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
    found.extend(repo.picks(&ids, &range)?);
    let mut objects = Objects::new(repo);
    for commit in alike(repo, patch, &range)? {
        if same::is_pick(&mut objects, patch.commit, commit)? {
            found.push(commit);
        }
    }
    Ok(found)
}

/// The commits with the same patch id, which may be the same change.
fn alike(repo: &Repo, patch: &Patch, range: &[String]) -> Result<Vec<Oid>, GitError> {
    let commit = patch.commit.to_string();
    let Some((wanted, _)) = repo.patch_ids(["--no-walk".to_owned(), commit.clone()].into_iter())?.pop() else {
        return Ok(Vec::new());
    };
    let files = patch.files.iter().chain(&patch.removed).cloned();
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
