// SPDX-License-Identifier: GPL-2.0-only

//! Who conflicts with whom: the hunks of a conflict, and the commits of both sides that touch its path.

use serde::Serialize;

use super::{Failure, TipError};
use crate::git::objects::Objects;
use crate::git::{GitError, Oid, Repo};
use crate::merge::Conflict;
use crate::process::Process;

/// A branch that conflicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clash {
    /// The branch.
    pub branch: String,
    /// Where it stands.
    pub commit: Oid,
    /// Its conflicts.
    pub files: Vec<File>,
}

/// A path in conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct File {
    /// The path.
    pub path: String,
    /// What git says about it.
    pub message: String,
    /// The hunks, where the conflict has some.
    pub hunks: Vec<Hunk>,
    /// Commits that were merged before and touch the path.
    pub ours: Vec<Touch>,
    /// The branch's commits that touch the path.
    pub theirs: Vec<Touch>,
}

/// A hunk in conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hunk {
    /// Its first line in what was merged before, counted from 1.
    pub line: usize,
    /// The lines of what was merged before.
    pub ours: Vec<String>,
    /// The branch's lines.
    pub theirs: Vec<String>,
}

/// A commit that touches a path in conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Touch {
    /// The commit.
    pub commit: Oid,
    /// Its author.
    pub author: String,
    /// Its subject.
    pub subject: String,
}

/// Looks into the conflicts of a branch.
pub fn look(repo: &Repo, objects: &mut Objects, failure: &Failure) -> Result<Clash, TipError> {
    let mut files = Vec::new();
    for conflict in &failure.conflicts {
        let marked = conflict.marked.map(|oid| objects.blob(oid)).transpose()?;
        let not_ours: Vec<Oid> = failure.bases.iter().copied().chain([failure.commit]).collect();
        files.push(File {
            path: conflict.path.clone(),
            message: conflict.message.clone(),
            hunks: marked.map(|text| hunks(&String::from_utf8_lossy(&text))).unwrap_or_default(),
            ours: touches(repo, conflict, &failure.before, &not_ours)?,
            theirs: touches(repo, conflict, &[failure.commit], &failure.before)?,
        });
    }
    Ok(Clash { branch: failure.name.clone(), commit: failure.commit, files })
}

const FORMAT: &str = "--format=%H%n%an <%ae>%n%s";

/// The commits of some histories but not of others that touch a conflict's path, the newest first.
fn touches(repo: &Repo, conflict: &Conflict, of: &[Oid], not: &[Oid]) -> Result<Vec<Touch>, TipError> {
    let process = repo.plain(["--literal-pathspecs", "log", "--no-merges", "-z", FORMAT])?;
    let process =
        process.args(of.iter().map(ToString::to_string)).arg("--not").args(not.iter().map(ToString::to_string));
    read_touches(repo, &process.args(["--", &conflict.path]))
}

/// A commit with its author and subject.
pub(super) fn touch(repo: &Repo, commit: Oid) -> Result<Touch, TipError> {
    let process = repo.plain(["log", "-1", "-z", FORMAT, &commit.to_string()])?;
    read_touches(repo, &process).map(|mut touches| touches.remove(0))
}

fn read_touches(repo: &Repo, process: &Process) -> Result<Vec<Touch>, TipError> {
    let output = process.run().map_err(GitError::from)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut touches = Vec::new();
    for entry in text.split('\0').filter(|entry| !entry.is_empty()) {
        let mut lines = entry.splitn(3, '\n');
        let mut next = || lines.next().unwrap_or_default();
        let (commit, author, subject) = (next(), next().to_owned(), next().trim_end().to_owned());
        touches.push(Touch { commit: repo.oid(process, commit)?, author, subject });
    }
    Ok(touches)
}

/// The hunks of a text with git's conflict markers, in its usual style.
fn hunks(text: &str) -> Vec<Hunk> {
    let mut hunks = Vec::new();
    let mut open: Option<(Hunk, bool)> = None;
    let mut line = 1;
    for content in text.lines() {
        match &mut open {
            None if content.starts_with("<<<<<<< ") => {
                open = Some((Hunk { line, ours: Vec::new(), theirs: Vec::new() }, false));
            }
            None => line += 1,
            Some((_, in_theirs)) if content == "=======" => *in_theirs = true,
            Some(_) if content.starts_with(">>>>>>> ") => {
                hunks.extend(open.take().map(|(hunk, _)| hunk));
            }
            Some((hunk, true)) => hunk.theirs.push(content.to_owned()),
            Some((hunk, false)) => {
                hunk.ours.push(content.to_owned());
                line += 1;
            }
        }
    }
    hunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_are_where_they_are_on_our_side() {
        let text = "a\n<<<<<<< x\nb\nc\n=======\nd\n>>>>>>> y\ne\n<<<<<<< x\n=======\nf\n>>>>>>> y\n";
        let hunk = |line, ours: &[&str], theirs: &[&str]| Hunk {
            line,
            ours: ours.iter().map(ToString::to_string).collect(),
            theirs: theirs.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(hunks(text), [hunk(2, &["b", "c"], &["d"]), hunk(5, &[], &["f"])]);
        assert_eq!(hunks("<<<<<<< cut off\na\n"), []);
        assert_eq!(hunks("no conflict\n"), []);
    }
}
