// SPDX-License-Identifier: GPL-2.0-only

//! Whether what was fetched is what the mail says.

use super::PullError;
use super::tag::Tag;
use crate::git::{GitError, Oid, Repo};
use crate::mailbox::diffstat::Diffstat;
use crate::mailbox::pull::Request;

type Gate = (&'static str, Vec<String>);

/// The history that a mail tells of.
pub(super) struct History<'a> {
    pub(super) repo: &'a Repo,
    pub(super) tag: &'a Tag,
    /// Where the branch stands.
    pub(super) ours: Oid,
    /// What it has after the merge, if nothing conflicts.
    pub(super) merged: Option<Oid>,
}

/// Compares a mail with its tag and the history behind it.
pub(super) fn compare(history: &History<'_>, request: &Request) -> Result<Vec<Gate>, PullError> {
    let tag = history.tag;
    let end = (request.end != tag.commit)
        .then(|| format!("the mail says {}, but the tag leads to {}", request.end.short(), tag.commit.short()));
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let is_other = tag.object.is_some() && words(&request.cover) != words(&tag.message);
    let cover = is_other.then(|| "the mail has another text than the tag".to_owned());
    let (base, diffstat) = base(history, request)?;
    let one = |finding: Option<String>| finding.into_iter().collect();
    Ok(vec![("end", one(end)), ("base", one(base)), ("cover", one(cover)), ("diffstat", diffstat)])
}

/// What is wrong with the base, and with the diffstat.
fn base(history: &History<'_>, request: &Request) -> Result<(Option<String>, Vec<String>), PullError> {
    let History { repo, tag, ours, merged } = *history;
    let base = request.base;
    let cite = base.short();
    if repo.find_commit(&base.to_string())? != Some(base) || !repo.is_ancestor(base, tag.commit)? {
        let unknown = "the diffstat cannot be told without the base".to_owned();
        return Ok((Some(format!("{cite} is not what the tag stands on")), vec![unknown]));
    }
    let extra = (!repo.is_ancestor(base, ours)?)
        .then(|| format!("{cite} is not in the branch: commits come along that the mail does not list"));
    let mut differences = differences(repo, &request.diffstat, base, tag.commit)?;
    // Where the tag has merges of what the branch has, senders merge for a trial and tell what that changes.
    if let Some(merged) = merged.filter(|_| !differences.is_empty())
        && self::differences(repo, &request.diffstat, ours, merged)?.is_empty()
    {
        differences.clear();
    }
    Ok((extra, differences))
}

/// How a diffstat differs from what changes. Senders' settings decide which lines git takes for the changed ones, what
/// is a rename, and which names are quoted: it must be so for one of them. What differs least is told.
fn differences(repo: &Repo, said: &Diffstat, from: Oid, to: Oid) -> Result<Vec<String>, GitError> {
    let mut least: Option<Vec<String>> = None;
    for renames in ["-M", "--no-renames", "-C"] {
        for quote in ["true", "false"] {
            for algorithm in ["myers", "histogram", "patience", "minimal"] {
                let found = diffstat(repo, (renames, quote, algorithm), from, to)?;
                let names = |stat: &Diffstat| stat.changes.len();
                // The algorithm changes no names.
                let is_hopeless = names(&found) != names(said);
                let differences = said.differences(&found);
                if differences.is_empty() {
                    return Ok(differences);
                }
                if least.as_ref().is_none_or(|least| differences.len() < least.len()) {
                    least = Some(differences);
                }
                if is_hopeless {
                    break;
                }
            }
        }
    }
    Ok(least.unwrap_or_default())
}

/// What git says of a change, with all names in full.
fn diffstat(repo: &Repo, how: (&str, &str, &str), from: Oid, to: Oid) -> Result<Diffstat, GitError> {
    let (renames, quote, algorithm) = how;
    let quote = format!("core.quotePath={quote}");
    let options = ["-c", &quote, "diff", "--stat=100000,90000", "--stat-graph-width=10", "--summary"];
    let more = [renames, &format!("--diff-algorithm={algorithm}"), &from.to_string(), &to.to_string()];
    let text = repo.plain(options)?.args(more).run()?.text();
    Ok(Diffstat::find(&text.lines().collect::<Vec<_>>()).unwrap_or_default())
}
