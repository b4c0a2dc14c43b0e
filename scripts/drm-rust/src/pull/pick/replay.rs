// SPDX-License-Identifier: GPL-2.0-only

//! Commits made anew on top of a branch, in memory: each is a merge of its change with what the branch has.

use super::{Pick, PullError};
use crate::check::scope::Patch;
use crate::git::objects::Objects;
use crate::git::pack::Kind;
use crate::git::picked::PICKED;
use crate::git::{GitError, Oid, Repo, settings};
use crate::merge::{Merger, Outcome};
use crate::tip::Failure;
use crate::tip::preview::{self, Clash};

/// What became of commits.
pub(super) struct Replayed {
    /// Those that were made anew.
    pub(super) picks: Vec<Pick>,
    /// Those that change nothing there.
    pub(super) empty: Vec<Patch>,
    /// The one that conflicts: nothing is done after it.
    pub(super) clash: Option<(Patch, Clash)>,
    /// The last commit.
    pub(super) head: Oid,
}

/// Makes commits anew on a commit. No reference has them.
pub(super) fn replay(repo: &Repo, ours: Oid, patches: Vec<Patch>) -> Result<Replayed, PullError> {
    let [_, committer] = repo.idents()?;
    let sign_off = repo.sign_off()?;
    let mut objects = Objects::new(repo);
    let mut merger = Merger::new(repo, &mut objects);
    let mut done = Replayed { picks: Vec::new(), empty: Vec::new(), clash: None, head: ours };
    for patch in patches {
        let parent = patch.parents.first().copied();
        let mine = merger.objects().tree_of(done.head)?;
        let base = match parent {
            Some(parent) => merger.objects().tree_of(parent)?,
            None => merger.objects().write(Kind::Tree, Vec::new()),
        };
        match merger.merge_trees(base, mine, patch.tree)? {
            Outcome::Clean(tree) if tree == mine => done.empty.push(patch),
            Outcome::Clean(tree) => {
                let message = message(repo, &patch, &sign_off)?;
                let author = author(repo, patch.commit)?;
                let text =
                    format!("tree {tree}\nparent {}\nauthor {author}\ncommitter {committer}\n\n{message}", done.head);
                done.head = merger.objects().write(Kind::Commit, text.into_bytes());
                done.picks.push(Pick { from: patch, to: done.head });
            }
            Outcome::Conflicts { conflicts, .. } => {
                // Git tells of the commits behind the conflict.
                merger.objects().flush()?;
                let (name, into, commit) = (format!("\"{}\"", patch.subject), done.head, patch.commit);
                let bases = parent.into_iter().collect();
                let failure = Failure { name, commit, into, bases, before: vec![into], conflicts };
                done.clash = Some((patch, preview::look(repo, merger.objects(), &failure)?));
                return Ok(done);
            }
        }
    }
    merger.objects().flush()?;
    Ok(done)
}

/// The author with the date, as the commit has them.
fn author(repo: &Repo, commit: Oid) -> Result<String, GitError> {
    let options = ["log", "--no-walk", "--date=raw", "--format=%an <%ae> %ad"];
    Ok(repo.plain(options)?.args([&commit.to_string(), "--"]).run()?.text())
}

/// The message, with where it is from and who picked it.
fn message(repo: &Repo, patch: &Patch, sign_off: &str) -> Result<String, GitError> {
    let message = repo.message(patch.commit)?;
    let gap = if has_trailers(&message)? { "" } else { "\n" };
    Ok(format!("{}\n{gap}{PICKED}{})\n{sign_off}", message.trim_end_matches('\n'), patch.commit))
}

/// Whether a message ends in trailers, by git's own rule: it puts one more into the same paragraph then.
fn has_trailers(message: &str) -> Result<bool, GitError> {
    let probe = ["interpret-trailers", "--no-divider", "--where=end", "--if-exists=add", "--trailer=Probe: x"];
    let process = settings::alone(probe).input(format!("{message}\n"));
    Ok(!process.run()?.text().ends_with("\n\nProbe: x"))
}
