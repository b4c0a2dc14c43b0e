// SPDX-License-Identifier: GPL-2.0-only

//! Which repository a folder belongs to, in whatever form that is: with a work tree or bare, a linked work tree,
//! a submodule, or one whose git directory is elsewhere.
//!
//! The layout is that of gitrepository-layout(5).

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use super::{GitError, Repo, settings};
use crate::process::Process;

impl Repo {
    /// The repository that a folder is of, as a person names it: by its work tree, by a folder inside of that, or by
    /// the folder of one that is bare.
    pub fn find(dir: &Path) -> Result<Repo, GitError> {
        let named = || dir.display().to_string();
        if !dir.is_dir() {
            return Err(GitError::NoRepository(named()));
        }
        let is_top = dir.join(".git").symlink_metadata().is_ok();
        // What is damaged in this very folder is never taken for a folder of another repository.
        let plain = || if is_top { Repo::at(dir).git([""; 0]) } else { settings::program().arg("-C").arg(dir) };
        let (git, said) = match form(&plain()) {
            // Whoever names a bare repository means it, whatever `safe.bareRepository` says of those that are found.
            Err(error) if error.to_string().contains("cannot use bare repository") => {
                let git = Repo::bare(dir).git([""; 0]);
                (git.clone(), form(&git)?)
            }
            Err(GitError::Damaged { said, .. }) if !is_top && said.contains("(or any") => {
                return Err(GitError::NoRepository(named()));
            }
            said => (plain(), said?),
        };
        let path = |question| Ok::<_, GitError>(path_of(&git.clone().args(["rev-parse", question]).run()?.stdout));
        match said.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [_, _, format] if format != "sha1" => Err(GitError::OtherIds(named())),
            ["true", ..] => Ok(Repo::bare(as_named(dir, path("--absolute-git-dir")?))),
            [_, "true", _] => Ok(Repo::at(as_named(dir, path("--show-toplevel")?))),
            _ => Err(GitError::Inside(named())),
        }
    }

    /// Its administrative folder; a linked work tree has one of its own.
    pub fn git_dir(&self) -> PathBuf {
        let place = self.top().join(".git");
        let pointed = || Some(self.top().join(path_of(fs::read(&place).ok()?.strip_prefix(b"gitdir: ")?)));
        if place.is_dir() {
            place
        } else if let Some(elsewhere) = pointed() {
            elsewhere
        } else if ["HEAD", "objects", "refs"].iter().all(|name| self.top().join(name).exists()) {
            self.top().to_owned()
        } else {
            place
        }
    }

    /// Its folder of objects and branches, which all work trees of a clone share.
    pub fn common_dir(&self) -> PathBuf {
        let own = self.git_dir();
        match fs::read(own.join("commondir")) {
            Ok(path) => {
                let common = own.join(path_of(&path));
                common.canonicalize().unwrap_or(common)
            }
            Err(_) => own,
        }
    }

    /// The main work tree of a clone, where anything tells which that is.
    pub(super) fn main_work_tree(&self) -> Result<Option<PathBuf>, GitError> {
        let common = self.common_dir();
        if self.git_dir() == common {
            return Ok(Some(self.top().to_owned()));
        }
        if common.ends_with(".git") {
            return Ok(common.parent().map(Path::to_owned));
        }
        let said = self.git(["config", "--get", "core.worktree"]).output()?;
        Ok((said.code == 0).then(|| common.join(path_of(&said.stdout))))
    }

    /// Whether another repository has the same branches: it is the same one, or both are work trees of one clone.
    pub fn shares_branches(&self, other: &Repo) -> bool {
        let place = |repo: &Repo| repo.common_dir().canonicalize().ok();
        place(self).is_some_and(|common| place(other) == Some(common))
    }

    /// The remote that has what a partial clone left out; none where nothing was.
    pub fn promisor(&self) -> Result<Option<String>, GitError> {
        let output = self.git(["config", "--get-regexp", "--type=bool", r"^remote\..*\.promisor$"]).output()?;
        let is_one = |line: &String| Some(line.strip_prefix("remote.")?.strip_suffix(".promisor true")?.to_owned());
        Ok(output.lines().iter().find_map(is_one))
    }
}

/// Whether a repository is bare, whether git is in its work tree, and the format of its objects.
fn form(git: &Process) -> Result<Vec<String>, GitError> {
    let questions = ["rev-parse", "--is-bare-repository", "--is-inside-work-tree", "--show-object-format"];
    Ok(git.clone().args(questions).run()?.lines())
}

/// The folder as the person named it, where it is that one.
fn as_named(dir: &Path, found: PathBuf) -> PathBuf {
    let is_it = dir.canonicalize().is_ok_and(|dir| found.canonicalize().is_ok_and(|found| dir == found));
    if is_it { dir.to_owned() } else { found }
}

/// A path as git prints it: any bytes, and a newline after them.
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    OsString::from_vec(bytes.strip_suffix(b"\n").unwrap_or(bytes).to_vec()).into()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    /// A repository with one commit in a folder of any name.
    fn repository(top: &Path) -> Repo {
        fs::create_dir_all(top).unwrap();
        let repo = Repo::at(top);
        repo.init("main").unwrap();
        let identity = ["-c", "user.name=T", "-c", "user.email=t@drm-rust.example"];
        repo.git(identity).args(["commit", "--quiet", "--allow-empty", "--message=begin"]).run().unwrap();
        repo
    }

    /// The forms of a repository: its name, the folder that a person names, and the top that is found.
    fn forms(dir: &Path) -> Vec<(&'static str, PathBuf, PathBuf)> {
        let repo = repository(&dir.join("plain"));
        let git = |args: &[&str]| drop(repo.git(args).run().unwrap());
        git(&["worktree", "add", "--quiet", "../linked"]);
        git(&["clone", "--quiet", "--separate-git-dir=../apart.git", ".", "../apart"]);
        git(&["clone", "--quiet", "--mirror", ".", "../bare.git"]);
        let odd = dir.join(OsStr::from_bytes(b"a b\n\xff"));
        repository(&odd);
        fs::create_dir_all(repo.top().join("drivers/gpu")).unwrap();
        let same = |name, place: &str| (name, dir.join(place), dir.join(place));
        vec![
            same("work tree", "plain"),
            ("subfolder", dir.join("plain/drivers/gpu"), dir.join("plain")),
            same("linked work tree", "linked"),
            same("separate git directory", "apart"),
            same("bare", "bare.git"),
            ("subfolder of a bare one", dir.join("bare.git/objects"), dir.join("bare.git")),
            ("odd name", odd.clone(), odd),
        ]
    }

    #[test]
    fn every_form_of_a_repository_is_found() {
        let dir = tempfile::tempdir().unwrap();
        for (name, named, top) in forms(dir.path()) {
            let repo = Repo::find(&named).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(repo.top(), top, "{name}");
            assert!(repo.commit("HEAD").is_ok(), "{name}");
            let by_git =
                |question| path_of(&repo.git(["rev-parse", "--path-format=absolute", question]).run().unwrap().stdout);
            for (place, question) in [(repo.git_dir(), "--git-dir"), (repo.common_dir(), "--git-common-dir")] {
                assert_eq!(place.canonicalize().unwrap(), by_git(question).canonicalize().unwrap(), "{name}");
            }
        }
        let at = |name: &str| Repo::at(dir.path().join(name));
        assert!(at("linked").shares_branches(&at("plain")) && !at("apart").shares_branches(&at("plain")));
        assert!(!at("none").shares_branches(&at("none")));
    }

    #[test]
    fn the_work_tree_that_has_a_branch_is_found() {
        let dir = tempfile::tempdir().unwrap();
        forms(dir.path());
        let at = |name: &str| Repo::at(dir.path().join(name));
        at("apart").git(["worktree", "add", "--quiet", "../beside"]).run().unwrap();
        let place = |repo: Repo, branch: &str| repo.checked_out(&branch.parse().unwrap());
        for (repo, branch, expected) in [
            (at("plain"), "linked", Some("linked")),
            (at("linked"), "main", Some("plain")),
            (at("apart"), "main", Some("apart")),
            (at("apart"), "beside", Some("beside")),
            (Repo::bare(dir.path().join("bare.git")), "main", None),
        ] {
            let found = place(repo, branch).unwrap().map(|place| place.canonicalize().unwrap());
            assert_eq!(found, expected.map(|name| dir.path().join(name)), "{branch}");
        }
        // Only the work tree itself knows where it is, if the repository is not told.
        let told = place(at("beside"), "main").unwrap_err().to_string();
        assert!(told.ends_with("/apart.git, does not name"), "{told}");
        at("apart").git(["config", "core.worktree", "../apart"]).run().unwrap();
        let found = place(at("beside"), "main").unwrap().unwrap();
        assert_eq!(found.canonicalize().unwrap(), dir.path().join("apart"));
    }

    #[test]
    fn what_cannot_be_worked_on_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let place = |name: &str| dir.path().join(name);
        let told = |path: PathBuf| Repo::find(&path).unwrap_err().to_string();
        repository(&place("plain"));
        assert!(told(place("plain/.git")).ends_with("/plain/.git is the inside of a repository, not its work tree"));
        assert!(told(place("none")).ends_with("/none is no git repository"));
        fs::create_dir(place("empty")).unwrap();
        assert!(told(place("empty")).ends_with("/empty is no git repository"));
        fs::write(place("empty/.git"), "gitdir: ../gone\n").unwrap();
        assert!(told(place("empty")).trim_end().ends_with("/empty/../gone"), "{}", told(place("empty")));
        Repo::at(dir.path()).git(["init", "--quiet", "--object-format=sha256", "sha256"]).run().unwrap();
        assert!(told(place("sha256")).ends_with("/sha256 has SHA-256 ids: those of Linux are SHA-1"));
    }
}
