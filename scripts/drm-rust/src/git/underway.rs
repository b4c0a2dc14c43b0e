// SPDX-License-Identifier: GPL-2.0-only

//! What git is in the middle of: a rebase, a merge and the like in any work tree of a clone. Whoever began it counts
//! on the branch to be where it was, so nothing here moves it meanwhile, as `git branch --force` does not.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::discover::path_of;
use super::refs::Change;
use super::{BranchName, GitError, Repo};
use crate::error::Explain;
use crate::process::quote;

/// A command of git that stopped for a person to go on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Commits are made anew on something else.
    Rebase,
    /// Mails become commits.
    Am,
    /// A merge that conflicts, or that is not committed.
    Merge,
    /// Commits are picked.
    CherryPick,
    /// Commits are reverted.
    Revert,
    /// The commit that began a fault is looked for.
    Bisect,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            What::Rebase => "rebase",
            What::Am => "am",
            What::Merge => "merge",
            What::CherryPick => "cherry-pick",
            What::Revert => "revert",
            What::Bisect => "bisect",
        })
    }
}

/// Git is at work on a branch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`git {what}` is at work on {} in {}", .branch.strip_prefix("refs/heads/").unwrap_or(.branch), .place.display())]
pub struct Underway {
    /// The command.
    pub what: What,
    /// The full name of the branch.
    pub branch: String,
    /// The work tree.
    pub place: PathBuf,
}

impl Explain for Underway {
    fn hint(&self) -> Option<String> {
        let git = format!("git -C {}", quote(&self.place.to_string_lossy()));
        Some(match self.what {
            _ if !self.place.exists() => "its work tree is gone: git -C linux worktree prune".into(),
            What::Bisect => format!("nothing was changed. End it: {git} bisect reset"),
            what => {
                format!("nothing was changed. Finish it: {git} {what} --continue\nor drop it: {git} {what} --abort")
            }
        })
    }
}

impl Repo {
    /// Whether these branches may be moved: none of them is one that git is at work on.
    pub fn may_move(&self, changes: &[Change]) -> Result<(), GitError> {
        match changes.iter().any(|change| change.name.starts_with("refs/heads/")) {
            true => self.not_underway(|name| changes.iter().any(|change| change.name == name)),
            false => Ok(()),
        }
    }

    /// Whether a branch is none that git is at work on.
    pub fn is_free(&self, branch: &BranchName) -> Result<(), GitError> {
        self.not_underway(|name| name == branch.full())
    }

    fn not_underway(&self, is_one: impl Fn(&str) -> bool) -> Result<(), GitError> {
        match self.underway()?.into_iter().find(|underway| is_one(&underway.branch)) {
            Some(underway) => Err(underway.into()),
            None => Ok(()),
        }
    }

    /// The branches that git is at work on, in all work trees of the clone.
    pub fn underway(&self) -> Result<Vec<Underway>, GitError> {
        let common = self.common_dir();
        let mut dirs = vec![common.clone()];
        if let Ok(entries) = fs::read_dir(common.join("worktrees")) {
            dirs.extend(entries.flatten().map(|entry| entry.path()));
        }
        let mut found = Vec::new();
        for dir in dirs {
            for (what, branches) in self.stopped(&dir)? {
                let place = self.place_of(&common, &dir)?;
                found.extend(branches.into_iter().map(|branch| Underway { what, branch, place: place.clone() }));
            }
        }
        Ok(found)
    }

    /// What was stopped in one work tree, by its git directory, and the branches.
    fn stopped(&self, dir: &Path) -> Result<Vec<(What, Vec<String>)>, GitError> {
        let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap_or_default();
        let mut found = Vec::new();
        if let Some(start) = Some(read("BISECT_START")).filter(|start| !start.is_empty()) {
            found.push((What::Bisect, vec![format!("refs/heads/{}", start.trim())]));
        }
        if dir.join("rebase-merge").is_dir() {
            // Three lines for each branch that goes along: its name, where it was, where it will be.
            let along = read("rebase-merge/update-refs");
            let names = std::iter::once(read("rebase-merge/head-name"));
            let names = names.chain(along.lines().step_by(3).map(str::to_owned));
            found.push((What::Rebase, names.map(|name| name.trim().to_owned()).collect()));
        } else if dir.join("rebase-apply").is_dir() && !dir.join("rebase-apply/applying").exists() {
            found.push((What::Rebase, vec![read("rebase-apply/head-name").trim().to_owned()]));
        } else if let Some(what) = self.stopped_on_head(dir)? {
            found.push((what, self.head_of(dir)?.into_iter().collect()));
        }
        Ok(found)
    }

    /// What will commit to the branch that a work tree has checked out.
    fn stopped_on_head(&self, dir: &Path) -> Result<Option<What>, GitError> {
        if dir.join("rebase-apply").is_dir() {
            return Ok(Some(What::Am));
        }
        if dir.join("MERGE_HEAD").exists() {
            return Ok(Some(What::Merge));
        }
        for (name, word, what) in
            [("CHERRY_PICK_HEAD", "pick", What::CherryPick), ("REVERT_HEAD", "revert", What::Revert)]
        {
            // Between two commits there is only the list of what is left.
            let left = fs::read_to_string(dir.join("sequencer/todo")).unwrap_or_default();
            let is_next = left.split_whitespace().next() == Some(word);
            if is_next || dir.join(name).exists() || self.has_in(dir, name)? {
                return Ok(Some(what));
            }
        }
        Ok(None)
    }

    /// Whether a work tree has a reference that is kept in a table, not in a file.
    fn has_in(&self, dir: &Path, name: &str) -> Result<bool, GitError> {
        let is_table = dir.join("reftable").is_dir();
        Ok(is_table && self.git_of(dir, ["rev-parse", "--verify", "--quiet", name]).output()?.code == 0)
    }

    /// The branch that a work tree has checked out.
    fn head_of(&self, dir: &Path) -> Result<Option<String>, GitError> {
        let output = self.git_of(dir, ["symbolic-ref", "--quiet", "HEAD"]).output()?;
        Ok(Some(output.text()).filter(|name| output.code == 0 && !name.is_empty()))
    }

    fn git_of<'a>(&self, dir: &Path, args: impl IntoIterator<Item = &'a str>) -> crate::process::Process {
        // The repository itself may say where its work tree is.
        let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        let mut option = std::ffi::OsString::from("--git-dir=");
        option.push(dir);
        Repo::at(self.top()).git([option]).args(args)
    }

    /// The work tree of a git directory.
    fn place_of(&self, common: &Path, dir: &Path) -> Result<PathBuf, GitError> {
        if dir == self.git_dir() {
            return Ok(self.top().to_owned());
        }
        match fs::read(dir.join("gitdir")) {
            Ok(path) => {
                let path = dir.join(path_of(&path));
                Ok(path.parent().unwrap_or(&path).to_owned())
            }
            Err(_) => Ok(self.main_work_tree()?.unwrap_or_else(|| common.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clone with the branches `main` and `side`, which conflict, and a work tree `linked` that has `other`.
    fn clone(dir: &Path) -> Repo {
        let repo = Repo::at(dir.join("main"));
        fs::create_dir(repo.top()).unwrap();
        repo.init("main").unwrap();
        git(&repo, &["config", "user.name", "T"]);
        git(&repo, &["config", "user.email", "t@drm-rust.example"]);
        let commit = |text: &str| {
            fs::write(repo.top().join("a"), text).unwrap();
            git(&repo, &["add", "a"]);
            git(&repo, &["commit", "--quiet", "-m", text]);
        };
        commit("one");
        git(&repo, &["branch", "other"]);
        git(&repo, &["checkout", "--quiet", "-b", "side"]);
        ["side", "more"].into_iter().for_each(commit);
        git(&repo, &["checkout", "--quiet", "main"]);
        commit("two");
        git(&repo, &["worktree", "add", "--quiet", "../linked", "other"]);
        let linked = Repo::at(dir.join("linked"));
        fs::write(linked.top().join("a"), "three").unwrap();
        git(&linked, &["commit", "--quiet", "-a", "-m", "three"]);
        repo
    }

    fn git(repo: &Repo, args: &[&str]) {
        repo.git(args).run().unwrap();
    }

    /// What git does until it stops.
    fn stop(repo: &Repo, args: &[&str]) {
        repo.git(args).env("GIT_SEQUENCE_EDITOR", "sed -i 1s/^pick/edit/").output().unwrap();
    }

    fn told(repo: &Repo) -> Vec<String> {
        repo.underway().unwrap().iter().map(|one| format!("{} {}", one.what, one.branch)).collect()
    }

    #[test]
    fn whatever_stops_is_seen_from_every_work_tree() {
        let dir = tempfile::tempdir().unwrap();
        let main = clone(dir.path());
        let linked = Repo::at(dir.path().join("linked"));
        let patch = dir.path().join("patch");
        fs::write(&patch, main.git(["format-patch", "--stdout", "-1", "side"]).run().unwrap().stdout).unwrap();
        let patch = patch.to_str().unwrap();
        for (place, branch) in [(&main, "main"), (&linked, "other")] {
            for (args, what, end) in [
                (&["merge", "side"][..], "merge", "merge --abort"),
                (&["merge", "--no-ff", "--no-commit", "-s", "ours", "side"][..], "merge", "merge --abort"),
                (&["cherry-pick", "side"][..], "cherry-pick", "cherry-pick --abort"),
                (&["cherry-pick", "side~1", "side"][..], "cherry-pick", "cherry-pick --abort"),
                (&["revert", "--no-edit", "side", "side~1"][..], "revert", "revert --abort"),
                (&["am", patch][..], "am", "am --abort"),
                (&["bisect", "start", "HEAD", "side~2"][..], "bisect", "bisect reset"),
            ] {
                stop(place, args);
                let expected = format!("{what} refs/heads/{branch}");
                for seen_from in [&main, &linked] {
                    assert_eq!(told(seen_from), [expected.as_str()], "{args:?}");
                }
                let found = main.underway().unwrap().remove(0);
                assert_eq!(found.place.canonicalize().unwrap(), place.top().canonicalize().unwrap());
                assert!(found.hint().unwrap().contains(end), "{:?}", found.hint());
                let other = BranchName::next();
                assert!(main.is_free(&branch.parse().unwrap()).is_err() && main.is_free(&other).is_ok());
                git(place, &end.split(' ').collect::<Vec<_>>());
                assert!(told(&main).is_empty(), "{args:?}");
            }
        }
    }

    #[test]
    fn a_rebase_takes_branches_along() {
        let dir = tempfile::tempdir().unwrap();
        let main = clone(dir.path());
        git(&main, &["checkout", "--quiet", "side"]);
        git(&main, &["branch", "below", "side~1"]);
        for (options, branches) in
            [(&["-i", "--update-refs"][..], &["side", "below"][..]), (&["-i"], &["side"]), (&["--apply"], &["side"])]
        {
            stop(&main, &[&["rebase"], options, &["main"]].concat());
            let expected: Vec<String> = branches.iter().map(|branch| format!("rebase refs/heads/{branch}")).collect();
            assert_eq!(told(&main), expected, "{options:?}");
            let change = |name: &str| Change { name: name.into(), old: None, new: None };
            assert!(main.may_move(&[change("refs/tags/side"), change("refs/heads/main")]).is_ok());
            let error = main.update_refs(&[change("refs/heads/main"), change("refs/heads/side")], "x").unwrap_err();
            assert!(error.to_string().starts_with("`git rebase` is at work on side in "), "{error}");
            git(&main, &["rebase", "--abort"]);
        }
    }

    #[test]
    fn references_may_be_kept_in_a_table() {
        let dir = tempfile::tempdir().unwrap();
        let main = clone(dir.path());
        let table = Repo::at(dir.path().join("table"));
        let made = main.git(["clone", "--quiet", "--ref-format=reftable", ".", "../table"]).output().unwrap();
        if made.code != 0 {
            // This git knows files alone.
            return;
        }
        git(&table, &["checkout", "--quiet", "-b", "mine", "origin/main"]);
        stop(&table, &["cherry-pick", "origin/side"]);
        assert_eq!(told(&table), ["cherry-pick refs/heads/mine"]);
    }
}
