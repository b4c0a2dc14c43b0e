// SPDX-License-Identifier: GPL-2.0-only

//! One git repository and the questions that need git's own programs.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::damage;
use super::message::is_id;
use super::plain::Plain;
use super::settings::{self, EMPTY_TREE};
use super::underway::Underway;
use super::{BranchName, Oid};
use crate::error::{Class, Explain, FileContext, FileError};
use crate::process::{Process, ProcessError};

/// Git failed.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The program failed.
    #[error(transparent)]
    Process(ProcessError),
    /// Something of the repository is missing, or is not what git wrote.
    #[error("`{command}` finds no repository, or a damaged one:\n{}", .said.trim())]
    Damaged {
        /// The command line.
        command: String,
        /// What git said.
        said: String,
    },
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its answer could not be understood.
    #[error("`{command}` gave an answer that makes no sense: {answer}")]
    Answer {
        /// The command line.
        command: String,
        /// What it said.
        answer: String,
    },
    /// A folder of no repository.
    #[error("{0} is no git repository")]
    NoRepository(String),
    /// A folder among git's own.
    #[error("{0} is the inside of a repository, not its work tree")]
    Inside(String),
    /// A repository with longer ids.
    #[error("{0} has SHA-256 ids: those of Linux are SHA-1")]
    OtherIds(String),
    /// A branch is checked out where nobody can tell.
    #[error("{branch} is checked out in a work tree that its repository, {git_dir}, does not name")]
    Unknown {
        /// The branch.
        branch: BranchName,
        /// The repository.
        git_dir: String,
    },
    /// Git is at work on a branch.
    #[error(transparent)]
    Underway(#[from] Underway),
    /// A revision does not exist.
    #[error("there is no commit `{rev}` in {repo}")]
    NoCommit {
        /// What was looked for.
        rev: String,
        /// Where.
        repo: String,
    },
}

impl From<ProcessError> for GitError {
    fn from(error: ProcessError) -> Self {
        match error {
            ProcessError::Failed { command, stderr, .. } if damage::is_damage(&stderr) => {
                GitError::Damaged { command, said: stderr }
            }
            error => GitError::Process(error),
        }
    }
}

impl Explain for GitError {
    fn hint(&self) -> Option<String> {
        match self {
            GitError::Process(error) => error.hint(),
            GitError::Damaged { said, .. } => Some(damage::hint(said)),
            GitError::File(error) => error.hint(),
            GitError::Answer { .. } => None,
            GitError::NoRepository(_) => Some("`drm-rust tree` makes linux/; --repo DIR names a clone of Linux".into()),
            GitError::Inside(_) => Some("name its work tree".into()),
            GitError::OtherIds(_) => Some("no tree of Linux has such ids: name a clone of one".into()),
            GitError::Unknown { .. } => Some("nothing was changed. Name that work tree: --repo DIR".into()),
            GitError::Underway(error) => error.hint(),
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

/// A git repository.
#[derive(Clone, Debug)]
pub struct Repo {
    top: PathBuf,
    /// Whether git must be told that this folder itself is the repository.
    is_bare: bool,
    plain: Arc<OnceLock<Plain>>,
}

impl Repo {
    /// The repository whose work tree is `top`.
    pub fn at(top: impl Into<PathBuf>) -> Self {
        Repo { top: top.into(), is_bare: false, plain: Arc::default() }
    }

    /// The repository without a work tree that `top` is.
    pub fn bare(top: impl Into<PathBuf>) -> Self {
        Repo { top: top.into(), is_bare: true, plain: Arc::default() }
    }

    /// The top of the work tree, or the repository itself where it has none.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// Whether it is there, with a work tree.
    pub fn exists(&self) -> bool {
        self.top.join(".git").exists()
    }

    /// Makes an empty one in this folder, which must be there: of the format that this program reads, whatever git
    /// makes by default.
    pub fn init(&self, branch: &str) -> Result<(), GitError> {
        let bare = self.is_bare.then_some("--bare");
        let init = self.git(["init", "--quiet", "--template=", "--initial-branch", branch]).args(bare);
        init.env("GIT_DEFAULT_HASH", "sha1").env("GIT_DEFAULT_REF_FORMAT", "files").run()?;
        Ok(())
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
        let info = self.common_dir().join("info");
        let path = info.join("exclude");
        let mut excluded = fs::read_to_string(&path).unwrap_or_default();
        if excluded.lines().any(|line| line == pattern) {
            return Ok(());
        }
        let line_ends = excluded.is_empty() || excluded.ends_with('\n');
        excluded += &format!("{}{pattern}\n", if line_ends { "" } else { "\n" });
        fs::create_dir_all(&info).at("create", &info)?;
        crate::file::replace(&path, excluded)
    }

    /// A git command on this repository, for what is the user's: branches, remotes, keys, work trees.
    pub fn git<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> Process {
        // Where this repository is damaged, git must not go on to the one around it.
        let top = fs::canonicalize(&self.top).or_else(|_| std::path::absolute(&self.top));
        let above = top.ok().and_then(|top| Some(top.parent()?.to_owned()));
        let git = above.into_iter().fold(settings::program(), |git, above| git.env("GIT_CEILING_DIRECTORIES", above));
        git.arg("-C").arg(&self.top).args(self.is_bare.then_some("--git-dir=.")).args(args)
    }

    /// A git command on the objects of this repository alone: whatever is made from commits is the same in every clone,
    /// without any configuration and any attributes. Commits are named by their ids: there are no branches.
    pub fn plain<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> Result<Process, GitError> {
        let plain = match self.plain.get() {
            Some(plain) => plain,
            None => {
                let plain = Plain::of(&self.common_dir())?;
                self.plain.get_or_init(|| plain)
            }
        };
        Ok(plain.git().arg("-C").arg(&self.top).args(args))
    }

    /// A git command that writes or compares files exactly as they are in commits: attributes in a commit convert nothing.
    pub fn raw<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> Process {
        self.git(args).env("GIT_ATTR_SOURCE", EMPTY_TREE)
    }

    /// The commit that a revision names, if there is one.
    pub fn find_commit(&self, rev: &str) -> Result<Option<Oid>, GitError> {
        let spec = format!("{rev}^{{commit}}");
        let process = self.git(["rev-parse", "--verify", "--quiet", "--end-of-options", &spec]);
        let output = damage::told(&process, process.output()?)?;
        if output.code != 0 {
            return self.lost(rev)?.map_or(Ok(None), Err);
        }
        self.oid(&process, &output.text()).map(Some)
    }

    /// What is wrong with a reference that is there but leads nowhere, or with the one that a revision begins at.
    /// An id need not be there.
    fn lost(&self, rev: &str) -> Result<Option<GitError>, GitError> {
        let rev = rev.split(['^', '~']).next().unwrap_or(rev);
        if is_id(rev) {
            return Ok(None);
        }
        let process = self.git(["cat-file", "-t", "--end-of-options", rev]);
        let said = String::from_utf8_lossy(&process.output()?.stderr).into_owned();
        let is_lost = damage::is_damage(&said) || said.contains("could not get object info");
        Ok(is_lost.then(|| GitError::Damaged { command: process.command_line(), said }))
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
        let process = self.git(["symbolic-ref", "--quiet", "HEAD"]);
        let output = damage::told(&process, process.output()?)?;
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
        let wanted = format!("branch {}", branch.full());
        let mut place = None;
        for field in list.stdout.split(|byte| *byte == 0) {
            match field.strip_prefix(b"worktree ") {
                Some(path) => place = Some(PathBuf::from(OsStr::from_bytes(path))),
                None if field == wanted.as_bytes() => {
                    return place.map(|place| self.work_tree(place, branch)).transpose();
                }
                None => {}
            }
        }
        Ok(None)
    }

    /// The work tree that git lists. Of one whose git directory is elsewhere, git lists that.
    fn work_tree(&self, listed: PathBuf, branch: &BranchName) -> Result<PathBuf, GitError> {
        let common = self.common_dir();
        if listed.canonicalize().ok() != common.canonicalize().ok() {
            return Ok(listed);
        }
        let unknown = || GitError::Unknown { branch: branch.clone(), git_dir: common.display().to_string() };
        self.main_work_tree()?.ok_or_else(unknown)
    }

    /// The files that have changes which are not committed; files that git does not know do not count.
    pub fn dirty(&self) -> Result<Vec<String>, GitError> {
        let status = self.git(["status", "--porcelain", "-z", "--no-renames", "--untracked-files=no"]).run()?;
        let text = String::from_utf8_lossy(&status.stdout).into_owned();
        Ok(text.split('\0').filter_map(|line| line.get(3..)).map(str::to_owned).collect())
    }

    /// Reads an id out of an answer of git.
    pub(crate) fn oid(&self, process: &Process, text: &str) -> Result<Oid, GitError> {
        let text = text.trim();
        text.parse().map_err(|_| match text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => GitError::OtherIds(self.top.display().to_string()),
            false => GitError::Answer { command: process.command_line(), answer: text.to_owned() },
        })
    }
}
