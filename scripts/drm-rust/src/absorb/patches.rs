// SPDX-License-Identifier: GPL-2.0-only

//! What the manifest shall say of each patch: the files that it adds, renames and deletes, and the edits that make its
//! changes of other files.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::AbsorbError;
use super::fold::Group;
use crate::git::objects::Objects;
use crate::git::treeobj::{self, Mode};
use crate::git::{Oid, TopicName};
use crate::merge::threeway::is_binary;
use crate::topic::derive::{self, Inexpressible, Ways};
use crate::topic::edit::Edit;
use crate::topic::manifest::{Delete, Manifest, Patch, Rename};
use crate::topic::overlay::{is_overlay, path_error};
use crate::topic::rewrite::{Wanted, WantedEdit};

/// What the patches are read with.
pub(super) struct Reader<'a> {
    pub(super) objects: &'a mut Objects,
    pub(super) manifest: &'a Manifest,
    /// The files of topics on which this one does not stand.
    pub(super) others: BTreeMap<&'a str, &'a TopicName>,
    /// The overlay's files as the patch finds them that is read next.
    pub(super) own: BTreeSet<String>,
}

/// What a patch does.
#[derive(Default)]
struct Content {
    deletes: BTreeMap<String, Option<String>>,
    renames: BTreeMap<String, String>,
    files: BTreeSet<String>,
    /// What it changes of others, by the path after it.
    changed: BTreeMap<String, (Oid, Oid)>,
    /// Those that the overlay has.
    grown: BTreeSet<String>,
}

impl Reader<'_> {
    /// The patches as the manifest shall have them.
    pub(super) fn patches(&mut self, groups: &[Group]) -> Result<Vec<Wanted>, AbsorbError> {
        let mut contents = Vec::new();
        for group in groups {
            let content = self.content(group)?;
            self.follow(&content);
            contents.push(content);
        }
        let from = matches(self.manifest, groups, &contents);
        let mut wanted = Vec::new();
        for ((group, content), from) in groups.iter().zip(contents).zip(from) {
            wanted.push(self.wanted(group, content, from)?);
        }
        Ok(wanted)
    }

    /// The overlay's files after a patch.
    fn follow(&mut self, content: &Content) {
        self.own.retain(|file| !content.deletes.contains_key(file));
        let renamed: Vec<&String> =
            content.renames.iter().filter(|(_, from)| self.own.remove(*from)).map(|(to, _)| to).collect();
        self.own.extend(renamed.into_iter().cloned());
        self.own.extend(content.files.iter().cloned());
    }

    /// Sorts the paths that change.
    fn content(&mut self, group: &Group) -> Result<Content, AbsorbError> {
        let mut content = Content::default();
        let (mut gone, mut new) = (Entries::new(), Entries::new());
        for (path, sides) in treeobj::diff(self.objects, group.before, group.tree)? {
            let path = String::from_utf8(path).expect("names were checked when the commits were read");
            if let Some(why) = path_error(&path) {
                return Err(cannot(group, &path, &format!("the path {why}"), "use a path that Linux can have"));
            }
            match sides {
                (Some(old), None) => drop(gone.insert(path, old)),
                (None, Some(entry)) => drop(new.insert(path, entry)),
                (Some(old), Some(entry)) => self.changed(group, path, old, entry, &mut content)?,
                (None, None) => unreachable!("a path that differs is there on a side"),
            }
        }
        self.renamed(&mut gone, &mut new, &mut content)?;
        for (path, old) in gone {
            let text = if self.own.contains(&path) { Some(self.text(group, &path, old)?) } else { None };
            content.deletes.insert(path, text);
        }
        for (path, (mode, _)) in new {
            self.added(group, &path, mode)?;
            content.files.insert(path);
        }
        Ok(content)
    }

    /// A file that is there before and after the patch.
    fn changed(
        &mut self,
        group: &Group,
        path: String,
        old: (Mode, Oid),
        new: (Mode, Oid),
        content: &mut Content,
    ) -> Result<(), AbsorbError> {
        let is_own = self.own.contains(&path);
        let same_mode = old.0 == new.0 && matches!(old.0, Mode::File | Mode::Executable);
        if same_mode && (!is_own || self.can_grow(old.1, new.1)?) {
            if is_own {
                content.grown.insert(path.clone());
            }
            content.changed.insert(path, (old.1, new.1));
            return Ok(());
        }
        if !is_own {
            return Err(cannot(group, &path, "its mode changes", "an edit changes lines, not modes"));
        }
        // What edits cannot say: another file takes its place.
        self.added(group, &path, new.0)?;
        content.deletes.insert(path.clone(), Some(self.text(group, &path, old)?));
        content.files.insert(path);
        Ok(())
    }

    fn can_grow(&mut self, old: Oid, new: Oid) -> Result<bool, AbsorbError> {
        let [old, new] = [self.objects.blob(old)?, self.objects.blob(new)?];
        Ok(revise(&[], &old, &new, Ways::Both).is_ok())
    }

    fn added(&self, group: &Group, path: &str, mode: Mode) -> Result<(), AbsorbError> {
        let regular = "overlay files are regular files";
        match mode {
            Mode::Symlink => return Err(cannot(group, path, "it is a symbolic link", regular)),
            Mode::Submodule => return Err(cannot(group, path, "it is a submodule", regular)),
            _ => {}
        }
        if let Some(topic) = self.others.get(path) {
            let (commit, topic) = (group.cite.clone(), (*topic).clone());
            return Err(AbsorbError::Foreign { commit, file: path.to_owned(), topic });
        }
        let own = "files of topics are below a folder of Linux; scripts/drm-rust, build and linux are the \
                   repository's own";
        if is_overlay(path) { Ok(()) } else { Err(cannot(group, path, "the overlay cannot have a file there", own)) }
    }

    /// The text of a file that goes away, which the manifest keeps.
    fn text(&mut self, group: &Group, path: &str, (mode, oid): (Mode, Oid)) -> Result<String, AbsorbError> {
        let data = self.objects.blob(oid)?;
        let text = String::from_utf8(data).ok().filter(|text| mode == Mode::File && !text.contains('\0'));
        text.ok_or_else(|| {
            let hint = "let the patch that adds it add what shall be there in the end";
            cannot(group, path, "it goes away, and is no plain text that the manifest could keep", hint)
        })
    }

    /// Finds the files that got another path: equal ones first, then those that are alike.
    fn renamed(&mut self, gone: &mut Entries, new: &mut Entries, content: &mut Content) -> Result<(), AbsorbError> {
        let mut pairs = Vec::new();
        for (from, (old_mode, old)) in gone.iter() {
            for (to, (new_mode, entry)) in new.iter().filter(|(to, _)| is_overlay(to)) {
                let is_file = matches!(old_mode, Mode::File | Mode::Executable);
                if !is_file || old_mode != new_mode {
                    continue;
                }
                let [old, entry] = [self.objects.blob(*old)?, self.objects.blob(*entry)?];
                let ways = if self.own.contains(from) { Ways::Both } else { Ways::Forwards };
                let alike = derive::likeness(&old, &entry);
                if alike >= LEAST_LIKENESS && (old == entry || revise(&[], &old, &entry, ways).is_ok()) {
                    pairs.push((Reverse(alike), from.clone(), to.clone()));
                }
            }
        }
        pairs.sort();
        for (_, from, to) in pairs {
            let (Some(&(_, old)), Some(&(_, entry))) = (gone.get(&from), new.get(&to)) else { continue };
            gone.remove(&from);
            new.remove(&to);
            if old != entry {
                content.changed.insert(to.clone(), (old, entry));
                if self.own.contains(&from) {
                    content.grown.insert(to.clone());
                }
            }
            content.renames.insert(to, from);
        }
        Ok(())
    }

    fn wanted(&mut self, group: &Group, content: Content, from: Option<usize>) -> Result<Wanted, AbsorbError> {
        let old = from.map(|from| &self.manifest.patches[from]);
        let mut kept = BTreeSet::new();
        let mut added = Vec::new();
        for (path, (before, after)) in content.changed {
            let there = edits_of(old, &path);
            let [before, after] = [self.objects.blob(before)?, self.objects.blob(after)?];
            let ways = if content.grown.contains(&path) { Ways::Both } else { Ways::Forwards };
            let (stay, new) = revise(&there, &before, &after, ways).map_err(|error| {
                let why = format!("the base's file cannot be changed so: {error}");
                cannot(group, &path, &why, "edits insert and replace whole lines of text")
            })?;
            kept.extend(stay);
            added.extend(new.into_iter().map(|edit| WantedEdit::New(path.clone(), edit)));
        }
        let deletes = content.deletes.into_iter().map(|(file, text)| Delete { file, text });
        let renames = content.renames.into_iter().map(|(to, from)| Rename { from, to });
        Ok(Wanted {
            from,
            subject: group.message.subject.clone(),
            body: group.message.body.clone(),
            author: group.commit.author.clone(),
            date: group.commit.date,
            trailers: group.message.own_trailers(&self.manifest.trailers),
            deletes: in_old_order(old.map(|old| &old.deletes), deletes),
            renames: in_old_order(old.map(|old| &old.renames), renames),
            files: in_old_order(old.map(|old| &old.files), content.files),
            edits: kept.into_iter().map(WantedEdit::Kept).chain(added).collect(),
        })
    }
}

/// Entries in the order in which a person wrote those that were there.
fn in_old_order<T: Clone + PartialEq>(old: Option<&Vec<T>>, new: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut rest: Vec<T> = new.into_iter().collect();
    let stay = old.into_iter().flatten().filter(|entry| rest.contains(entry)).cloned().collect::<Vec<T>>();
    rest.retain(|entry| !stay.contains(entry));
    [stay, rest].concat()
}

/// Files that are there on one side of a patch alone.
type Entries = BTreeMap<String, (Mode, Oid)>;

/// How much of two files must be equal, in percent, for one to be the other under another path. It is git's default.
const LEAST_LIKENESS: u32 = 50;

fn cannot(group: &Group, file: &str, why: &str, hint: &'static str) -> AbsorbError {
    let (commit, file, why) = (group.cite.clone(), file.to_owned(), why.to_owned());
    AbsorbError::Inexpressible { commit, file, why, hint }
}

/// A patch's edits of a file, with their places in its list.
fn edits_of(patch: Option<&Patch>, path: &str) -> Vec<(usize, Edit)> {
    let edits = patch.map(|patch| patch.edits.iter().enumerate()).into_iter().flatten();
    let of_file = edits.filter(|(_, edit)| edit.file == path);
    of_file.filter_map(|(k, edit)| Some((k, edit.check().ok()?))).collect()
}

/// The edits that stay, by their places, and new ones.
fn revise(
    there: &[(usize, Edit)],
    old: &[u8],
    new: &[u8],
    ways: Ways,
) -> Result<(Vec<usize>, Vec<Edit>), Inexpressible> {
    if is_binary(old) || is_binary(new) {
        return Err(Inexpressible::Binary);
    }
    let edits: Vec<Edit> = there.iter().map(|(_, edit)| edit.clone()).collect();
    let revised = derive::revise(&edits, old, new, ways)?;
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
