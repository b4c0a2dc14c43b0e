// SPDX-License-Identifier: GPL-2.0-only

//! One git repository and the questions that need git's own programs.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::{BranchName, Oid};
use crate::error::{Class, Explain, FileContext, FileError};
use crate::process::{Process, ProcessError};

/// Git failed.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The program failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Its answer could not be understood.
    #[error("`{command}` gave an answer that makes no sense: {answer}")]
    Answer {
        /// The command line.
        command: String,
        /// What it said.
        answer: String,
    },
    /// A revision does not exist.
    #[error("there is no commit `{rev}` in {repo}")]
    NoCommit {
        /// What was looked for.
        rev: String,
        /// Where.
        repo: String,
    },
}

impl Explain for GitError {
    fn hint(&self) -> Option<String> {
        match self {
            GitError::Process(error) => error.hint(),
            GitError::Answer { .. } => None,
            GitError::NoCommit { .. } => Some("give a branch, a tag or a commit id that exists there".into()),
        }
    }

    fn class(&self) -> Class {
        match self {
            GitError::Answer { .. } => Class::Bug,
            _ => Class::Failed,
        }
    }
}

/// Settings that must not depend on who runs the program: merges give the same trees everywhere, nothing
/// runs in the background, and no hook of the user interferes.
const SETTINGS: [&str; 13] = [
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.quotePath=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "merge.renames=true",
    "merge.renameLimit=7000",
    "merge.renormalize=false",
    "merge.default=",
    "merge.directoryRenames=conflict",
    "merge.conflictStyle=merge",
    "diff.algorithm=histogram",
    "advice.detachedHead=false",
];

/// A git repository with a work tree.
#[derive(Clone, Debug)]
pub struct Repo {
    top: PathBuf,
}

impl Repo {
    /// The repository whose work tree is `top`.
    pub fn at(top: impl Into<PathBuf>) -> Self {
        Repo { top: top.into() }
    }

    /// The top of the work tree.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// Its administrative folder.
    pub fn git_dir(&self) -> PathBuf {
        self.top.join(".git")
    }

    /// Its folder of objects and branches, which all work trees of a clone share.
    pub fn common_dir(&self) -> Result<PathBuf, GitError> {
        let own = self.git_dir();
        if own.is_dir() {
            return Ok(own);
        }
        let process = self.git(["rev-parse", "--path-format=absolute", "--git-common-dir"]);
        Ok(PathBuf::from(process.run()?.text()))
    }

    /// Whether it is there.
    pub fn exists(&self) -> bool {
        self.git_dir().exists()
    }

    /// Whether git takes it for a repository itself, not for a folder inside another one. It may be bare.
    pub fn is_repository(&self) -> Result<bool, GitError> {
        if !self.top.is_dir() {
            return Ok(false);
        }
        let output = self.git(["rev-parse", "--show-cdup"]).output()?;
        Ok(output.code == 0 && output.text().is_empty())
    }

    /// Makes git ignore files, whatever branch is checked out.
    pub fn exclude(&self, pattern: &str) -> Result<(), FileError> {
        let info = self.git_dir().join("info");
        let path = info.join("exclude");
        let mut excluded = fs::read_to_string(&path).unwrap_or_default();
        if excluded.lines().any(|line| line == pattern) {
            return Ok(());
        }
        let line_ends = excluded.is_empty() || excluded.ends_with('\n');
        excluded += &format!("{}{pattern}\n", if line_ends { "" } else { "\n" });
        fs::create_dir_all(&info).at("create", &info)?;
        fs::write(&path, excluded).at("write", &path)
    }

    /// A git command on this repository.
    pub fn git<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> Process {
        let settings = SETTINGS.iter().flat_map(|setting| ["-c", setting]).chain(["--no-replace-objects"]);
        // A command that only looks must not leave a lock of the index behind when it is killed.
        let process = Process::new("git").settings(settings).env("GIT_OPTIONAL_LOCKS", "0");
        process.arg("-C").arg(&self.top).args(args)
    }

    /// The commit that a revision names, if there is one.
    pub fn find_commit(&self, rev: &str) -> Result<Option<Oid>, GitError> {
        let spec = format!("{rev}^{{commit}}");
        let process = self.git(["rev-parse", "--verify", "--quiet", "--end-of-options", &spec]);
        let output = process.output()?;
        if output.code != 0 {
            return Ok(None);
        }
        self.oid(&process, &output.text()).map(Some)
    }

    /// The commit that a revision names.
    pub fn commit(&self, rev: &str) -> Result<Oid, GitError> {
        self.find_commit(rev)?
            .ok_or_else(|| GitError::NoCommit { rev: rev.to_owned(), repo: self.top.display().to_string() })
    }

    /// The commits that some revisions name, with one question to git.
    pub fn commits(&self, revs: &[&str]) -> Result<Vec<Oid>, GitError> {
        let missing = |rev: &str| GitError::NoCommit { rev: rev.to_owned(), repo: self.top.display().to_string() };
        if let Some(rev) = revs.iter().find(|rev| rev.contains('\n')) {
            return Err(missing(rev));
        }
        let input: String = revs.iter().map(|rev| format!("{rev}^{{commit}}\n")).collect();
        let answer = self.git(["cat-file", "--batch-check=%(objectname)"]).input(input).run()?;
        let ids: Vec<Option<Oid>> = answer.lines().iter().map(|line| line.parse().ok()).collect();
        revs.iter().enumerate().map(|(n, rev)| ids.get(n).copied().flatten().ok_or_else(|| missing(rev))).collect()
    }

    /// The tree of a commit.
    pub fn tree(&self, commit: Oid) -> Result<Oid, GitError> {
        let process = self.git(["rev-parse", &format!("{commit}^{{tree}}")]);
        let text = process.run()?.text();
        self.oid(&process, &text)
    }

    /// The branch that HEAD names; none when HEAD is detached.
    pub fn head_branch(&self) -> Result<Option<BranchName>, GitError> {
        let output = self.git(["symbolic-ref", "--quiet", "HEAD"]).output()?;
        Ok(output.text().strip_prefix("refs/heads/").and_then(|name| name.parse().ok()))
    }

    /// Who commits here, with the time, as commits have it: author and committer.
    pub fn idents(&self) -> Result<[String; 2], GitError> {
        let ident = |name: &str| Ok::<_, GitError>(self.git(["var", name]).run()?.text());
        Ok([ident("GIT_AUTHOR_IDENT")?, ident("GIT_COMMITTER_IDENT")?])
    }

    /// The committer's sign-off: a trailer, and its newline.
    pub fn sign_off(&self) -> Result<String, GitError> {
        let [_, committer] = self.idents()?;
        let who = committer.rsplit_once('>').map_or(committer.clone(), |(who, _)| format!("{who}>"));
        Ok(format!("Signed-off-by: {who}\n"))
    }

    /// The work tree that has a branch checked out.
    pub fn checked_out(&self, branch: &BranchName) -> Result<Option<PathBuf>, GitError> {
        let list = self.git(["worktree", "list", "--porcelain", "-z"]).run()?;
        let text = String::from_utf8_lossy(&list.stdout).into_owned();
        let wanted = format!("branch {}", branch.full());
        let mut place = None;
        for field in text.split('\0') {
            match field.strip_prefix("worktree ") {
                Some(path) => place = Some(PathBuf::from(path)),
                None if field == wanted => return Ok(place),
                None => {}
            }
        }
        Ok(None)
    }

    /// The files that have changes which are not committed; files that git does not know do not count.
    pub fn dirty(&self) -> Result<Vec<String>, GitError> {
        let status = self.git(["status", "--porcelain", "--untracked-files=no"]).run()?;
        Ok(status.lines().iter().filter_map(|line| line.get(3..)).map(str::to_owned).collect())
    }

    /// Reads an id out of an answer of git.
    pub(crate) fn oid(&self, process: &Process, text: &str) -> Result<Oid, GitError> {
        text.trim()
            .parse()
            .map_err(|_| GitError::Answer { command: process.command_line(), answer: text.trim().to_owned() })
    }
}
