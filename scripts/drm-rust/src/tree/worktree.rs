// SPDX-License-Identifier: GPL-2.0-only

//! The work tree of `linux/` follows its branch: only changed files are written, and never over work of a person.

use crate::error::Explain;
use crate::git::refs::View;
use crate::git::{BranchName, GitError, Oid, Repo};

/// Files to name in a message before it says "and more".
const SHOWN: usize = 10;

/// The work tree cannot follow.
#[derive(Debug, thiserror::Error)]
pub enum WorktreeError {
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
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

fn index_is_at(repo: &Repo, commit: Oid) -> Result<bool, GitError> {
    let process = repo.git(["diff-index", "--cached", "--quiet"]).args([&commit.to_string(), "--"]);
    let output = process.output()?;
    if output.code > 1 || output.code < 0 {
        process.run()?;
    }
    Ok(output.code == 0)
}

/// The files of the work tree that differ from the index.
pub fn dirty_files(repo: &Repo) -> Result<Vec<String>, GitError> {
    // Whatever locks the index must end by itself, or the lock would outlive a killed run.
    repo.git(["update-index", "-q", "--refresh"]).detached().output()?;
    Ok(repo.git(["diff-files", "--name-only"]).run()?.lines())
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

/// Makes a move that was checked. Git finishes it even if this program is killed.
pub fn apply(repo: &Repo, step: Move) -> Result<(), WorktreeError> {
    read_tree(repo, &[], step).run().map_err(GitError::from)?;
    Ok(())
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
