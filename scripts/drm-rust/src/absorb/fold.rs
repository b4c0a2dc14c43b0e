// SPDX-License-Identifier: GPL-2.0-only

//! Which commits become one patch: those that say so (`fixup!`), and, where that is asked for, those that change a file
//! which an earlier one adds.

use std::collections::{BTreeMap, BTreeSet};

use super::AbsorbError;
use super::series::{Changes, Commit, Series};
use crate::git::objects::Objects;
use crate::git::pack::Kind;
use crate::git::treeobj::{self, Mode, Side};
use crate::git::{Oid, person};
use crate::merge::threeway::{self, Algorithm};
use crate::topic::message::Message;

/// One patch to be.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The commit that names it.
    pub(super) cite: String,
    pub(super) commit: Commit,
    pub(super) message: Message,
    /// What stood before it.
    pub(super) before: Oid,
    /// The tree after it.
    pub(super) tree: Oid,
    /// The commits that were folded into it.
    pub(super) folded: Vec<String>,
    /// What is applied, and whose.
    pieces: Vec<(String, Changes)>,
}

/// Puts the commits of a branch together.
pub(super) fn fold(objects: &mut Objects, series: &Series, fold: bool) -> Result<Vec<Group>, AbsorbError> {
    let mut groups: Vec<Group> = Vec::new();
    // The files that patches add, each with its patch.
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    let in_start = |objects: &mut Objects, path: &str| treeobj::lookup(objects, series.start_tree, path);
    for commit in &series.commits {
        let named = named(commit, &groups)?;
        let mut main = named;
        let mut others: BTreeSet<usize> = BTreeSet::new();
        for path in commit.changes.keys() {
            let owner = owners.get(path.as_str()).copied();
            others.extend(owner.filter(|owner| fold && Some(*owner) != named));
        }
        if main.is_none() {
            main = others.last().copied();
        }
        let at = match main {
            None => {
                groups.push(Group::new(commit));
                groups.len() - 1
            }
            Some(main) => {
                for (path, sides) in &commit.changes {
                    let owner = owners.get(path.as_str()).copied().filter(|_| fold).unwrap_or(main);
                    groups[owner].add(commit, path, *sides);
                }
                groups[main].take_message(commit, named.is_some());
                for group in others.into_iter().chain([main]).collect::<BTreeSet<_>>() {
                    groups[group].credit(commit)?;
                }
                main
            }
        };
        for (path, (_, new)) in &commit.changes {
            if new.is_none() {
                owners.remove(path.as_str());
            } else if !owners.contains_key(path.as_str()) && in_start(objects, path)?.is_none() {
                owners.insert(path, at);
            }
        }
    }
    replay(objects, series, &mut groups)?;
    groups.retain(|group| group.folded.is_empty() || group.before != group.tree);
    Ok(groups)
}

/// The patch that a `fixup!`, `squash!` or `amend!` commit names.
fn named(commit: &Commit, groups: &[Group]) -> Result<Option<usize>, AbsorbError> {
    let mut wanted = commit.message.subject.as_str();
    let prefix =
        |text: &str| ["fixup! ", "squash! ", "amend! "].iter().find(|p| text.starts_with(**p)).map(|p| p.len());
    while let Some(length) = prefix(wanted) {
        wanted = wanted[length..].trim_start();
    }
    if wanted == commit.message.subject {
        return Ok(None);
    }
    let newest = |is: &dyn Fn(&Group) -> bool| groups.iter().rposition(is);
    let by_id = |group: &Group| wanted.len() >= 7 && group.commit.id.to_string().starts_with(wanted);
    let found = newest(&|group| group.commit.message.subject == wanted || group.message.subject == wanted);
    let found = found.or_else(|| newest(&by_id)).or_else(|| newest(&|g| g.commit.message.subject.starts_with(wanted)));
    found.map(Some).ok_or_else(|| AbsorbError::NoTarget { commit: commit.cite.clone() })
}

impl Group {
    fn new(commit: &Commit) -> Group {
        Group {
            cite: commit.cite.clone(),
            commit: commit.clone(),
            message: commit.message.clone(),
            before: commit.tree,
            tree: commit.tree,
            folded: Vec::new(),
            pieces: vec![(commit.cite.clone(), commit.changes.clone())],
        }
    }

    fn add(&mut self, commit: &Commit, path: &str, sides: (Side, Side)) {
        if self.pieces.last().is_none_or(|(cite, _)| *cite != commit.cite) {
            self.pieces.push((commit.cite.clone(), Changes::new()));
        }
        let (_, changes) = self.pieces.last_mut().expect("there is one");
        changes.insert(path.to_owned(), sides);
    }

    /// What `squash!` adds to the message, and what `amend!` puts in its place.
    fn take_message(&mut self, commit: &Commit, is_named: bool) {
        let message = &commit.message;
        if is_named && message.subject.starts_with("amend! ") {
            let text = message.body.clone() + "\n" + &message.trailers.join("\n");
            self.message = Message::split(&text);
        } else if is_named && message.subject.starts_with("squash! ") && !message.body.is_empty() {
            let parts = [self.message.body.trim_matches('\n'), message.body.trim_matches('\n')];
            self.message.body =
                parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n") + "\n";
        }
    }

    /// Notes a commit, and gives its author credit, unless the patch has the same.
    fn credit(&mut self, commit: &Commit) -> Result<(), AbsorbError> {
        self.folded.push(commit.cite.clone());
        if commit.author == self.commit.author {
            return Ok(());
        }
        let author = commit.author.to_string();
        let credit = format!("Co-developed-by: {author}");
        let trailers = commit.message.trailers.iter().map(String::as_str);
        let Some(signed) = person::sign_off((&commit.author.name, &commit.author.mail), trailers).map(str::to_owned)
        else {
            return Err(AbsorbError::Unsigned { commit: commit.cite.clone(), author });
        };
        if !self.message.trailers.contains(&credit) {
            // The last one who signs is the one who hands the patch on.
            let is_signed = |trailer: &String| trailer.starts_with("Signed-off-by: ");
            let at = self.message.trailers.iter().rposition(is_signed).unwrap_or(self.message.trailers.len());
            self.message.trailers.splice(at..at, [credit, signed]);
        }
        Ok(())
    }
}

/// Gives every patch its trees: those of the commits, as long as nothing was folded.
fn replay(objects: &mut Objects, series: &Series, groups: &mut [Group]) -> Result<(), AbsorbError> {
    let mut tree = series.start_tree;
    for group in groups {
        group.before = tree;
        for (cite, changes) in &group.pieces {
            let mut wanted = BTreeMap::new();
            for (path, (old, new)) in changes {
                let now = treeobj::lookup(objects, tree, path)?.filter(|(mode, _)| *mode != Mode::Tree);
                let conflict =
                    || AbsorbError::Conflict { commit: cite.clone(), patch: group.cite.clone(), file: path.clone() };
                wanted.insert(path.clone(), merged(objects, *old, now, *new)?.ok_or_else(conflict)?);
            }
            tree = treeobj::change(objects, tree, &wanted)?;
        }
        group.tree = tree;
    }
    if tree == series.tree() { Ok(()) } else { Err(AbsorbError::Different) }
}

/// What a path is after a change was moved to where the path is something else; none where that conflicts.
fn merged(objects: &mut Objects, old: Side, now: Side, new: Side) -> Result<Option<Side>, AbsorbError> {
    if now == old || now == new {
        return Ok(Some(new));
    }
    let (Some((was, old)), Some((is, now)), Some((shall, new))) = (old, now, new) else { return Ok(None) };
    let is_file = matches!(was, Mode::File | Mode::Executable);
    if !is_file || was != is || was != shall {
        return Ok(None);
    }
    let [old, now, new] = [objects.blob(old)?, objects.blob(now)?, objects.blob(new)?];
    let content = threeway::merge(&old, &now, &new, Algorithm::Histogram)?;
    Ok(content.map(|content| Some((was, objects.write(Kind::Blob, content)))))
}
