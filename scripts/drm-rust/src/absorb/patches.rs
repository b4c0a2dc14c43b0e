// SPDX-License-Identifier: GPL-2.0-only

//! What the manifest shall say of each patch: its files, and the edits that make its changes of other files.

use std::collections::{BTreeMap, BTreeSet};

use super::AbsorbError;
use super::fold::Group;
use crate::git::objects::Objects;
use crate::git::treeobj::{self, Mode, Side};
use crate::git::{Oid, TopicName};
use crate::resolve::threeway::is_binary;
use crate::topic::derive::{self, Inexpressible};
use crate::topic::edit::Edit;
use crate::topic::manifest::{Manifest, Patch};
use crate::topic::overlay::{is_overlay, path_error};
use crate::topic::rewrite::{Wanted, WantedEdit};

/// What the patches are read with.
pub(super) struct Reader<'a> {
    pub(super) objects: &'a mut Objects,
    pub(super) manifest: &'a Manifest,
    /// The files of other topics.
    pub(super) others: BTreeMap<&'a str, &'a TopicName>,
}

/// What a patch does: the files that it adds, and what it changes of others.
struct Content {
    files: BTreeSet<String>,
    changed: BTreeMap<String, (Oid, Oid)>,
}

impl Reader<'_> {
    /// The patches as the manifest shall have them.
    pub(super) fn patches(&mut self, groups: &[Group]) -> Result<Vec<Wanted>, AbsorbError> {
        let mut contents = Vec::new();
        for group in groups {
            contents.push(self.content(group)?);
        }
        let from = matches(self.manifest, groups, &contents);
        let mut wanted = Vec::new();
        for ((group, content), from) in groups.iter().zip(contents).zip(from) {
            wanted.push(self.wanted(group, content, from)?);
        }
        Ok(wanted)
    }

    /// Sorts the paths that change.
    fn content(&mut self, group: &Group) -> Result<Content, AbsorbError> {
        let mut content = Content { files: BTreeSet::new(), changed: BTreeMap::new() };
        for (path, (old, new)) in treeobj::diff(self.objects, group.before, group.tree)? {
            let path = String::from_utf8(path).expect("names were checked when the commits were read");
            let cannot = |why: &str, hint| AbsorbError::Inexpressible {
                commit: group.cite.clone(),
                file: path.clone(),
                why: why.to_owned(),
                hint,
            };
            if let Some(why) = path_error(&path) {
                return Err(cannot(&format!("the path {why}"), "use a path that Linux can have"));
            }
            match sort(&path, old, new) {
                Ok(Sort::Added) => {
                    if let Some(topic) = self.others.get(path.as_str()) {
                        return Err(self.foreign(group, path, topic));
                    }
                    content.files.insert(path);
                }
                Ok(Sort::Changed(old, new)) => drop(content.changed.insert(path, (old, new))),
                Err((why, hint)) => {
                    // A file of another topic may not even be deleted.
                    return Err(match self.others.get(path.as_str()) {
                        Some(topic) => self.foreign(group, path, topic),
                        None => cannot(why, hint),
                    });
                }
            }
        }
        Ok(content)
    }

    fn foreign(&self, group: &Group, file: String, topic: &TopicName) -> AbsorbError {
        AbsorbError::Foreign { commit: group.cite.clone(), file, topic: topic.clone() }
    }

    fn wanted(&mut self, group: &Group, content: Content, from: Option<usize>) -> Result<Wanted, AbsorbError> {
        let old = from.map(|from| &self.manifest.patches[from]);
        let mut kept = BTreeSet::new();
        let mut added = Vec::new();
        for (path, (before, after)) in content.changed {
            let there = edits_of(old, &path);
            if let Some(topic) = self.others.get(path.as_str()).filter(|_| there.is_empty()) {
                return Err(self.foreign(group, path, topic));
            }
            let [before, after] = [self.objects.blob(before)?, self.objects.blob(after)?];
            let (stay, new) = revise(&there, &before, &after).map_err(|error| AbsorbError::Inexpressible {
                commit: group.cite.clone(),
                file: path.clone(),
                why: format!("the base's file cannot be changed so: {error}"),
                hint: "edits insert and replace whole lines of text",
            })?;
            kept.extend(stay);
            added.extend(new.into_iter().map(|edit| WantedEdit::New(path.clone(), edit)));
        }
        let mut files: Vec<String> = old.map(|old| old.files.clone()).unwrap_or_default();
        files.retain(|file| content.files.contains(file));
        let new: Vec<String> = content.files.into_iter().filter(|file| !files.contains(file)).collect();
        files.extend(new);
        Ok(Wanted {
            from,
            subject: group.message.subject.clone(),
            body: group.message.body.clone(),
            author: group.commit.author.clone(),
            date: group.commit.date,
            trailers: group.message.own_trailers(&self.manifest.trailers),
            files,
            edits: kept.into_iter().map(WantedEdit::Kept).chain(added).collect(),
        })
    }
}

/// What a patch does to a path.
enum Sort {
    Added,
    Changed(Oid, Oid),
}

fn sort(path: &str, old: Side, new: Side) -> Result<Sort, (&'static str, &'static str)> {
    let is_file = |mode: Mode| matches!(mode, Mode::File | Mode::Executable);
    match (old, new) {
        (_, Some((Mode::Symlink, _))) => Err(("it is a symbolic link", "overlay files are regular files")),
        (_, Some((Mode::Submodule, _))) => Err(("it is a submodule", "overlay files are regular files")),
        (None, Some(_)) if is_overlay(path) => Ok(Sort::Added),
        (None, Some(_)) => Err((
            "the overlay cannot have a file there",
            "files of topics are below a folder of Linux; scripts/drm-rust, build and linux are the repository's own",
        )),
        (Some(_), None) => Err((
            "it is deleted or renamed, and it is the base's",
            "a topic adds files, and edits lines of those that the base has",
        )),
        (Some((was, _)), Some((is, _))) if was != is || !is_file(was) => {
            Err(("its mode changes", "an edit changes lines, not modes"))
        }
        (Some((_, old)), Some((_, new))) => Ok(Sort::Changed(old, new)),
        (None, None) => unreachable!("a path that differs is there on a side"),
    }
}

/// A patch's edits of a file, with their places in its list.
fn edits_of(patch: Option<&Patch>, path: &str) -> Vec<(usize, Edit)> {
    let edits = patch.map(|patch| patch.edits.iter().enumerate()).into_iter().flatten();
    let of_file = edits.filter(|(_, edit)| edit.file == path);
    of_file.filter_map(|(k, edit)| Some((k, edit.check().ok()?))).collect()
}

/// The edits that stay, by their places, and new ones.
fn revise(there: &[(usize, Edit)], old: &[u8], new: &[u8]) -> Result<(Vec<usize>, Vec<Edit>), Inexpressible> {
    if is_binary(old) || is_binary(new) {
        return Err(Inexpressible::Binary);
    }
    let edits: Vec<Edit> = there.iter().map(|(_, edit)| edit.clone()).collect();
    let revised = derive::revise(&edits, old, new)?;
    Ok((revised.kept.into_iter().map(|k| there[k].0).collect(), revised.added))
}

/// Whether a group is what a patch was.
type Rule<'a> = &'a dyn Fn(&Group, &Content, &Patch) -> bool;

/// The patch of the manifest that each one was: the same commit, else the same subject, files or edits.
fn matches(manifest: &Manifest, groups: &[Group], contents: &[Content]) -> Vec<Option<usize>> {
    let mut from = vec![None; groups.len()];
    let is_same = |group: &Group, _: &Content, patch: &Patch| {
        let (author, date) = (manifest.author_of(patch), patch.date);
        group.commit.author == *author && group.commit.date == date && group.message.subject == patch.subject
    };
    let has_subject = |group: &Group, _: &Content, patch: &Patch| group.message.subject == patch.subject;
    let has_file =
        |_: &Group, content: &Content, patch: &Patch| patch.files.iter().any(|file| content.files.contains(file));
    let has_edits = |_: &Group, content: &Content, patch: &Patch| {
        let edited: BTreeSet<&str> = patch.edits.iter().map(|edit| edit.file.as_str()).collect();
        let changed: BTreeSet<&str> = content.changed.keys().map(String::as_str).collect();
        patch.files.is_empty() && content.files.is_empty() && edited == changed
    };
    let rules: [Rule<'_>; 4] = [&is_same, &has_subject, &has_file, &has_edits];
    for rule in rules {
        for (n, (group, content)) in groups.iter().zip(contents).enumerate() {
            if from[n].is_none() {
                let free = |k: &usize| !from.contains(&Some(*k)) && rule(group, content, &manifest.patches[*k]);
                from[n] = (0..manifest.patches.len()).find(free);
            }
        }
    }
    from
}
