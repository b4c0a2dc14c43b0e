// SPDX-License-Identifier: GPL-2.0-only

//! Whether what was fetched is what the mail says.

use super::PullError;
use super::tag::Tag;
use crate::git::{GitError, Oid, Repo};
use crate::mailbox::pull::{Request, Totals, totals};

type Gate = (&'static str, Vec<String>);

/// Compares a mail with its tag and the history behind it.
pub(super) fn compare(repo: &Repo, request: &Request, tag: &Tag, ours: Oid) -> Result<Vec<Gate>, PullError> {
    let end = (request.end != tag.commit)
        .then(|| format!("the mail says {}, but the tag leads to {}", request.end.short(), tag.commit.short()));
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let is_other = tag.object.is_some() && words(&request.cover) != words(&tag.message);
    let cover = is_other.then(|| "the mail has another text than the tag".to_owned());
    let (base, diffstat) = base(repo, request, tag, ours)?;
    let one = |finding: Option<String>| finding.into_iter().collect();
    Ok(vec![("end", one(end)), ("base", one(base)), ("cover", one(cover)), ("diffstat", one(diffstat))])
}

/// What is wrong with the base, and with the diffstat.
fn base(repo: &Repo, request: &Request, tag: &Tag, ours: Oid) -> Result<(Option<String>, Option<String>), PullError> {
    let base = request.base;
    let cite = base.short();
    if repo.find_commit(&base.to_string())? != Some(base) || !repo.is_ancestor(base, tag.commit)? {
        let unknown = "the diffstat cannot be told without the base".to_owned();
        return Ok((Some(format!("{cite} is not what the tag stands on")), Some(unknown)));
    }
    let extra = (!repo.is_ancestor(base, ours)?)
        .then(|| format!("{cite} is not in the branch: commits come along that the mail does not list"));
    let said = request.totals;
    // Senders' settings decide which lines git takes for the changed ones.
    let mut found = Totals::default();
    for algorithm in ["myers", "histogram", "patience", "minimal"] {
        found = diff(repo, algorithm, base, tag.commit)?;
        if found == said {
            return Ok((extra, None));
        }
    }
    let text = |t: Totals| format!("{} files, {} insertions, {} deletions", t.files, t.insertions, t.deletions);
    Ok((extra, Some(format!("the mail says {}; there are {}", text(said), text(found)))))
}

fn diff(repo: &Repo, algorithm: &str, from: Oid, to: Oid) -> Result<Totals, GitError> {
    let options = ["diff", "--shortstat", "-M", &format!("--diff-algorithm={algorithm}")];
    let text = repo.plain(options)?.arg(format!("{from}..{to}")).run()?.text();
    Ok(totals(&text).unwrap_or_default())
}
