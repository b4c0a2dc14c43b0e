// SPDX-License-Identifier: GPL-2.0-only

//! What is checked: patches, the files that they change, and the tree that they lead to.

use std::collections::BTreeSet;

use super::CheckError;
use crate::git::message::split_trailers;
use crate::git::{BranchName, GitError, Oid, Repo, TopicName};
use crate::topic::{Topics, manage};

/// One patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Its commit.
    pub commit: Oid,
    /// The tree of that commit.
    pub tree: Oid,
    /// Its parents: several where it is a merge.
    pub parents: Vec<Oid>,
    /// Who wrote it: name and mail.
    pub author: (String, String),
    /// Who committed it: name and mail.
    pub committer: (String, String),
    /// The first line of its message.
    pub subject: String,
    /// The rest of its message.
    pub body: String,
    /// The trailers, as git finds them: key and value.
    pub trailers: Vec<(String, String)>,
    /// The files that it changes, except those that it removes.
    pub files: Vec<String>,
    /// Those of them that it adds.
    pub added: Vec<String>,
    /// The files that it removes.
    pub removed: Vec<String>,
}

impl Patch {
    /// How a message names it: `0123456789ab ("subject")`.
    pub fn cite(&self) -> String {
        format!("{} (\"{}\")", self.commit.short(), self.subject)
    }

    /// Whether it is a merge.
    pub fn is_merge(&self) -> bool {
        self.parents.len() > 1
    }
}

/// A series of patches and where it leads.
#[derive(Clone, Debug)]
pub struct Scope {
    /// As the person named it.
    pub name: String,
    /// The last commit.
    pub tip: Oid,
    /// The tree of the last commit.
    pub tree: Oid,
    /// The patches, oldest first, without merges.
    pub patches: Vec<Patch>,
}

impl Scope {
    /// Everything that this tree adds to its base.
    pub fn everything(repo: &Repo) -> Result<Scope, CheckError> {
        let next = BranchName::next();
        let (base, tip) = (repo.commit(&BranchName::base().full())?, repo.commit(&next.full())?);
        let args = ["--no-merges".to_owned(), format!("{base}..{tip}")];
        Scope::new(repo, next.to_string(), tip, patches(repo, &args)?)
    }

    /// A topic, or a range of revisions.
    pub fn named(repo: &Repo, topics: &Topics, name: &str) -> Result<Scope, CheckError> {
        if let Some((from, to)) = name.split_once("..") {
            let (from, to) = (repo.commit(from)?, repo.commit(if to.is_empty() { "HEAD" } else { to })?);
            let args = ["--no-merges".to_owned(), format!("{from}..{to}")];
            return Scope::new(repo, name.to_owned(), to, patches(repo, &args)?);
        }
        let topic: Option<TopicName> = name.strip_prefix("topic/").unwrap_or(name).parse().ok();
        let Some((topic, manifest)) = topic.as_ref().and_then(|topic| topics.get_key_value(topic)) else {
            return Err(CheckError::NoScope(name.to_owned()));
        };
        let tip = repo.commit(&topic.branch().full())?;
        let commits = manage::commits(repo, topic, manifest.patches.len())?;
        Scope::new(repo, topic.to_string(), tip, each(repo, &commits)?)
    }

    fn new(repo: &Repo, name: String, tip: Oid, patches: Vec<Patch>) -> Result<Scope, CheckError> {
        if patches.is_empty() {
            return Err(CheckError::Empty(name));
        }
        Ok(Scope { tree: repo.tree(tip)?, name, tip, patches })
    }

    /// The files that the patches change, once each.
    pub fn files(&self) -> Vec<&str> {
        let files: BTreeSet<&str> = self.patches.iter().flat_map(|patch| &patch.files).map(String::as_str).collect();
        files.into_iter().collect()
    }

    /// Those with this ending.
    pub fn files_ending(&self, ending: &str) -> Vec<&str> {
        self.files().into_iter().filter(|file| file.ends_with(ending)).collect()
    }
}

/// The fields of a commit, each behind a NUL, which no message can have; what changes follows the last one.
const FORMAT: &str =
    "--format=%x00%H%x00%T%x00%P%x00%an%x00%ae%x00%cn%x00%ce%x00%s%x00%b%x00%(trailers:only,unfold)%x00";
/// How many these are, with the changes.
const FIELDS: usize = 11;

/// The commits that lead from one revision to another, oldest first, with merges.
pub fn between(repo: &Repo, from: &str, to: &str, first_parent: bool) -> Result<Vec<Patch>, CheckError> {
    let range = format!("{}..{}", repo.commit(from)?, repo.commit(if to.is_empty() { "HEAD" } else { to })?);
    let first_parent = first_parent.then(|| "--first-parent".to_owned());
    let patches = patches(repo, &[range.clone()].into_iter().chain(first_parent).collect::<Vec<_>>())?;
    if patches.is_empty() { Err(CheckError::Empty(format!("{from}..{to}"))) } else { Ok(patches) }
}

/// Some commits, in this order.
pub fn each(repo: &Repo, commits: &[Oid]) -> Result<Vec<Patch>, CheckError> {
    let args = std::iter::once("--no-walk=unsorted".to_owned()).chain(commits.iter().rev().map(ToString::to_string));
    if commits.is_empty() { Ok(Vec::new()) } else { patches(repo, &args.collect::<Vec<_>>()) }
}

/// The patches that `git log` lists with these arguments, oldest first. They name commits by their ids.
fn patches(repo: &Repo, args: &[String]) -> Result<Vec<Patch>, CheckError> {
    let options = ["log", "--name-status", "--no-renames", "--topo-order", FORMAT];
    let process = repo.plain(options)?.args(args).arg("--");
    let text = process.run().map_err(GitError::from)?.text();
    let fields: Vec<&str> = text.split('\0').skip(1).collect();
    let parsed: Option<Vec<Patch>> = fields.chunks(FIELDS).map(parse).collect();
    let mut patches =
        parsed.ok_or_else(|| GitError::Answer { command: process.command_line(), answer: text.clone() })?;
    patches.reverse();
    Ok(patches)
}

fn parse(fields: &[&str]) -> Option<Patch> {
    let [commit, tree, parents, author, author_mail, committer, committer_mail, subject, body, trailers, changes] =
        *fields
    else {
        return None;
    };
    let person = |name: &str, mail: &str| (name.to_owned(), mail.to_owned());
    let changes: Vec<(char, &str)> = changes
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(kind, file)| Some((kind.chars().next()?, file)))
        .collect();
    let files = |wanted: &dyn Fn(char) -> bool| {
        changes.iter().filter(|(kind, _)| wanted(*kind)).map(|(_, file)| (*file).to_owned()).collect()
    };
    Some(Patch {
        commit: commit.parse().ok()?,
        tree: tree.parse().ok()?,
        parents: parents.split_whitespace().map(|id| id.parse().ok()).collect::<Option<_>>()?,
        author: person(author, author_mail),
        committer: person(committer, committer_mail),
        subject: subject.to_owned(),
        body: body.to_owned(),
        trailers: split_trailers(trailers),
        files: files(&|kind| kind != 'D'),
        added: files(&|kind| kind == 'A'),
        removed: files(&|kind| kind == 'D'),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A patch with a message.
    pub(crate) fn patch(subject: &str, trailers: &[(&str, &str)]) -> Patch {
        let id: Oid = "0123456789abcdef0123456789abcdef01234567".parse().unwrap();
        let someone = ("A Person".to_owned(), "person@kernel.example".to_owned());
        Patch {
            commit: id,
            tree: id,
            parents: vec![id],
            author: someone.clone(),
            committer: someone,
            subject: subject.to_owned(),
            body: String::new(),
            trailers: trailers.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            files: Vec::new(),
            added: Vec::new(),
            removed: Vec::new(),
        }
    }

    #[test]
    fn a_record_of_git_log_is_a_patch() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let parents = format!("{id} {id}");
        let changes = "\n\nA\ta.rs\nM\tb.rs\nD\tc.rs\n";
        let body = "Body\n\nLink: u\n";
        let patch = parse(&[id, id, &parents, "A", "a@x", "C", "c@x", "rust: a", body, "Link: u\n", changes]).unwrap();
        assert_eq!(patch.cite(), "0123456789ab (\"rust: a\")");
        assert!(patch.is_merge());
        assert_eq!(patch.committer.1, "c@x");
        assert_eq!(patch.trailers, [("Link".to_owned(), "u".to_owned())]);
        assert_eq!((patch.files, patch.added), (vec!["a.rs".to_owned(), "b.rs".into()], vec!["a.rs".to_owned()]));
        assert_eq!(patch.removed, ["c.rs"]);
        assert_eq!(parse(&["no record"]), None);
    }
}
