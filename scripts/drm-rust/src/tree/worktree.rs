// SPDX-License-Identifier: GPL-2.0-only

//! The work tree of `linux/` follows its branch: only changed files are written, and never over work of a person.

use super::unfinished;
use crate::error::{Explain, FileError};
use crate::git::objects::ObjectError;
use crate::git::refs::View;
use crate::git::{BranchName, GitError, Oid, Repo};
use crate::process::ProcessError;

/// Files to name in a message before it says "and more".
const SHOWN: usize = 10;

/// The work tree cannot follow.
#[derive(Debug, thiserror::Error)]
pub enum WorktreeError {
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// An object could not be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The branches have moved, and the files stopped half-way.
    #[error("the branches have moved, but not all files of linux/ could be written:\n{0}")]
    Unfinished(GitError),
    /// There are changes that are not committed.
    #[error("linux/ has changes that are not committed:\n{}", shown(.0))]
    Dirty(Vec<String>),
    /// Files that git does not know would be overwritten.
    #[error("files in linux/ are in the way:\n  {0}")]
    InTheWay(String),
    /// The checked-out branch is about to vanish.
    #[error("linux/ has {0} checked out, which is about to be removed")]
    Vanishing(BranchName),
}

fn shown(files: &[String]) -> String {
    let mut lines: Vec<String> = files.iter().take(SHOWN).map(|file| format!("  {file}")).collect();
    if files.len() > SHOWN {
        lines.push(format!("  and {} more", files.len() - SHOWN));
    }
    lines.join("\n")
}

impl Explain for WorktreeError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            WorktreeError::Git(error) => return error.hint(),
            WorktreeError::File(error) => return error.hint(),
            WorktreeError::Object(error) => return error.hint(),
            WorktreeError::Unfinished(error) => {
                let first = error.hint().map(|hint| format!("{hint}.\nThen")).unwrap_or_default();
                format!("{first} `drm-rust tree` writes the rest").trim_start().to_owned()
            }
            WorktreeError::Dirty(_) => "nothing was changed. Keep them with `git -C linux stash`, or drop them with \
                 `git -C linux restore --staged --worktree .`; what shall last belongs into the overlay"
                .into(),
            WorktreeError::InTheWay(_) => "nothing was changed. Move them away, or remove them".into(),
            WorktreeError::Vanishing(_) => "check out another branch: git -C linux switch drm-rust-next".into(),
        })
    }
}

/// A step of the work tree from one commit to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The commit that the work tree and the index stand at.
    pub from: Oid,
    /// Where they shall stand.
    pub to: Oid,
}

/// What the work tree has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing: it is where it should be.
    Stay,
    /// Nothing: a person has something else checked out.
    NotOurs(String),
    /// A move.
    Move(Move),
}

/// Plans how the work tree follows when the branches go from `old` to `new`.
///
/// `past` are views of earlier operations, newest first: where a run was interrupted, the work tree still stands
/// at one of them.
pub fn plan(repo: &Repo, old: &View, new: &View, past: &[View]) -> Result<Plan, WorktreeError> {
    let Some(branch) = repo.head_branch()? else { return Ok(Plan::NotOurs("a detached HEAD".into())) };
    if !branch.is_managed() || (!old.contains_key(&branch) && !new.contains_key(&branch)) {
        return Ok(Plan::NotOurs(branch.to_string()));
    }
    let Some(&to) = new.get(&branch) else { return Err(WorktreeError::Vanishing(branch)) };
    let candidates = old.get(&branch).into_iter().chain([&to]).chain(past.iter().filter_map(|view| view.get(&branch)));
    let mut tried = Vec::new();
    for &from in candidates {
        if tried.contains(&from) {
            continue;
        }
        if index_is_at(repo, from)? {
            return Ok(if from == to { Plan::Stay } else { Plan::Move(Move { from, to }) });
        }
        tried.push(from);
    }
    let staged = repo.git(["diff-index", "--cached", "--name-only", "HEAD", "--"]).run().map_err(GitError::from)?;
    Err(WorktreeError::Dirty(staged.lines()))
}

pub(super) fn index_is_at(repo: &Repo, commit: Oid) -> Result<bool, GitError> {
    let process = repo.git(["diff-index", "--cached", "--quiet"]).args([&commit.to_string(), "--"]);
    let output = process.output()?;
    if output.code > 1 || output.code < 0 {
        process.run()?;
    }
    Ok(output.code == 0)
}

/// The files of the work tree that differ from the index.
pub fn dirty_files(repo: &Repo) -> Result<Vec<String>, GitError> {
    Ok(dirty_paths(repo)?.iter().map(|path| String::from_utf8_lossy(path).into_owned()).collect())
}

/// The same, as git has them.
pub(super) fn dirty_paths(repo: &Repo) -> Result<Vec<Vec<u8>>, GitError> {
    // Whatever locks the index must end by itself, or the lock would outlive a killed run.
    let refresh = repo.git(["update-index", "-q", "--refresh"]).detached();
    let looks: &[&str] = match refresh.output() {
        Ok(output) if output.code <= 1 => &["diff-files", "-z", "--name-only"],
        // Another git may be at work.
        Ok(_) => match refresh.run() {
            Ok(_) => &["diff-files", "-z", "--name-only"],
            Err(error) => return Err(error.into()),
        },
        // Where the index cannot be written, each file that seems to have changed is read.
        Err(ProcessError::Lacks { .. }) => &["ls-files", "-z", "--modified", "--deleted", "--deduplicate"],
        Err(error) => return Err(error.into()),
    };
    let output = repo.git(looks).run()?;
    Ok(output.stdout.split(|&byte| byte == 0).filter(|path| !path.is_empty()).map(<[u8]>::to_vec).collect())
}

/// Whether a move can be made without losing anything.
pub fn check(repo: &Repo, step: Move) -> Result<(), WorktreeError> {
    let dirty = dirty_files(repo)?;
    if !dirty.is_empty() {
        return Err(WorktreeError::Dirty(dirty));
    }
    let trial = read_tree(repo, &["-n"], step);
    let output = trial.output().map_err(GitError::from)?;
    let text = String::from_utf8_lossy(&output.stderr).replace("error: ", "");
    if text.contains("fatal: ") {
        trial.run().map_err(GitError::from)?;
    } else if output.code != 0 {
        return Err(WorktreeError::InTheWay(text.trim().replace('\n', "\n  ")));
    }
    Ok(())
}

/// Makes a move that was checked and [written down](unfinished::begin). Git finishes it even if this program is killed.
pub(super) fn apply(repo: &Repo, step: Move) -> Result<(), WorktreeError> {
    if let Err(error) = read_tree(repo, &[], step).run() {
        // What is cut short goes back at once where that can be done, or else before the next move.
        let _ = unfinished::recover(repo);
        return Err(WorktreeError::Unfinished(error.into()));
    }
    unfinished::end(repo)
}

/// Fills a work tree that is empty or was unpacked, in parallel.
pub fn fill(repo: &Repo, commit: Oid) -> Result<(), WorktreeError> {
    let workers = format!("checkout.workers={}", rayon::current_num_threads());
    let args = ["-c", &workers, "-c", "checkout.thresholdForParallelism=1", "read-tree", "-m", "-u"];
    repo.git(args).arg(commit.to_string()).run().map_err(GitError::from)?;
    Ok(())
}

fn read_tree(repo: &Repo, options: &[&str], step: Move) -> crate::process::Process {
    let args = ["read-tree", "-m", "-u"];
    repo.git(args).args(options).args([step.from.to_string(), step.to.to_string()]).detached()
}
